package dev.kerf.graph.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OrtException;
import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.error.UnsupportedOpException;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Operators with many attributes, drawn at random, against ONNX Runtime. */
class OnnxSweepTest {
    private static final double BOUND = 1e-5;
    private static Device cpu;

    @TempDir
    private Path dir;

    private final Random random = new Random(11);
    private int compared;
    private int refused;

    @BeforeAll
    static void open() {
        cpu = Backends.open("cpu");
    }

    @AfterAll
    static void close() {
        cpu.close();
    }

    private HostTensor normal(long... dims) {
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(dims));
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, random.nextGaussian());
        }
        return t;
    }

    private <T> T any(List<T> all) {
        return all.get(random.nextInt(all.size()));
    }

    private static String[] extents(HostTensor t) {
        return java.util.Arrays.stream(t.shape().dims()).mapToObj(Long::toString).toArray(String[]::new);
    }

    /** Same as the peer's, where it takes the model: it refuses what isn't in ONNX. */
    private void agree(OnnxWriter w, HostTensor x, String what) throws IOException {
        Path file = w.write(dir.resolve("net.onnx"));
        HostTensor peer;
        try {
            peer = OnnxRuntime.run(file, Map.of("x", x)).get("y");
        } catch (OrtException e) {
            refused++;
            return;
        }
        try (OnnxModel m = OnnxModel.open(file)) {
            double d = OnnxRuns.difference(peer, OnnxRuns.run(cpu, m, Map.of("x", x), Map.of()).get("y"));
            assertTrue(d <= BOUND, what + " is off by " + d);
            compared++;
        } catch (UnsupportedOpException e) {
            throw new AssertionError(what, e);
        }
    }

    @Test
    void resize() throws IOException {
        for (int i = 0; i < 300; i++) {
            String mode = any(List.of("nearest", "linear", "cubic"));
            String coordinates = any(List.of("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric",
                    "half_pixel_symmetric", "tf_crop_and_resize"));
            String nearest = any(List.of("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"));
            HostTensor x = normal(1, 2, 2 + random.nextInt(9), 2 + random.nextInt(9));
            long h = 1 + random.nextInt(17);
            long v = 1 + random.nextInt(17);
            if (coordinates.startsWith("tf_crop")) {
                // The peer leaves an axis of the same extent as it is, whatever region is asked for.
                h += h == x.shape().dim(2) ? 1 : 0;
                v += v == x.shape().dim(3) ? 1 : 0;
            }
            boolean outside = mode.equals("cubic") && random.nextBoolean();
            OnnxWriter w = new OnnxWriter(13).input("x", 1, extents(x)).output("y", 1)
                    .floats("roi", Shape.of(8), 0, 0, 0.13f, -0.21f, 1, 1, 0.92f, 1.07f).longs("sizes", Shape.of(4), 1, 2, h, v)
                    .node("Resize", List.of("x", "roi", "", "sizes"), List.of("y"), Attribute.of("mode", mode),
                            Attribute.of("coordinate_transformation_mode", coordinates), Attribute.of("nearest_mode", nearest),
                            Attribute.of("exclude_outside", outside ? 1 : 0), Attribute.of("cubic_coeff_a", -0.5f),
                            Attribute.of("extrapolation_value", 3f));
            agree(w, x, x + " to " + h + "x" + v + " " + mode + " " + coordinates + " " + nearest + " " + outside);
        }
        assertTrue(compared > 200, compared + " compared, " + refused + " refused");
    }

    @Test
    void resizeByScales() throws IOException {
        for (int i = 0; i < 100; i++) {
            String mode = any(List.of("nearest", "linear", "cubic"));
            String coordinates = any(List.of("half_pixel", "pytorch_half_pixel", "asymmetric"));
            HostTensor x = normal(1, 2, 3 + random.nextInt(9), 3 + random.nextInt(9));
            float h = any(List.of(0.5f, 0.7f, 1.5f, 2f, 3f, 2.3f));
            float v = any(List.of(0.5f, 0.8f, 1f, 2f, 4f, 1.9f));
            OnnxWriter w = new OnnxWriter(13).input("x", 1, extents(x)).output("y", 1).floats("scales", Shape.of(4), 1, 1, h, v)
                    .node("Resize", List.of("x", "", "scales"), List.of("y"), Attribute.of("mode", mode),
                            Attribute.of("coordinate_transformation_mode", coordinates), Attribute.of("nearest_mode", "floor"));
            agree(w, x, x + " by " + h + ", " + v + " " + mode + " " + coordinates);
        }
        assertTrue(compared > 80, compared + " compared, " + refused + " refused");
    }

    private long[] numbers(int count, int low, int high) {
        return random.longs(count, low, high).toArray();
    }

    @Test
    void pools() throws IOException {
        for (int i = 0; i < 200; i++) {
            boolean max = random.nextBoolean();
            HostTensor x = normal(1, 2, 6 + random.nextInt(8), 6 + random.nextInt(8));
            long[] kernel = numbers(2, 1, 5);
            long[] pads = new long[4];
            for (int k = 0; k < 4; k++) {
                pads[k] = random.nextInt((int) kernel[k % 2]);
            }
            List<Attribute> a = new ArrayList<>(List.of(Attribute.of("kernel_shape", kernel),
                    Attribute.of("strides", numbers(2, 1, 4))));
            // The peer makes padding below 0 of a rule for padding and windows further apart than they are wide.
            boolean auto = random.nextInt(4) == 0 && kernel[0] > 2 && kernel[1] > 2;
            a.add(Attribute.of("ceil_mode", auto ? 0 : random.nextInt(2)));
            a.add(auto
                    ? Attribute.of("auto_pad", any(List.of("SAME_UPPER", "SAME_LOWER", "VALID")))
                    : Attribute.of("pads", pads));
            if (max) {
                a.add(Attribute.of("dilations", numbers(2, 1, 3)));
            } else {
                a.add(Attribute.of("count_include_pad", random.nextInt(2)));
            }
            OnnxWriter w = new OnnxWriter(17).input("x", 1, extents(x)).output("y", 1).node(max ? "MaxPool" : "AveragePool",
                    List.of("x"), List.of("y"), a.toArray(Attribute[]::new));
            agree(w, x, (max ? "max " : "average ") + x + " " + java.util.Arrays.toString(kernel) + " "
                    + java.util.Arrays.toString(pads) + " " + auto);
        }
        assertTrue(compared > 120, compared + " compared, " + refused + " refused");
    }

    @Test
    void convolutions() throws IOException {
        for (int i = 0; i < 150; i++) {
            boolean transposed = random.nextBoolean();
            int groups = 1 + random.nextInt(2);
            HostTensor x = normal(1, 4, 5 + random.nextInt(6), 5 + random.nextInt(6));
            long kh = 1 + random.nextInt(4);
            long kw = 1 + random.nextInt(4);
            HostTensor weight = transposed ? normal(4, 6 / groups, kh, kw) : normal(6, 4 / groups, kh, kw);
            long[] strides = numbers(2, 1, 4);
            List<Attribute> a = new ArrayList<>(List.of(Attribute.of("group", groups), Attribute.of("strides", strides),
                    Attribute.of("dilations", numbers(2, 1, 3))));
            int how = Math.min(kh, kw) < 3 ? 2 : random.nextInt(4);
            a.add(how == 0
                    ? Attribute.of("auto_pad", any(List.of("SAME_UPPER", "SAME_LOWER", "VALID")))
                    : Attribute.of("pads", numbers(4, 0, 3)));
            if (transposed && how == 1) {
                a.add(Attribute.of("output_padding", random.nextInt((int) strides[0]), random.nextInt((int) strides[1])));
            }
            OnnxWriter w = new OnnxWriter(17).input("x", 1, extents(x)).output("y", 1).tensor("w", 1, weight)
                    .tensor("b", 1, normal(6)).node(transposed ? "ConvTranspose" : "Conv", List.of("x", "w", "b"), List.of("y"),
                            a.toArray(Attribute[]::new));
            agree(w, x, (transposed ? "transposed " : "") + x + " " + weight + " groups " + groups + " strides "
                    + java.util.Arrays.toString(strides) + " " + how);
        }
        assertTrue(compared > 90, compared + " compared, " + refused + " refused");
    }

    @Test
    void gridSamples() throws IOException {
        for (int i = 0; i < 60; i++) {
            HostTensor x = normal(2, 3, 4 + random.nextInt(5), 4 + random.nextInt(5));
            HostTensor grid = normal(2, 3, 5, 2);
            String mode = any(List.of("bilinear", "nearest", "bicubic"));
            String padding = any(List.of("zeros", "border", "reflection"));
            int corners = random.nextInt(2);
            OnnxWriter w = new OnnxWriter(16).input("x", 1, extents(x)).output("y", 1).tensor("grid", 1, grid)
                    .node("GridSample", List.of("x", "grid"), List.of("y"), Attribute.of("mode", mode),
                            Attribute.of("padding_mode", padding), Attribute.of("align_corners", corners));
            agree(w, x, x + " " + mode + " " + padding + " " + corners);
        }
        assertEquals(60, compared);
    }
}
