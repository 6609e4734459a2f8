package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.cli.console.ExitCode;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.TensorType;
import dev.kerf.graph.onnx.OnnxExport;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.json.Json;
import dev.kerf.mask.LabelMap;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code kerf segment} and {@code kerf weights inspect} with ONNX models. */
class NetworkCommandTest {
    @TempDir
    private Path dir;

    /** A 1×1 convolution: class k's logit is the weighted sum of red, green and blue. */
    private Path net(boolean sigmoid, float[]... rows) {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("image", TensorType.f32(1, 3, 8, 16));
        Value y = g.conv2d(x, g.weight("w", Shape.of(rows.length, 3, 1, 1)), null, Window2d.of());
        g.output("logits", sigmoid ? g.unary(Function.SIGMOID, y) : y);
        float[] w = new float[3 * rows.length];
        for (int i = 0; i < w.length; i++) {
            w[i] = rows[i / 3][i % 3];
        }
        Path file = dir.resolve("net.onnx");
        OnnxExport.write(g.build(), Weights.of(Map.of("w", HostTensor.of(Shape.of(rows.length, 3, 1, 1), w))), file);
        return file;
    }

    /** Red on the left, blue on the right. */
    private Path picture() {
        Image image = Image.blank(16, 8, PixelFormat.RGB8);
        for (int i = 0; i < 16 * 8; i++) {
            image.setSample(i % 16, i / 16, i % 16 < 6 ? 0 : 2, 255);
        }
        image.writePng(dir.resolve("a.png"));
        return dir.resolve("a.png");
    }

    private Run segment(Object... more) {
        Object[] all = new Object[more.length + 8];
        System.arraycopy(new Object[] {"segment", "--backend", "cpu", "--weights", dir.resolve("net.onnx"), "--out",
            dir.resolve("out"), dir.resolve("a.png")}, 0, all, 0, 8);
        System.arraycopy(more, 0, all, 8, more.length);
        return Run.of(all);
    }

    private int[] labels() {
        LabelMap labels = LabelMap.read(dir.resolve("out/a-labels.png"));
        return new int[] {labels.get(0, 0), labels.get(15, 7)};
    }

    @Test
    void theLargestClassCounts() {
        net(false, new float[] {1, 0, 0}, new float[] {0, 1, 0}, new float[] {0, 0, 1});
        picture();
        Run run = segment("--classes", "red,green,blue").succeeded();
        assertTrue(run.out().contains("blue 62.5 %, red 37.5 %"), run.out());
        assertArrayEquals(new int[] {0, 2}, labels());
        assertEquals(List.of("a-labels.png", "a-overlay.png"), Run.files(dir.resolve("out")));
    }

    /** The way out and in again, with what the network wants of a picture: its own mean and deviation taken off. */
    @Test
    void whatKerfExportsSegmentsAsBefore() {
        Path picture = Path.of("src/main/samples/tissue-1.png").toAbsolutePath();
        Path weights = Path.of("weights/kerf-membrane.safetensors").toAbsolutePath();
        Run.of("export", "--onnx", dir.resolve("unet.onnx"), "--weights", weights, "--size", "512x512").succeeded();
        Run.of("segment", "--backend", "cpu", "--weights", weights, "--out", dir.resolve("own"), picture).succeeded();
        Run.of("segment", "--backend", "cpu", "--weights", dir.resolve("unet.onnx"), "--out", dir.resolve("again"), picture)
                .succeeded();
        LabelMap own = LabelMap.read(dir.resolve("own/tissue-1-labels.png"));
        LabelMap again = LabelMap.read(dir.resolve("again/tissue-1-labels.png"));
        int differ = 0;
        for (int i = 0; i < 512 * 512; i++) {
            differ += own.get(i % 512, i / 512) == again.get(i % 512, i / 512) ? 0 : 1;
        }
        assertEquals(0, differ);
    }

    /** 255 · 0.01 − 0.55 = 2, over 0.5 = 4; other channels −1.1. */
    @Test
    void numbersAreWhatTheOptionsSay() {
        net(false, new float[] {1, 0, 0}, new float[] {0, 0, 1});
        picture();
        segment("--input-scale", "0.01", "--mean", "0.55", "--std", "0.5", "--format", "npy").succeeded();
        HostTensor y = HostTensor.readNpy(dir.resolve("out/a-logits.npy"));
        assertEquals(Shape.of(1, 2, 8, 16), y.shape());
        assertEquals(4, y.getDouble(0), 1e-5);
        assertEquals(-1.1, y.getDouble(8 * 16), 1e-5);
        assertEquals(List.of("a-logits.npy"), Run.files(dir.resolve("out")));
        segment("--bgr", "--format", "npy").succeeded();
        assertEquals(0, HostTensor.readNpy(dir.resolve("out/a-logits.npy")).getDouble(0));
    }

