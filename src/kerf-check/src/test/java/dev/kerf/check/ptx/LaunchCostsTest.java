package dev.kerf.check.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.Kerf;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.check.cost.LaunchCost;
import dev.kerf.check.cost.LaunchCosts;
import dev.kerf.check.ptx.machine.Watch;
import dev.kerf.graph.BoxOp;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.TensorType;
import dev.kerf.model.unet.UNet;
import dev.kerf.tensor.DType;
import dev.kerf.weights.Weights;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What launches cost is what runs of them do. */
class LaunchCostsTest {
    private static final Card H100 = Card.of("h100");

    /** The launches that a run really makes, each counted as a whole. */
    private static List<LaunchCounts> run(Graph graph, Weights weights) {
        List<LaunchCounts> counts = new ArrayList<>();
        PtxDriver driver = new PtxDriver(H100, new Watch(true, false, true, false), (byte) 0);
        try (GpuDevice device = new GpuDevice(driver);
                DeviceWeights loaded = weights == null ? null : device.load(weights);
                Executable e = device.compile(graph, loaded, CompileOptions.of())) {
            driver.observe(counts::add);
            e.run();
        }
        return counts;
    }

    @Test
    void allBlocksCountAsARunDoes() {
        try (Weights weights = Kerf.embeddedWeights()) {
            Graph graph = UNet.graph(weights, 32, 48);
            List<LaunchCounts> ran = run(graph, weights);
            List<LaunchCost> costs = LaunchCosts.of(graph, weights, H100, Precision.FLOAT32, LaunchCosts.ALL);
            assertTrue(ran.size() > 20, ran.size() + " launches");
            assertEquals(ran.size(), costs.size());
            for (int i = 0; i < ran.size(); i++) {
                LaunchCost c = costs.get(i);
                if (c.kernel().equals("arg_max")) {
                    // The only one whose way depends on what it reads.
                    assertEquals(ran.get(i).sectors(), c.counts().sectors());
                } else {
                    assertEquals(ran.get(i), c.counts(), c.node());
                }
                assertFalse(c.isSampled());
                assertTrue(!c.variant().equals("conv2d") || c.multiplyAdds() >= c.flops() / 2, c.toString());
            }
        }
    }

    /** Multiply-adds are the same in every block; what the image's edges ask for is not, so that it is only nearly right. */
    @Test
    void someBlocksStandForAll() {
        try (Weights weights = Kerf.embeddedWeights()) {
            Graph graph = UNet.graph(weights, 64, 96);
            List<LaunchCost> all = LaunchCosts.of(graph, weights, H100, Precision.FLOAT32, LaunchCosts.ALL);
            List<LaunchCost> some = LaunchCosts.of(graph, weights, H100, Precision.FLOAT32, 4);
            int sampled = 0;
            for (int i = 0; i < all.size(); i++) {
                LaunchCost s = some.get(i);
                LaunchCounts exact = all.get(i).counts();
                sampled += s.isSampled() ? 1 : 0;
                // Blocks that share a tile are counted together: at most 36, of 9 taps × 512 channels by 16, 8 steps each.
                assertTrue(s.sampled() <= (s.variant().equals("conv2d_split") ? 6 * 36 : 6), s.toString());
                assertEquals(all.get(i).multiplyAdds(), s.multiplyAdds());
                assertEquals(1, s.counts().total() / (double) exact.total(), 0.06, s.node());
                assertEquals(1, s.counts().sectors() / (double) exact.sectors(), 0.1, s.node());
            }
            assertTrue(sampled > 10, sampled + " sampled");
            assertEquals(some, LaunchCosts.of(graph, weights, H100, Precision.FLOAT32, 4), "the same each time");
        }
    }

    /** With all rows valid and no box over another, each is compared with those kept before it. */
    @Test
    void allRowsAreValid() {
        long few = suppression(64);
        long many = suppression(256);
        assertTrue(many > 4 * few, few + " and " + many + " instructions");
    }

    private static long suppression(int boxes) {
        GraphBuilder g = new GraphBuilder();
        Value all = g.input("boxes", TensorType.f32(1000, 4));
        Value groups = g.input("groups", TensorType.of(DType.I32, 1, boxes));
        Value scores = g.input("scores", TensorType.f32(1, 1000));
        Value best = g.add(new SelectOp.Rank(0.5f, boxes), scores).getFirst(); // (1, boxes), counted
        Value chosen = g.apply(new MoveOp.Gather(), all, best);
        g.output("kept", g.add(new BoxOp.Nms(0.5f, 1e-3f, boxes), chosen, groups).getFirst());
        LaunchCost nms = LaunchCosts.of(g.build(), null, H100, Precision.FLOAT32, LaunchCosts.SOME).getLast();
        assertEquals("nms", nms.kernel());
        return nms.counts().total();
    }
}
