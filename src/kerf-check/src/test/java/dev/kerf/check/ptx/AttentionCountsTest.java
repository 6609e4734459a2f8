package dev.kerf.check.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kerf.backend.Precision;
import dev.kerf.check.cost.LaunchCost;
import dev.kerf.check.cost.LaunchCosts;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.TensorType;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What shipped code of attention executes for what it has to, and how it fills an H100. */
class AttentionCountsTest {
    private static final Card H100 = Card.of("h100");

    private static List<LaunchCost> costs(long b, long heads, long lq, long lk, long d, long dv, boolean bias, Precision p) {
        GraphBuilder g = new GraphBuilder();
        List<Value> in = new ArrayList<>(List.of(g.input("q", TensorType.f32(b, heads, lq, d)),
                g.input("k", TensorType.f32(b, heads, lk, d)), g.input("v", TensorType.f32(b, heads, lk, dv))));
        if (bias) {
            in.add(g.input("bias", TensorType.f32(1, 1, 1, lk)));
        }
        g.output("y", g.apply(new MatrixOp.Attention(0.1f, bias), in.toArray(Value[]::new)));
        return LaunchCosts.of(g.build(), null, H100, p, LaunchCosts.SOME);
    }

    /** Multiply-adds of all lanes for each that the sums have: as kernels/README.md says. */
    @ParameterizedTest
    @CsvSource({
        // b, heads, queries, keys, depth, columns, bias, times
        "1,1,4096,4096,256,256,false,1.01", "1,1,4096,28736,256,64,true,1.01", "1,4,4096,4096,96,96,false,1.20",
        "1,8,4096,8,16,16,true,1.13", "64,1,64,64,96,96,false,1.20", "64,2,16,64,96,96,false,1.03",
        "256,2,16,16,96,96,false,1.03", "256,4,4,16,96,96,false,1.03", "25,4,196,196,96,96,false,1.11",
        "25,8,49,196,96,96,false,1.30", "25,8,49,49,96,96,false,1.22"})
    void multipliesLittleMoreThanItMust(long b, long heads, long lq, long lk, long d, long dv, boolean bias, double times) {
        for (Precision p : List.of(Precision.FLOAT32, Precision.FLOAT16)) {
            LaunchCost c = costs(b, heads, lq, lk, d, dv, bias, p).getFirst();
            double executed = c.multiplyAdds() / (double) (b * heads * lq * lk * (d + dv));
            assertTrue(executed <= times, c.variant() + " in " + p + " executes " + executed + " times");
        }
    }

    /** Groups for the 132 processors where there are keys enough, two of which fit on one unless v is wide. */
    @ParameterizedTest
    @CsvSource({"1,4096,28736,256,64,true,2", "1,4096,4096,256,256,false,1", "8,8,4096,16,16,false,2"})
    void fillsTheProcessors(long heads, long lq, long lk, long d, long dv, boolean bias, int resident) {
        List<LaunchCost> costs = costs(1, heads, lq, lk, d, dv, bias, Precision.FLOAT32);
        assertEquals(List.of("attention", "attention_join"), costs.stream().map(LaunchCost::kernel).toList());
        LaunchCost c = costs.getFirst();
        assertTrue(c.blocks() >= 128, c.blocks() + " groups");
        assumeTrue(c.assembled(), "ptxas isn't here to say how many registers a thread takes");
        assertTrue(H100.resident(c.counts().threads(), c.counts().sharedBytes(), c.registers()) >= resident, c.toString());
    }

    /** Enough groups as it is: no keys are shared, nothing is joined. */
    @ParameterizedTest
    @CsvSource({"4,4096,4096,96,96", "8,4096,96,16,16"})
    void sharesNoKeysNeedlessly(long heads, long lq, long lk, long d, long dv) {
        assertEquals(1, costs(1, heads, lq, lk, d, dv, false, Precision.FLOAT32).size());
    }
}
