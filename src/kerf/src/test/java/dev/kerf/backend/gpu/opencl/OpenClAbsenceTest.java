package dev.kerf.backend.gpu.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.error.BackendUnavailableException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Machines without OpenCL: a reason in plain words. Each runs in a process of its own, for a loader looks only once. */
class OpenClAbsenceTest {
    /** Prints why the back end can't start. */
    static final class Ask {
        private Ask() {}

        public static void main(String[] args) {
            try {
                System.out.println("devices: " + Backends.named("opencl").devices());
            } catch (BackendUnavailableException e) {
                System.out.println("reason: " + e.getMessage());
            }
            for (Backends.Finding f : Backends.survey()) {
                System.out.println(f.name() + " " + (f.reason() == null));
            }
        }
    }

    private static String ask(Map<String, String> environment, String... flags) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--enable-native-access=ALL-UNNAMED",
                "--add-modules", "jdk.incubator.vector", "-cp", System.getProperty("java.class.path")));
        command.addAll(List.of(flags));
        command.add(Ask.class.getName());
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().putAll(environment);
        Process process = builder.start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), out);
        return out;
    }

    @Test
    void noLibrary() throws IOException, InterruptedException {
        String out = ask(Map.of(), "-Dkerf.opencl.library=libNoSuchOpenCL.so.1");
        assertTrue(out.contains("reason: opencl: libNoSuchOpenCL.so.1 not found"), out);
        assertTrue(out.contains("ocl-icd-libopencl1") && out.contains("pocl-opencl-icd"), out);
        assertTrue(out.contains("opencl false") && out.contains("cpu true"), out);
    }

    @Test
    void theEnvironmentNamesTheLibrary() throws IOException, InterruptedException {
        String out = ask(Map.of("KERF_OPENCL_LIBRARY", "libNoSuchOpenCL.so.2"));
        assertTrue(out.contains("reason: opencl: libNoSuchOpenCL.so.2 not found"), out);
    }

    @Test
    void notOpenCl() throws IOException, InterruptedException {
        String out = ask(Map.of(), "-Dkerf.opencl.library=libc.so.6");
        assertTrue(out.contains("reason: opencl: libc.so.6 not found (it has no function clGetPlatformIDs)"), out);
    }

    @Test
    void noPlatform() throws IOException, InterruptedException {
        String out = ask(Map.of("OCL_ICD_VENDORS", "/nonexistent", "OCL_ICD_FILENAMES", ""));
        // Where even the loader is missing, the reason is that one.
        assertTrue(out.contains("CL_PLATFORM_NOT_FOUND_KHR") || out.contains("libOpenCL.so.1 not found"), out);
        assertTrue(out.contains("reason: opencl: ") && out.contains("pocl-opencl-icd"), out);
    }
}
