package dev.kerf.check.cost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.Kerf;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.backend.gpu.device.Step;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.check.ptx.Card;
import dev.kerf.check.ptx.LaunchCounter;
import dev.kerf.graph.Graph;
import dev.kerf.model.ModelKind;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How many kernels each network launches for an NVIDIA GPU, and what its copies move: lowered, not run. */
class LaunchesTest {
    private static final LaunchCounter COUNTER = new LaunchCounter(Card.of("h100"));

    private static List<Step> steps(String kind, String part, int height, int width) {
        ModelKind model = Kerf.MODELS.stream().filter(k -> k.name().equals(kind)).findFirst().orElseThrow();
        Path golden = Path.of("src/kerf-check/src/test/resources/goldens", kind + "-quick");
        try (Weights weights = GoldenCase.open(golden).weights(); DeviceWeights loaded = COUNTER.device().load(weights)) {
            Graph graph = model.graph(weights, new ModelKind.GraphRequest(part, height, width, 1024, false));
            try (Executable e = COUNTER.device().compile(graph, loaded, CompileOptions.of())) {
                return List.copyOf(GpuDevice.steps(e));
            }
        }
    }

    private static int launches(String kind, String part, int height, int width) {
        return steps(kind, part, height, width).size();
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
        assertEquals(76, launches("sam2", "decoder", 1024, 1024));
        assertEquals(191, launches("sam2", "frame", 1024, 1024));
        assertEquals(43, launches("sam2", "memory", 1024, 1024));
    }

    /** Windows, heads and their parts are read where the product before them left them: less than 0.1 GB of copies. */
    @Test
    void sam2Encoder() {
        List<Step> steps = steps("sam2", "encoder", 1024, 1024);
        assertEquals(108, steps.size());
        long copied = steps.stream().filter(s -> s.kernel().equals("copy")).mapToLong(Step::bytes).sum();
        assertTrue(copied < 100_000_000, copied + " bytes");
    }
}
