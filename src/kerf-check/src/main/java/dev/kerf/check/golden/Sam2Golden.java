package dev.kerf.check.golden;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.tensor.HostTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * SAM 2's cases. In float32 every stage is held to the case's bound and every pixel of a mask to the reference's; with float16
 * storage the mask logits of each prompt to the reference's, and the masks to those in float32. A case whose weights make so
 * much of rounding errors that float16's, 2¹³ times float32's, could cost more than ten times the bound, is for float32 alone.
 */
final class Sam2Golden implements Golden.Model {
    private static final String MASKS = ".low_res_masks";
    private static final double FLOAT16_TO_FLOAT32 = 0x1p13;
    private static final double HOPELESS = 10 * Golden.HALF_LOGITS;

    @Override
    public String silent(GoldenCase golden, Precision precision) {
        double cost = golden.stages().entrySet().stream().filter(s -> s.getKey().endsWith(MASKS))
                .mapToDouble(s -> s.getValue().cost()).max().orElse(0);
        return precision == Precision.FLOAT32 || cost * FLOAT16_TO_FLOAT32 <= HOPELESS ? ""
                : String.format(Locale.ROOT, "its weights make %.2e", cost) + " of float32's rounding, and 2^13 times that of float16's";
    }

    @Override
    public List<Golden.Figure> run(Device device, GoldenCase golden, Precision precision) {
        Map<String, HostTensor> stages = Sam2Case.stages(golden, device, precision);
        if (precision != Precision.FLOAT32) {
            return stored(golden, stages, Sam2Case.stages(golden, device, Precision.FLOAT32));
        }
        List<Golden.Figure> figures = new ArrayList<>(Golden.stages(golden.compare(stages)));
        golden.stages().keySet().stream().filter(s -> s.endsWith(MASKS)).forEach(s -> figures.add(new Golden.Figure(
                s + " > 0", golden.wrongSigns(s, stages.get(s)), 0, false, "wrong beyond the margin")));
        return figures;
    }

    @Override
    public Map<String, HostTensor> stages(Device device, GoldenCase golden) {
        return Sam2Case.stages(golden, device, Precision.FLOAT32);
    }

    private static List<Golden.Figure> stored(
            GoldenCase golden, Map<String, HostTensor> stages, Map<String, HostTensor> exact) {
        List<Golden.Figure> figures = new ArrayList<>();
        for (GoldenCase.Row row : golden.compare(stages)) {
            if (row.stage().endsWith(MASKS)) {
                figures.add(new Golden.Figure(row.stage(), row.difference() == null ? Double.NaN
                        : row.difference().relativeL2(), Golden.HALF_LOGITS, false, "relative L2" + row.remark()));
                double iou = iou(stages.get(row.stage()), exact.get(row.stage()));
                if (!Double.isNaN(iou)) {
                    figures.add(new Golden.Figure(row.stage() + " > 0", iou, Golden.HALF_IOU, true, "IoU with float32"));
                }
            }
        }
        return figures;
    }

    /** Of what lies above 0; NaN if nothing does. */
    private static double iou(HostTensor a, HostTensor b) {
        long both = 0;
        long either = 0;
        for (long i = 0; i < a.elements(); i++) {
            boolean inA = a.getDouble(i) > 0;
            boolean inB = b.getDouble(i) > 0;
            both += inA && inB ? 1 : 0;
            either += inA || inB ? 1 : 0;
        }
        return either == 0 ? Double.NaN : (double) both / either;
    }
}
