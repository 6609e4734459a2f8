package dev.kerf.graph.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.graph.Graph;
import dev.kerf.graph.plan.Fusion;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Windows that are shifted, as exporters write them: few ops, and what ONNX Runtime makes of all of them. */
class OnnxWindowTest {
    @TempDir
    private Path dir;

    private static HostTensor normal(int seed, long... dims) {
        Random random = new Random(seed);
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(dims));
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, random.nextGaussian());
        }
        return t;
    }

    /** y = x rolled by −shift along an axis: what is from the shift on, then what was before it. */
    private static OnnxWriter roll(OnnxWriter w, String x, String y, int axis, long shift, long extent) {
        String s = y + "_";
        return w.longs(s + "from", Shape.of(1), shift).longs(s + "zero", Shape.of(1), 0).longs(s + "end", Shape.of(1), extent)
                .longs(s + "axis", Shape.of(1), axis)
                .node("Slice", List.of(x, s + "from", s + "end", s + "axis"), List.of(s + "a"))
                .node("Slice", List.of(x, s + "zero", s + "from", s + "axis"), List.of(s + "b"))
                .node("Concat", List.of(s + "a", s + "b"), List.of(y), Attribute.of("axis", axis));
    }

    private static long count(Graph g, String kind) {
        return Fusion.fuse(g, Set.of()).nodes().stream().filter(n -> n.op().kind().equals(kind)).count();
    }

    private Graph agrees(String id, OnnxWriter w, HostTensor x) throws Exception {
        Path file = dir.resolve("net.onnx");
        Files.write(file, w.bytes());
        Map<String, HostTensor> peer = OnnxRuntime.run(file, Map.of("x", x));
        try (Device device = Backends.open(id); OnnxModel model = OnnxModel.open(file)) {
            Map<String, HostTensor> made = OnnxRuns.run(device, model, Map.of("x", x), Map.of());
            peer.forEach((name, t) -> {
                double d = OnnxRuns.difference(t, made.get(name));
                assertTrue(d < 2e-6, name + ": " + d);
            });
            return model.graph(Map.of("x", x.shape()));
        }
    }

    /** A roll along both axes into windows of 2 × 3, and out of windows back again: a pick each. */
    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void aShiftIntoWindowsIsOnePick(String id) throws Exception {
        OnnxWriter w = new OnnxWriter(17).input("x", 1, "B", "6", "9", "8").output("windows", 1).output("y", 1)
                .longs("apart", Shape.of(6), -1, 3, 2, 3, 3, 8).longs("window", Shape.of(3), -1, 6, 8)
                .longs("back", Shape.of(6), -1, 3, 3, 2, 3, 8).longs("image", Shape.of(4), -1, 6, 9, 8);
        roll(w, "x", "r1", 1, 1, 6);
        roll(w, "r1", "r2", 2, 2, 9);
        w.node("Reshape", List.of("r2", "apart"), List.of("p"))
                .node("Transpose", List.of("p"), List.of("q"), Attribute.of("perm", 0, 1, 3, 2, 4, 5))
                .node("Reshape", List.of("q", "window"), List.of("windows"))
                .node("Softmax", List.of("windows"), List.of("s"), Attribute.of("axis", 1))
                .node("Reshape", List.of("s", "back"), List.of("t"))
                .node("Transpose", List.of("t"), List.of("u"), Attribute.of("perm", 0, 1, 3, 2, 4, 5))
                .node("Reshape", List.of("u", "image"), List.of("v"));
        roll(w, "v", "w1", 1, 5, 6);
        roll(w, "w1", "y", 2, 7, 9);
        for (int batch = 1; batch < 3; batch++) {
            Graph g = agrees(id, w, normal(3, batch, 6, 9, 8));
            assertEquals(2, count(g, "gather"));
            assertEquals(0, count(g, "concat") + count(g, "permute") + count(g, "slice"));
        }
    }

    /** Slices that leave something out, or come in order, are no roll; nor is one of the last axis. */
    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void otherSlicesStay(String id) throws Exception {
        OnnxWriter w = new OnnxWriter(17).input("x", 1, "5", "6").output("y", 1).output("z", 1).output("u", 1)
                .longs("a", Shape.of(1), 3).longs("zero", Shape.of(1), 0).longs("end", Shape.of(1), 5)
                .longs("two", Shape.of(1), 2)
                .node("Slice", List.of("x", "a", "end", "zero"), List.of("late"))
                .node("Slice", List.of("x", "zero", "two", "zero"), List.of("early"))
                .node("Slice", List.of("x", "zero", "a", "zero"), List.of("before"))
                .node("Concat", List.of("late", "early"), List.of("y"), Attribute.of("axis", 0))
                .node("Concat", List.of("before", "late"), List.of("z"), Attribute.of("axis", 0));
        roll(w, "x", "u", 1, 2, 6);
        assertEquals(3, count(agrees(id, w, normal(4, 5, 6)), "concat"));
    }

    /** softmax(scale · Q·Kᵀ + bias by position + mask of the windows)·V with other extents around the mask: one op. */
    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void attentionHasABiasAndAMask(String id) throws Exception {
        for (boolean dynamic : new boolean[] {false, true}) {
            OnnxWriter w = new OnnxWriter(17).input("x", 1, "4", "2", "6", "8").output("y", 1)
                    .floats("scale", Shape.of(), 0.35f).tensor("bias", 1, normal(5, 1, 2, 6, 6))
                    .tensor("mask", 1, normal(6, 1, 4, 1, 6, 6))
                    .longs("apart", Shape.of(5), 1, 4, 2, 6, 6).longs("flat", Shape.of(4), -1, 2, 6, 6)
                    .node("Mul", List.of("x", "scale"), List.of("q"))
                    .node("Transpose", List.of("x"), List.of("k"), Attribute.of("perm", 0, 1, 3, 2))
                    .node("MatMul", List.of("q", "k"), List.of("scores"))
                    .node("Add", List.of("scores", "bias"), List.of("biased"))
                    .node("Reshape", List.of("biased", "apart"), List.of("five"));
            if (dynamic) {
                w.node("ReduceMean", List.of("x"), List.of("mean"), Attribute.of("keepdims", 0))
                        .node("Add", List.of("mask", "mean"), List.of("moving"));
            }
            w.node("Add", List.of("five", dynamic ? "moving" : "mask"), List.of("masked"))
                    .node("Reshape", List.of("masked", "flat"), List.of("four"))
                    .node("Softmax", List.of("four"), List.of("p"), Attribute.of("axis", -1))
                    .node("MatMul", List.of("p", "x"), List.of("y"));
            Graph g = agrees(id, w, normal(7, 4, 2, 6, 8));
            assertEquals(1, count(g, "attention"));
            assertEquals(0, count(g, "softmax") + count(g, "mat_mul"));
            assertEquals(dynamic ? 2 : 0, count(g, "binary"));
        }
    }

    /** A bias by position that a small network makes of coordinates needs no run; masks by comparison neither. */
    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void whatIsKnownIsComputedOnce(String id) throws Exception {
        OnnxWriter w = new OnnxWriter(17).input("x", 1, "90", "80").output("y", 1)
                .tensor("coords", 1, normal(8, 25, 2)).tensor("w1", 1, normal(9, 2, 300)).tensor("w2", 1, normal(10, 300, 3))
                .longs("index", Shape.of(90), new Random(1).ints(90, 0, 25).asLongStream().toArray())
                .tensor("wide", 1, normal(11, 90, 80)).floats("limit", Shape.of(), 0.5f).floats("out", Shape.of(), -100)
                .longs("one", Shape.of(), 1)
                .node("MatMul", List.of("coords", "w1"), List.of("h")).node("Relu", List.of("h"), List.of("r"))
                .node("MatMul", List.of("r", "w2"), List.of("t")).node("Gather", List.of("t", "index"), List.of("rows"))
                .node("Gather", List.of("rows", "one"), List.of("column"), Attribute.of("axis", 1))
                .node("Unsqueeze", List.of("column", "axes"), List.of("bias")).longs("axes", Shape.of(1), 1)
                .node("Greater", List.of("wide", "limit"), List.of("is"))
                .node("Where", List.of("is", "out", "wide"), List.of("mask"))
                .node("Add", List.of("mask", "bias"), List.of("both"))
                .node("Add", List.of("x", "both"), List.of("y"));
        Graph g = agrees(id, w, normal(12, 90, 80));
        assertEquals(1, Fusion.fuse(g, Set.of()).nodes().stream().filter(n -> !n.inputs().isEmpty()).count(), g.toString());
    }

    /** Of windows that are dilated wider than the image only those taps are left that ever see it. */
    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void tapsThatSeePaddingAloneAreLeftOut(String id) throws Exception {
        int[][] cases = {{3, 9, 9, 9, 1, 1, 1}, {3, 6, 6, 6, 1, 3, 3}, {3, 7, 7, 7, 1, 1, 3}, {5, 4, 8, 8, 1, 3, 3},
            {3, 8, 9, 16, 2, 2, 3}, {3, 8, 8, 8, 3, 1, 1}};
        for (int[] c : cases) {
            OnnxWriter w = new OnnxWriter(17).input("x", 1, "1", "2", "7", "8").output("y", 1)
                    .tensor("w", 1, normal(13, 3, 2, c[0], c[0])).tensor("b", 1, normal(14, 3))
                    .node("Conv", List.of("x", "w", "b"), List.of("y"), Attribute.of("kernel_shape", c[0], c[0]),
                            Attribute.of("dilations", c[1], c[1]), Attribute.of("pads", c[2], c[2], c[3], c[3]),
                            Attribute.of("strides", c[4], c[4]));
            Graph g = Fusion.fuse(agrees(id, w, normal(15, 1, 2, 7, 8)), Set.of());
            var conv = g.nodes().stream().filter(n -> n.op().kind().equals("conv2d")).findFirst().orElseThrow();
            Shape taps = conv.input(1).type().shape();
            if (c[4] == 1 && c[2] == c[3]) {
                assertEquals(List.of((long) c[5], (long) c[6]), List.of(taps.dim(2), taps.dim(3)), taps.toString());
            }
        }
    }
}
