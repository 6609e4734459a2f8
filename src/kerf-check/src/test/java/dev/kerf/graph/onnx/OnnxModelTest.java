package dev.kerf.graph.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.error.BadInputException;
import dev.kerf.error.UnsupportedOpException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.plan.Fusion;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Models as exporters write them, in small: what is recorded of them, and what it computes. */
class OnnxModelTest {
    private static OnnxModel model(OnnxWriter w) {
        return OnnxModel.of(w.bytes(), "net.onnx");
    }

    private static HostTensor floats(Shape s, float... values) {
        return HostTensor.of(s, values);
    }

    /** What a user does: opens a model, records it for a size, runs it, and again for another. */
    @Test
    void aModelRunsAtAnySize() {
        OnnxWriter w = new OnnxWriter(17).input("image", 1, "N", "1", "H", "W").output("y", 1)
                .floats("conv.weight", Shape.of(1, 1, 1, 1), 2).floats("conv.bias", Shape.of(1), 1)
                .node("Conv", List.of("image", "conv.weight", "conv.bias"), List.of("c"), Attribute.of("kernel_shape", 1, 1))
                .node("Relu", List.of("c"), List.of("y"));
        try (OnnxModel model = model(w); Device cpu = Backends.open("cpu")) {
            assertEquals("[image F32[N, 1, H, W]]", model.inputs().toString());
            assertEquals(List.of("conv.weight", "conv.bias"), model.weights().names());
            for (int size : new int[] {1, 3}) {
                Graph g = model.graph(Map.of("image", Shape.of(1, 1, 1, size)));
                float[] x = new float[size];
                x[0] = -3;
                x[size - 1] += 2;
                HostTensor y = OnnxRuns.run(cpu, g, model.weights(), Map.of("image", floats(Shape.of(1, 1, 1, size), x)))
                        .get("y");
                assertEquals(size == 1 ? 0 : 5, y.getDouble(size - 1));
            }
            String open = assertThrows(BadInputException.class, model::graph).getMessage();
            assertTrue(open.contains("image F32[N, 1, H, W] has extents that are open"), open);
            String other = assertThrows(BadInputException.class, () -> model.graph(Map.of("image", Shape.of(1, 2, 4, 4))))
                    .getMessage();
            assertTrue(other.contains("can't be [1, 2, 4, 4]"), other);
            assertThrows(BadInputException.class, () -> model.graph(Map.of("picture", Shape.of(1))));
        }
    }

    /** Shape, Gather, Unsqueeze, Concat, Mul, Resize by sizes: nothing of it is left in the graph but the resize. */
    @Test
    void shapeArithmeticIsFolded() {
        OnnxWriter w = new OnnxWriter(17).input("x", 1, "1", "C", "H", "W").output("y", 1)
                .longs("two", Shape.of(1), 2).longs("three", Shape.of(), 3).longs("axis", Shape.of(1), 0)
                .longs("from", Shape.of(1), 0).longs("to", Shape.of(1), 2)
                .node("Shape", List.of("x"), List.of("s"))
                .node("Slice", List.of("s", "from", "to", "axis"), List.of("nc"))
                .node("Gather", List.of("s", "three"), List.of("w"))
                .node("Unsqueeze", List.of("w", "axis"), List.of("w1"))
                .node("Mul", List.of("w1", "two"), List.of("w2"))
                .node("Concat", List.of("nc", "w2", "w2"), List.of("sizes"), Attribute.of("axis", 0))
                .node("Resize", List.of("x", "", "", "sizes"), List.of("y"), Attribute.of("mode", "linear"),
                        Attribute.of("coordinate_transformation_mode", "pytorch_half_pixel"));
        try (OnnxModel model = model(w)) {
            Graph g = model.graph(Map.of("x", Shape.of(1, 2, 3, 4)));
            assertEquals(2, g.nodes().size(), g.toString());
            assertEquals(Shape.of(1, 2, 8, 8), g.outputs().get("y").type().shape());
        }
    }

