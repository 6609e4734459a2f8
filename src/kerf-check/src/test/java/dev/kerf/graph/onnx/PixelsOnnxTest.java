package dev.kerf.graph.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.kerf.Kerf;
import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.check.golden.TensorDifference;
import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.model.ModelKind;
import dev.kerf.model.ModelKind.GraphRequest;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.SmallUNets;
import dev.kerf.model.unet.UNet;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** U-Nets that are exported with their preprocessing, given an image's bytes by ONNX Runtime; and what every export says of it. */
class PixelsOnnxTest {
    private static final Path GOLDENS = Path.of("src/kerf-check/src/test/resources/goldens");
    private static final int HEIGHT = 26;
    private static final int WIDTH = 38;
    /** Two float32 runs of a network of a few layers: a hundred roundings of the logits. */
    private static final double BOUND = 100 * 0x1p-23;

    @TempDir
    private Path directory;

    private static Image picture(PixelFormat format) {
        Image image = Image.blank(WIDTH, HEIGHT, format);
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                for (int c = 0; c < format.channels(); c++) {
                    image.setSample(x, y, c, (x * 37 + y * 101 + c * 59 + x * y) % 256);
                }
            }
        }
        return image;
    }

    private static Map<String, String> fixed(String mean, String std) {
        return Map.of("kerf.input.normalise", "fixed", "kerf.input.mean", mean, "kerf.input.std", std);
    }

    private Map<String, String> said(Path file) throws OrtException {
        try (OrtSession session = OrtEnvironment.getEnvironment().createSession(file.toString())) {
            return session.getMetadata().getCustomMetadata();
        }
    }

    /** From the same bytes: the logits of ONNX Runtime and those of Kerf; what the model says of its input. */
    private Map<String, String> agree(Weights weights, PixelFormat format) throws OrtException {
        ModelKind kind = Kerf.model(weights);
        GraphRequest request = new GraphRequest("network", HEIGHT, WIDTH, 0, true);
        Path file = directory.resolve("net.onnx");
        OnnxExport.write(kind.graph(weights, request), weights, file,
                OnnxExport.Options.of().metadata(kind.metadata(weights, request)));
        Image image = picture(format);
        HostTensor bytes = HostTensor.zeros(DType.U8, Shape.of(1, HEIGHT, WIDTH, format.channels()));
        bytes.data().copyFrom(image.data());
        HostTensor peer = OnnxRuntime.run(file, Map.of("image", bytes)).get("logits");
        try (Device cpu = Backends.open("cpu"); UNet net = UNet.load(cpu, weights)) {
            HostTensor mine = net.segment(image, SegmentOptions.of().withLogits()).logits();
            TensorDifference d = TensorDifference.of(peer.reshape(mine.shape()), mine);
            assertTrue(d.relativeL2() <= BOUND, format + ": " + d);
        }
        return said(file);
    }

    @Test
    void pixelsGiveKerfsLogits() throws OrtException {
        try (Weights plain = SmallUNets.plain(1, 1, List.of(4, 8)).build();
                Weights colour = SmallUNets.milesial(3, 2, List.of(4, 8), false).build();
                Weights alpha = SmallUNets.milesial(4, 3, List.of(4, 8), true)
                        .with(fixed("[0.1,0.2,0.3,0.4]", "[0.5,0.6,0.7,0.8]")).build()) {
            assertEquals("image", agree(plain, PixelFormat.GRAY8).get("kerf.input.normalise"));
            assertEquals("none", agree(colour, PixelFormat.RGB8).get("kerf.input.normalise"));
            Map<String, String> said = agree(alpha, PixelFormat.RGBA8);
            assertEquals("fixed", said.get("kerf.input.normalise"));
            assertEquals("[0.1,0.2,0.3,0.4]", said.get("kerf.input.mean"));
            assertEquals("[0.5,0.6,0.7,0.8]", said.get("kerf.input.std"));
            assertEquals("[\"class 0\",\"class 1\",\"class 2\"]", said.get("kerf.classes"));
            assertTrue(said.get("kerf.input").startsWith("uint8 (1, height, width, channels)"), said.toString());
        }
        try (Weights five = SmallUNets.milesial(5, 2, List.of(4, 8), false).build()) {
            String message = assertThrows(BadInputException.class, () -> Kerf.model(five).graph(five,
                    new GraphRequest("network", HEIGHT, WIDTH, 0, true))).getMessage();
            assertTrue(message.contains("5 channels"), message);
        }
    }

    @Test
    void whatTakesPlanesSaysSo() {
        try (Weights net = SmallUNets.milesial(3, 2, List.of(4, 8), false)
                .with(fixed("[0.485,0.456,0.406]", "[0.229,0.224,0.225]")).build()) {
            Map<String, String> said = Kerf.model(net).metadata(net, new GraphRequest("network", 16, 16, 0, false));
            assertTrue(said.get("kerf.input").startsWith("float32 (1, channels, height, width)"), said.toString());
            assertEquals("[0.485,0.456,0.406]", said.get("kerf.input.mean"));
        }
    }

    @Test
    void everyKindSaysWhatItsImageIs() {
        for (String folder : List.of("maskrcnn-quick", "sam2-quick")) {
            try (Weights weights = GoldenCase.open(GOLDENS.resolve(folder)).weights()) {
                ModelKind kind = Kerf.model(weights);
                for (String part : kind.parts()) {
                    Map<String, String> said = kind.metadata(weights, new GraphRequest(part, 48, 80, 64, false));
                    assertEquals(kind.name(), said.get("kerf.model"));
                    assertEquals(part, said.get("kerf.part"));
                    boolean image = part.equals(kind.parts().getFirst());
                    assertEquals(image ? "[0.485,0.456,0.406]" : null, said.get("kerf.input.mean"), folder + " " + part);
                    assertEquals(image ? "[0.229,0.224,0.225]" : null, said.get("kerf.input.std"), folder + " " + part);
                }
            }
        }
    }
}
