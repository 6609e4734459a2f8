package dev.kerf.check.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Precision;
import dev.kerf.backend.Precision.Storage;
import dev.kerf.backend.gpu.Target;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.check.ptx.machine.Watch;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What shipped code of convolutions executes and stores for what it has to, without tensor cores. */
class ConvolutionCountsTest {
    private static final Target.Forced TILES = new Target.Forced(Map.of("conv2d", "conv2d"), Map.of());

    private static List<LaunchCounts> count(Graph graph, Target.Forced forced, Precision precision) {
        List<LaunchCounts> counts = new ArrayList<>();
        // From sm_80 on halves are multiplied by tensor cores: TensorCountsTest.
        PtxDriver driver = new PtxDriver(Card.of(precision.storage() == Storage.F32 ? "h100" : "t4"),
                new Watch(true, false, false, false));
        try (GpuDevice device = new GpuDevice(driver, forced);
                Executable e = device.compile(graph, null, CompileOptions.of().precision(precision))) {
            driver.observe(c -> {
                if (c.kernel().startsWith("conv2d")) {
                    counts.add(c);
                }
            });
            e.run();
        }
        return counts;
    }

    private static Graph conv(int groups, int c, int o, int kernel, int stride, int height, int width, boolean residual) {
        GraphBuilder g = new GraphBuilder();
        Window2d window = Window2d.of().stride(stride).pad(kernel / 2);
        Value x = g.input("x", TensorType.f32(1, groups * c, height, width));
        Value w = g
                .constant(HostTensor.of(Shape.of(groups * o, c, kernel, kernel), new float[groups * o * c * kernel * kernel]));
        List<Value> operands = new ArrayList<>(List.of(x, w));
        if (residual) {
            operands.add(g.input("r", TensorType.f32(1, groups * o, window.outH(height, kernel, false),
                    window.outW(width, kernel, false))));
        }
        g.output("y", g.apply(new SpatialOp.Conv2d(window, groups, Activation.NONE, false, residual),
                operands.toArray(Value[]::new)));
        return g.build();
    }

    /** Multiply-adds of all lanes for each that the sums have, by what is chosen and by tiles, which took all layers before. */
    @ParameterizedTest
    @CsvSource({
        // groups, C, O, kernel, stride, rows, columns; by tiles
        "16,1,1,7,1,32,32,1024", "16,1,1,3,2,33,31,1100", "6,1,2,3,1,24,24,512", "64,1,1,7,1,1,1,131072",
        "1,3,64,3,1,32,32,5.3", "1,3,96,7,4,64,64,7.1", "1,1,16,3,2,48,48,64", "1,4,16,3,2,48,48,16", "1,20,64,3,1,16,16,1.6",
        "1,64,2,1,1,48,48,32", "1,64,1,3,1,32,32,64", "1,256,3,1,1,25,19,23", "1,32,5,1,1,32,32,12", "1,64,12,1,1,25,19,6",
        "1,16,65,3,1,16,16,1.9", "4,8,24,3,1,16,16,5.3", "1,64,64,3,1,32,32,1", "1,16,96,1,1,32,32,1.33"})
    void multipliesLittleMoreThanItMust(int groups, int c, int o, int kernel, int stride, int height, int width, double tiles) {
        long h = Window2d.of().stride(stride).pad(kernel / 2).outH(height, kernel, false);
        long w = Window2d.of().stride(stride).pad(kernel / 2).outW(width, kernel, false);
        double useful = (double) groups * c * o * kernel * kernel * h * w;
        Graph graph = conv(groups, c, o, kernel, stride, height, width, false);
        for (Precision p : List.of(Precision.FLOAT32, Precision.FLOAT16)) {
            List<LaunchCounts> chosen = count(graph, Target.Forced.NONE, p);
            List<LaunchCounts> before = count(graph, TILES, p);
            assertTrue(executed(chosen) <= 1.5 * useful, executed(chosen) / useful + " times by " + chosen.getFirst().kernel());
            assertTrue(executed(before) >= 0.95 * tiles * useful, executed(before) / useful + " times by tiles");
        }
    }

