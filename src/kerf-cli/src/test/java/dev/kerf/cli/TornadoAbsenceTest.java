package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kerf.backend.gpu.tornado.TornadoDevices;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Builds and runtimes without TornadoVM: {@code kerf devices} says what is missing, and shows the rest. */
class TornadoAbsenceTest {
    private static final String SERVICE = "META-INF/services/" + TornadoDevices.class.getName();

    @TempDir
    private Path dir;

    /** What {@code kerf devices} says in a process of its own. */
    private static String devices(List<String> flags, String classPath, Map<String, String> environment) throws Exception {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(flags);
        command.addAll(List.of("--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-cp", classPath,
                "dev.kerf.cli.Main", "devices"));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().putAll(environment);
        Process p = builder.start();
        String said = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, p.waitFor(), said);
        assertTrue(said.contains("cpu:0"), said);
        return said;
    }

    private static String withoutTornado() throws IOException {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(p -> !Files.exists(Path.of(p).resolve(SERVICE)))
                .collect(Collectors.joining(File.pathSeparator));
    }

    @Test
    void aBuildWithoutTheSdk() throws Exception {
        String said = devices(List.of(), withoutTornado(), Map.of());
        assertTrue(said.contains("tornado  can't start: tornado: this build has no TornadoVM; get an SDK"), said);
        assertTrue(said.contains("set TORNADOVM_HOME to it and build Kerf again"), said);
    }

    @Test
    void aRuntimeWithoutItsFlags() throws Exception {
        Path service = dir.resolve(SERVICE);
        Files.createDirectories(service.getParent());
        Files.writeString(service, "no.such.Class");
        String said = devices(List.of(), withoutTornado() + File.pathSeparator + dir, Map.of());
        assertTrue(said.contains("tornado  can't start: tornado: this Java runtime was started without TornadoVM"), said);
        assertTrue(said.contains("java @$TORNADOVM_HOME/tornado-argfile"), said);
    }

    @Test
    void aMachineWithoutADevice() throws Exception {
        Path sdk = Path.of(System.getenv().getOrDefault("TORNADOVM_HOME", dir.toString()));
        assumeTrue(Files.exists(sdk.resolve("tornado-argfile")), "TORNADOVM_HOME names no SDK of TornadoVM");
        String said = devices(List.of("@" + sdk.resolve("tornado-argfile")), System.getProperty("java.class.path"),
                Map.of("OCL_ICD_VENDORS", dir.toString(), "OCL_ICD_FILENAMES", ""));
        assertTrue(said.contains("tornado  can't start: tornado: "), said);
        assertTrue(said.contains("No OpenCL platforms found"), said);
    }
}
