package dev.kerf.cli;

import dev.kerf.backend.Device;
import dev.kerf.check.golden.Golden;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.check.golden.TensorDifference;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.console.Text;
import dev.kerf.cli.option.DeviceOptions;
import dev.kerf.cli.option.PictureSize;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.onnx.OnnxModel;
import dev.kerf.image.Image;
import dev.kerf.model.onnx.OnnxNetwork;
import dev.kerf.model.onnx.OnnxOptions;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
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
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kerf diff}: compares two files of tensors, one with a golden case, or an ONNX model with ONNX Runtime. */
@Command(name = "diff", mixinStandardHelpOptions = true, sortOptions = false, description = "Compares tensors by name: of two files, of one file with a golden case, or, with --input, what each node of an ONNX model makes here and in ONNX Runtime.", footer = {
    "", "Exits 1 if a tensor is on one side only, differs in shape, or differs beyond the tolerance or bound."})
final class DiffCommand implements Callable<Integer> {
    /** Of an ONNX model's results: float32 through many layers, in another order of sums than the other engine's. */
    private static final double TOLERANCE = 1e-4;

    private final Console console;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "1..2", paramLabel = "FILE", description = "safetensors, .npy, .npz or a PyTorch checkpoint; the second is the reference. With --input an ONNX model alone.")
    private List<Path> files;

    @Option(names = "--golden", paramLabel = "DIR", description = "A golden case: its bounds hold instead of --tolerance.")
    private Path golden;

    @Option(names = "--tolerance", paramLabel = "REL", description = "Largest relative L2 difference that passes. Without it differences are only printed; of an ONNX model it is 1e-4.")
    private Double tolerance;

    @Option(names = "--input", paramLabel = "FILE", description = "ONNX: what the model is given: an image, or .npy of its input; once for each input, in the model's order.")
    private List<Path> inputs = List.of();

    @Option(names = "--size", paramLabel = "HxW", converter = PictureSize.Converter.class, description = "ONNX: what an image is resized to where the model's extents are open.")
    private PictureSize size;

    @Option(names = "--reference", paramLabel = "FILE", description = "ONNX: another engine's results under their names in the model, a safetensors file as onnx_values.py makes it. By default ONNX Runtime is asked.")
    private Path reference;

    @Option(names = "--python", paramLabel = "FILE", description = "ONNX: an interpreter with onnx and onnxruntime; by default ONNX Runtime on the class path, or else python3.")
    private Path python;

    @Option(names = "--all", description = "ONNX: lists every node's results, not the worst alone.")
    private boolean all;

    @Mixin
    private DeviceOptions device;

    private int name;

    DiffCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (!inputs.isEmpty()) {
            return nodes() ? ExitCode.OK : ExitCode.FAILED;
        }
        if (size != null || reference != null || python != null || all) {
            throw new ParameterException(spec.commandLine(),
                    "--size, --reference, --python and --all are for ONNX models: give --input, what the model is given");
        }
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

    /** An ONNX model against ONNX Runtime. */
    private boolean nodes() {
        if (files.size() != 1 || golden != null || tolerance != null && !(tolerance >= 0)) {
            throw new ParameterException(spec.commandLine(), files.size() != 1 || golden != null
                    ? "--input is for one ONNX model, without a golden case"
                    : "--tolerance must be 0 or more");
        }
        try (OnnxModel model = OnnxModel.open(files.getFirst()); Device opened = device.open()) {
            Map<String, HostTensor> given = given(model, opened);
            NodeReference theirs = reference != null
                    ? NodeReference.of(reference)
                    : NodeReference.of(files.getFirst(), given, python);
            return new NodeDiff(console, model, given, theirs, tolerance == null ? TOLERANCE : tolerance).run(opened, all);
        }
    }

    private Map<String, HostTensor> given(OnnxModel model, Device device) {
        List<OnnxModel.Slot> slots = model.inputs();
        if (slots.size() != inputs.size()) {
            throw new BadInputException(
                    files.getFirst() + " takes " + slots + ": --input is given " + inputs.size() + " times");
        }
        Map<String, HostTensor> given = new LinkedHashMap<>();
        for (int i = 0; i < slots.size(); i++) {
            given.put(slots.get(i).name(), given(model, device, slots.get(i), inputs.get(i)));
        }
        return given;
    }

    private HostTensor given(OnnxModel model, Device device, OnnxModel.Slot slot, Path file) {
        if (HostTensor.isNpy(file)) {
            HostTensor t = HostTensor.readNpy(file);
            boolean one = t.shape().rank() == 3 && slot.extents().size() == 4;
            return one ? t.reshape(Shape.of(1, t.shape().dim(0), t.shape().dim(1), t.shape().dim(2))) : t;
        }
        OnnxOptions how = size == null ? OnnxOptions.of() : OnnxOptions.of().size(size.height(), size.width());
        try (OnnxNetwork net = OnnxNetwork.load(device, model, how)) {
            return net.prepare(Image.read(file));
        }
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
