package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.check.golden.Golden;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.json.Json;
import dev.kerf.model.maskrcnn.SmallRcnns;
import dev.kerf.weights.Safetensors;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** What launches cost, for people and programs; that the counts are right is {@code LaunchCostsTest}'s. */
class KernelsCommandTest {
    private static final List<String> FIELDS = List.of("node", "kernel", "variant", "parameters", "blocks", "flops", "bytes",
            "registers", "instructions", "sectors", "bank_conflicts", "predicted_us", "bound", "sampled");

    @TempDir
    private Path dir;

    private static long sum(Json kernels, ToLongFunction<Json> of) {
        return kernels.items().stream().mapToLong(of).sum();
    }

    @Test
    void everyLaunchAsJson() {
        Path net = Run.unet(dir.resolve("net.safetensors"), 3, 2, false);
        Run run = Run.of("kernels", "unet", "--weights", net, "--size", "32x48", "--json").succeeded();
        Json all = Json.parse(run.out());
        Json kernels = all.at("kernels");
        assertEquals(kernels.size(), all.at("launches").asInt());
        assertTrue(kernels.size() > 10, run.out());
        assertEquals(sum(kernels, k -> k.at("flops").asLong()), all.at("flops").asLong());
        assertEquals(sum(kernels, k -> k.at("bytes").asLong()), all.at("bytes").asLong());
        double micros = kernels.items().stream().mapToDouble(k -> k.at("predicted_us").asDouble()).sum();
        assertEquals(micros / 1e3, all.at("predicted_ms").asDouble(), 1e-9);
        assertEquals("32x48", all.at("size").asString());
        for (Json k : kernels.items()) {
            assertTrue(k.members().keySet().containsAll(FIELDS), k.toString());
            assertTrue(k.at("instructions").asLong() > 0 && k.at("sectors").asLong() > 0, k.toString());
            assertTrue(k.at("predicted_us").asDouble() >= 2, k.toString());
            assertEquals(k.at("registers").isNull(), !k.at("registers_of_ptx").isNull());
        }
        assertEquals(run.out(),
                Run.of("kernels", "unet", "--weights", net, "--size", "32x48", "--json").succeeded().out(),
                "the same each time");
    }

    @Test
    void aTableForPeople() {
        Path net = Run.unet(dir.resolve("net.safetensors"), 1, 2, true);
        String h100 = Run.of("kernels", "unet", "--weights", net, "--all").succeeded().out();
        assertTrue(h100.startsWith("node ") && h100.contains("unet 512x512 in f32 on H100 SXM: "), h100);
        assertTrue(h100.contains("not validated"), "another network than was measured: " + h100);
        String l4 = Run.of("kernels", "unet", "--weights", net, "--size", "48x32", "--card", "l4").succeeded().out();
        assertTrue(l4.contains("on L4: ") && l4.contains("not validated"), l4);
        String half = Run.of("kernels", "unet", "--weights", net, "--size", "48x32", "--precision", "f16", "--markdown")
                .succeeded()
                .out();
        assertTrue(half.startsWith("| unet 48x32, f16, H100 SXM | launches |") && half.contains("not validated"), half);
        List<String> rows = half.lines().toList();
        assertTrue(rows.getLast().startsWith("| all | "), half);
        assertEquals(1, rows.stream().map(r -> r.chars().filter(c -> c == '|').count()).distinct().count(), half);
    }

    /** Without weights an untrained network of the usual size is looked at; the U-Net by {@code ReadmeTest}. */
    @Test
    void aNetworkThatTravelsWithTheProgram() {
        at("src/kerf-check/src/test/resources", () -> {
            Json memory = Json.parse(Run.of("kernels", "sam2-memory", "--image-size", 64, "--card", "t4", "--json").succeeded()
                    .out());
            assertEquals("1024x1024", memory.at("size").asString());
            assertTrue(memory.at("launches").asInt() > 10, memory.toString());
            assertFalse(memory.at("validated").asBoolean());
        });
        at(dir.toString(), () -> Run.of("kernels", "sam2-memory").failedWith(ExitCode.FAILED, "--weights FILE"));
    }

    /** With the program's home there. */
    private static void at(String folder, Runnable call) {
        String home = System.getProperty(Golden.HOME);
        System.setProperty(Golden.HOME, folder);
        try {
            call.run();
        } finally {
            if (home == null) {
                System.clearProperty(Golden.HOME);
            } else {
                System.setProperty(Golden.HOME, home);
            }
        }
    }

    /** Its tail reads what launches before it counted: nothing that they leave may lead astray. */
    @Test
    void aDetector() {
        Path net = dir.resolve("rcnn.safetensors");
        Safetensors.write(net, SmallRcnns.torchvision(4, true), Map.of());
        detector("kernels", "maskrcnn", "--weights", net, "--size", "64x96", "--json");
    }

    @Test
    @EnabledIfSystemProperty(named = "kerf.test.wide", matches = "true")
    void aDetectorOfTheUsualSize() {
        at("src/kerf-check/src/test/resources", () -> detector("kernels", "maskrcnn", "--json"));
    }

    private static void detector(Object... call) {
        Json detector = Json.parse(Run.of(call).succeeded().out());
        assertTrue(detector.at("launches").asInt() > 60, detector.toString());
    }

    @Test
    void whatIsntKnownIsSaid() {
        Run.of("kernels", "yolo").failedWith(ExitCode.USAGE, "'yolo'",
                "unet, maskrcnn, sam2-encoder, sam2-decoder, sam2-frame");
        Run.of("kernels", "unet", "--card", "b999").failedWith(ExitCode.USAGE, "b999", "h100", "rtx4090");
        Path net = Run.unet(dir.resolve("net.safetensors"), 3, 2, false);
        Run.of("kernels", "maskrcnn", "--weights", net).failedWith(ExitCode.FAILED,
                "holds a model of kind 'unet', not 'maskrcnn'");
        Run.of("kernels", "unet", "--weights", net, "--card", "t4", "--precision", "tf32").failedWith(ExitCode.FAILED, "tf32",
                "float16");
    }
}
