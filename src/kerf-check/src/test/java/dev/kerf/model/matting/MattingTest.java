package dev.kerf.model.matting;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.error.BadInputException;
import dev.kerf.error.BadWeightsException;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.TensorType;
import dev.kerf.graph.onnx.OnnxExport;
import dev.kerf.graph.onnx.OnnxModel;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.json.Json;
import dev.kerf.model.ModelKind.GraphRequest;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Mattes of U²-Netp's and IS-Net's golden cases from checkpoints and from ONNX models. */
class MattingTest {
    private static final Path CASES = Path.of("src/kerf-check/src/test/resources/goldens");
    private static final GoldenCase SMALL = GoldenCase.open(CASES.resolve("u2netp-quick"));

    @TempDir
    private Path dir;

    private static Image picture() {
        return Image.read(SMALL.file("image"));
    }

    private static MattingOptions asItIs() {
        return MattingOptions.of().size(picture().height(), picture().width());
    }

    private static HostTensor matte(Device device, Weights weights, MattingOptions options, Image image) {
        try (Matting net = Matting.load(device, weights, options)) {
            return net.matte(image);
        }
    }

    private static double off(HostTensor a, HostTensor b) {
        assertEquals(a.shape(), b.shape());
        double most = 0;
        for (long i = 0; i < a.elements(); i++) {
            most = Math.max(most, Math.abs(a.getDouble(i) - b.getDouble(i)));
        }
        return most;
    }

    /** Ten times what float32 itself costs. */
    private static double bound() {
        return 10 * SMALL.stages().get("stretched").maxAbsError();
    }

    /** What torch.onnx exported of the same network, its weights beside it. */
    private OnnxModel exported(Weights weights) throws IOException {
        Path file = Files.copy(SMALL.path("bare.onnx"), dir.resolve("bare.onnx"));
        try (OutputStream out = Files.newOutputStream(dir.resolve("weights.bin"))) {
            for (String name : Json.read(SMALL.path("weights.json")).at("tensors").members().keySet()) {
                out.write(weights.tensor(name).data().toArray(ValueLayout.JAVA_BYTE));
            }
        }
        return OnnxModel.open(file);
    }

    @Test
    void aCheckpointAndTorchsExportOfItGiveOneMatte() throws IOException {
        try (Device device = Backends.open("cpu");
                Weights weights = SMALL.weights();
                OnnxModel model = exported(weights);
                Matting net = Matting.load(device, model, MattingOptions.of())) {
            assertEquals("U²-Net", net.name());
            HostTensor own = matte(device, weights, asItIs(), picture());
            assertEquals(0, off(own, net.matte(picture())), bound());
            // Of other sizes, too: both resize it in and out.
            Image other = Image.blank(150, 70, PixelFormat.RGB16);
            for (int i = 0; i < 150 * 70; i++) {
                other.setSample(i % 150, i / 150, i % 3, 60_000 * (i % 150) / 150);
            }
            HostTensor far = matte(device, weights, asItIs(), other);
            assertEquals(Shape.of(70, 150), far.shape());
            assertEquals(0, off(far, net.matte(other)), bound());
            assertTrue(
                    off(matte(device, weights, asItIs().mean(List.of(0.5)).std(List.of(1.0)), picture()), own) > 100 * bound(),
                    "numbers of the caller's choice count");
            assertTrue(off(matte(device, weights, asItIs().blueFirst(true), picture()), own) > 100 * bound());
            assertTrue(off(matte(device, weights, asItIs().scale(0.001), picture()), own) > 100 * bound());
        }
    }

    /** By its own metadata, and without any by its ops. */
    @Test
    void kerfsExportsComeBack() {
        for (String name : List.of("u2netp-quick", "isnet-quick")) {
            GoldenCase golden = GoldenCase.open(CASES.resolve(name));
            GraphRequest request = new GraphRequest("network", 96, 128, 0, false);
            try (Device device = Backends.open("cpu"); Weights weights = golden.weights()) {
                HostTensor own = matte(device, weights, asItIs(), picture());
                double bound = 10 * golden.stages().get("stretched").maxAbsError();
                List<Map<String, String>> files = name.startsWith("isnet")
                        ? List.of(Map.of())
                        : List.of(Matting.KIND.metadata(weights, request), Map.of());
                for (Map<String, String> said : files) {
                    Path file = dir.resolve(name + said.size() + ".onnx");
                    OnnxExport.write(Matting.KIND.graph(weights, request), weights, file,
                            OnnxExport.Options.of().metadata(said));
                    try (OnnxModel model = OnnxModel.open(file);
                            Matting net = Matting.load(device, model, MattingOptions.of())) {
                        assertEquals(0, off(own, net.matte(picture())), bound, name + " " + said);
                        assertEquals(name.startsWith("isnet") ? "IS-Net" : "U²-Net", net.name());
                    }
                }
            }
        }
    }

