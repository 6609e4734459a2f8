package dev.kerf.check.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Executable;
import dev.kerf.backend.gpu.Target;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.backend.gpu.device.Step;
import dev.kerf.check.ptx.machine.Watch;
import dev.kerf.graph.BoxOp;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** What a warp executes in the tail of Mask R-CNN's proposals, of an image of 800 × 1216, one launch after another. */
class TailCountsTest {
    /** Scores of each level: 3 anchors at each place. */
    private static final int[] LEVELS = {182_400, 45_600, 11_400, 2_850, 741};

    private static final int MOST = 1000;

    /**
     * What `pick` of the first level and `nms` of 4,741 boxes that lie apart took of a warp by one group each, and a twentieth of which
     * the whole tail may take now.
     */
    private static final long BEFORE = 254_283 + 463_620;

    private static final Target.Forced ONE_GROUP = new Target.Forced(Map.of("pick", "pick", "nms", "nms"), Map.of());

    private final Map<String, HostTensor> inputs = new HashMap<>();
    private final Graph graph;

    TailCountsTest() {
        GraphBuilder g = new GraphBuilder();
        Random random = new Random(7);
        int n = Arrays.stream(LEVELS).sum();
        float[] s = new float[n];
        float[] b = new float[4 * n];
        for (int i = 0; i < n; i++) {
            s[i] = (float) random.nextGaussian() * 3 - 4;
            b[4 * i] = random.nextInt(1200);
            b[4 * i + 1] = random.nextInt(790);
            b[4 * i + 2] = b[4 * i] + 16 + random.nextInt(64);
            b[4 * i + 3] = b[4 * i + 1] + 16 + random.nextInt(64);
        }
        List<Integer> levels = new ArrayList<>();
        for (int level = 0; level < LEVELS.length; level++) {
            levels.addAll(Collections.nCopies(Math.min(MOST, LEVELS[level]), level));
        }
        List<Value> best = g.add(new SelectOp.TopK(MOST, Arrays.stream(LEVELS).boxed().toList()),
                input(g, HostTensor.of(Shape.of(1, n), s)));
        Value boxes = g.apply(new MoveOp.Gather(), input(g, HostTensor.of(Shape.of(n, 4), b)), best.getLast());
        int all = levels.size();
        Value order = g.add(new SelectOp.Rank(Float.NEGATIVE_INFINITY, all), best.getFirst()).getFirst();
        Value sorted = g.apply(new MoveOp.Gather(), g.reshape(boxes, all, 4), order);
        Value groups = g.apply(new MoveOp.Gather(),
                input(g, HostTensor.of(Shape.of(all), levels.stream().mapToInt(l -> l).toArray())), order);
        g.output("kept", g.add(new BoxOp.Nms(0.7f, 1e-3f, MOST), sorted, groups).getFirst());
        graph = g.build();
    }

    private Value input(GraphBuilder g, HostTensor t) {
        String name = "x" + inputs.size();
        inputs.put(name, t);
        return g.input(name, new TensorType(t.dtype(), t.shape()));
    }

    /** The warp's instructions of each kernel, those of the longest block of each launch, in order; what is kept. */
    private double[] run(Target.Forced forced, Map<String, Long> path) {
        PtxDriver driver = new PtxDriver(Card.of("h100"), new Watch(false, false, true, false));
        try (GpuDevice device = new GpuDevice(driver, forced);
                Executable e = device.compile(graph, null, CompileOptions.of())) {
            inputs.forEach((name, t) -> e.input(name).upload(t.data()));
            for (Step s : GpuDevice.steps(e)) {
                PtxLaunch.Bound bound = ((PtxLaunch) s.launch()).now();
                long most = LongStream.range(0, bound.blocks()).map(b -> {
                    LaunchCounts c = driver.count(bound, new long[] {b});
                    return c.total() * 32 / c.threads();
                }).max().orElse(0);
                path.merge(s.kernel(), most, Long::sum);
            }
            HostTensor kept = e.output("kept").toHost();
            double[] indices = new double[MOST];
            for (int i = 0; i < MOST; i++) {
                indices[i] = kept.getDouble(i);
            }
            return indices;
        }
    }

    @Test
    void theLongestPathIsShort() {
        Map<String, Long> one = new HashMap<>();
        Map<String, Long> many = new HashMap<>();
        assertArrayEquals(run(ONE_GROUP, one), run(Target.Forced.NONE, many));
        long path = many.values().stream().mapToLong(n -> n).sum();
        assertTrue(20 * path <= BEFORE, path + ": " + many);
        assertTrue(one.values().stream().mapToLong(n -> n).sum() > 5 * path, one + " and " + many);
    }
}
