package dev.kerf.check.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.Executable;
import dev.kerf.check.oracle.Oracle;
import dev.kerf.error.GraphException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MeasureOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.IntBinaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Connected components on every back end: equal to the oracle's, in their numbers too. */
class ComponentsTest {
    private static final String DEVICES = "dev.kerf.backend.BackendsUnderTest#devices";

    private static HostTensor mask(int height, int width, IntBinaryOperator pixel) {
        HostTensor t = HostTensor.zeros(DType.U8, Shape.of(1, height, width));
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                t.setDouble((long) y * width + x, pixel.applyAsInt(y, x));
            }
        }
        return t;
    }

    private static HostTensor drawn(String... rows) {
        return mask(rows.length, rows[0].length(), (y, x) -> rows[y].charAt(x) == '#' ? 1 : 0);
    }

    /** One way inwards, a pixel wide, with a pixel between its turns. */
    private static HostTensor spiral(int side) {
        HostTensor t = HostTensor.zeros(DType.U8, Shape.of(1, side, side));
        int y = 0;
        int x = 0;
        int dy = 0;
        int dx = 1;
        t.setDouble(0, 1);
        for (int run = side - 1, turn = 0; run > 0; turn++) {
            for (int i = 0; i < run; i++) {
                y += dy;
                x += dx;
                t.setDouble((long) y * side + x, 1);
            }
            int old = dy;
            dy = dx;
            dx = -old;
            run -= turn == 0 || turn % 2 == 1 ? 0 : 2;
        }
        return t;
    }

    private static Graph graph(int connectivity, Shape mask) {
        GraphBuilder g = new GraphBuilder();
        List<Value> y = g.add(new MeasureOp.Components(connectivity), g.input("x", new TensorType(DType.U8, mask)));
        g.output("labels", y.get(0));
        g.output("areas", y.get(1));
        return g.build();
    }

    /** Labels, then areas, of both connectivities, as the oracle has them. */
    private static void check(Device device, String what, HostTensor mask) {
        for (int connectivity : new int[] {4, 8}) {
            Graph graph = graph(connectivity, mask.shape());
            Map<String, HostTensor> expected = Oracle.run(graph, null, Map.of("x", mask), Map.of(), Oracle.Rounding.EACH_NODE)
                    .outputs();
            try (Executable e = device.compile(graph, null, CompileOptions.of())) {
                e.input("x").upload(mask.data());
                for (int run = 0; run < 2; run++) {
                    e.run();
                    for (String name : expected.keySet()) {
                        assertArrayEquals(ints(expected.get(name)), ints(e.output(name).toHost()),
                                what + ", " + connectivity + ", " + name + ", run " + run);
                    }
                }
            }
        }
    }

    private static int[] ints(HostTensor t) {
        int[] out = new int[(int) t.elements()];
        for (int i = 0; i < out.length; i++) {
            out[i] = (int) t.getLong(i);
        }
        return out;
    }

    private static int[] oracle(HostTensor mask, int connectivity, String output) {
        return ints(Oracle.run(graph(connectivity, mask.shape()), null, Map.of("x", mask), Map.of(),
                Oracle.Rounding.EACH_NODE).outputs().get(output));
    }

    @Test
    void numbersAndAreasByHand() {
        HostTensor m = drawn(
                "..#..#",
                "#..#.#",
                "##...#",
                "...#..");
        assertArrayEquals(new int[] {0, 0, 1, 0, 0, 2, 3, 0, 0, 4, 0, 2, 3, 3, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0},
                oracle(m, 4, "labels"));
        assertArrayEquals(new int[] {15, 1, 3, 3, 1, 1, 0, 0, 0, 0, 0, 0, 0}, oracle(m, 4, "areas"));
        assertArrayEquals(new int[] {0, 0, 1, 0, 0, 2, 3, 0, 0, 1, 0, 2, 3, 3, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0},
                oracle(m, 8, "labels"));
        assertArrayEquals(new int[] {15, 2, 3, 3, 1, 0, 0}, oracle(m, 8, "areas"));
        for (int connectivity : new int[] {4, 8}) {
            assertArrayEquals(new int[] {5000, 5201, 0}, Arrays.copyOf(oracle(spiral(101), connectivity, "areas"), 3));
        }
        assertEquals(18, oracle(mask(6, 6, (y, x) -> (y + x) % 2), 8, "areas")[1]);
        assertEquals(1, oracle(mask(6, 6, (y, x) -> (y + x) % 2), 4, "areas")[18]);
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void awkwardShapes(String id) {
        Random random = new Random(5);
        try (Device device = Backends.open(id)) {
            for (int[] s : new int[][] {{1, 1}, {1, 97}, {97, 1}, {2, 2}, {31, 37}, {127, 3}, {128, 5}, {129, 5},
                {131, 127}, {257, 9}, {513, 2}}) {
                check(device, s[0] + "×" + s[1] + " empty", mask(s[0], s[1], (y, x) -> 0));
                check(device, s[0] + "×" + s[1] + " full", mask(s[0], s[1], (y, x) -> 255));
                check(device, s[0] + "×" + s[1] + " checkered", mask(s[0], s[1], (y, x) -> (y + x) % 2));
                check(device, s[0] + "×" + s[1] + " dots", mask(s[0], s[1], (y, x) -> (y | x) & 1 ^ 1));
                check(device, s[0] + "×" + s[1] + " half", mask(s[0], s[1], (y, x) -> random.nextInt(2)));
                check(device, s[0] + "×" + s[1] + " most", mask(s[0], s[1], (y, x) -> Math.min(1, random.nextInt(5))));
            }
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void longWays(String id) {
        try (Device device = Backends.open(id)) {
            for (int side : new int[] {3, 65, 129, 256}) {
                check(device, "spiral of " + side, spiral(side));
                check(device, "around a spiral of " + side, mask(side, side, negative(spiral(side), side)));
            }
            check(device, "comb upwards", mask(200, 61, (y, x) -> y == 199 || x % 2 == 0 ? 1 : 0));
            check(device, "comb sideways", mask(200, 61, (y, x) -> x == 60 || y % 2 == 0 ? 1 : 0));
            check(device, "diagonals", mask(140, 141, (y, x) -> (y + 2 * x) % 3 == 0 ? 1 : 0));
        }
    }

    private static IntBinaryOperator negative(HostTensor t, int side) {
        return (y, x) -> t.getLong((long) y * side + x) == 0 ? 1 : 0;
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void everyMaskOfABatchByItself(String id) {
        Random random = new Random(3);
        HostTensor masks = HostTensor.zeros(DType.U8, Shape.of(5, 33, 29));
        for (long i = 0; i < masks.elements(); i++) {
            masks.setDouble(i, random.nextInt(2));
        }
        try (Device device = Backends.open(id)) {
            check(device, "batch", masks);
        }
    }

    @Test
    void refuses() {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.of(DType.U8, 1, 4, 4));
        assertThrows(GraphException.class, () -> g.add(new MeasureOp.Components(6), x));
        Value y = g.input("y", TensorType.f32(1, 4, 4));
        assertThrows(GraphException.class, () -> g.add(new MeasureOp.Components(8), y));
    }
}
