package dev.kerf.check.golden;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.image.Image;
import dev.kerf.mask.LabelMap;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.UNet;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * U-Net's cases. In float32 every stage is held to the case's bound and every label to the reference's; with float16 storage
 * the logits to the reference's and the mask of each class to that in float32.
 */
final class UNetGolden implements Golden.Model {
    @Override
    public List<Golden.Figure> run(Device device, GoldenCase golden, Precision precision) {
        Image image = Image.read(golden.file("image"));
        try (Weights weights = golden.weights(); UNet plain = UNet.load(device, weights);
                UNet net = UNet.load(device, weights, ModelOptions.of().precision(precision))) {
            Map<String, HostTensor> stages = net.trace(image, SegmentOptions.of());
            if (precision == Precision.FLOAT32) {
                List<Golden.Figure> figures = new ArrayList<>(Golden.stages(golden.compare(stages)));
                long wrong = golden.wrongLabels(stages.get("labels"), LabelMap.read(golden.file("labels")).tensor(),
                        stages.get("logits"));
                figures.add(new Golden.Figure("labels", wrong, 0, false, "wrong beyond the margin"));
                return figures;
            }
            return stored(golden, stages, plain.trace(image, SegmentOptions.of()).get("labels"));
        }
    }

    @Override
    public Map<String, HostTensor> stages(Device device, GoldenCase golden) {
        try (Weights weights = golden.weights(); UNet net = UNet.load(device, weights)) {
            return net.trace(Image.read(golden.file("image")), SegmentOptions.of());
        }
    }

    private static List<Golden.Figure> stored(GoldenCase golden, Map<String, HostTensor> stages, HostTensor labels) {
        List<Golden.Figure> figures = new ArrayList<>();
        for (GoldenCase.Row row : golden.compare(stages)) {
            if (row.stage().equals("logits")) {
                figures.add(new Golden.Figure("logits", row.difference() == null ? Double.NaN
                        : row.difference().relativeL2(), Golden.HALF_LOGITS, false, "relative L2" + row.remark()));
            }
        }
        int classes = stages.get("logits").shape().size(1);
        for (int c = 0; c < classes; c++) {
            double iou = iou(stages.get("labels"), labels, c);
            if (!Double.isNaN(iou)) {
                figures.add(new Golden.Figure("mask " + c, iou, Golden.HALF_IOU, true, "IoU with float32"));
            }
        }
        return figures;
    }

    /** NaN if the class occurs in neither. */
    private static double iou(HostTensor a, HostTensor b, int label) {
        long both = 0;
        long either = 0;
        for (long i = 0; i < a.elements(); i++) {
            boolean inA = a.getLong(i) == label;
            boolean inB = b.getLong(i) == label;
            both += inA && inB ? 1 : 0;
            either += inA || inB ? 1 : 0;
        }
        return either == 0 ? Double.NaN : (double) both / either;
    }
}
