package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.cli.console.ExitCode;
import dev.kerf.json.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServeCommandTest {
    @TempDir
    private Path dir;

    private Process serve(Object... more) throws IOException {
        List<String> call = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-cp",
                System.getProperty("java.class.path"), "dev.kerf.cli.Main", "serve"));
        for (Object o : more) {
            call.add(o.toString());
        }
        ProcessBuilder builder = new ProcessBuilder(call);
        // With which the JVM would begin by saying so.
        builder.environment().remove("JAVA_TOOL_OPTIONS");
        return builder.start();
    }

    /** From the command to a mask and to a signal that ends it. */
    @Test
    void aPageAndAService() throws IOException, InterruptedException {
        Path samples = Path.of("src/main/samples").toAbsolutePath();
        Process process = serve(samples, "--no-browser", "--backend", "cpu", "--work", dir.resolve("work"));
        try (BufferedReader said = process.inputReader(StandardCharsets.UTF_8);
                HttpClient http = HttpClient.newHttpClient()) {
            String url = said.readLine();
            assertTrue(url.matches("http://127\\.0\\.0\\.1:\\d+/[A-Za-z0-9_-]{24}/"), url);
            assertTrue(http.send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.ofString()).body()
                    .contains("<title>Kerf"));
            Json opened = post(http, url + "api/images", "{\"path\": \"tissue-1.png\"}");
            Json masks = post(http, url + "api/images/" + opened.at("id").asString() + "/prompt", "{\"points\": [[200, 200]]}");
            assertEquals(3, masks.at("masks").size());
            // Process.destroy would close what it says, too.
            process.toHandle().destroy();
            assertTrue(process.waitFor(5, TimeUnit.MINUTES));
            // Of a process that SIGTERM ended.
            assertEquals(128 + 15, process.exitValue());
            String notes = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
            List<String> own = notes.lines().filter(l -> !l.startsWith("WARNING: Using incubator modules")).toList();
            assertTrue(own.size() == 1 && own.getFirst().startsWith("kerf: a click selects a region of "), notes);
        } finally {
            process.destroyForcibly();
        }
        assertEquals(List.of(), Run.files(dir), "nothing was sent, nothing is kept");
    }

    private static Json post(HttpClient http, String url, String json) throws IOException, InterruptedException {
        return Json.parse(http.send(HttpRequest.newBuilder(URI.create(url)).header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(json)).build(), BodyHandlers.ofString()).body());
    }

    @Test
    void whatCannotBeServedIsOneLine() throws IOException {
        Run.of("serve", dir, "--host", "0.0.0.0").failedWith(ExitCode.USAGE, "--token");
        Run.of("serve", dir, "--host", "0.0.0.0", "--token", "short").failedWith(ExitCode.USAGE, "16 characters");
        Run.of("serve", dir.resolve("none"), "--backend", "cpu").failedWith(ExitCode.FAILED, "there is no such folder");
        Path net = Run.unet(dir.resolve("net.safetensors"), 3, 2, false);
        Run.of("serve", dir, "--weights", net, "--weights", net, "--backend", "cpu").failedWith(ExitCode.FAILED,
                "second network of its kind");
        Run.of("serve", net, "--backend", "cpu").failedWith(ExitCode.FAILED, "is no folder");
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            Run.of("serve", dir, "--port", taken.getLocalPort(), "--backend", "cpu").failedWith(ExitCode.FAILED,
                    "can't listen at 127.0.0.1 port " + taken.getLocalPort(), "--port 0");
        }
        Run.of("serve", dir, dir).failedWith(ExitCode.USAGE);
    }
}
