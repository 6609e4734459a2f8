package dev.kerf.model.maskrcnn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.image.Image;
import dev.kerf.mask.Instances;
import dev.kerf.model.GoldenCase;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Safetensors;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class MaskRcnnGoldenTest {
    /** Another case's folder, for larger ones that aren't part of the project. */
    private static final Path FOLDER =
            Path.of(System.getProperty("kerf.test.maskrcnn", "src/test/resources/goldens/maskrcnn-quick"));

    /**
     * torchvision's maskrcnn_resnet50_fpn: every stage within ten times what float32 itself costs, the heads on the
     * reference's own boxes likewise, and at least 95 of its 100 detections with their masks.
     */
    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void everyStageOfTheReference(String backend) {
        GoldenCase golden = GoldenCase.open(FOLDER);
        DetectOptions options = DetectOptions.of().size((int) golden.description().at("min_size").asLong(),
                (int) golden.description().at("max_size").asLong());
        Image image = Image.read(golden.file("image"));
        try (Device device = Backends.open(backend);
                Weights weights = golden.weights();
                MaskRcnn net = MaskRcnn.load(device, weights)) {
            Map<String, HostTensor> stages = new HashMap<>(net.trace(image, options));
            try (Safetensors inputs = Safetensors.open(FOLDER.resolve("inputs.safetensors"))) {
                HostTensor proposals = inputs.tensor("proposals");
                HostTensor first64 = HostTensor.of(Shape.of(64, 4), Arrays.copyOf(proposals.toFloatArray(), 256));
                net.traceHeads(image, first64, inputs.tensor("first16.boxes_resized"), options).forEach((name, t) ->
                        stages.put((name.startsWith("mask") ? "first16." : "first64.") + name, t));
            }
            List<GoldenCase.Row> rows = golden.compare(stages);
            assertEquals(golden.stages().size(), rows.size());
            assertTrue(rows.stream().allMatch(GoldenCase.Row::passed), () -> backend + ": " + rows);
            Instances found = net.detect(image, options);
            try (GoldenDetections expected = new GoldenDetections(FOLDER.resolve("inputs.safetensors"))) {
                assertEquals(expected.size(), found.size());
                int matched = expected.matched(found);
                assertTrue(matched >= 95, backend + ": " + matched + " of " + expected.size() + " detections");
            }
        }
    }
}
