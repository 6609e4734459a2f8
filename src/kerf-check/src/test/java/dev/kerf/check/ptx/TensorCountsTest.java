package dev.kerf.check.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.backend.gpu.device.Step;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.check.cost.LaunchCost;
import dev.kerf.check.cost.LaunchCosts;
import dev.kerf.check.cost.Prediction;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.TensorType;
import dev.kerf.model.unet.UNet;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What shipped code of convolutions on tensor cores issues, reads and stores. */
class TensorCountsTest {
    private static final Path UNET = Path.of("src/kerf-check/src/test/resources/goldens/unet-quick");

    /** A kernel and what a launch of it does. */
    private record Counted(String kernel, LaunchCounts counts) {}

    /** The launch of the second of three convolutions, which reads and stores channel by channel. */
    private static Counted cost(int c, int o, int side, int kernel, int stride, Precision precision, String card) {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(1, 8, side, side));
        g.output("y", conv(g, conv(g, conv(g, x, c, 1, 1), o, kernel, stride), 16, 1, 1));
        try (LaunchCounter counter = new LaunchCounter(Card.of(card));
                Executable e = counter.device().compile(g.build(), null, CompileOptions.of().precision(precision))) {
            Step step = GpuDevice.steps(e).stream().filter(s -> s.node().name().equals("conv2d_2")).findFirst().orElseThrow();
            return new Counted(step.kernel(),
                    counter.count(step.launch(), Manifest.of(step.kernel()), LaunchCosts.SOME).counts());
        }
    }

    private static Value conv(GraphBuilder g, Value x, int o, int kernel, int stride) {
        Shape w = Shape.of(o, x.type().shape().dim(1), kernel, kernel);
        return g.conv2d(x, g.constant(HostTensor.of(w, new float[(int) w.elements()])), null,
                Window2d.of().pad(kernel / 2).stride(stride));
    }

    private static double instructions(Counted c) {
        // A move between registers is none: they are given out so that it disappears.
        return c.counts().total() - c.counts().instructions().entrySet().stream().filter(e -> e.getKey().startsWith("mov"))
                .mapToLong(Map.Entry::getValue).sum();
    }

    private static double products(Counted c) {
        return c.counts().instructions().entrySet().stream().filter(e -> e.getKey().matches("w?g?mma\\.m.*"))
                .mapToLong(Map.Entry::getValue).sum();
    }

    /** What twice the channels add is main loop alone. */
    @ParameterizedTest
    @CsvSource({"conv2d_halo,256,256,128,3,1,FLOAT16", "conv2d_mma,512,256,128,1,1,FLOAT16",
        "conv2d_mma,256,256,256,3,2,FLOAT16",
        "conv2d_halo,256,64,208,3,1,FLOAT16", "conv2d_mma,512,64,208,1,1,FLOAT16",
        "conv2d_halo,256,256,128,3,1,BFLOAT16", "conv2d_mma,512,256,128,1,1,BFLOAT16", "conv2d_halo,256,64,208,3,1,BFLOAT16",
        "conv2d_mma,512,64,208,1,1,BFLOAT16"})
    void mainLoopsMultiply(String kernel, int c, int o, int side, int taps, int stride, Precision precision) {
        Counted one = cost(c, o, side, taps, stride, precision, "a100");
        Counted two = cost(2 * c, o, side, taps, stride, precision, "a100");
        assertEquals(kernel, one.kernel());
        double share = (products(two) / two.counts().blocks() - products(one) / one.counts().blocks())
                / (instructions(two) / two.counts().blocks() - instructions(one) / one.counts().blocks());
        assertTrue(share >= 0.6, kernel + ": " + share + " of " + two.counts().instructions());
    }

    @ParameterizedTest
    @CsvSource({"conv2d_halo,128,256,128,3,1", "conv2d_mma,256,256,128,1,1", "conv2d_mma,64,256,256,3,2",
        "conv2d_halo,64,64,208,3,1", "conv2d_mma,3,64,256,7,2"})
    void noConflictsAndFullSectors(String kernel, int c, int o, int side, int taps, int stride) {
        for (Precision p : List.of(Precision.FLOAT16, Precision.TF32, Precision.TF32X3)) {
            Counted cost = cost(c, o, side, taps, stride, p, "a100");
            assertEquals(kernel, cost.kernel());
            LaunchCounts counts = cost.counts();
            double wavefronts = counts.wavefronts() / (double) counts.leastWavefronts();
            assertTrue(wavefronts <= 1.1, p + ": " + wavefronts + " wavefronts for one; " + counts);
            assertEquals(32.0, counts.storedBytes() / (double) counts.storedSectors(), 1e-3, p + ": " + counts);
        }
    }

    /** By four warps: a step of 64 terms is eight products of each warp, as much as 128 of mma.sync. */
    @ParameterizedTest
    @CsvSource({"conv2d_halo_wgmma,256,256,128,3,1,FLOAT16", "conv2d_wgmma,512,256,128,1,1,FLOAT16",
        "conv2d_wgmma,64,256,256,3,2,BFLOAT16"})
    void fourWarpsMultiply(String kernel, int c, int o, int side, int taps, int stride, Precision precision) {
        Counted one = cost(c, o, side, taps, stride, precision, "h100");
        Counted two = cost(2 * c, o, side, taps, stride, precision, "h100");
        assertEquals(kernel, one.kernel());
        LaunchCounts counts = two.counts();
        assertTrue(counts.wavefronts() <= 1.1 * counts.leastWavefronts(), counts.toString());
        assertEquals(32.0, counts.storedBytes() / (double) counts.storedSectors(), 1e-3, counts.toString());
        double steps = 4.0 * c * taps * taps / 64; // of each warp, more than one has
        double products = products(two) / two.counts().blocks() - products(one) / one.counts().blocks();
        assertEquals(8 * steps, products);
        double issued = instructions(two) / two.counts().blocks() - instructions(one) / one.counts().blocks();
        assertTrue(issued <= 90 * steps, issued / steps + " instructions of a step");
    }

    /** An image is reordered where it comes in, and nowhere else. */
    @Test
    void reordersOnce() {
        GraphBuilder g = new GraphBuilder();
        Value y = conv(g, conv(g, g.input("x", TensorType.f32(1, 3, 32, 32)), 64, 3, 1), 2, 1, 1);
        g.output("y", y);
        List<LaunchCost> all = LaunchCosts.of(g.build(), null, Card.of("h100"), Precision.FLOAT16, LaunchCosts.SOME);
        assertEquals(1, all.stream().filter(c -> c.kernel().startsWith("channels_")).count(), all.toString());
    }

    /** A U-Net of 31 million parameters at 512², predicted for an H100: in halves below 1.7 ms, and not below what its products take. */
    @Test
    void unetIsPredicted() {
        try (Weights weights = GoldenCase.open(UNET).weights()) {
            double seconds = 0;
            double flops = 0;
            for (LaunchCost c : LaunchCosts.of(UNet.graph(weights, 1, 512, 512), weights, Card.of("h100"), Precision.FLOAT16,
                    4)) {
                seconds += Prediction.of(c, Card.of("h100")).seconds();
                flops += c.flops();
            }
            Card.Rates rates = Card.of("h100").rates();
            double floor = flops / (2 * rates.tensor() * rates.clock() * Card.of("h100").multiprocessors());
            assertTrue(seconds > floor && seconds <= 1.7e-3, seconds + " s, floor " + floor);
        }
    }
}
