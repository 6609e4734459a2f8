package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.cli.console.ExitCode;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Safetensors;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code kerf diff} of an ONNX model, node by node: against what ONNX Runtime 1.30.0 made of it ({@code onnx_values.py}). */
class NodeDiffTest {
    private static final Path NET = Path.of("src/kerf-check/src/test/resources/onnx/tiny-yolo-seg@ts14").toAbsolutePath();

    @TempDir
    private Path dir;

    private static Run diff(Object reference, Object... more) {
        return Run.of(Stream.concat(Stream.of("diff", NET.resolve("model.onnx"), "--input", NET.resolve("input_0.npz"),
                "--reference", reference), Stream.of(more)).toArray());
    }

    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void everyNodeGivesWhatOnnxRuntimeGives(String device) {
        String out = diff(NET.resolve("values.safetensors"), "--backend", device).succeeded().out();
        assertTrue(out.contains("is off by more than 1.00e-04 from onnxruntime 1.30.0"), out);
        assertTrue(out.contains("outputs as the network is compiled:"), out);
        String all = diff(NET.resolve("values.safetensors"), "--backend", device, "--all", "--tolerance", "1e-5").succeeded()
                .out();
        assertTrue(all.lines().filter(l -> l.endsWith("  ok")).count() > 100, all);
        assertEquals(0, all.lines().filter(l -> l.endsWith("FAILED")).count());
    }

    /** One number of the reference in the middle is another, and so is one behind. */
    @Test
    void theFirstNodeThatIsOffIsNamed() {
        Map<String, HostTensor> values = new LinkedHashMap<>();
        try (Weights w = Weights.open(NET.resolve("values.safetensors"))) {
            w.names().forEach(n -> values.put(n, w.tensor(n).to(w.tensor(n).dtype())));
            for (String name : new String[] {"/c/c.0/Conv_output_0", "/sp1/sp1.0/Conv_output_0"}) {
                float[] v = values.get(name).toFloatArray();
                v[7] += 0.5f;
                values.put(name, HostTensor.of(values.get(name).shape(), v));
            }
            Safetensors.write(dir.resolve("other.safetensors"), values, Map.of());
        }
        Run run = diff(dir.resolve("other.safetensors"), "--backend", "cpu");
        assertEquals(ExitCode.FAILED, run.code());
        assertTrue(run.out().contains("other.safetensors: /c/c.0/Conv_output_0, Conv \"/c/c.0/Conv\" F32[1, 8, 4, 4]"),
                run.out());
        assertEquals(2, run.out().lines().filter(l -> l.endsWith("FAILED")).count(), run.out());
        assertTrue(run.out().contains("5.00e-01"), run.out());
    }

    @Test
    void whatIsMissingIsOneLine() {
        Path model = NET.resolve("model.onnx");
        Path input = NET.resolve("input_0.npz");
        Run python = Run.of("diff", model, "--input", input, "--backend", "cpu", "--python", dir.resolve("nowhere"));
        assertTrue(python.err().startsWith("kerf: ONNX Runtime's results can't be had of Python: "), python.err());
        assertTrue(python.err().contains("--reference"), python.err());
        Run two = Run.of("diff", model, "--input", input, "--input", input, "--backend", "cpu");
        assertTrue(two.err().contains("--input is given 2 times"), two.err());
        Run other = Run.of("diff", model, "--input", input, "--backend", "cpu", "--reference", input);
        assertEquals(ExitCode.FAILED, other.code(), other.err());
        for (Run run : new Run[] {Run.of("diff", model, model, "--input", input), Run.of("diff", model, model, "--all"),
            Run.of("diff", model, "--input", input, "--tolerance", "-1")}) {
            assertEquals(ExitCode.USAGE, run.code(), run.err());
        }
        for (Run run : new Run[] {python, two, other}) {
            assertEquals(1, run.err().strip().lines().count(), run.err());
        }
    }
}
