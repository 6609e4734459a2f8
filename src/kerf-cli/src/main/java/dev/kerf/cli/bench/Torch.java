package dev.kerf.cli.bench;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.check.SampleInputs;
import dev.kerf.error.BadFileException;
import dev.kerf.file.AtomicFile;
import dev.kerf.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * PyTorch as a peer: a Python process that is told the graph as it was recorded, with its weights and inputs, and times it itself,
 * by the rules of {@link BenchWorker} and in its form. Where Python or torch isn't there, the answer says so.
 */
final class Torch {
    /** On the host's processors. */
    static final String NAME = "torch";
    /** On the first GPU that PyTorch's CUDA finds. */
    static final String CUDA = NAME + ":cuda";
    /** The interpreter where none is named. */
    static final Path PYTHON = Path.of("python3");

    private static final List<String> SOURCES = List.of("torch_engine.py", "torch_ops.py");
    private static final Duration IMPORT = Duration.ofMinutes(2);

    private Torch() {}

    static boolean is(String engine) {
        return engine.equals(NAME) || engine.equals(CUDA);
    }

    /**
     * The CPU, and a GPU if that PyTorch finds one; where there is no PyTorch, the CPU's rows say why.
     *
     * @param absent told why there is none
     */
    static List<Engine> engines(Path python, Consumer<String> absent) {
        Engine cpu = new Engine(NAME, true, true, Device.Info.Kind.CPU, List.of(Precision.FLOAT32));
        try (Worker worker = worker(python)) {
            Json found = worker.ask(Json.object().put("probe", true), IMPORT);
            found.find("error").ifPresent(e -> absent.accept(e.asString()));
            return found.find("cuda").filter(Json::asBoolean).isPresent()
                    ? List.of(cpu, new Engine(CUDA, true, false, Device.Info.Kind.GPU, List.of(Precision.values())))
                    : List.of(cpu);
        } catch (BadFileException e) {
            absent.accept(e.getMessage());
            return List.of(cpu);
        }
    }

    /** A process that answers; its program and the graphs lie in a folder that goes with it. */
    static Worker worker(Path python) {
        Path folder;
        try {
            folder = Files.createTempDirectory("kerf-torch");
            // Where this process is ended, too; the last of these is deleted first.
            folder.toFile().deleteOnExit();
            for (String file : Stream.concat(SOURCES.stream(), Program.FILES.stream()).toList()) {
                folder.resolve(file).toFile().deleteOnExit();
            }
            for (String source : SOURCES) {
                try (InputStream in = Torch.class.getResourceAsStream(source)) {
                    AtomicFile.write(folder.resolve(source), in.readAllBytes());
                }
            }
        } catch (IOException e) {
            throw new BadFileException("no room for a program of Python: " + e.getMessage(), e);
        }
        Worker process;
        try {
            process = new WorkerProcess(List.of(python.toString(), "-B", folder.resolve(SOURCES.getFirst()).toString()));
        } catch (BadFileException e) {
            empty(folder);
            throw new BadFileException("PyTorch is absent: " + e.getMessage() + "; --python names an interpreter that has it",
                    e);
        }
        return new Worker() {
            @Override
            public Json ask(Json request, Duration limit) {
                return process.ask(request, limit);
            }

            @Override
            public Json ask(Request r) {
                Json request = r.json().put("program", folder.toString()).put("batch", r.workload().batch())
                        .put("alone", r.workload().what().equals(Workload.NETWORK));
                try (Workload.Opened work = r.workload().open()) {
                    Program.write(work.graph(), work.weights(), SampleInputs.of(work.graph()), folder);
                    request.put("compared", work.compared());
                }
                return ask(request, r.patience());
            }

            @Override
            public boolean alive() {
                return process.alive();
            }

            @Override
            public void close() {
                process.close();
                empty(folder);
            }
        };
    }

    private static void empty(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
            Files.delete(folder);
        } catch (IOException e) {
            // When this process ends it is tried again.
            return;
        }
    }
}
