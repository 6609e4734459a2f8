package dev.kerf.check.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Precision;
import dev.kerf.check.cost.LaunchCosts;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.TensorType;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What shipped code of matrix products stores for what it has to. */
class MatrixCountsTest {
    private static LaunchCounts counts(long batch, long m, long n, long k, boolean transposed, boolean all, Precision p) {
        GraphBuilder g = new GraphBuilder();
        List<Value> in = new ArrayList<>(List.of(g.input("a", TensorType.f32(batch, m, k)),
                g.input("b", transposed ? TensorType.f32(n, k) : TensorType.f32(k, n))));
        if (all) {
            in.add(g.input("bias", TensorType.f32(n)));
            in.add(g.input("r", TensorType.f32(batch, m, n)));
        }
        g.output("y", g.apply(new MatrixOp.MatMul(false, transposed, 1, all ? Activation.RELU : Activation.NONE, all, all),
                in.toArray(Value[]::new)));
        return LaunchCosts.of(g.build(), null, Card.of("h100"), p, LaunchCounter.ALL).stream()
                .filter(c -> c.kernel().equals("matmul")).findFirst().orElseThrow().counts();
    }

    /** Of the sectors that are stored to, bytes that are stored; 0.25 while a lane stored four columns one after the other. */
    @ParameterizedTest
    @CsvSource({"1,64,128,32,true,false", "1,256,96,96,true,true", "2,100,80,40,false,true", "1,17,384,20,true,false",
        "3,64,256,64,false,false"})
    void storesFillTheirSectors(long batch, long m, long n, long k, boolean transposed, boolean all) {
        for (Precision p : List.of(Precision.FLOAT32, Precision.FLOAT16)) {
            LaunchCounts c = counts(batch, m, n, k, transposed, all, p);
            assertEquals(batch * m * n * p.storage().bytes(), c.storedBytes());
            assertTrue(c.storedBytes() >= 0.9 * 32 * c.storedSectors(), p + ": " + c);
        }
    }
}
