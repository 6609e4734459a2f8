package dev.kerf.backend.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Precision;
import dev.kerf.check.oracle.Oracle;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.MoveOp.PadMode;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Products on tensor cores that read rows where they lie, against the float64 oracle of the moves and the product by themselves. */
class MovedRowsTest {
    /** Batch, height and width of a grid of tokens, side of a window, numbers of a token, columns of the result. */
    private record Grid(long batch, long height, long width, long side, long depth, long columns) {
        long down() {
            return Math.ceilDiv(height, side);
        }

        long across() {
            return Math.ceilDiv(width, side);
        }
    }

    private static Stream<Grid> grids() {
        return Stream.concat(LongStream.rangeClosed(1, 14).mapToObj(s -> new Grid(1, s + 1, 3, s, 8 + 8 * (s % 3), 8)),
                Stream.of(
                        new Grid(1, 1, 1, 1, 8, 8), new Grid(1, 1, 1, 7, 16, 24), new Grid(2, 7, 5, 3, 24, 40),
                        new Grid(3, 2, 3, 2, 13, 9),
                        // One past a tile of rows and of columns; terms that several groups share; rows at no multiple of 16 bytes.
                        new Grid(1, 9, 14, 13, 40, 136), new Grid(1, 5, 7, 4, 1032, 24), new Grid(1, 12, 11, 5, 67, 30)));
    }

    private static Value padded(GraphBuilder g, Value x, Grid s) {
        List<Long> after = List.of(0L, s.down() * s.side - s.height, s.across() * s.side - s.width, 0L);
        return g.apply(new MoveOp.Pad(List.of(0L, 0L, 0L, 0L), after, PadMode.CONSTANT, 0), x);
    }

    /** Windows one after the other: (batch · windows, side², depth). */
    private static Value cut(GraphBuilder g, Value x, Grid s) {
        Value parts = g.reshape(x, s.batch, s.down(), s.side, s.across(), s.side, s.depth);
        return g.reshape(g.permute(parts, 0, 1, 3, 2, 4, 5), s.batch * s.down() * s.across(), s.side * s.side, s.depth);
    }

    private static Value linear(GraphBuilder g, TensorBed bed, Value x, long columns) {
        return g.linear(x, g.constant(bed.random(columns, x.type().shape().dim(-1))), g.constant(bed.random(columns)));
    }

    /** Holds a result to the oracle, given what is rounded on the way and the most that one element may be off otherwise. */
    private static void check(TensorBed bed, Graph graph, Map<String, HostTensor> in, Precision p, double most, Grid s) {
        HostTensor expected = Oracle.run(graph, null, in, Map.of(), Oracle.Rounding.NONE).outputs().get("y");
        // Products of few rows are made in float32, but where all is to have 16 bits.
        boolean few = s.batch * s.height * s.width < 16;
        for (boolean narrow : few ? new boolean[] {true} : new boolean[] {false, true}) {
            float[] y = bed.run(graph, in, narrow);
            assertEquals(expected.elements(), y.length);
            double stored = narrow ? p.storage().rounding() : 0;
            for (int i = 0; i < y.length; i++) {
                double e = expected.getDouble(i);
                assertEquals(e, y[i], Math.abs(e) * stored + most + p.storage().tiny(), p + ", " + s + ", element " + i);
            }
            assertTrue(bed.launched().stream().noneMatch(k -> k.contains("pad") || k.contains("copy")),
                    s + ": " + bed.launched());
        }
    }

