package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.gpu.cuda.SourceImages;
import dev.kerf.backend.gpu.cuda.StandIn;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/**
 * JCuda's library is bound to the libcuda.so.1 that the dynamic loader finds when the process starts to use it, so each test is
 * a process of its own with another one: the stand-in, or a file that is none.
 */
class JcudaBackendTest {
    private static final Path LIBCUDA = Path.of("libcuda.so.1");

    @TempDir
    private Path dir;

    private record Ended(int code, String said) {}

    private Ended kerf(Map<String, String> environment, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED",
                "-Dkerf.cuda.images=" + SourceImages.class.getName()));
        command.addAll(Run.SOON_DONE);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "dev.kerf.cli.Main"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("LD_LIBRARY_PATH", dir.toString());
        builder.environment().putAll(environment);
        Process p = builder.start();
        String said = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Ended(p.waitFor(), said.replace("WARNING: Using incubator modules: jdk.incubator.vector\n", ""));
    }

    private void standIn() throws IOException {
        Files.copy(StandIn.compile("jcuda"), dir.resolve(LIBCUDA), StandardCopyOption.REPLACE_EXISTING);
    }

    private static String line(Ended ended) {
        return ended.said.lines().filter(l -> l.startsWith("jcuda")).findFirst().orElseThrow(
                () -> new AssertionError(ended.said));
    }

    @Test
    void saysWhatIsMissing() throws Exception {
        Files.writeString(dir.resolve(LIBCUDA), "");
        Ended devices = kerf(Map.of(), "devices");
        assertEquals(0, devices.code);
        assertTrue(line(devices).startsWith("jcuda  can't start: jcuda: JCuda's native library can't be loaded ("),
                line(devices));
        assertTrue(line(devices).contains("libcuda.so.1: file too short); it needs NVIDIA's driver, 525.60 or newer"),
                line(devices));
        Ended asked = kerf(Map.of(), "selftest", "--backend", "jcuda", "--only", "threads");
        assertEquals(1, asked.code);
        assertEquals("kerf: " + line(devices).replace("jcuda  can't start: ", ""), asked.said.strip());
    }

    @Test
    @EnabledIf("dev.kerf.backend.gpu.cuda.StandIn#works")
    void refusesDriversThatAreTooOldAndMachinesWithoutGpu() throws Exception {
        standIn();
        String old = line(kerf(Map.of("KERF_STANDIN", "version=11080"), "devices"));
        assertTrue(old.contains("the NVIDIA driver is too old: it is for CUDA 11.8, JCuda 12.6 needs one for CUDA 12.0"), old);
        String none = line(kerf(Map.of("KERF_STANDIN", "devices=0"), "devices"));
        assertTrue(none.contains("the NVIDIA driver finds no GPU"), none);
    }

    /** Threads, CUDA graphs, transfers, a whole network: all by way of JCuda's own library. */
    @Test
    @EnabledIf("dev.kerf.backend.gpu.cuda.StandIn#works")
    void passesTheSelfTestOverTheStandIn() throws Exception {
        standIn();
        assertEquals("jcuda:0  Kerf stand-in (GPU)", line(kerf(Map.of(), "devices")));
        Ended test = kerf(Map.of(), "selftest", "--backend", "jcuda", "--only", "threads,goldens", "--goldens",
                "src/kerf-check/src/test/resources/goldens/unet-quick");
        assertEquals(0, test.code, test.said);
        assertTrue(test.said.contains("all 3 checks passed"), test.said);
    }

    @Test
    @EnabledIf("dev.kerf.backend.gpu.cuda.StandIn#works")
    void namesCallsThatFail() throws Exception {
        standIn();
        Map<String, String> faults = Map.of(
                "cuMemAlloc:3:2", "cuMemAlloc of ",
                "cuModuleLoadDataEx:0:218", "cuModuleLoadDataEx of kernel ",
                "cuGraphInstantiate:0:2", "cuGraphInstantiate of ",
                "cuGraphAddKernelNode:2:2", "cuGraphAddKernelNode of kernel ");
        for (Map.Entry<String, String> fault : faults.entrySet()) {
            Ended test = kerf(Map.of("KERF_STANDIN_FAULT", fault.getKey()), "selftest", "--backend", "jcuda", "--only",
                    "threads");
            assertEquals(1, test.code, test.said);
            assertTrue(test.said.contains(fault.getValue()) && test.said.contains(" on Kerf stand-in"), test.said);
        }
    }

    @Test
    void isFoundLikeAllOthers() {
        assertEquals("jcuda", Backends.named("jcuda").name());
        assertTrue(Backends.named("jcuda").priority() < Backends.named("opencl").priority());
        assertTrue(Backends.named("jcuda").priority() > Backends.named("cpu").priority());
    }
}
