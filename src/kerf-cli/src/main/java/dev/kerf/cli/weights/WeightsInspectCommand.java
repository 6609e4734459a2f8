package dev.kerf.cli.weights;

import dev.kerf.Kerf;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.console.Text;
import dev.kerf.cli.option.PictureSize;
import dev.kerf.error.KerfException;
import dev.kerf.graph.onnx.OnnxModel;
import dev.kerf.json.Json;
import dev.kerf.weights.Weights;
import dev.kerf.weights.Weights.TensorInfo;
import java.nio.file.Path;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kerf weights inspect}: what a file of weights holds. */
@Command(name = "inspect", mixinStandardHelpOptions = true, description = "Lists a weight file's tensors and metadata, and the architecture if it is a known one; of an ONNX model its operators, what isn't supported, and its FLOPs.")
final class WeightsInspectCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(paramLabel = "FILE", description = "A safetensors file, a PyTorch checkpoint or an ONNX model.")
    private Path file;

    @Option(names = "--size", paramLabel = "HxW", converter = PictureSize.Converter.class, description = "ONNX: the picture that open extents are taken for.")
    private PictureSize size;

    @Option(names = "--json", description = "Writes JSON.")
    private boolean json;

    WeightsInspectCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (OnnxModel.looksLike(file)) {
            try (OnnxModel model = OnnxModel.open(file)) {
                show(model.weights(), ModelInspection.of(model, size));
            }
        } else {
            try (Weights weights = Weights.open(file)) {
                show(weights, null);
            }
        }
        return ExitCode.OK;
    }

    private void show(Weights weights, ModelInspection model) {
        String architecture = architecture(weights);
        if (json) {
            Json all = toJson(weights, architecture);
            console.out().println((model == null ? all : all.put("model", model.json())).pretty());
            return;
        }
        print(weights, architecture);
        if (model != null) {
            model.print(console.out());
        }
    }

    private void print(Weights weights, String architecture) {
        int name = weights.tensors().stream().mapToInt(t -> t.name().length()).max().orElse(0);
        for (TensorInfo t : weights.tensors()) {
            console.out().println(
                    Text.padded(Text.line(t.name()), name) + "  " + Text.padded(t.dtype().toString(), 4) + "  " + t.shape());
        }
        new TreeMap<>(weights.metadata()).forEach((key, value) -> console.out().println(Text.line(key + ": " + value)));
        console.out().println(weights.tensors().size() + " tensors, " + weights.parameterCount() + " parameters, "
                + Text.bytes(bytes(weights)));
        if (architecture != null) {
            console.out().println(architecture);
        }
    }

    private static Json toJson(Weights weights, String architecture) {
        Json tensors = Json.array();
        weights.tensors().forEach(t -> tensors.add(Json.object().put("name", t.name()).put("dtype", t.dtype().toString())
                .put("shape", t.shape().dims())));
        return Json.object().put("file", weights.source()).put("parameters", weights.parameterCount())
                .put("bytes", bytes(weights)).put("architecture", architecture)
                .put("metadata", new TreeMap<>(weights.metadata())).put("tensors", tensors);
    }

    /** That the dense values take. */
    private static long bytes(Weights weights) {
        return weights.tensors().stream().mapToLong(TensorInfo::bytes).sum();
    }

    /** One line on the network, or null if these are not the weights of a kind that is known. */
    private static String architecture(Weights weights) {
        return Kerf.findModel(weights).map(kind -> {
            try {
                return kind.describe(weights);
            } catch (KerfException e) {
                return "of kind " + kind.name() + ", but no whole one: " + e.getMessage();
            }
        }).orElse(null);
    }
}