    @Test
    void aBranchIsTakenWhereItsConditionIsKnown() {
        OnnxWriter then = new OnnxWriter(17).output("a", 1).node("Relu", List.of("x"), List.of("a"));
        OnnxWriter otherwise = new OnnxWriter(17).output("b", 1).node("Neg", List.of("x"), List.of("b"));
        OnnxWriter w = new OnnxWriter(17).input("x", 1, "1", "C").output("y", 1)
                .longs("one", Shape.of(), 1)
                .node("Shape", List.of("x"), List.of("s"), Attribute.of("start", 1), Attribute.of("end", 2))
                .node("Equal", List.of("s", "one"), List.of("is"))
                .node("If", List.of("is"), List.of("y"), then.attribute("then_branch"), otherwise.attribute("else_branch"));
        try (OnnxModel model = model(w)) {
            assertEquals(-2, OnnxRuns.run(model, Map.of("x", floats(Shape.of(1, 2), 1, 2))).get("y").getDouble(1));
            assertEquals(2, OnnxRuns.run(model, Map.of("x", floats(Shape.of(1, 1), 2))).get("y").getDouble(0));
            assertEquals(List.of(), model.unsupported());
        }
    }

    @Test
    void whatIsNotSupportedIsRefusedByName() {
        OnnxWriter w = new OnnxWriter(17).input("x", 1, "2", "3").output("y", 1)
                .node("Relu", List.of("x"), List.of("r")).named("head/lstm", "LSTM", List.of("r"), List.of("y"));
        try (OnnxModel model = model(w)) {
            assertEquals(List.of("LSTM"), model.unsupported());
            String m = assertThrows(UnsupportedOpException.class, model::graph).getMessage();
            assertEquals("net.onnx: node \"head/lstm\", LSTM of F32[2, 3]: there is no such operator in Kerf", m);
        }
        OnnxWriter open = new OnnxWriter(17).input("x", 1, "2", "3").input("n", 7, "1").output("y", 1)
                .node("Reshape", List.of("x", "n"), List.of("y"));
        try (OnnxModel model = model(open)) {
            String m = assertThrows(UnsupportedOpException.class, model::graph).getMessage();
            assertTrue(m.contains("Reshape of F32[2, 3], I32[1]: it takes its extents from what is only known in a run"), m);
            Graph g = model.graph(Map.of(), Map.of("n", HostTensor.of(Shape.of(1), new long[] {6})));
            assertEquals(Shape.of(6), g.outputs().get("y").type().shape());
            assertEquals(List.of("x"), List.copyOf(g.inputs().keySet()));
        }
        OnnxWriter old = new OnnxWriter(5).input("x", 1, "2").output("y", 1).node("Relu", List.of("x"), List.of("y"));
        assertThrows(UnsupportedOpException.class, () -> model(old));
    }

    /** What nobody needs isn't recorded, so that it needn't be supported either. */
    @Test
    void deadNodesAreLeftOut() {
        OnnxWriter w = new OnnxWriter(17).input("x", 1, "2").output("y", 1)
                .node("Loop", List.of("x"), List.of("unread")).node("Neg", List.of("x"), List.of("y"));
        try (OnnxModel model = model(w)) {
            assertEquals(-3, OnnxRuns.run(model, Map.of("x", floats(Shape.of(2), 3, 4))).get("y").getDouble(0));
        }
    }

    /** Halves are float32 in a graph; whole numbers and truth have their types. */
    @Test
    void typesOfAGraph() {
        OnnxWriter w = new OnnxWriter(17).input("x", 10, "2").output("y", 7).output("z", 9)
                .node("Cast", List.of("x"), List.of("y"), Attribute.of("to", 7))
                .node("Greater", List.of("x", "half"), List.of("z")).halves("half", Shape.of(), 0.5f);
        try (OnnxModel model = model(w)) {
            Graph g = model.graph();
            assertEquals(DType.F32, g.inputs().get("x").type().dtype());
            assertEquals(DType.I32, g.outputs().get("y").type().dtype());
            assertEquals(DType.U8, g.outputs().get("z").type().dtype());
            Map<String, HostTensor> out = OnnxRuns.run(model, Map.of("x", floats(Shape.of(2), 2.75f, 0.25f)));
            assertArrayEquals(new float[] {2, 0}, out.get("y").toFloatArray());
            assertArrayEquals(new float[] {1, 0}, out.get("z").toFloatArray());
        }
    }

    /** Ops of a kind in what is compiled. */
    private static long count(OnnxModel model, String kind) {
        return Fusion.fuse(model.graph(), Set.of()).nodes().stream().filter(n -> n.op().kind().equals(kind)).count();
    }

