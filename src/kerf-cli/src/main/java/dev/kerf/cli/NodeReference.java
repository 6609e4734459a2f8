package dev.kerf.cli;

import dev.kerf.cli.bench.Peer;
import dev.kerf.cli.console.Task;
import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.file.AtomicFile;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What another engine makes of every node of an ONNX model.
 *
 * @param engine whose results these are
 * @param values by name
 */
record NodeReference(String engine, Map<String, HostTensor> values) {
    private static final String SCRIPT = "onnx_values.py";
    private static final Path PYTHON = Path.of("python3");

    /** Of a file that the script or somebody else made: tensors under the names of nodes' results. */
    static NodeReference of(Path file) {
        try (Weights w = Weights.open(file)) {
            Map<String, HostTensor> values = new LinkedHashMap<>();
            w.names().forEach(n -> values.put(n, copy(w.tensor(n))));
            return new NodeReference(w.metadata().getOrDefault("engine", file.toString()), values);
        }
    }

    private static HostTensor copy(HostTensor t) {
        HostTensor out = HostTensor.zeros(t.dtype(), t.shape());
        out.data().copyFrom(t.data());
        return out;
    }

    /**
     * Of ONNX Runtime: the one on the class path, else that of a Python.
     *
     * @param inputs by name, in the model's order
     * @param python the interpreter; none for ONNX Runtime on the class path, or else {@code python3}
     * @throws BadInputException if there is no ONNX Runtime
     */
    static NodeReference of(Path model, Map<String, HostTensor> inputs, Path python) {
        Optional<Peer> peer = Peer.all().stream().filter(p -> p.name().equals("onnxruntime")).findFirst();
        return python == null && peer.isPresent()
                ? new NodeReference("onnxruntime " + peer.get().version(), peer.get().values(model, inputs))
                : ofPython(model, inputs, python == null ? PYTHON : python);
    }

    private static NodeReference ofPython(Path model, Map<String, HostTensor> inputs, Path python) {
        Path folder = null;
        try (InputStream script = NodeReference.class.getResourceAsStream(SCRIPT)) {
            folder = Files.createTempDirectory("kerf-diff");
            Path target = folder.resolve("values.safetensors");
            List<String> command = new ArrayList<>(List.of(python.toString(), "-B", folder.resolve(SCRIPT).toString(),
                    model.toAbsolutePath().toString(), target.toString()));
            AtomicFile.write(folder.resolve(SCRIPT), script.readAllBytes());
            for (HostTensor t : inputs.values()) {
                Path file = folder.resolve(command.size() + ".npy");
                t.writeNpy(file);
                command.add(file.toString());
            }
            run(command);
            return of(target);
        } catch (IOException e) {
            throw new BadFileException("no room for a program of Python: " + e.getMessage(), e);
        } finally {
            empty(folder);
        }
    }

    /** Of the errors the last line is what Python says of them. */
    private static void run(List<String> command) {
        String said;
        try {
            Process process = new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
            Task<String> errors = Task.start(() -> {
                try {
                    return new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            if (process.waitFor() == 0) {
                return;
            }
            said = errors.get().strip().lines().reduce("it ended with " + process.exitValue(), (_, last) -> last);
        } catch (IOException e) {
            said = e.getMessage();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            said = "interrupted";
        }
        throw new BadInputException("ONNX Runtime's results can't be had of Python: " + said
                + "; --python names an interpreter with onnx and onnxruntime, --reference a file of its results");
    }

    private static void empty(Path folder) {
        if (folder == null) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
            Files.delete(folder);
        } catch (IOException e) {
            folder.toFile().deleteOnExit();
        }
    }
}
