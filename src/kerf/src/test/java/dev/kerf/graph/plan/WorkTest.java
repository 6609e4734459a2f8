package dev.kerf.graph.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp.Attention;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.SpatialOp.Conv2d;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

class WorkTest {
    private final GraphBuilder g = new GraphBuilder();

    private List<Node> nodes(Value result) {
        g.output("y", result);
        return g.build().nodes().stream().filter(n -> !(n.op() instanceof SourceOp)).toList();
    }

    @Test
    void aConvolutionOfGroupsMultipliesWithinThem() {
        Value x = g.input("x", TensorType.f32(2, 6, 8, 10));
        List<Node> all = nodes(g.apply(new Conv2d(Window2d.of().pad(1), 2, Activation.NONE, false, false), x,
                g.weight("w", Shape.of(4, 3, 3, 3))));
        assertEquals(List.of(new Work(2L * (2 * 4 * 8 * 10) * (3 * 3 * 3), 4L * (2 * 6 * 80 + 4 * 27 + 2 * 4 * 80))),
                all.stream().map(n -> Work.of(List.of(n))).toList());
    }

    /** 5 queries and 7 keys of 2 × 3 heads, numbers of 4 compared and of 6 summed. */
    @Test
    void attentionComparesAndSums() {
        Value q = g.input("q", TensorType.f32(2, 3, 5, 4));
        Value k = g.input("k", TensorType.f32(2, 3, 7, 4));
        Value v = g.input("v", TensorType.f32(2, 3, 7, 6));
        List<Node> all = nodes(g.apply(new Attention(0.5f, false), q, k, v));
        assertEquals(new Work(2L * 6 * 5 * 7 * (4 + 6), 4L * 6 * (5 * 4 + 7 * 4 + 7 * 6 + 5 * 6)), Work.of(all));
    }

    @Test
    void whatOneNodeMakesForAnotherIsNotMoved() {
        Value x = g.input("x", TensorType.f32(5, 4));
        Value between = g.relu(g.linear(x, g.weight("a", Shape.of(8, 4)), null));
        List<Node> all = nodes(g.add(g.linear(between, g.weight("b", Shape.of(4, 8)), null), x));
        assertEquals(new Work(2L * 5 * 8 * 4 + 5 * 8 + 2L * 5 * 4 * 8 + 5 * 4, 4L * (5 * 4 + 8 * 4 + 4 * 8 + 5 * 4)),
                Work.of(all));
    }

    /** A slot of sixteen, two rows of a thousand, a quarter of a tensor. */
    @Test
    void whatIsNotUsedIsNotMoved() {
        Value slot = g.input("slot", TensorType.f32(3, 5));
        Value index = g.input("index", new TensorType(DType.I32, Shape.of()));
        Value written = g.apply(new StateOp.WriteSlot(), g.state("ring", TensorType.f32(16, 3, 5)), slot, index);
        Value rows = g.apply(new MoveOp.Gather(), g.input("table", TensorType.f32(1000, 7)),
                g.input("rows", new TensorType(DType.I32, Shape.of(2))));
        Value part = g.apply(new MoveOp.Slice(0, 0, 1, 1), g.input("x", TensorType.f32(4, 9)));
        g.output("rows", rows);
        g.output("part", part);
        g.output("ring", written);
        List<Long> bytes = g.build().nodes().stream().filter(n -> !(n.op() instanceof SourceOp))
                .map(n -> Work.of(List.of(n)).bytes()).toList();
        assertEquals(List.of(4L * (2 * 15 + 1), 4L * (2 * 14 + 2), 4L * 2 * 9), bytes);
    }
}
