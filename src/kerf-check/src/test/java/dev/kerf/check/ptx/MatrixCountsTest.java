package dev.kerf.check.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.Target;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.check.cost.LaunchCost;
import dev.kerf.check.cost.LaunchCosts;
import dev.kerf.check.ptx.machine.Watch;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.TensorType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What shipped code of matrix products executes and stores for what it has to. */
class MatrixCountsTest {
    private static LaunchCost cost(long batch, long m, long n, long k, boolean transposed, boolean all, Precision p) {
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
                .filter(c -> c.kernel().equals("matmul")).findFirst().orElseThrow();
    }

    /** Of the sectors that are stored to, bytes that are stored; 0.25 while a lane stored four columns one after the other. */
    @ParameterizedTest
    @CsvSource({"1,64,128,32,true,false", "1,256,96,96,true,true", "2,100,80,40,false,true", "1,17,384,20,true,false",
        "3,64,256,64,false,false"})
    void storesFillTheirSectors(long batch, long m, long n, long k, boolean transposed, boolean all) {
        for (Precision p : List.of(Precision.FLOAT32, Precision.FLOAT16)) {
            LaunchCost cost = cost(batch, m, n, k, transposed, all, p);
            LaunchCounts c = cost.counts();
            boolean wide = "1".equals(cost.definitions().get("WIDE"));
            assertEquals(batch * m * n * (wide ? Float.BYTES : p.storage().bytes()), c.storedBytes());
            assertTrue(c.storedBytes() >= 0.9 * 32 * c.storedSectors(), p + ": " + c);
        }
    }

    /** Groups that a product has, and had, on a card of 132 processors; the work is the same. */
    @ParameterizedTest
    @CsvSource({"7,256,2048,2,32", "7,256,256,2,8", "4096,256,256,128,384", "1024,768,3072,96,288", "4096,384,1536,192,384",
        "8192,256,256,256,256", "64,128,64,1,1"})
    void sharesTheSumsOfFewTiles(long m, long n, long k, long tiles, long groups) {
        GraphBuilder g = new GraphBuilder();
        g.output("y", g.matMul(g.input("a", TensorType.f32(m, k)), g.input("b", TensorType.f32(k, n))));
        Graph graph = g.build();
        LaunchCounts before = run(graph, new Target.Forced(Map.of("matmul", "matmul"), Map.of()));
        LaunchCounts chosen = run(graph, Target.Forced.NONE);
        assertEquals(tiles, before.blocks());
        assertEquals(groups, chosen.blocks());
        assertEquals(before.instructions().get("fma.f32"), chosen.instructions().get("fma.f32"));
    }

    private static LaunchCounts run(Graph graph, Target.Forced forced) {
        List<LaunchCounts> counts = new ArrayList<>();
        PtxDriver driver = new PtxDriver(Card.of("h100"), new Watch(false, false, false, false));
        try (GpuDevice device = new GpuDevice(driver, forced);
                Executable e = device.compile(graph, null, CompileOptions.of())) {
            driver.observe(counts::add);
            e.run();
        }
        assertEquals(1, counts.size());
        return counts.getFirst();
    }
}