    @Test
    void aTensorGoesInAsItIs() {
        net(false, new float[] {1, 0, 0}, new float[] {0, 0, 2});
        float[] x = new float[3 * 8 * 16];
        x[0] = 7;
        x[2 * 8 * 16 + 1] = 3;
        HostTensor.of(Shape.of(3, 8, 16), x).writeNpy(dir.resolve("x.npy"));
        Run.of("segment", "--backend", "cpu", "--weights", dir.resolve("net.onnx"), "--out", dir.resolve("out"),
                dir.resolve("x.npy"),
                "--format", "npy,labels").succeeded();
        HostTensor y = HostTensor.readNpy(dir.resolve("out/x-logits.npy"));
        assertEquals(7, y.getDouble(0));
        assertEquals(6, y.getDouble(8 * 16 + 1));
        assertEquals(1, LabelMap.read(dir.resolve("out/x-labels.png")).get(1, 0));
    }

    @Test
    void oneChannelIsAMatte() {
        net(true, new float[] {8, 0, -8});
        picture();
        segment("--format", "labels,matte").succeeded();
        assertArrayEquals(new int[] {1, 0}, labels());
        Image matte = Image.read(dir.resolve("out/a-matte.png"));
        assertEquals(255, matte.sample(0, 0, 0));
        assertEquals(0, matte.sample(15, 0, 0));
        assertEquals(ExitCode.FAILED, segment("--result", "classes").code());
        net(false, new float[] {1, 0, 0}, new float[] {0, 0, 1});
        Run none = segment("--format", "matte");
        assertTrue(none.err().contains("--format matte"), none.err());
    }

    /** Numbers so large that the network's are none. */
    @Test
    void whatIsNotFiniteHasFailed() {
        net(false, new float[] {3e38f, 0, 0}, new float[] {0, 0, 1});
        picture();
        Run run = segment("--input-scale", "1");
        assertEquals(ExitCode.FAILED, run.code());
        assertTrue(run.err().contains("logits aren't finite"), run.err());
        float[] x = new float[3 * 8 * 16];
        x[7] = Float.NaN;
        HostTensor.of(Shape.of(3, 8, 16), x).writeNpy(dir.resolve("x.npy"));
        Run nan = Run.of("segment", "--backend", "cpu", "--weights", dir.resolve("net.onnx"), "--out", dir.resolve("out"),
                dir.resolve("x.npy"));
        assertTrue(nan.err().contains("element [0, 0, 7] is NaN"), nan.err());
    }

    @Test
    void inspectSaysWhatIsInIt() {
        net(false, new float[] {1, 0, 0}, new float[] {0, 0, 1});
        String out = Run.of("weights", "inspect", dir.resolve("net.onnx")).succeeded().out();
        assertTrue(out.contains("1 Conv"), out);
        assertTrue(out.contains("input  image F32[1, 3, 8, 16]"), out);
        assertTrue(out.contains("GFLOP"), out);
        Json json = Json.parse(Run.of("weights", "inspect", dir.resolve("net.onnx"), "--json").succeeded().out());
        assertEquals(2.0 * 2 * 3 * 8 * 16, json.at("model").at("flops").asDouble());
        assertEquals(0, json.at("model").at("unsupported").size());
    }

    @Test
    void whatIsWrongIsOneLine() throws IOException {
        net(false, new float[] {1, 0, 0}, new float[] {0, 0, 1});
        picture();
        for (Object[] wrong : new Object[][] {{"--mean", "1,2"}, {"--output", "masks"}, {"--input-size", "9x9"},
            {"--scale", "2"}}) {
            Run run = segment(wrong);
            assertTrue(run.code() != 0 && run.err().strip().lines().count() == 1, run.err());
        }
        Files.write(dir.resolve("net.onnx"), new byte[] {8, 8, 58, 127, 0});
        Run broken = segment();
        assertTrue(broken.err().contains("is damaged or no ONNX model"), broken.err());
        Path unet = Run.unet(dir.resolve("unet.safetensors"), 3, 3, false);
        Run run = Run.of("segment", "--backend", "cpu", "--weights", unet, dir.resolve("a.png"), "--mean", "1");
        assertTrue(run.err().contains("are for ONNX models"), run.err());
    }
}
