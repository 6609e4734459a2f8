package dev.kerf.backend.gpu.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.error.KerfException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Machines without a driver, a GPU, or a new enough driver: a reason in plain words. Each in a process of its own. */
class CudaAbsenceTest {
    private static final String STAND_IN = "dev.kerf.backend.gpu.cuda.StandIn#found";

    /** Prints why the back end can't start, or its devices. */
    static final class Ask {
        private Ask() {}

        public static void main(String[] args) {
            try {
                System.out.println("devices: " + Backends.named("cuda").devices());
                Backends.open("cuda:0").close();
                System.out.println("opened");
                Backends.open("cuda:7");
            } catch (KerfException e) {
                System.out.println("reason: " + e.getMessage());
            }
            for (Backends.Finding f : Backends.survey()) {
                System.out.println(f.name() + " " + (f.reason() == null));
            }
        }
    }

    private static String ask(Map<String, String> environment, String... flags) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "--add-modules", "jdk.incubator.vector", "-cp",
                System.getProperty("java.class.path")));
        command.addAll(List.of(flags));
        command.add(Ask.class.getName());
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().putAll(environment);
        try {
            Process process = builder.start();
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(0, process.waitFor(), out);
            return out;
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void assertReason(String out, String... parts) {
        assertTrue(out.contains("reason: cuda: ") && out.contains("cuda false") && out.contains("cpu true"), out);
        for (String part : parts) {
            assertTrue(out.contains(part), out);
        }
    }

    @Test
    void noLibrary() {
        assertReason(ask(Map.of(), "-Dkerf.cuda.library=libnosuchcuda.so.1"), "libnosuchcuda.so.1",
                "install NVIDIA's driver");
        assertReason(ask(Map.of("KERF_CUDA_LIBRARY", "libnosuchcuda.so.2")), "libnosuchcuda.so.2");
    }

    @Test
    void notCuda() {
        assertReason(ask(Map.of(), "-Dkerf.cuda.library=libc.so.6"), "it has no function cuInit");
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void functionMissing(StandIn standIn) {
        Path old = StandIn.compile("standin_without_graphs", "-DSTANDIN_WITHOUT_GRAPHS");
        assertReason(ask(Map.of(), "-Dkerf.cuda.library=" + old),
                "it has no function cuGraphCreate", "520.61");
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void driverTooOld(StandIn standIn) {
        assertReason(askStandIn(Map.of("KERF_STANDIN", "version=11040")),
                "the NVIDIA driver is too old: it is for CUDA 11.4, Kerf needs one for CUDA 11.8 or newer");
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void noGpu(StandIn standIn) {
        assertReason(askStandIn(Map.of("KERF_STANDIN", "devices=0")), "finds no GPU", "CUDA_VISIBLE_DEVICES");
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void driverBroken(StandIn standIn) {
        // The fault comes once; asked again it starts.
        Map.of("34", "toolkit's stub", "803", "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
                "999", "CUDA_ERROR_UNKNOWN (999) in cuInit")
                .forEach((status, text) -> {
                    String out = askStandIn(Map.of("KERF_STANDIN_FAULT", "cuInit:0:" + status));
                    assertTrue(out.contains("reason: cuda: ") && out.contains(text) && out.contains("cuda true"), out);
                });
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void deviceFound(StandIn standIn) {
        String out = askStandIn(Map.of("KERF_STANDIN", "version=12040,major=7,minor=5"));
        assertTrue(out.contains("name=" + StandIn.DEVICE), out);
        assertTrue(out.contains("driver=CUDA 12.4") && out.contains("opened"), out);
        assertTrue(out.contains("reason: cuda: there is no device 7, only [cuda:0 " + StandIn.DEVICE + "]"), out);
        assertTrue(out.contains("cuda true"), out);
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void olderDriverTellsNoParameters(StandIn standIn) {
        Path old = StandIn.compile("standin_old", "-DSTANDIN_OLD");
        String out = ask(Map.of("KERF_STANDIN", "version=11080,pools=0"), "-Dkerf.cuda.library=" + old);
        assertTrue(out.contains("driver=CUDA 11.8") && out.contains("opened"), out);
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void imagesMisnamed(StandIn standIn) {
        String out = askStandIn(Map.of(), "-Dkerf.cuda.images=no.such.Images");
        assertTrue(out.contains("reason: cuda: kerf.cuda.images names no.such.Images"), out);
    }

    private static String askStandIn(Map<String, String> environment, String... flags) {
        List<String> all = new ArrayList<>(List.of(flags));
        all.add("-Dkerf.cuda.library=" + StandIn.compile("standin_absence"));
        return ask(environment, all.toArray(String[]::new));
    }
}
