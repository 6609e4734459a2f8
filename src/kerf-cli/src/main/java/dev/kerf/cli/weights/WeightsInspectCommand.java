package dev.kerf.cli.weights;

import dev.kerf.Models;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.console.Text;
import dev.kerf.error.KerfException;
import dev.kerf.json.Json;
import dev.kerf.weights.TensorInfo;
import dev.kerf.weights.Weights;
import dev.kerf.weights.WeightsReport;
import java.nio.file.Path;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kerf weights inspect}: what a file of weights holds. */
@Command(name = "inspect", mixinStandardHelpOptions = true, description = "Lists a weight file's tensors and metadata, and the architecture if it is a known one.")
final class WeightsInspectCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(paramLabel = "FILE", description = "A safetensors file or a PyTorch checkpoint.")
    private Path file;

    @Option(names = "--json", description = "Writes JSON.")
    private boolean json;

    WeightsInspectCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        try (Weights weights = Weights.open(file)) {
            String architecture = architecture(weights);
            WeightsReport report = weights.report();
            if (json) {
                console.out().println(toJson(report, architecture).pretty());
            } else {
                print(report, architecture);
            }
        }
        return ExitCode.OK;
    }

    private void print(WeightsReport report, String architecture) {
        int name = report.tensors().stream().mapToInt(t -> t.name().length()).max().orElse(0);
        for (TensorInfo t : report.tensors()) {
            console.out().println(Text.padded(t.name(), name) + "  " + Text.padded(t.dtype().toString(), 4) + "  " + t.shape());
        }
        new TreeMap<>(report.metadata()).forEach((key, value) -> console.out().println(key + ": " + value));
        console.out().println(report.tensors().size() + " tensors, " + report.parameterCount() + " parameters, "
                + Text.bytes(report.bytes()));
        if (architecture != null) {
            console.out().println(architecture);
        }
    }

    private static Json toJson(WeightsReport report, String architecture) {
        Json tensors = Json.array();
        report.tensors().forEach(t -> tensors.add(Json.object().put("name", t.name()).put("dtype", t.dtype().toString())
                .put("shape", t.shape().dims())));
        return Json.object().put("file", report.source()).put("parameters", report.parameterCount())
                .put("bytes", report.bytes()).put("architecture", architecture)
                .put("metadata", new TreeMap<>(report.metadata())).put("tensors", tensors);
    }

    /** One line on the network, or null if these are not the weights of a kind that is known. */
    private static String architecture(Weights weights) {
        try {
            return Models.find(weights).map(kind -> kind.describe(weights)).orElse(null);
        } catch (KerfException e) {
            return null;
        }
    }
}
