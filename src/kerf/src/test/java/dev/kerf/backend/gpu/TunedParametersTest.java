package dev.kerf.backend.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.kernel.Sizes;
import dev.kerf.error.BadFileException;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TunedParametersTest {
    private static final Driver.Facts FACTS = new Driver.Facts(
            new Device.Info("test", 0, Device.Info.Kind.GPU, "Acme (R) GPU-9", "Acme Inc.", "1", 1, 1, 1,
                    List.of(Precision.FLOAT32)),
            "ac_90", 64, 128, 1 << 15, false);

    private static void write(Path folder, String file, String when, int group) throws IOException {
        Files.writeString(folder.resolve(file), "{\"unary\": [{\"when\": \"" + when
                + "\", \"parameters\": {\"GROUP\": " + group + "}}]}");
    }

    private static int group(Path folder, long inner) {
        GraphBuilder g = new GraphBuilder();
        g.output("y", g.relu(g.input("x", TensorType.f32(inner))));
        Target target = new Target(FACTS, g.build(), Precision.FLOAT32, TunedParameters.of(FACTS, folder),
                Target.Forced.NONE);
        return target.call("unary", Sizes.of().set("N", 1).set("inner", inner)).parameter("GROUP");
    }

    @Test
    void theNearestTierThatKnowsTheSizesWins(@TempDir Path folder) throws IOException {
        assertEquals(64, group(folder, 1000));
        write(folder, "default.json", "1", 32);
        assertEquals(32, group(folder, 1000));
        write(folder, "acme_inc_.json", "inner > 100", 128);
        assertEquals(128, group(folder, 1000));
        assertEquals(32, group(folder, 100));
        write(folder, "ac_90.json", "inner > 500", 64);
        assertEquals(64, group(folder, 1000));
        assertEquals(128, group(folder, 500));
        write(folder, "acme_r_gpu_9.json", "inner == 1000", 32);
        assertEquals(32, group(folder, 1000));
        assertEquals(64, group(folder, 999));
    }

    /** NVIDIA's OpenCL says "NVIDIA Corporation", its CUDA driver "NVIDIA": both find nvidia.json, which is shipped. */
    @ParameterizedTest
    @ValueSource(strings = {"NVIDIA Corporation", "NVIDIA"})
    void aVendorIsKnownByItsFirstWord(String vendor, @TempDir Path folder) throws IOException {
        Driver.Facts facts = new Driver.Facts(new Device.Info("opencl", 0, Device.Info.Kind.GPU, "NVIDIA H200", vendor, "1", 1,
                1, 1, List.of(Precision.FLOAT32)), "", 64, 1024, 1 << 15, false);
        assertEquals(Map.of("TILE_K", 16L), TunedParameters.of(facts, folder).of("conv2d", Map.of()));
        write(folder, "nvidia.json", "1", 32);
        assertEquals(Map.of("GROUP", 32L), TunedParameters.of(facts, folder).of("unary", Map.of()));
        assertEquals(Map.of(), TunedParameters.of(FACTS, folder).of("conv2d", Map.of()));
    }

    @Test
    void valuesThatTheKernelCannotHaveAreNotUsed(@TempDir Path folder) throws IOException {
        write(folder, "default.json", "1", 48);
        assertEquals(64, group(folder, 1000));
        // More than this device's groups can have: a constraint of the kernel.
        write(folder, "default.json", "1", 256);
        assertEquals(64, group(folder, 1000));
    }

    @Test
    void aMalformedFileIsNamed(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("default.json"), "{\"unary\": [");
        assertTrue(assertThrows(BadFileException.class, () -> group(folder, 1)).getMessage().contains("default.json"));
        write(folder, "default.json", "inner >", 32);
        assertTrue(assertThrows(BadFileException.class, () -> group(folder, 1)).getMessage().contains("inner >"));
        assertEquals(Map.of(), TunedParameters.of(FACTS, folder.resolve("none")).of("unary", Map.of()));
    }
}
