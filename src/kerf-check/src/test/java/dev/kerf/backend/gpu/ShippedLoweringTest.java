package dev.kerf.backend.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.cuda.KernelImages;
import dev.kerf.backend.gpu.cuda.ShippedSets;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.plan.Fusion;
import dev.kerf.model.ModelKind.GraphRequest;
import dev.kerf.model.maskrcnn.DetectOptions;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.model.matting.Matting;
import dev.kerf.model.sam2.network.Sam2Graphs;
import dev.kerf.model.sam2.network.PromptGraphs.DecoderRequest;
import dev.kerf.model.sam2.network.Sam2VideoGraphs;
import dev.kerf.model.sam2.network.Sam2VideoGraphs.FrameRequest;
import dev.kerf.model.sam2.network.Sam2Config;
import dev.kerf.model.unet.UNet;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Whatever the models ask of an NVIDIA GPU is shipped: they run with its driver alone. */
class ShippedLoweringTest {
    private static final Path GOLDENS = Path.of("src/kerf-check/src/test/resources/goldens");

    private final Map<String, Boolean> shipped = new HashMap<>();

    private static Driver.Facts gpu(String name, String architecture, int units) {
        Device.Info info = new Device.Info("cuda", 0, Device.Info.Kind.GPU, name, "NVIDIA", "CUDA 12.6", 1L << 36, 1L << 36,
                units, KernelImages.PRECISIONS);
        return new Driver.Facts(info, architecture, 256, 1024, 48L << 10, false);
    }

    private static List<Graph> models() {
        List<Graph> all = new ArrayList<>();
        try (Weights weights = Weights.open(Path.of("weights/kerf-membrane.safetensors"))) {
            all.add(UNet.graph(weights, 2, 512, 512));
        }
        try (Weights weights = GoldenCase.open(GOLDENS.resolve("maskrcnn-quick")).weights()) {
            all.add(MaskRcnn.graph(weights, 50, 75, DetectOptions.of()));
        }
        try (Weights weights = GoldenCase.open(GOLDENS.resolve("sam2-quick")).weights()) {
            Sam2Config config = Sam2Config.of(weights).withImageSize(64);
            DecoderRequest one = new DecoderRequest(1, 2, false, true);
            all.add(Sam2Graphs.image(config, 48, 80));
            all.add(Sam2Graphs.decoder(config, one));
            all.add(Sam2Graphs.decoder(config, new DecoderRequest(2, 4, true, false)));
            all.add(Sam2VideoGraphs.frame(config, new FrameRequest(one, 4, 2, 3)));
            all.add(Sam2VideoGraphs.given(config, 48, 80));
            all.add(Sam2VideoGraphs.remember(config, 2, 4, false));
        }
        for (String mattes : List.of("u2netp-quick", "isnet-quick")) {
            try (Weights weights = GoldenCase.open(GOLDENS.resolve(mattes)).weights()) {
                all.add(Matting.KIND.graph(weights, new GraphRequest("network", 320, 320, 0, true)));
            }
        }
        return all;
    }

    @Test
    void modelsNeedNoCompiler() {
        Set<String> used = new TreeSet<>();
        Set<String> missing = new TreeSet<>();
        List<Graph> models = models();
        for (Driver.Facts facts : List.of(gpu("NVIDIA H200", "sm_90", 132), gpu("NVIDIA T4", "sm_75", 40))) {
            TunedParameters tuned = TunedParameters.of(facts, Path.of("no such folder"));
            for (Graph model : models) {
                Graph fused = Fusion.fuse(model, Set.of());
                for (Precision p : KernelImages.PRECISIONS) {
                    Target target = Target.of(facts, fused, Set.of(), p, tuned, Target.Forced.NONE);
                    for (Node n : target.graph().nodes()) {
                        for (KernelCall call : Lowering.lower(n, target)) {
                            String kernel = call.kernel().name();
                            TreeMap<String, String> set = new TreeMap<>(call.definitions());
                            used.add(kernel);
                            if (!shipped.computeIfAbsent(kernel + set, _ -> ShippedSets.serves(kernel, set))) {
                                missing.add(kernel + " " + set);
                            }
                        }
                    }
                }
            }
        }
        assertEquals(Set.of(), missing);
        assertTrue(used.containsAll(Set.of("conv2d", "matmul", "attention", "layer_norm", "layer_norm_columns",
                "softmax", "binary", "copy", "roi_align", "nms", "resize", "max_pool2d")), used.toString());
    }
}
