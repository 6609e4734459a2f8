package dev.kerf.check.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.mask.Instances;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class MaskRcnnGoldenTest {
    /** Another case's folder, for larger ones that aren't part of the project. */
    private static final Path FOLDER =
            Path.of(System.getProperty("kerf.test.maskrcnn", "src/kerf-check/src/test/resources/goldens/maskrcnn-quick"));

    /**
     * torchvision's maskrcnn_resnet50_fpn: every stage within ten times what float32 itself costs, the heads on the
     * reference's own boxes likewise, and at least 95 of its 100 detections with their masks.
     */
    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void everyStageOfTheReference(String backend) {
        try (RcnnCase c = RcnnCase.open(FOLDER);
                Device device = Backends.open(backend);
                Weights weights = c.golden().weights();
                MaskRcnn net = MaskRcnn.load(device, weights)) {
            List<GoldenCase.Row> rows = c.golden().compare(c.stages(net));
            assertEquals(c.golden().stages().size(), rows.size());
            assertTrue(rows.stream().allMatch(GoldenCase.Row::passed), () -> backend + ": " + rows);
            Instances found = net.detect(c.image(), c.options());
            assertEquals(c.detections(), found.size());
            int matched = c.matched(found);
            assertTrue(matched >= 95, backend + ": " + matched + " of " + c.detections() + " detections");
        }
    }
}
