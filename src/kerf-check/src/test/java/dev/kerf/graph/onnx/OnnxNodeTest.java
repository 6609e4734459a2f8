package dev.kerf.graph.onnx;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.error.KerfException;
import dev.kerf.error.UnsupportedOpException;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.onnx.OnnxFile;
import dev.kerf.weights.onnx.OnnxTensor;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * ONNX's own tests of single operators, from a folder that {@code -Dkerf.test.onnx.nodes} names: what
 * {@code backend-test-tools generate-data} of the package {@code onnx} writes. With {@code -Dkerf.test.onnx.backend} on another
 * back end than cpu; a table of what passed, failed and was refused by operator goes to {@code -Dkerf.test.onnx.report}.
 */
@EnabledIfSystemProperty(named = "kerf.test.onnx.nodes", matches = ".+")
class OnnxNodeTest {
    /** Of the largest number; or what ONNX's own runner allows, since some of its tests have numbers of four digits. */
    private static final double BOUND = 1e-4;
    private static final double OF_EACH = 1e-3;

    /** Where ONNX Runtime and torch give the same as Kerf: they count from the rounded extent of the result, the test doesn't. */
    private static final Set<String> OTHERWISE = Set.of("test_resize_downsample_scales_cubic_align_corners",
            "test_resize_downsample_scales_linear_align_corners");

    private record Result(String operator, String test, String outcome, String why) {}

    @Test
    void operatorsComputeWhatTheirTestsSay() throws IOException {
        List<Path> tests;
        try (Stream<Path> all = Files.list(Path.of(System.getProperty("kerf.test.onnx.nodes")))) {
            String only = System.getProperty("kerf.test.onnx.only", "");
            tests = all.filter(p -> Files.exists(p.resolve("model.onnx"))).filter(p -> p.toString().contains(only)).sorted()
                    .toList();
        }
        List<Result> results = new ArrayList<>();
        try (Device device = Backends.open(System.getProperty("kerf.test.onnx.backend", "cpu"))) {
            tests.forEach(t -> results.add(test(device, t)));
        }
        write(results);
        assertTrue(results.stream().anyMatch(r -> r.outcome.equals("passed")), "nothing was run");
        List<Result> failed = results.stream().filter(r -> r.outcome.equals("failed") && !OTHERWISE.contains(r.test)).toList();
        assertTrue(failed.isEmpty(), failed.size() + " failed: " + failed);
    }

    private static Result test(Device device, Path folder) {
        String operator = "?";
        try (OnnxModel model = OnnxModel.open(folder.resolve("model.onnx"))) {
            operator = model.operators().keySet().stream().filter(o -> !o.startsWith("Constant")).findFirst()
                    .orElse("Constant");
            for (int set = 0; Files.exists(folder.resolve("test_data_set_" + set)); set++) {
                String wrong = compare(device, model, folder.resolve("test_data_set_" + set));
                if (wrong != null) {
                    return new Result(operator, folder.getFileName().toString(), "failed", wrong);
                }
            }
            return new Result(operator, folder.getFileName().toString(), "passed", "");
        } catch (UnsupportedOpException e) {
            return new Result(operator, folder.getFileName().toString(), "refused", e.getMessage());
        } catch (KerfException e) {
            String message = e.getMessage();
            boolean refused = message.contains("there is no such element type");
            return new Result(operator, folder.getFileName().toString(), refused ? "refused" : "failed", message);
        } catch (RuntimeException | LinkageError e) {
            return new Result(operator, folder.getFileName().toString(), "failed", "CRASH " + e + " " + at(e));
        }
    }

    private static String at(Throwable e) {
        return Stream.of(e.getStackTrace()).limit(4).toList().toString();
    }

    private static String compare(Device device, OnnxModel model, Path data) {
        Map<String, HostTensor> inputs = new LinkedHashMap<>();
        List<OnnxModel.Slot> slots = model.inputs();
        for (int i = 0; i < slots.size(); i++) {
            Path file = data.resolve("input_" + i + ".pb");
            if (Files.exists(file)) {
                inputs.put(slots.get(i).name(), OnnxFile.tensor(file).numbers());
            }
        }
        Map<String, HostTensor> made;
        try {
            made = OnnxRuns.run(device, model, inputs, Map.of());
        } catch (UnsupportedOpException e) {
            if (!e.getMessage().contains("only known in a run")) {
                throw e;
            }
            made = fixed(device, model, inputs);
        }
        List<OnnxModel.Slot> outputs = model.outputs();
        for (int i = 0; i < outputs.size(); i++) {
            Path file = data.resolve("output_" + i + ".pb");
            if (!Files.exists(file)) {
                continue;
            }
            OnnxTensor expected = OnnxFile.tensor(file);
            HostTensor mine = OnnxRuns.valid(made, outputs.get(i).name(), expected.numbers().shape());
            double d = OnnxRuns.difference(expected.numbers(), mine);
            // Of types of 16 bits a few of their last digits: the test rounded to them in between.
            double bound = expected.type() == 10 ? 0x1p-9 : expected.type() == 16 ? 0x1p-7 : BOUND;
            if (!(d <= bound) && !eachWithin(expected.numbers(), mine)) {
                return outputs.get(i).name() + " " + mine + " is off by " + d + " from " + expected.numbers();
            }
        }
        return null;
    }

    private static boolean eachWithin(HostTensor expected, HostTensor mine) {
        boolean within = expected.shape().equals(mine.shape());
        for (long i = 0; within && i < expected.elements(); i++) {
            double e = expected.getDouble(i);
            within = Math.abs(e - mine.getDouble(i)) <= OF_EACH * Math.abs(e);
        }
        return within;
    }

    /** With all operands but the first known, as they are in models. */
    private static Map<String, HostTensor> fixed(Device device, OnnxModel model, Map<String, HostTensor> inputs) {
        Map<String, HostTensor> open = new LinkedHashMap<>();
        Map<String, HostTensor> fixed = new LinkedHashMap<>();
        inputs.forEach((name, t) -> (open.isEmpty() && t.dtype().floating() && t.elements() > 0 ? open : fixed).put(name, t));
        try {
            return OnnxRuns.run(device, model, open, fixed);
        } catch (UnsupportedOpException e) {
            if (!e.getMessage().contains("only known in a run")) {
                throw e;
            }
            return OnnxRuns.run(device, model, Map.of(), inputs);
        }
    }

    private static void write(List<Result> results) throws IOException {
        String report = System.getProperty("kerf.test.onnx.report");
        if (report == null) {
            return;
        }
        Map<String, Map<String, Integer>> counts = new TreeMap<>();
        results.forEach(r -> counts.computeIfAbsent(r.operator, _ -> new TreeMap<>()).merge(r.outcome, 1, Integer::sum));
        try (PrintStream out = new PrintStream(report)) {
            out.println("| operator | passed | failed | refused |\n|---|---|---|---|");
            counts.forEach((o, c) -> out.println("| " + o + " | " + c.getOrDefault("passed", 0) + " | "
                    + c.getOrDefault("failed", 0) + " | " + c.getOrDefault("refused", 0) + " |"));
            results.stream().filter(r -> !r.outcome.equals("passed")).forEach(r -> out.println(r.outcome + " " + r.test + ": "
                    + r.why));
        }
    }
}
