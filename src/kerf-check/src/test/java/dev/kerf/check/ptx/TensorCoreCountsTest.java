package dev.kerf.check.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Precision;
import dev.kerf.check.cost.LaunchCost;
import dev.kerf.check.cost.LaunchCosts;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What shipped code for tensor cores issues, and how it meets banks and sectors. */
class TensorCoreCountsTest {
    private static final Pattern SET = Pattern.compile("^// kerf .*KERF_STORAGE=[12] .*TILE_M=(\\d+) TILE_N=(\\d+)");

    private static LaunchCost product(long m, long n, long k, boolean ta, boolean tb, Activation act, Precision p,
            String card) {
        GraphBuilder g = new GraphBuilder();
        g.output("y", g.apply(new MatrixOp.MatMul(ta, tb, 1, act, true, true),
                g.input("a", ta ? TensorType.f32(k, m) : TensorType.f32(m, k)),
                g.input("b", tb ? TensorType.f32(n, k) : TensorType.f32(k, n)),
                g.input("bias", TensorType.f32(n)), g.input("r", TensorType.f32(m, n))));
        return LaunchCosts.of(g.build(), null, Card.of(card), p, LaunchCosts.SOME).stream()
                .filter(c -> c.kernel().equals("matmul")).findFirst().orElseThrow();
    }

    /** Instructions that are issued: moves disappear when registers are given out. */
    private static double issued(Map<String, Long> instructions) {
        return instructions.entrySet().stream().filter(e -> !e.getKey().startsWith("mov") && !e.getKey().startsWith("cvta"))
                .mapToLong(Map.Entry::getValue).sum();
    }

    private static double products(Map<String, Long> instructions) {
        return instructions.entrySet().stream().filter(e -> e.getKey().startsWith("mma")).mapToLong(Map.Entry::getValue).sum();
    }

    /** Of what one more step of the terms issues, so much is products: however operands lie; less where a tile isn't full. */
    @ParameterizedTest
    @CsvSource({"4096, 1152, 512, FLOAT16, 0.6", "4096, 1152, 512, BFLOAT16, 0.6", "64, 8192, 256, FLOAT16, 0.45",
        "4096, 24, 256, FLOAT16, 0.45"})
    void stepsAreMostlyProducts(long m, long n, long k, Precision p, double least) {
        for (int transposed = 0; transposed < 4; transposed++) {
            boolean ta = transposed % 2 == 1;
            boolean tb = transposed / 2 == 1;
            LaunchCost before = product(m, n, k, ta, tb, Activation.NONE, p, "a100");
            LaunchCost after = product(m, n, k + 64, ta, tb, Activation.NONE, p, "a100");
            assertEquals("matmul_mma", before.variant());
            Map<String, Long> a = before.counts().instructions();
            Map<String, Long> b = after.counts().instructions();
            double share = (products(b) - products(a)) / (issued(b) - issued(a));
            assertTrue(share >= least, "products are " + share + " of a step, " + ta + " " + tb);
        }
    }

    /** Tiles of 16 bits that ship are those that are counted here and in {@link TensorCountsTest}. */
    @ParameterizedTest
    @CsvSource({"matmul_mma, 128 x 128", "conv2d_mma, 128 x 128", "conv2d_halo, 128 x 128; 64 x 256"})
    void tilesAreThese(String kernel, String tiles) throws IOException {
        Set<String> found = new TreeSet<>();
        try (Stream<String> lines = Files.lines(Path.of("kernels", "ptx", "sm_80", kernel + ".ptx"))) {
            lines.map(SET::matcher).filter(Matcher::find).forEach(m -> found.add(m.group(1) + " x " + m.group(2)));
        }
        assertEquals(Set.of(tiles.split("; ")), found);
    }

    @ParameterizedTest
    @CsvSource({"256, 128, 192, NONE, FLOAT16, a100", "200, 96, 1024, GELU_ERF, FLOAT16, a100",
        "128, 192, 96, RELU, TF32X3, a100",
        "4096, 1152, 512, NONE, FLOAT16, a100", "65, 64, 4096, NONE, TF32X3, a100", "200, 96, 1024, GELU_ERF, FLOAT16, h100",
        "4096, 1152, 512, NONE, BFLOAT16, h100"})
    void meetNoBankTwiceAndFillSectors(long m, long n, long k, Activation act, Precision p, String card) {
        for (int transposed = 0; transposed < 4; transposed++) {
            LaunchCost c = product(m, n, k, transposed % 2 == 1, transposed / 2 == 1, act, p, card);
            assertEquals(card.equals("h100") && transposed % 2 == 0 ? "matmul_wgmma" : "matmul_mma", c.variant());
            LaunchCounts counts = c.counts();
            assertTrue(counts.wavefronts() <= 1.1 * counts.leastWavefronts(), c.toString());
            // All but the count of those that have arrived.
            assertTrue(counts.storedBytes() >= 0.99 * 32 * counts.storedSectors(), c.toString());
            assertEquals(0, c.localBytes());
        }
    }

