package dev.kerf.model.unet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.check.golden.TensorDifference;
import dev.kerf.image.Image;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Safetensors;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** U-Nets straight from the files that torch.save wrote, against what PyTorch computes with them in float64. */
class UNetCheckpointTest {
    private static final Path REFERENCE = Path.of("src/kerf-check/src/test/resources/reference");
    /** PyTorch's own float32 is 5.2e-8 to 8.4e-8 off on these networks: ten times that, with the goldens' floor. */
    private static final double BOUND = 1e-6;

    @TempDir
    private Path temp;

    static Stream<Arguments> cases() {
        return dev.kerf.backend.BackendsUnderTest.devices().flatMap(device -> Stream.of(
                Arguments.of(device, "milesial-transposed", "planes-odd", 3),
                Arguments.of(device, "milesial-bilinear", "planes-odd", 3),
                Arguments.of(device, "plain", "planes", 1)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void logitsFromTheCheckpointAndFromTheImportedFile(String backend, String name, String planes, int channels) {
        Path checkpoint = REFERENCE.resolve(name + ".pt");
        Path imported = temp.resolve(name + ".safetensors");
        Safetensors.importFrom(checkpoint, imported, Optional.empty());
        HostTensor input = HostTensor.readNpy(REFERENCE.resolve(planes + ".npy"));
        HostTensor used = channels == 3 ? input : firstPlane(input);
        HostTensor expected = HostTensor.readNpy(REFERENCE.resolve(name + "-logits.npy"));
        for (Path file : new Path[] {checkpoint, imported}) {
            try (Device device = Backends.open(backend);
                    Weights weights = Weights.open(file);
                    UNet net = UNet.load(device, weights)) {
                Segmentation s = net.segment(used, SegmentOptions.of().withLogits());
                assertEquals(expected.shape(), s.logits().shape());
                TensorDifference d = TensorDifference.of(s.logits(), expected);
                assertTrue(d.relativeL2() <= BOUND, file.getFileName() + " on " + backend + ": " + d);
            }
        }
    }

    /** The embedded network on a drawn picture, against float64: float32 alone is up to 1.5e-6 off at logits up to 5.1. */
    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void theEmbeddedNetworkOnDrawnTissue(String backend) {
        HostTensor expected = HostTensor.readNpy(REFERENCE.resolve("tissue-160x192-logits.npy"));
        try (Device device = Backends.open(backend);
                Weights weights = dev.kerf.Kerf.embeddedWeights();
                UNet net = UNet.load(device, weights)) {
            Segmentation s = net.segment(Image.read(REFERENCE.resolve("tissue-160x192.png")),
                    SegmentOptions.of().withLogits());
            TensorDifference d = TensorDifference.of(s.logits(), expected);
            assertTrue(d.maxAbs() <= 10 * 1.5e-6, backend + ": " + d);
            assertEquals(List.of("membrane", "cell interior"), s.classNames());
        }
    }

    private static HostTensor firstPlane(HostTensor planes) {
        long bytes = planes.shape().product(1, 3) * 4;
        return new HostTensor(planes.dtype(), dev.kerf.tensor.Shape.of(1, planes.shape().dim(1), planes.shape().dim(2)),
                planes.data().asSlice(0, bytes));
    }
}
