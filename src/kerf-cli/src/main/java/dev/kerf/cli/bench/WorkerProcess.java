package dev.kerf.cli.bench;

import dev.kerf.check.golden.Golden;
import dev.kerf.cli.console.Task;
import dev.kerf.error.BadFileException;
import dev.kerf.json.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A {@link BenchWorker} in a JVM of its own, with this one's flags and class path. */
final class WorkerProcess implements AutoCloseable {
    /** What compiling and warming up may take besides, at most. */
    private static final Duration SPARE = Duration.ofMinutes(5);

    private final Process process;
    private final BufferedReader answers;
    private final Task<String> said;

    WorkerProcess() {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        String home = System.getProperty(Golden.HOME);
        if (home != null) {
            command.add("-D" + Golden.HOME + "=" + home);
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), BenchWorker.class.getName()));
        try {
            process = new ProcessBuilder(command).start();
        } catch (IOException e) {
            throw new BadFileException("a process to measure in can't be started: " + e.getMessage(), e);
        }
        answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        said = Task.start(() -> {
            try {
                return new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    boolean alive() {
        return process.isAlive();
    }

    /** Asks and waits for the answer: {@code {"error": …}} too where the process ends without one, or is stuck. */
    Json ask(Request request) {
        Duration limit = SPARE.plus(request.limit().multipliedBy(4));
        Thread watch = Thread.ofVirtual().start(() -> {
            try {
                Thread.sleep(limit);
                process.destroyForcibly();
            } catch (InterruptedException e) {
                // It has answered.
                return;
            }
        });
        String line = null;
        try {
            OutputStream in = process.getOutputStream();
            in.write((request.json() + "\n").getBytes(StandardCharsets.UTF_8));
            in.flush();
            line = answers.readLine();
        } catch (IOException e) {
            // It has ended: what it said tells why.
            process.destroyForcibly();
        } finally {
            watch.interrupt();
        }
        if (line != null) {
            return Json.parse(line, "the answer of a process that measures");
        }
        List<String> lines = said.get().lines().toList();
        return Json.object().put("error", "the process that measures ended, or was ended after " + limit.toSeconds() + " s"
                + (lines.isEmpty() ? "" : ": " + lines.getLast()));
    }

    /** Ends it. */
    @Override
    public void close() {
        process.destroyForcibly();
        said.settle();
    }
}
