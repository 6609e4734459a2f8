package dev.kerf.graph.onnx;

import dev.kerf.error.BadInputException;
import dev.kerf.graph.BoxOp;
import dev.kerf.graph.FrameOp;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.LayoutOp;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MeasureOp;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Each op as standard ONNX operators: the switch, and the ops that move, pick and keep elements. */
final class NodeLowering {
    private NodeLowering() {}

    /** Adds a node's operators to the graph and binds its outputs. */
    static void lower(OnnxGraph g, Node n) {
        g.begin(n);
        switch (n.op()) {
            case SourceOp op -> throw new BadInputException(n + " is no computation");
            case LayoutOp op -> throw new BadInputException(n + " is of a compiled graph, not of a recorded one");
            case SpatialOp op -> g.bind(n.output(), SpatialLowering.lower(g, n, op));
            case MatrixOp op -> g.bind(n.output(), MatrixLowering.lower(g, n, op));
            case NormOp op -> g.bind(n.output(), NormLowering.lower(g, n, op));
            case PointwiseOp op -> g.bind(n.output(), PointwiseLowering.lower(g, n, op));
            case MoveOp.Gather op -> {
                Value indices = n.inputs().getLast();
                for (int i = 0; i < op.tensors(); i++) {
                    // Indices past the count hold anything, and an index out of range is an error.
                    g.bind(n.outputs().get(i),
                            g.op("Gather", g.in(n, i), g.valid(indices, Math.max(0, indices.countAxis()), 0)));
                }
            }
            case MoveOp op -> g.bind(n.output(), move(g, n, op));
            case ReduceOp op -> g.bind(n.output(), NormLowering.reduce(g, n, op));
            case SelectOp.Compact op -> compact(g, n, op);
            case StateOp op -> g.bind(n.output(), state(g, n, op));
            case MeasureOp op -> g.bind(n.output(), MeasureLowering.lower(g, n, op));
            case FrameOp op -> g.bind(n.output(), FrameLowering.lower(g, n, op));
            case SelectOp.TopK op -> DetectorLowering.topK(g, n, op);
            case SelectOp.Rank op -> DetectorLowering.rank(g, n, op);
            case BoxOp op -> DetectorLowering.boxes(g, n, op);
        }
    }

    private static String move(OnnxGraph g, Node n, MoveOp op) {
        String x = g.in(n, 0);
        Shape y = n.output().type().shape();
        return switch (op) {
            case MoveOp.Concat c -> g.op("Concat", n.inputs().stream().map(g::name).toList(),
                    Attribute.of("axis", c.axis()));
            case MoveOp.Slice s -> g.op("Slice", List.of(x, g.longs(s.start()), g.longs(s.end()), g.longs(s.axis()),
                    g.longs(s.step())));
            case MoveOp.Pad p -> pad(g, n, p);
            case MoveOp.Permute p when p.order().isEmpty() -> g.op("Identity", x);
            case MoveOp.Permute p -> g.transpose(x, p.order().stream().mapToLong(a -> a).toArray());
            case MoveOp.Reshape r -> g.reshape(x, y.dims());
            case MoveOp.Expand e -> g.op("Expand", x, g.longs(y.dims()));
            case MoveOp.Gather e -> throw new IllegalArgumentException(op + " has several results");
        };
    }

    private static String pad(OnnxGraph g, Node n, MoveOp.Pad p) {
        TensorType x = n.input(0).type();
        if (x.dtype() != DType.F32 && x.dtype() != DType.U8) {
            throw g.refuse("padding is for float32 and U8");
        }
        String pads = g.longs(LongStream.concat(p.before().stream().mapToLong(b -> b),
                p.after().stream().mapToLong(a -> a)).toArray());
        return switch (p.mode()) {
            case CONSTANT -> g.op("Pad", List.of(g.in(n, 0), pads, g.scalar(x.dtype(), p.value())),
                    Attribute.of("mode", "constant"));
            case REFLECT -> g.op("Pad", List.of(g.in(n, 0), pads), Attribute.of("mode", "reflect"));
            case REPLICATE -> g.op("Pad", List.of(g.in(n, 0), pads), Attribute.of("mode", "edge"));
        };
    }

    /**
     * The indices are scattered into a tensor of the capacity: more of them than it holds are an index out of range,
     * which is an error in ONNX.
     */
    private static void compact(OnnxGraph g, Node n, SelectOp.Compact op) {
        String scores = g.valid(n.input(0), 0, Double.NEGATIVE_INFINITY);
        String passing = g.op("NonZero", g.op("Greater", scores, g.scalar(DType.F32, op.threshold())));
        String indices = g.cast(g.reshape(passing, -1), DType.I32);
        String length = g.op("Shape", indices);
        String positions = g.op("Range", List.of(g.scalar(DType.I64, 0), g.reshape(length), g.scalar(DType.I64, 1)));
        String empty = g.tensor(n.name() + "/empty", HostTensor.zeros(DType.I32, Shape.of(op.capacity())));
        g.bind(n.outputs().get(0),
                g.op("ScatterElements", List.of(empty, positions, indices), Attribute.of("axis", 0)));
        g.bind(n.outputs().get(1), g.cast(g.reshape(length), DType.I32));
    }

    private static String state(OnnxGraph g, Node n, StateOp op) {
        return switch (op) {
            case StateOp.Assign a -> g.op("Identity", g.in(n, 1));
            case StateOp.WriteSlot w -> {
                long[] slot = n.input(0).type().shape().dims();
                slot[0] = 1;
                String index = g.reshape(g.cast(g.in(n, 2), DType.I64), 1, 1);
                yield g.op("ScatterND", List.of(g.in(n, 0), index, g.reshape(g.in(n, 1), slot)));
            }
        };
    }

    /** The permutation that exchanges the last two of {@code rank} axes. */
    static long[] lastTwoSwapped(int rank) {
        long[] order = LongStream.range(0, rank).toArray();
        order[rank - 1] = rank - 2;
        order[rank - 2] = rank - 1;
        return order;
    }

    /** Extents for a vector of one axis of a tensor of rank {@code rank}: that axis, then ones. */
    static long[] along(long extent, int axis, int rank) {
        long[] d = new long[rank - axis];
        Arrays.fill(d, 1);
        d[0] = extent;
        return d;
    }

    /** The numbers 0 … n − 1 mapped to indices, as a stored int64 vector. */
    static String indices(OnnxGraph g, int n, java.util.function.IntToLongFunction index) {
        return g.longs(IntStream.range(0, n).mapToLong(index).toArray());
    }
}
