package dev.kerf.check.golden;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Mask R-CNN's cases: every stage is held to the case's bound, and of the reference's detections 95 of 100 have to be found
 * again. Coordinates are float32, so that there is no form with float16 storage to test.
 */
final class RcnnGolden implements Golden.Model {
    private static final double FOUND = 0.95;

    @Override
    public String silent(GoldenCase golden, Precision precision) {
        return precision == Precision.FLOAT32 ? "" : "the model is run in float32 alone";
    }

    @Override
    public List<Golden.Figure> run(Device device, GoldenCase golden, Precision precision) {
        try (RcnnCase c = RcnnCase.open(golden.folder());
                Weights weights = golden.weights();
                MaskRcnn net = MaskRcnn.load(device, weights)) {
            List<Golden.Figure> figures = new ArrayList<>(Golden.stages(golden.compare(c.stages(net))));
            double found = (double) c.matched(net.detect(c.image(), c.options())) / c.detections();
            figures.add(new Golden.Figure("detections", found, FOUND, true, "share found again"));
            return figures;
        }
    }

    @Override
    public Map<String, HostTensor> stages(Device device, GoldenCase golden) {
        try (RcnnCase c = RcnnCase.open(golden.folder());
                Weights weights = golden.weights();
                MaskRcnn net = MaskRcnn.load(device, weights)) {
            return c.stages(net);
        }
    }
}
