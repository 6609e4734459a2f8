package dev.kerf.cli;

import dev.kerf.check.golden.Golden;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.check.golden.TensorDifference;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.console.Text;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kerf diff}: compares two files of tensors, or one with a golden case. */
@Command(name = "diff", mixinStandardHelpOptions = true, sortOptions = false, description = "Compares tensors by name: of two files, or of one file with a golden case.", footer = {
    "", "Exits 1 if a tensor is on one side only, differs in shape, or differs beyond the tolerance or bound."})
final class DiffCommand implements Callable<Integer> {
    private final Console console;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "1..2", paramLabel = "FILE", description = "safetensors, .npy, .npz or a PyTorch checkpoint; the second is the reference.")
    private List<Path> files;

    @Option(names = "--golden", paramLabel = "DIR", description = "A golden case: its bounds hold instead of --tolerance.")
    private Path golden;

    @Option(names = "--tolerance", paramLabel = "REL", description = "Largest relative L2 difference that passes. Without it differences are only printed.")
    private Double tolerance;

    private int name;

    DiffCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (files.size() != (golden == null ? 2 : 1)) {
            throw new ParameterException(spec.commandLine(), "give two files, or --golden and one file");
        }
        if (tolerance != null && (golden != null || !(tolerance >= 0))) {
            throw new ParameterException(spec.commandLine(), golden != null
                    ? "a golden case has bounds of its own: leave out --tolerance"
                    : "--tolerance must be 0 or more");
        }
        boolean passed;
        try (Tensors first = Tensors.open(files.getFirst())) {
            if (golden != null) {
                passed = compare(first.tensors, Golden.of(golden));
            } else {
                try (Tensors second = Tensors.open(files.getLast())) {
                    passed = compare(first.tensors, second.tensors);
                }
            }
        }
        return passed ? ExitCode.OK : ExitCode.FAILED;
    }

    private boolean compare(Map<String, HostTensor> a, Map<String, HostTensor> b) {
        Set<String> names = new LinkedHashSet<>(a.keySet());
        names.addAll(b.keySet());
        head(names, "tolerance");
        boolean passed = true;
        for (String n : names) {
            HostTensor x = a.get(n);
            HostTensor y = b.get(n);
            if (x == null || y == null) {
                line(n, (x == null ? y : x).shape().toString(), "only in " + (x == null ? files.getLast() : files.getFirst()));
                passed = false;
            } else if (!x.shape().equals(y.shape())) {
                line(n, x.shape().toString(), "differs in shape: " + y.shape() + " in " + files.getLast());
                passed = false;
            } else {
                TensorDifference d = TensorDifference.of(x, y);
                boolean within = d.relativeL2() <= (tolerance == null ? Double.POSITIVE_INFINITY : tolerance);
                line(n, x.shape().toString(), numbers(d, tolerance, within));
                passed &= within;
            }
        }
        return passed;
    }

    private boolean compare(Map<String, HostTensor> results, Golden open) {
        head(open.golden().stages().keySet(), "bound");
        boolean passed = true;
        for (GoldenCase.Row row : open.golden().compare(results)) {
            line(row.stage(), row.shape().toString(), row.difference() == null
                    ? row.remark() + "  FAILED"
                    : numbers(row.difference(), row.bound(), row.passed()));
            passed &= row.passed();
        }
        for (Golden.Figure f : open.decided(results)) {
            line(f.name(), results.get(f.name()) == null ? "" : results.get(f.name()).shape().toString(),
                    String.format(Locale.ROOT, "%.0f %s", f.value(), f.what()) + (f.passed() ? "  ok" : "  FAILED"));
            passed &= f.passed();
        }
        return passed;
    }

    private void head(Set<String> names, String limit) {
        name = names.stream().mapToInt(String::length).max().orElse(0);
        line("tensor", "shape", Text.right("max abs", 9) + "  " + Text.right("rel L2", 9) + "  "
                + (golden == null && tolerance == null ? "" : Text.right(limit, 9)));
    }

    private void line(String tensor, String shape, String rest) {
        console.out().println((Text.padded(tensor, name) + "  " + Text.padded(shape, 20) + "  " + rest).stripTrailing());
    }

    private static String numbers(TensorDifference d, Double limit, boolean within) {
        return Text.right(Text.scientific(d.maxAbs()), 9) + "  " + Text.right(Text.scientific(d.relativeL2()), 9)
                + (limit == null ? "" : "  " + Text.right(Text.scientific(limit), 9)) + (within ? "  ok" : "  FAILED");
    }

    /** The tensors of a file, and the file to close. */
    private record Tensors(Map<String, HostTensor> tensors, Weights file) implements AutoCloseable {
        static Tensors open(Path path) {
            if (HostTensor.isNpy(path)) {
                return new Tensors(Map.of("array", HostTensor.readNpy(path)), null);
            }
            Weights file = Weights.open(path);
            Map<String, HostTensor> tensors = new LinkedHashMap<>();
            file.names().forEach(n -> tensors.put(n, file.tensor(n)));
            return new Tensors(tensors, file);
        }

        @Override
        public void close() {
            if (file != null) {
                file.close();
            }
        }
    }
}