    private static double executed(List<LaunchCounts> counts) {
        return 32.0 * counts.stream().mapToLong(c -> c.instructions().get("fma.f32")).sum();
    }

    /** Of the sectors that are stored to, bytes that are stored; 0.25 where lanes took four pixels each. */
    @ParameterizedTest
    @CsvSource({"16,64,3,1,32,32,false", "16,64,3,1,32,32,true", "16,70,1,1,40,20,false", "32,64,3,2,32,64,true",
        "3,64,3,1,32,32,false", "64,2,1,1,32,32,false"})
    void storesFillTheirSectors(int c, int o, int kernel, int stride, int height, int width, boolean residual) {
        Graph graph = conv(1, c, o, kernel, stride, height, width, residual);
        for (Target.Forced forced : List.of(Target.Forced.NONE, TILES)) {
            LaunchCounts counts = count(graph, forced, Precision.FLOAT32).getFirst();
            assertTrue(counts.storedBytes() >= 0.9 * 32 * counts.storedSectors(), counts.toString());
            // And what each two groups that share a tile leave for the last of them, and their counter.
            long shared = counts.kernel().equals("conv2d_split") ? counts.blocks() * 64 * 128 + counts.blocks() / 2 : 0;
            assertEquals(4L * (o * (height / stride) * (width / stride) + shared), counts.storedBytes());
        }
    }

    /** Four launches before. With few channels a lane stores every second pixel; otherwise neighbours store neighbours. */
    @ParameterizedTest
    @CsvSource({"64,8,16,16,direct", "16,3,12,20,direct", "8,16,16,16,direct", "256,64,16,16,phases", "64,32,24,20,phases",
        "512,256,8,16,phases"})
    void phasesAreOneLaunch(int c, int o, int height, int width, String kernel) {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(1, c, height, width));
        Value w = g.constant(HostTensor.of(Shape.of(c, o, 2, 2), new float[c * o * 4]));
        g.output("y", g.apply(new SpatialOp.ConvTranspose2d(Window2d.of().stride(2), 0, 0, 1, Activation.RELU, false), x, w));
        Graph graph = g.build();
        List<LaunchCounts> before = count(graph, TILES, Precision.FLOAT32);
        assertEquals(4, before.size());
        List<LaunchCounts> counts = count(graph, Target.Forced.NONE, Precision.FLOAT32);
        assertEquals(1, counts.size());
        LaunchCounts all = counts.getFirst();
        assertEquals("conv2d_" + kernel, all.kernel());
        assertTrue(executed(counts) <= 1.5 * 4 * c * o * height * width, executed(counts) + " multiply-adds");
        assertEquals(16L * o * height * width, all.storedBytes());
        double filled = all.storedBytes() / (32.0 * all.storedSectors());
        assertTrue(filled >= (kernel.equals("phases") ? 0.9 : 0.5), "of the sectors " + filled);
    }

    /** Groups that a layer has, and had, on a card of 132 processors; the work is the same. */
    @ParameterizedTest
    @CsvSource({"256,64,3,16,16,2,36", "256,128,1,8,8,2,4", "512,1024,3,4,4,16,272", "32,64,3,96,176,132,132",
        "64,64,1,8,8,1,1"})
    void sharesTheSumsOfFewTiles(int c, int o, int kernel, int height, int width, long tiles, long groups) {
        Graph graph = conv(1, c, o, kernel, 1, height, width, false);
        List<LaunchCounts> before = count(graph, TILES, Precision.FLOAT32);
        List<LaunchCounts> chosen = count(graph, Target.Forced.NONE, Precision.FLOAT32);
        assertEquals(tiles, before.getFirst().blocks());
        assertEquals(groups, chosen.getFirst().blocks());
        assertEquals(executed(before), executed(chosen));
        assertEquals(1, chosen.size());
    }
}