    /** Rounding of sums of so many terms, each at most 1. */
    private static double sums(long terms) {
        return (terms + 8) * terms * 2 * TensorBed.UNIT;
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("dev.kerf.backend.gpu.TensorBed#products")
    void readsWindowsOfAGridThatIsNoMultipleOfThem(String device, String variant, Precision precision, int tiles) {
        grids().forEach(s -> {
            try (TensorBed bed = new TensorBed(device, precision, "matmul", variant, TensorBed.TILES.get(tiles))) {
                GraphBuilder g = new GraphBuilder();
                Value x = g.input("x", TensorType.f32(s.batch, s.height, s.width, s.depth));
                g.output("y", linear(g, bed, cut(g, padded(g, x, s), s), s.columns));
                check(bed, g.build(), Map.of("x", bed.random(s.batch, s.height, s.width, s.depth)), precision,
                        sums(s.depth + 1), s);
            }
        });
    }

    /** What is added was made short where the sums are float32: it is read as it is stored. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("dev.kerf.backend.gpu.TensorBed#products")
    void readsTokensOfALargerGridAndAddsEverySecond(String device, String variant, Precision precision, int tiles) {
        grids().forEach(s -> {
            try (TensorBed bed = new TensorBed(device, precision, "matmul", variant, TensorBed.TILES.get(tiles))) {
                GraphBuilder g = new GraphBuilder();
                long down = s.down() * s.side;
                long across = s.across() * s.side + 1;
                Value x = g.input("x", TensorType.f32(s.batch, down, across, s.depth));
                Value t = linear(g, bed, g.input("t", TensorType.f32(s.batch, s.height, 2 * s.width, 5)), s.columns);
                Value cropped = g.slice(g.slice(x, 1, 0, s.height), 2, across - s.width, across);
                Value second = g.apply(new MoveOp.Slice(2, 1, 2 * s.width, 2), t);
                g.output("y", g.add(second, linear(g, bed, cropped, s.columns)));
                g.output("z", linear(g, bed, t, 8));
                check(bed, g.build(), Map.of("x", bed.random(s.batch, down, across, s.depth),
                        "t", bed.random(s.batch, s.height, 2 * s.width, 5)), precision,
                        sums(s.depth + 2) + sums(6) + 6 * precision.storage().rounding(), s);
            }
        });
    }

    /** Products of few rows are float32, and what they add is made so. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("dev.kerf.backend.gpu.TensorBed#products")
    void productsOfFewRowsStayAsTheyAre(String device, String variant, Precision precision, int tiles) {
        try (TensorBed bed = new TensorBed(device, precision, "matmul", variant, TensorBed.TILES.get(tiles))) {
            GraphBuilder g = new GraphBuilder();
            Value t = linear(g, bed, g.input("t", TensorType.f32(24, 5)), 8);
            Value few = g.apply(new MoveOp.Slice(0, 0, 24, 6), t);
            g.output("y", g.add(few, linear(g, bed, g.input("x", TensorType.f32(4, 16)), 8)));
            g.output("z", linear(g, bed, t, 8));
            Graph graph = g.build();
            Map<String, HostTensor> in = Map.of("x", bed.random(4, 16), "t", bed.random(24, 5));
            HostTensor expected = Oracle.run(graph, null, in, Map.of(), Oracle.Rounding.NONE).outputs().get("y");
            float[] y = bed.run(graph, in, false);
            for (int i = 0; i < y.length; i++) {
                assertEquals(expected.getDouble(i), y[i], sums(18) + sums(6) + 6 * precision.storage().rounding(),
                        "element " + i);
            }
        }
    }

    /** A token of the padding is the bias, whatever lies where the grid begins. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("dev.kerf.backend.gpu.TensorBed#products")
    void nothingOfTheGridIsInItsPadding(String device, String variant, Precision precision, int tiles) {
        try (TensorBed bed = new TensorBed(device, precision, "matmul", variant, TensorBed.TILES.get(tiles))) {
            for (long depth : new long[] {16, 17, 1040}) {
                Grid s = new Grid(1, 3, 5, 4, depth, 8);
                GraphBuilder g = new GraphBuilder();
                HostTensor bias = bed.random(8);
                g.output("y", g.linear(padded(g, g.input("x", TensorType.f32(1, 3, 5, depth)), s),
                        g.constant(bed.random(8, depth)), g.constant(bias)));
                float[] all = new float[Math.toIntExact(15 * depth)];
                Arrays.fill(all, Float.NaN);
                float[] y = bed.run(g.build(), Map.of("x", HostTensor.of(Shape.of(1, 3, 5, depth), all)), true);
                for (int token = 0; token < 32; token++) {
                    boolean there = token / 8 < 3 && token % 8 < 5;
                    for (int c = 0; c < 8; c++) {
                        assertEquals(there ? Float.NaN : bias.getDouble(c), y[8 * token + c], 0, "token " + token);
                    }
                }
            }
        }
    }

    /** Rows of a state that is updated before the product are those of before. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("dev.kerf.backend.gpu.TensorBed#products")
    void rowsOfAStateAreThoseThatWereRead(String device, String variant, Precision precision, int tiles) {
        try (TensorBed bed = new TensorBed(device, precision, "matmul", variant, TensorBed.TILES.get(tiles))) {
            GraphBuilder g = new GraphBuilder();
            Value x = g.input("x", TensorType.f32(40, 16));
            Value state = g.state("before", TensorType.f32(40, 16));
            Value second = g.apply(new MoveOp.Slice(0, 0, 40, 2), state);
            g.apply(new StateOp.Assign(), state, x);
            g.output("y", linear(g, bed, second, 8));
            Graph graph = g.build();
            HostTensor first = bed.random(40, 16);
            bed.run(graph, Map.of("x", first));
            // The second run reads what the first one left.
            HostTensor expected = Oracle.run(graph, null, Map.of("x", first), Map.of("before", first), Oracle.Rounding.NONE)
                    .outputs().get("y");
            float[] y = bed.run(graph, Map.of("x", bed.random(40, 16)));
            for (int i = 0; i < y.length; i++) {
                double e = expected.getDouble(i);
                assertEquals(e, y[i], Math.abs(e) * precision.storage().rounding() + sums(18), "element " + i);
            }
        }
    }

    /** Moves that break up rows, add anything but zeros, or add zeros to what sums are added to, stay. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("dev.kerf.backend.gpu.TensorBed#products")
    void otherMovesStay(String device, String variant, Precision precision, int tiles) {
        List<Long> none = List.of(0L, 0L);
        List<MoveOp> moves = List.of(new MoveOp.Pad(none, List.of(1L, 0L), PadMode.CONSTANT, 1),
                new MoveOp.Pad(none, List.of(0L, 3L), PadMode.CONSTANT, 0),
                new MoveOp.Pad(none, List.of(1L, 0L), PadMode.REFLECT, 0),
                new MoveOp.Slice(1, 1, 16, 1), new MoveOp.Permute(List.of(1, 0)));
        for (MoveOp m : moves) {
            try (TensorBed bed = new TensorBed(device, precision, "matmul", variant, TensorBed.TILES.get(tiles))) {
                GraphBuilder g = new GraphBuilder();
                g.output("y", linear(g, bed, g.apply(m, g.input("x", TensorType.f32(17, 16))), 8));
                stays(bed, g.build(), Map.of("x", bed.random(17, 16)), precision, m.toString());
            }
        }
        try (TensorBed bed = new TensorBed(device, precision, "matmul", variant, TensorBed.TILES.get(tiles))) {
            GraphBuilder g = new GraphBuilder();
            Value r = g.apply(new MoveOp.Pad(none, List.of(1L, 0L), PadMode.CONSTANT, 0), g.input("r", TensorType.f32(16, 8)));
            g.output("y", g.add(r, linear(g, bed, g.input("x", TensorType.f32(17, 16)), 8)));
            stays(bed, g.build(), Map.of("x", bed.random(17, 16), "r", bed.random(16, 8)), precision,
                    "zeros that are added to");
        }
    }

    private static void stays(TensorBed bed, Graph graph, Map<String, HostTensor> in, Precision p, String what) {
        HostTensor expected = Oracle.run(graph, null, in, Map.of(), Oracle.Rounding.NONE).outputs().get("y");
        float[] y = bed.run(graph, in, true);
        for (int i = 0; i < y.length; i++) {
            double e = expected.getDouble(i);
            assertEquals(e, y[i], Math.abs(e) * 2 * p.storage().rounding() + sums(20) + p.storage().tiny(), what);
        }
        assertTrue(bed.launched().stream().anyMatch(k -> k.contains("pad") || k.contains("copy")),
                what + ": " + bed.launched());
    }
}