    /** The product of a grid's tokens, filled up to whole windows, and what else is launched. */
    private static List<LaunchCost> windows(long side, long window, long k, long n, Precision p, String card) {
        GraphBuilder g = new GraphBuilder();
        long more = Math.ceilDiv(side, window) * window - side;
        Value x = g.apply(new MoveOp.Pad(List.of(0L, 0L, 0L), List.of(more, more, 0L), MoveOp.PadMode.CONSTANT, 0),
                g.input("x", TensorType.f32(side, side, k)));
        g.output("y", g.apply(new MatrixOp.MatMul(false, false, 1, Activation.NONE, true, false), x,
                g.input("b", TensorType.f32(k, n)), g.input("bias", TensorType.f32(n))));
        return LaunchCosts.of(g.build(), null, Card.of(card), p, LaunchCosts.SOME);
    }

    /** Rows read where they lie cost a step no more than those that follow each other, and nothing is launched to move them. */
    @ParameterizedTest
    @CsvSource({"64, 14, 384, 1152, FLOAT16, a100", "32, 7, 768, 128, BFLOAT16, a100", "64, 14, 384, 1152, TF32X3, a100",
        "64, 14, 384, 1152, FLOAT16, h100", "13, 4, 192, 40, FLOAT16, h100"})
    void rowsLieWhereTheyLike(long side, long window, long k, long n, Precision p, String card) {
        List<LaunchCost> all = windows(side, window, k, n, p, card);
        assertTrue(all.stream().allMatch(c -> c.kernel().equals("matmul") || c.kernel().equals("cast")), all.toString());
        LaunchCost c = all.stream().filter(l -> l.kernel().equals("matmul")).findFirst().orElseThrow();
        LaunchCounts counts = c.counts();
        assertEquals(card.equals("h100") ? "matmul_wgmma" : "matmul_mma", c.variant());
        assertTrue(counts.wavefronts() <= 1.1 * counts.leastWavefronts(), c.toString());
        assertTrue(counts.storedBytes() >= 0.99 * 32 * counts.storedSectors(), c.toString());
        assertTrue(counts.bytes() >= 0.99 * 32 * counts.sectors(), c.toString());
        assertEquals(0, c.localBytes());
        if (p == Precision.FLOAT16 && card.equals("a100")) {
            Map<String, Long> a = counts.instructions();
            Map<String, Long> b = windows(side, window, k + 64, n, p, card).getLast().counts().instructions();
            double share = (products(b) - products(a)) / (issued(b) - issued(a));
            assertTrue(share >= 0.6, "products are " + share + " of a step");
        }
    }

    /** Multiply-adds of tensor cores for each that attention needs; banks and sectors. */
    @ParameterizedTest
    @CsvSource({"1, 1, 512, 512, 256, 1.04", "1, 4, 4096, 4096, 96, 1.1", "64, 1, 64, 64, 96, 1.1", "64, 2, 16, 64, 96, 1.1",
        "64, 2, 16, 16, 96, 1.1", "25, 4, 196, 196, 96, 2.1", "25, 8, 49, 49, 96, 1.9", "1, 8, 4096, 8, 16, 18.1"})
    void attentionFillsItsTiles(long batch, long heads, long queries, long keys, long depth, double most) {
        GraphBuilder g = new GraphBuilder();
        g.output("y", g.apply(new MatrixOp.Attention(0.1f, false), g.input("q", TensorType.f32(batch, heads, queries, depth)),
                g.input("k", TensorType.f32(batch, heads, keys, depth)),
                g.input("v", TensorType.f32(batch, heads, keys, depth))));
        LaunchCost c = LaunchCosts.of(g.build(), null, Card.of("h100"), Precision.FLOAT16, LaunchCosts.SOME).stream()
                .filter(l -> l.kernel().equals("attention")).findFirst().orElseThrow();
        assertEquals("attention_mma", c.variant());
        LaunchCounts counts = c.counts();
        double needed = 2.0 * batch * heads * queries * keys * depth;
        double executed = 2048 * products(counts.instructions());
        assertTrue(executed >= needed && executed <= most * needed, executed / needed + " of what is needed");
        assertTrue(counts.wavefronts() <= 1.1 * counts.leastWavefronts(), c.toString());
        // Parts of keys end in two numbers, so that rows begin anywhere in a sector.
        assertTrue(counts.storedBytes() >= (counts.storedBytes() > 2 * batch * heads * queries * depth ? 0.7 : 0.99) * 32
                * counts.storedSectors(), c.toString());
        assertEquals(0, c.localBytes());
    }
}