    /** softmax(Q·(1/2)·Kᵀ + mask)·V as exporters of opset 13 write it. */
    @Test
    void attentionIsPutTogether() {
        OnnxWriter w = new OnnxWriter(13).input("q", 1, "1", "2", "3", "4").input("k", 1, "1", "3", "2", "4")
                .input("v", 1, "1", "2", "3", "5").output("y", 1).floats("half", Shape.of(), 0.5f)
                .floats("mask", Shape.of(1, 1, 3, 3), 0, -9, -9, 0, 0, -9, 0, 0, 0)
                .node("Mul", List.of("q", "half"), List.of("s"))
                .node("Transpose", List.of("k"), List.of("kt"), Attribute.of("perm", 0, 2, 3, 1))
                .node("MatMul", List.of("s", "kt"), List.of("a")).node("Add", List.of("a", "mask"), List.of("b"))
                .node("Softmax", List.of("b"), List.of("p"), Attribute.of("axis", -1))
                .node("MatMul", List.of("p", "v"), List.of("y"));
        try (OnnxModel model = model(w)) {
            assertEquals(1, count(model, "attention"));
            assertEquals(0, count(model, "softmax") + count(model, "mat_mul"));
        }
    }

    /** Extents as torchvision's transform of pictures computes them, in float32; and reductions of known whole numbers. */
    @Test
    void reductionsOfKnownNumbersAreKnown() {
        OnnxWriter w = new OnnxWriter(18).input("x", 1, "2", "3", "50").output("y", 1)
                .floats("stride", Shape.of(), 32).longs("signed", Shape.of(2), -3, 4).longs("first", Shape.of(1), 0)
                .node("Shape", List.of("x"), List.of("s")).node("Cast", List.of("s"), List.of("f"), Attribute.of("to", 1))
                .node("ReduceMax", List.of("f"), List.of("most"), Attribute.of("keepdims", 0))
                .node("Div", List.of("most", "stride"), List.of("d")).node("Ceil", List.of("d"), List.of("c"))
                .node("Mul", List.of("c", "stride"), List.of("m"))
                .node("Cast", List.of("m"), List.of("extent"), Attribute.of("to", 7))
                .node("ReduceMean", List.of("f", "first"), List.of("mean"), Attribute.of("keepdims", 1))
                .node("ReduceL1", List.of("signed", "first"), List.of("l1"), Attribute.of("keepdims", 0))
                .node("Unsqueeze", List.of("extent", "first"), List.of("e"))
                .node("ConstantOfShape", List.of("e"), List.of("zeros"))
                .node("Add", List.of("zeros", "mean"), List.of("a"))
                .node("Cast", List.of("l1"), List.of("l"), Attribute.of("to", 1)).node("Add", List.of("a", "l"), List.of("y"));
        try (OnnxModel model = model(w)) {
            HostTensor y = OnnxRuns.run(model, Map.of("x", floats(Shape.of(2, 3, 50), new float[300]))).get("y");
            assertEquals(Shape.of(64), y.shape());
            assertEquals(55.0 / 3 + 7, y.getDouble(63), 1e-5);
        }
    }

    /** Hard swish as one operator, as exporters before opset 14 wrote it in two forms, and after a convolution; ReLU6 after one. */
    @Test
    void hardSwishInPiecesIsOnePass() {
        OnnxWriter w = new OnnxWriter(14).input("x", 1, "1", "2", "3", "4").output("y", 1).output("z", 1)
                .floats("three", Shape.of(), 3).floats("six", Shape.of(), 6).floats("zero", Shape.of(), 0)
                .floats("w", Shape.of(2, 2, 1, 1), 4, 0, 0, -4)
                .node("HardSwish", List.of("x"), List.of("one"))
                .node("Add", List.of("three", "one"), List.of("a")).node("Clip", List.of("a", "zero", "six"), List.of("c"))
                .node("Mul", List.of("one", "c"), List.of("m")).node("Div", List.of("m", "six"), List.of("two"))
                .node("Conv", List.of("two", "w"), List.of("v"))
                .node("HardSigmoid", List.of("v"), List.of("h"), Attribute.of("alpha", 1 / 6f))
                .node("Mul", List.of("h", "v"), List.of("y"))
                .node("Conv", List.of("y", "w"), List.of("u")).node("Clip", List.of("u", "zero", "six"), List.of("z"));
        try (OnnxModel model = model(w)) {
            assertEquals(2, count(model, "unary"));
            assertEquals(0, count(model, "binary") + count(model, "clamp"));
            float[] x = new float[24];
            for (int i = 0; i < x.length; i++) {
                x[i] = i - 12;
            }
            Map<String, HostTensor> out = OnnxRuns.run(model, Map.of("x", floats(Shape.of(1, 2, 3, 4), x)));
            for (int i = 0; i < x.length; i++) {
                double y = hardSwish(hardSwish(hardSwish(x[i])) * (i < 12 ? 4 : -4));
                assertEquals(y, out.get("y").getDouble(i), 1e-6 * Math.max(1, Math.abs(y)), "y " + x[i]);
                double z = Math.clamp(y * (i < 12 ? 4 : -4), 0, 6);
                assertEquals(z, out.get("z").getDouble(i), 1e-5, "z " + x[i]);
            }
        }
    }

