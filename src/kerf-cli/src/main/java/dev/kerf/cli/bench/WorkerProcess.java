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

/** A process that is asked by a line on its standard input and answers by a line on its standard output. */
final class WorkerProcess implements Worker {
    private final Process process;
    private final BufferedReader answers;
    private final Task<String> said;

    /**
     * Starts it.
     *
     * @throws BadFileException if that can't be
     */
    WorkerProcess(List<String> command) {
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

    /** A {@link BenchWorker} in a JVM of its own, with this one's flags and class path. */
    static WorkerProcess java() {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        String home = System.getProperty(Golden.HOME);
        if (home != null) {
            command.add("-D" + Golden.HOME + "=" + home);
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), BenchWorker.class.getName()));
        return new WorkerProcess(command);
    }

    @Override
    public boolean alive() {
        return process.isAlive();
    }

    @Override
    public Json ask(Json request, Duration limit) {
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
            in.write((request + "\n").getBytes(StandardCharsets.UTF_8));
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
        List<String> lines = said.get().lines().filter(l -> !l.startsWith("WARNING: Using incubator")).toList();
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
