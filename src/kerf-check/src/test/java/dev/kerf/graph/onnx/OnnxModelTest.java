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
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.List;
import java.util.Map;
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
            assertTrue(m.contains("Reshape of F32[2, 3], I32[1]: its extents are only known in a run"), m);
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
}