    private static double hardSwish(double x) {
        return x * Math.clamp(x + 3, 0, 6) / 6;
    }

    /** GELU with its factors in two orders, SiLU, a norm over channels and a product with a bias. */
    @Test
    void whatExportersTakeApartIsPutTogether() {
        OnnxWriter w = new OnnxWriter(13).input("x", 1, "1", "4", "3", "4").output("y", 1).output("z", 1)
                .floats("root", Shape.of(), (float) Math.sqrt(2)).floats("one", Shape.of(), 1).floats("half", Shape.of(), 0.5f)
                .floats("two", Shape.of(), 2).floats("eps", Shape.of(), 1e-6f)
                .floats("g", Shape.of(4, 1, 1), 1, 2, 3, 4).floats("h", Shape.of(4, 1, 1), 4, 3, 2, 1)
                .floats("w", Shape.of(4, 4), new float[16]).floats("bias", Shape.of(4), 1, 2, 3, 4)
                .node("ReduceMean", List.of("x"), List.of("m"), Attribute.of("axes", new long[] {1}))
                .node("Sub", List.of("x", "m"), List.of("d")).node("Pow", List.of("d", "two"), List.of("dd"))
                .node("ReduceMean", List.of("dd"), List.of("v"), Attribute.of("axes", new long[] {1}))
                .node("Add", List.of("v", "eps"), List.of("ve")).node("Sqrt", List.of("ve"), List.of("sd"))
                .node("Div", List.of("d", "sd"), List.of("n")).node("Mul", List.of("g", "n"), List.of("ng"))
                .node("Add", List.of("ng", "h"), List.of("norm"))
                .node("Div", List.of("norm", "root"), List.of("r")).node("Erf", List.of("r"), List.of("e"))
                .node("Add", List.of("e", "one"), List.of("e1")).node("Mul", List.of("norm", "e1"), List.of("ne"))
                .node("Mul", List.of("ne", "half"), List.of("gelu"))
                .node("Sigmoid", List.of("gelu"), List.of("s")).node("Mul", List.of("gelu", "s"), List.of("y"))
                .node("MatMul", List.of("y", "w"), List.of("p")).node("Add", List.of("bias", "p"), List.of("z"));
        try (OnnxModel model = model(w)) {
            assertEquals(1, count(model, "layer_norm"));
            assertEquals(2, count(model, "unary"));
            assertEquals(1, count(model, "mat_mul"));
            assertEquals(0, count(model, "binary") + count(model, "reduce"));
            float[] x = new float[48];
            for (int i = 0; i < x.length; i++) {
                x[i] = i * 37 % 11 - 5;
            }
            Map<String, HostTensor> out = OnnxRuns.run(model, Map.of("x", floats(Shape.of(1, 4, 3, 4), x)));
            assertArrayEquals(new float[] {1, 2, 3, 4}, Arrays.copyOf(out.get("z").toFloatArray(), 4));
        }
    }

    /** A convolution by weights of 16 bits, cast when it runs, and a norm by numbers in the graph: one convolution. */
    @Test
    void whatIsCastOrConstantIsFoldedAll() {
        OnnxWriter w = new OnnxWriter(15).input("x", 1, "1", "1", "2", "2").output("y", 1)
                .halves("w16", Shape.of(2, 1, 1, 1), 2, 3).node("Cast", List.of("w16"), List.of("w"), Attribute.of("to", 1))
                .longs("two", Shape.of(1), 2)
                .node("ConstantOfShape", List.of("two"), List.of("zeros"))
                .node("Exp", List.of("zeros"), List.of("ones"))
                .node("Conv", List.of("x", "w"), List.of("c"))
                .node("BatchNormalization", List.of("c", "ones", "ones", "zeros", "ones"), List.of("n"),
                        Attribute.of("epsilon", 0f))
                .node("Relu", List.of("n"), List.of("y"));
        try (OnnxModel model = model(w)) {
            assertEquals(1, count(model, "conv2d"));
            assertEquals(0, count(model, "batch_norm") + count(model, "cast") + count(model, "unary"));
            assertArrayEquals(new float[] {3, 0, 5, 1, 4, 0, 7, 1}, OnnxRuns.run(model,
                    Map.of("x", floats(Shape.of(1, 1, 2, 2), 1, -1, 2, 0))).get("y").toFloatArray());
        }
    }
}
