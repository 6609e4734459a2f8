package dev.kerf.check.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.image.Image;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.Segmentation;
import dev.kerf.model.unet.UNet;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Npy;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class UNetGoldenTest {
    private static final Path RESOURCES = Path.of("src/kerf-check/src/test/resources");

    /** milesial/Pytorch-UNet at 96×128: every stage within ten times what float32 itself costs, labels as the margin allows. */
    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void everyStageOfTheReference(String backend) {
        GoldenCase golden = GoldenCase.open(RESOURCES.resolve("goldens/unet-quick"));
        try (Device device = Backends.open(backend);
                Weights weights = golden.weights();
                UNet net = UNet.load(device, weights)) {
            Map<String, HostTensor> stages = net.trace(Image.read(golden.file("image")), SegmentOptions.of());
            List<GoldenCase.Row> rows = golden.compare(stages);
            assertEquals(golden.stages().size(), rows.size());
            assertTrue(rows.stream().allMatch(GoldenCase.Row::passed), () -> backend + ": " + rows);
            Image labels = Image.readIndices(golden.file("labels"));
            assertEquals(0, golden.wrongLabels(stages.get("labels"), labels.toTensor().reshape(
                    Shape.of(labels.height(), labels.width())), stages.get("logits")));
        }
    }

    /** The embedded network on a drawn picture, against float64: float32 alone is up to 1.5e-6 off at logits up to 5.1. */
    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void theEmbeddedNetworkOnDrawnTissue(String backend) {
        HostTensor expected = Npy.read(RESOURCES.resolve("reference/tissue-160x192-logits.npy"));
        try (Device device = Backends.open(backend);
                Weights weights = dev.kerf.Kerf.embeddedWeights();
                UNet net = UNet.load(device, weights)) {
            Segmentation s = net.segment(Image.read(RESOURCES.resolve("reference/tissue-160x192.png")),
                    SegmentOptions.of().withLogits());
            TensorDifference d = TensorDifference.of(s.logits(), expected);
            assertTrue(d.maxAbs() <= 10 * 1.5e-6, backend + ": " + d);
            assertEquals(List.of("membrane", "cell interior"), s.classNames());
        }
    }
}
