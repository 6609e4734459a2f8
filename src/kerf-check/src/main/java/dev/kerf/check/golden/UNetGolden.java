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
    public Map<String, HostTensor> stages(Device device, GoldenCase golden, Precision precision) {
        try (Weights weights = golden.weights();
                UNet net = UNet.load(device, weights, ModelOptions.of().precision(precision))) {
            return net.trace(Image.read(golden.file("image")), SegmentOptions.of());
        }
    }

    @Override
    public List<Golden.Figure> decided(GoldenCase golden, Map<String, HostTensor> stages) {
        if (!stages.keySet().containsAll(List.of("labels", "logits"))) {
            return List.of();
        }
        HostTensor expected = LabelMap.read(golden.file("labels")).tensor();
        long wrong = golden.wrongLabels(stages.get("labels"), expected, stages.get("logits"));
        return List.of(new Golden.Figure("labels", wrong, 0, false, "wrong beyond the margin"));
    }

    @Override
    public List<Golden.Figure> stored(
            GoldenCase golden, Map<String, HostTensor> stages, Map<String, HostTensor> exact) {
        List<Golden.Figure> figures = new ArrayList<>();
        for (GoldenCase.Row row : golden.compare(stages)) {
            if (row.stage().equals("logits")) {
                figures.add(new Golden.Figure(
                        "logits", row.relativeL2(), Golden.HALF_LOGITS, false, "relative L2" + row.remark()));
            }
        }
        HostTensor a = stages.get("labels");
        HostTensor b = exact.get("labels");
        int classes = stages.get("logits").shape().size(1);
        for (int c = 0; c < classes; c++) {
            int label = c;
            double iou = Golden.iou(i -> a.getLong(i) == label, i -> b.getLong(i) == label, a.elements());
            if (!Double.isNaN(iou)) {
                figures.add(new Golden.Figure("mask " + c, iou, Golden.HALF_IOU, true, "IoU with float32"));
            }
        }
        return figures;
    }
}
