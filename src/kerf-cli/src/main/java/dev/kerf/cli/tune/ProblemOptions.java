package dev.kerf.cli.tune;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.cli.option.ModelPart;
import dev.kerf.cli.option.PictureSize;
import dev.kerf.cli.option.PrecisionConverter;
import dev.kerf.cli.option.Usage;
import dev.kerf.cli.option.WeightsPath;
import dev.kerf.error.BadInputException;
import dev.kerf.tune.device.DeviceObjective.Timing;
import dev.kerf.tune.device.Problem;
import dev.kerf.tune.device.Shapes;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What is tuned on a device, and how it is timed. */
final class ProblemOptions {
    private static final String CASES = "from:cases";
    private static final Pattern FROM = Pattern.compile("from:([a-z0-9-]+)(?:@(\\d{1,5}(?:x\\d{1,5})?))?");

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--shapes", paramLabel = "from:MODEL@SIZE", description = "Tunes for the sizes that a model launches the kernel with, such as from:unet@512 or from:maskrcnn@800x1216; the models"
            + " are those of kerf kernels. from:cases are the small sizes that every op is tested with: for kernels that no"
            + " model launches.")
    private String shapes;

    @Option(names = "--shape", paramLabel = "NAME=N,…", description = "Tunes for these sizes; may be repeated. What isn't named is as usual: --shape '' is all of it.")
    private List<String> given = new ArrayList<>();

    @Option(names = "--weights", paramLabel = "FILE|NAME", converter = WeightsPath.class, description = "Of the model of --shapes. By default an untrained one of usual size.")
    private Path weights;

    @Option(names = "--most", paramLabel = "N", defaultValue = "4", description = "Most problems of a model that are tuned, those that it launches most often; 4.")
    private int most;

    @Option(names = "--precision", paramLabel = "P", defaultValue = "f32", converter = PrecisionConverter.class, description = "f32 (the default), tf32x3, tf32, f16 or bf16.")
    private Precision precision;

    @Option(names = "--runs", paramLabel = "N", defaultValue = "10", description = "Timed runs of each configuration, all of which are kept; 10. Their median is the objective.")
    private int runs;

    @Option(names = "--cold", description = "Empties the device's caches before each timed run.")
    private boolean cold;

    @Option(names = "--timeout", paramLabel = "S", defaultValue = "10", description = "Seconds that one run may take; 10. What takes longer has failed.")
    private int timeout;

    @Option(names = "--compile-timeout", paramLabel = "S", defaultValue = "60", description = "Seconds that compiling a configuration may take, with its first run; 60. What takes longer has failed, and is not tried"
            + " again. A compiler that is no process of its own can't be ended: the next configuration waits until it has come back.")
    private int compileTimeout;

    Precision precision() {
        return precision;
    }

    Timing timing() {
        return Usage.of(spec, () -> new Timing(runs, cold, Duration.ofSeconds(timeout), Duration.ofSeconds(compileTimeout)));
    }

    /** Whether something is asked for that only a device's clock can say. */
    boolean cold() {
        return cold;
    }

    /** The problems on a device. */
    List<Problem> problems(String kernel, Device device) {
        String base = Usage.of(spec, () -> base(kernel));
        if (most < 1) {
            throw new ParameterException(spec.commandLine(), "--most " + most + ": 1 or more");
        }
        List<Problem> all = new ArrayList<>();
        for (String shape : given) {
            all.addAll(Problem.of(Usage.of(spec, () -> Shapes.graph(base, shape)), device, precision, kernel));
        }
        if (CASES.equals(shapes)) {
            List<Problem> found = Problem.ofCases(device, precision, kernel);
            all.addAll(found.subList(0, Math.min(most, found.size())));
        } else if (shapes != null) {
            Matcher m = FROM.matcher(shapes);
            if (!m.matches()) {
                throw new ParameterException(spec.commandLine(),
                        "--shapes " + shapes + ": expected from:MODEL@SIZE, such as from:unet@512");
            }
            ModelPart model = Usage.of(spec, () -> ModelPart.of(m.group(1)));
            String size = m.group(2);
            PictureSize images = size == null
                    ? model.usual()
                    : Usage.of(spec, () -> new PictureSize.Converter()
                            .convert(size.contains("x") ? size : size + "x" + size));
            try (Weights open = model.open(weights)) {
                List<Problem> found = Problem.of(Usage.of(spec, () -> model.graph(open, images, 1024)), device, precision,
                        kernel);
                all.addAll(found.subList(0, Math.min(most, found.size())));
            }
        }
        if (all.isEmpty()) {
            throw new ParameterException(spec.commandLine(),
                    "give the sizes to tune for: --shapes from:unet@512, or --shape C=64,O=64,H=128,W=128");
        }
        return all;
    }

    private static String base(String kernel) {
        if (!Manifest.known(kernel)) {
            throw new BadInputException("there is no kernel '" + kernel + "': kernels/README.md lists them");
        }
        Manifest m = Manifest.of(kernel);
        return m.variantOf().isEmpty() ? kernel : m.variantOf();
    }
}
