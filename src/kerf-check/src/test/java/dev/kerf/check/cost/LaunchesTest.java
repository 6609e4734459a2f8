package dev.kerf.check.cost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.Kerf;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Precision;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.backend.gpu.device.Step;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.check.ptx.Card;
import dev.kerf.check.ptx.LaunchCounter;
import dev.kerf.graph.Graph;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.model.ModelKind;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.plan.Fusion;
import dev.kerf.graph.plan.Storages;
import dev.kerf.tensor.DType;
import java.util.Set;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How many kernels each network launches for an NVIDIA GPU, and what its copies move: lowered, not run. */
class LaunchesTest {
    private static final LaunchCounter COUNTER = new LaunchCounter(Card.of("h100"));

    private static final Storages.Kernels ABLE = new Storages.Kernels() {
        @Override
        public boolean widens(Node n) {
            return true;
        }

        @Override
        public boolean narrows(Node n) {
            return true;
        }
    };

    private static List<Step> steps(String kind, String part, int height, int width) {
        return steps(kind, part, height, width, Precision.FLOAT32);
    }

    private static List<Step> steps(String kind, String part, int height, int width, Precision precision) {
        return of(kind, part, height, width, (weights, graph) -> {
            try (DeviceWeights loaded = COUNTER.device().load(weights);
                    Executable e = COUNTER.device().compile(graph, loaded, CompileOptions.of().precision(precision))) {
                return List.copyOf(GpuDevice.steps(e));
            }
        });
    }

    private static <T> T of(String kind, String part, int height, int width, BiFunction<Weights, Graph, T> use) {
        ModelKind model = Kerf.MODELS.stream().filter(k -> k.name().equals(kind)).findFirst().orElseThrow();
        Path golden = Path.of("src/kerf-check/src/test/resources/goldens", kind + "-quick");
        try (Weights weights = GoldenCase.open(golden).weights()) {
            return use.apply(weights, model.graph(weights, new ModelKind.GraphRequest(part, height, width, 1024, false)));
        }
    }

    private static int launches(String kind, String part, int height, int width) {
        return steps(kind, part, height, width).size();
    }

    /**
     * Conversions between float32 and 16 bits: by the kernels that an H100 has, and were there kernels that add to float32 and that
     * narrow what they normalise for every product and norm. What is added to float32 sums may be read in 16 bits, which is one less.
     */
    @ParameterizedTest
    @CsvSource({"unet, network, 512, 512, 1, 1", "maskrcnn, network, 800, 1216, 1, 1", "sam2, encoder, 1024, 1024, 5, 9",
        "sam2, decoder, 1024, 1024, 16, 13", "sam2, frame, 1024, 1024, 23, 20", "sam2, memory, 1024, 1024, 5, 5"})
    void conversions(String kind, String part, int height, int width, long casts, long least) {
        for (Precision p : List.of(Precision.FLOAT16, Precision.BFLOAT16)) {
            assertEquals(casts, steps(kind, part, height, width, p).stream().filter(LaunchesTest::converts).count());
        }
        Graph fused = of(kind, part, height, width, (_, graph) -> Fusion.fuse(graph, Set.of()));
        assertEquals(least,
                Storages.casts(Storages.of(fused, DType.F16, false, fused.outputs().values(), ABLE)));
    }

    private static boolean converts(Step s) {
        return s.node().op() instanceof PointwiseOp.Cast c && c.to().floating() && s.node().input(0).type().dtype().floating();
    }

    @Test
    void uNet() {
        assertEquals(29, launches("unet", "network", 512, 512));
    }

    @Test
    void maskRcnn() {
        assertEquals(119, launches("maskrcnn", "network", 800, 1216));
    }

    @Test
    void sam2() {
        assertEquals(78, launches("sam2", "decoder", 1024, 1024));
        assertEquals(193, launches("sam2", "frame", 1024, 1024));
        assertEquals(41, launches("sam2", "memory", 1024, 1024));
    }

    /** Windows, heads and their parts are read where the product before them left them: less than 0.1 GB of copies. */
    @Test
    void sam2Encoder() {
        List<Step> steps = steps("sam2", "encoder", 1024, 1024);
        assertEquals(108, steps.size());
        long copied = steps.stream().filter(s -> s.kernel().equals("copy")).mapToLong(Step::bytes).sum();
        assertTrue(copied < 100_000_000, copied + " bytes");
    }

    /** By tensor cores nothing is launched to fill up windows, to cut tokens out of them, or to pick every second one. */
    @ParameterizedTest
    @CsvSource({"1024, FLOAT16, 108", "1024, BFLOAT16, 108", "1024, TF32, 100", "512, FLOAT16, 109"})
    void sam2EncoderMovesNothing(int side, Precision precision, int launches) {
        List<Step> steps = steps("sam2", "encoder", side, side, precision);
        assertEquals(List.of(), steps.stream().map(Step::kernel).filter(k -> k.equals("pad") || k.equals("copy")).toList());
        assertEquals(launches, steps.size());
    }
}