    @Test
    void whatItIsShowsInNamesAndShapes() {
        try (Weights small = SMALL.weights(); Weights large = GoldenCase.open(CASES.resolve("isnet-quick")).weights()) {
            assertTrue(Matting.KIND.accepts(small) && Matting.KIND.accepts(large));
            assertTrue(Matting.KIND.describe(small).startsWith("U²-Netp: "), Matting.KIND.describe(small));
            assertTrue(Matting.KIND.describe(large).startsWith("IS-Net: "), Matting.KIND.describe(large));
            assertSame(Trained.ISNET, Trained.of(Matting.KIND.graph(large, new GraphRequest("network", 64, 64, 0, false))));
            assertSame(Trained.U2NET, Trained.of(Matting.KIND.graph(small, new GraphRequest("network", 64, 64, 0, false))));
        }
        GraphBuilder g = new GraphBuilder();
        g.output("y", g.conv2d(g.input("x", TensorType.f32(1, 3, 8, 8)), g.weight("w", Shape.of(1, 3, 3, 3)), null,
                Window2d.of().stride(2).pad(1)));
        assertSame(Trained.OTHER, Trained.of(g.build()));
    }

    /** Stretched; that with alpha is seen at 320 × 320. */
    @Test
    void anyPictureHasAMatteOfItsSize() {
        try (Device device = Backends.open("cpu"); Weights weights = SMALL.weights()) {
            for (PixelFormat format : List.of(PixelFormat.GRAY8, PixelFormat.RGBA16, PixelFormat.BGR8)) {
                Image image = Image.blank(33, 21, format);
                for (int i = 0; i < 33 * 21; i++) {
                    image.setSample(i % 33, i / 33, 0, (int) (Math.abs(Math.sin(i)) * format.max()));
                }
                MattingOptions options = format.hasAlpha() ? MattingOptions.of() : asItIs();
                HostTensor matte = matte(device, weights, options, image);
                assertEquals(Shape.of(21, 33), matte.shape());
                float[] values = matte.toFloatArray();
                Arrays.sort(values);
                assertEquals(0, values[0]);
                assertEquals(1, values[values.length - 1]);
            }
        }
    }

    @Test
    void whatIsWrongIsSaid() {
        try (Device device = Backends.open("cpu"); Weights weights = SMALL.weights()) {
            Map<String, HostTensor> tensors = new LinkedHashMap<>();
            weights.names().forEach(n -> tensors.put(n, weights.tensor(n)));
            HostTensor conv = tensors.remove("stage3.rebnconv2.conv_s1.weight");
            refused(device, tensors, "stage3.rebnconv2.conv_s1.weight");
            tensors.put("stage3.rebnconv2.conv_s1.weight", HostTensor.of(Shape.of(16, 4, 3, 3), new float[16 * 36]));
            refused(device, tensors, "expected [16, 16, 3, 3]");
            tensors.put("stage3.rebnconv2.conv_s1.weight", conv);
            tensors.put("stage9.weight", conv);
            refused(device, tensors, "stage9.weight");
            tensors.remove("stage9.weight");
            tensors.put("stage3.rebnconv2.bn_s1.num_batches_tracked", HostTensor.of(Shape.of(), new long[] {7}));
            matte(device, Weights.of(tensors), asItIs(), picture());
            float[] none = new float[1];
            none[0] = Float.NaN;
            tensors.put("outconv.bias", HostTensor.of(Shape.of(1), none));
            String said = assertThrows(BadInputException.class, () -> matte(device, Weights.of(tensors), asItIs(), picture()))
                    .getMessage();
            assertTrue(said.contains("isn't finite"), said);
            assertThrows(BadWeightsException.class, () -> Matting.load(device, Weights.of(Map.of("a", conv)), asItIs()));
            assertThrows(BadInputException.class, () -> Matting.load(device, weights, asItIs().output("matte")));
            assertThrows(BadInputException.class, () -> matte(device, weights, asItIs().mean(List.of(1.0, 2.0)), picture()));
        }
    }

    private static void refused(Device device, Map<String, HostTensor> tensors, String... texts) {
        String said = assertThrows(BadWeightsException.class,
                () -> Matting.load(device, Weights.of(tensors), MattingOptions.of())).getMessage();
        for (String text : texts) {
            assertTrue(said.contains(text), said);
        }
    }
}
