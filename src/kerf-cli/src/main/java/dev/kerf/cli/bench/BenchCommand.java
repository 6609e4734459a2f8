package dev.kerf.cli.bench;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.device.DeviceFloors;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.option.DeviceOptions;
import dev.kerf.cli.option.ImageSizeConverter;
import dev.kerf.cli.option.ModelPart;
import dev.kerf.cli.option.OutputDirectory;
import dev.kerf.cli.option.PictureSize;
import dev.kerf.cli.option.PrecisionConverter;
import dev.kerf.cli.option.Usage;
import dev.kerf.cli.option.WeightsPath;
import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import dev.kerf.graph.Graph;
import dev.kerf.model.unet.UNet;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code kerf bench}: how fast a device is, and how fast it could be. */
@Command(name = "bench", mixinStandardHelpOptions = true, sortOptions = false, description = "Measures a device: networks' latency with its percentiles, and each kernel against the device's copy"
        + " bandwidth and arithmetic rate, measured in the same run.", footer = {"",
            "Example: kerf bench --backend opencl --out reports      writes bench-opencl.json and bench-opencl.md"})
public final class BenchCommand implements Callable<Integer> {
    /** Parts that can be measured. */
    private enum Part { NETWORK, KERNELS }

    private static final int KERNEL_RUNS = 20;
    private static final int GPU_SIDE = 1024;
    private static final int CPU_SIDE = 128;

    private final Console console;

    @Spec
    private CommandSpec spec;

    @Mixin
    private DeviceOptions device;

    @Option(names = "--network", split = ",", paramLabel = "MODEL", converter = ModelPart.Converter.class, description = "Some of unet (measured if none is named), maskrcnn, sam2-encoder, sam2-decoder, sam2-frame,"
            + " sam2-memory. Those named are part of the reports' names.")
    private List<ModelPart> models = List.of();

    @Option(names = "--weights", paramLabel = "FILE|NAME", converter = WeightsPath.class, description = "Of the networks. By default those that travel with Kerf: a U-Net of 31 million parameters, Mask R-CNN with"
            + " ResNet-50, SAM 2.1 tiny, untrained.")
    private Path weights;

    @Option(names = "--precision", split = ",", paramLabel = "P", defaultValue = "f32,f16", converter = PrecisionConverter.class, description = "How numbers are stored and multiplied: some of f32, tf32, f16,"
            + " bf16. By default what the device has of f32 and f16.")
    private List<Precision> precisions;

    @Option(names = "--batch", split = ",", paramLabel = "N", defaultValue = "1,8", description = "Images that a U-Net takes at a time; 1,8. Others take one.")
    private List<Integer> batches;

    @Option(names = "--size", paramLabel = "HxW", converter = PictureSize.Converter.class, description = "Rows and columns of images; by default 512x512, for maskrcnn 800x1216, for sam2 1024x1024.")
    private PictureSize size;

    @Option(names = "--image-size", paramLabel = "N", defaultValue = "1024", converter = ImageSizeConverter.class, description = "SAM 2: side that the network sees images at.")
    private int imageSize;

    @Option(names = "--runs", paramLabel = "N", defaultValue = "2000", description = "Of each network at most; 2000.")
    private int runs;

    @Option(names = "--seconds", paramLabel = "S", defaultValue = "20", description = "For each network at most; 20.")
    private int seconds;

    @Option(names = "--only", split = ",", paramLabel = "PART", description = "Measures only the network or the kernels.")
    private Set<Part> only = Set.of(Part.values());

    @Option(names = "--out", paramLabel = "DIR", defaultValue = ".", description = "Where the two files go; made if it isn't there.")
    private Path out;

    public BenchCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (runs < 1 || seconds < 1 || batches.stream().anyMatch(b -> b < 1)) {
            throw new ParameterException(spec.commandLine(), "--batch, --runs and --seconds are 1 or more");
        }
        try (OutputDirectory directory = new OutputDirectory(out); Device opened = device.open()) {
            Device.Info info = opened.info();
            DeviceFloors floors = opened instanceof GpuDevice gpu ? DeviceFloors.measure(gpu) : null;
            BenchReport report = new BenchReport(info, floors);
            List<Precision> measured = new ArrayList<>();
            for (Precision p : precisions) {
                if (info.precisions().contains(p)) {
                    measured.add(p);
                } else {
                    report.leftOut(PrecisionConverter.name(p) + ": " + info.id() + " doesn't have it");
                }
            }
            if (measured.isEmpty()) {
                throw new BadInputException(info.id() + " has none of the precisions asked for, only " + info.precisions());
            }
            int failed = 0;
            if (only.contains(Part.NETWORK)) {
                for (ModelPart model : models.isEmpty() ? List.of(ModelPart.of("unet")) : models) {
                    failed += network(opened, model, measured, floors, report);
                }
            }
            failed += only.contains(Part.KERNELS) ? kernels(opened, measured, floors, report) : 0;
            report.write(directory.path(),
                    Stream.concat(Stream.of("bench", info.backend()), models.stream().map(ModelPart::name))
                            .collect(Collectors.joining("-")));
            console.out().print(report.markdown());
            return failed == 0 ? ExitCode.OK : ExitCode.SOME_FAILED;
        }
    }

    private int network(Device opened, ModelPart model, List<Precision> measured, DeviceFloors floors, BenchReport report) {
        int failed = 0;
        PictureSize images = size == null ? model.usual() : size;
        boolean batched = model.kind() == UNet.KIND;
        try (Weights file = model.open(weights); DeviceWeights loaded = opened.load(file)) {
            for (Precision p : measured) {
                for (int batch : batched ? batches : List.of(1)) {
                    CompileOptions options = CompileOptions.of().precision(p);
                    Graph graph = Usage.of(spec, () -> batched
                            ? UNet.graph(file, batch, images.height(), images.width())
                            : model.graph(file, images, imageSize));
                    try {
                        Latency l = Latency.of(opened, graph, loaded, options, runs, Duration.ofSeconds(seconds));
                        report.network(model.name(), images, batch, p, l, KernelTimes.of(opened, graph, loaded, options, floors,
                                null, kernelRuns(l.compute().nanos()[0])));
                    } catch (KerfException e) {
                        failed++;
                        report.leftOut(model.name() + ", batch " + batch + ", " + p + ": " + e.getMessage());
                        console.note(e.getMessage());
                    }
                }
            }
        }
        return failed;
    }

    /** Fewer where a run takes long: two seconds' worth, three at least. */
    private static int kernelRuns(long nanos) {
        return Math.clamp(2_000_000_000L / nanos, 3, KERNEL_RUNS);
    }

    private int kernels(Device opened, List<Precision> measured, DeviceFloors floors, BenchReport report) {
        int failed = 0;
        int large = opened.info().kind() == Device.Info.Kind.GPU ? GPU_SIDE : CPU_SIDE;
        for (Precision p : measured) {
            List<KernelTimes.Row> rows = new ArrayList<>();
            for (KernelCase c : KernelCase.all(large)) {
                try (DeviceWeights loaded = c.weights() == null ? null : opened.load(c.weights())) {
                    // Its last node; those before it convert inputs to float16.
                    rows.add(KernelTimes.of(opened, c.graph(), loaded, CompileOptions.of().precision(p), floors, c.name(),
                            KERNEL_RUNS).rows().getLast());
                } catch (KerfException e) {
                    failed++;
                    report.leftOut(c.name() + ", " + p + ": " + e.getMessage());
                    console.note(e.getMessage());
                }
            }
            report.kernels(p, new KernelTimes(rows));
        }
        return failed;
    }
}
