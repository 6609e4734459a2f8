package dev.kerf.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.GraphException;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class GraphBuilderTest {
    private final GraphBuilder g = new GraphBuilder();

    /** Its id is one that this graph has too: only whose it is tells them apart. */
    @Test
    void refusesValuesOfAnotherGraph() {
        GraphBuilder other = new GraphBuilder();
        Value foreign = other.input("x", TensorType.f32(2, 3));
        Value foreignCount = other.input("n", TensorType.of(DType.I32));
        Value x = g.input("x", TensorType.f32(2, 3));
        g.input("n", TensorType.of(DType.I32));
        assertEquals(x.id(), foreign.id());
        assertEquals(x.type(), foreign.type());
        for (Executable use : List.<Executable>of(
                () -> g.relu(foreign), () -> g.add(x, foreign), () -> g.output("y", foreign), () -> g.stage("s", foreign),
                () -> g.input("c", TensorType.f32(4), foreignCount), () -> g.counted(x, foreignCount, 2, 3))) {
            String message = assertThrows(GraphException.class, use).getMessage();
            assertTrue(message.contains("another graph"), message);
        }
        g.output("y", g.relu(x));
        assertEquals(3, g.build().nodes().size());
    }

    @Test
    void countsGoThroughOpsThatKeepTheirAxis() {
        Value n = g.input("n", TensorType.of(DType.I32));
        Value m = g.input("m", TensorType.of(DType.I32, 2));
        Value rows = g.input("rows", TensorType.f32(8, 4), n);
        Value items = g.input("items", TensorType.f32(2, 8, 4), m);
        Value images = g.input("images", TensorType.f32(8, 3, 5, 5), n);
        Value w = g.constant(dev.kerf.tensor.HostTensor.zeros(DType.F32, Shape.of(4, 4)));
        assertEquals(n, g.relu(rows).count());
        assertEquals(n, g.add(g.constant(1f), rows).count());
        assertEquals(m, g.softmax(items, -1).count());
        assertEquals(m, g.matMul(items, w).count());
        assertNull(g.apply(new MatrixOp.MatMul(true, false, 1, Activation.NONE, false, false), items, items).count());
        assertEquals(n, g.reshape(rows, 8, 2, 2).count());
        assertNull(g.reshape(rows, 4, 8).count());
        assertNull(g.permute(rows, 1, 0).count());
        assertEquals(m, g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.MAX, List.of(2), false), items).count());
        assertNull(g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.MAX, List.of(1), true), items).count());
        assertNull(g.apply(new ReduceOp.ArgMax(0, DType.I32), rows).count());
        assertEquals(n, g.apply(new ReduceOp.ArgMax(1, DType.I32), rows).count());
        assertEquals(n, g.conv2d(images, g.weight("k", Shape.of(2, 3, 1, 1)), null, Window2d.of()).count());
        assertNull(g.maxPool2d(images, 2).count());
        Value indices = g.input("indices", TensorType.of(DType.I32, 6), n);
        assertEquals(n, g.apply(new MoveOp.Gather(), w, indices).count());
        assertNull(g.apply(new MoveOp.Gather(), rows, g.input("some", TensorType.of(DType.I32, 8))).count());
        List<Value> picked = g.add(new SelectOp.Compact(0, 5), g.input("scores", TensorType.f32(9)));
        assertEquals(picked.get(1), picked.get(0).count());
        assertNull(picked.get(1).count());
        List<Value> top = g.add(new SelectOp.TopK(2), g.input("tops", TensorType.f32(2, 9)));
        assertNull(top.get(0).count());
    }
}
