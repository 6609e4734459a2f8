package dev.kerf.cli.picture;

import dev.kerf.backend.Device;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.console.Task;
import dev.kerf.cli.option.Claims;
import dev.kerf.cli.option.DeviceOptions;
import dev.kerf.cli.option.OutputDirectory;
import dev.kerf.cli.option.Usage;
import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.cli.picture.Measurements.Thing;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.mask.Instances;
import dev.kerf.measure.Intensities;
import dev.kerf.model.maskrcnn.Crops;
import dev.kerf.model.maskrcnn.DetectOptions;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kerf detect}: the things in each image, with their masks. */
@Command(name = "detect", mixinStandardHelpOptions = true, sortOptions = false, description = "Finds the things in each image: class, score, box and mask.", footer = {
    "", "Writes NAME-instances.json (COCO results) and NAME-overlay.png unless told otherwise.",
    "Exit codes: 0 done, 1 failed, 2 usage, 3 some images failed and the rest are done."})
public final class DetectCommand implements Callable<Integer> {
    /** Files that can be made of each image. */
    enum Format {
        /** NAME-instances.json: COCO results with run lengths. */
        RLE,
        /** NAME-001-CLASS.png …: a mask each. */
        MASKS
    }

    private static final int DEFAULT_CROP = 800;

    private final Console console;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "1..*", paramLabel = "IMAGE", description = "PNG, JPEG, BMP, TIFF, GIF; a video, cam:0 or a stream such as rtsp://…; or a directory of these.")
    private List<String> images;

    @Mixin
    private DetectorOptions detector;

    @Mixin
    private DeviceOptions device;

    @Mixin
    private ImageOptions folders;

    @Option(names = "--format", split = ",", paramLabel = "FORMAT", defaultValue = "rle", description = "One or more of rle (COCO results), masks (a PNG for each thing).")
    private List<Format> formats;

    @Option(names = "--crop", paramLabel = "N", description = "Looks at overlapping squares of N pixels too, 16 or more: finds what is small in a large picture.")
    private Integer crop;

    @Option(names = "--crop-overlap", paramLabel = "P", defaultValue = "0.2", description = "Least share of a square that the next has too, 0 to below 1; 0.2 by default.")
    private double cropOverlap;

    @Option(names = "--results", paramLabel = "FILE", description = "Also writes the COCO results of all images to one file, as 'kerf evaluate' takes it.")
    private Path results;

    @Mixin
    private MeasureOptions measure;

    @Mixin
    private AnnotationOptions annotation;

    @Mixin
    private LiveOptions live;

    @Mixin
    private JobOptions jobs;

    public DetectCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        measure.check();
        DetectOptions options = Usage.of(spec, detector::options);
        Crops squares = Usage.of(spec, () -> Crops.of(crop == null ? DEFAULT_CROP : crop).overlap(cropOverlap));
        Optional<Crops> crops = Optional.ofNullable(crop).map(_ -> squares);
        List<Input> inputs = folders.of(images, detector.directory, console.notes(detector.quiet));
        ClipRun.check(inputs, detector.json || results != null || measure.wanted(), live);
        Task<Sight> first = ClipRun.first(inputs, i -> Sight.of(i.read()));
        Set<Format> wanted = EnumSet.copyOf(formats);
        try (Weights source = detector.open()) {
            try (OutputDirectory _ = new OutputDirectory(detector.directory);
                    Device opened = device.open();
                    MaskRcnn net = detector.load(opened, source);
                    Measurements measured = measure.open(opened);
                    AnnotationFiles annotations = annotation.in(detector.directory);
                    Jobs many = jobs.open(detector.file(), "Mask R-CNN", opened.info(), ClipRun.stills(inputs),
                            detector.directory)) {
                IntFunction<String> names = detector.names(net);
                annotations.begin(net.categories().stream().map(names::apply).toList());
                InstanceFiles files = new InstanceFiles(
                        detector.directory, wanted, detector.overlay, detector.legend, names,
                        ImageIds.of(inputs, results != null), annotations);
                Claims claims = ImageInputs.claims(inputs, detector.file(), i -> files.of(i, inputs));
                if (results != null) {
                    claims.take("all images", List.of(results), "--results");
                }
                measured.claim(claims);
                annotations.claim(claims);
                ImageReport report = new ImageReport(console, detector.quiet, detector.json, opened.info(), "Mask R-CNN");
                int code = new ClipRun<>(new ClipRun.Work<Sight, Instances>() {
                    @Override
                    public Sight read(Input input) {
                        return Sight.of(input.read());
                    }

                    @Override
                    public Sight look(Sight sight) {
                        return sight;
                    }

                    @Override
                    public Instances find(Sight sight) {
                        return crops.map(c -> net.detect(sight.image().get(), options, c))
                                .orElseGet(() -> net.detect(sight.picture(), options));
                    }

                    @Override
                    public ImageRun.Written write(Input input, Sight sight, Instances result) {
                        Image image = sight.image().get();
                        Json kept = Json.object();
                        measured.things(kept, input.title(), Thing.of(result), measured.spacing(input.file()),
                                Intensities.of(image),
                                names);
                        return files.write(input, image, result, kept);
                    }

                    @Override
                    public void claim(Input input, Instances result) {
                        files.claim(input, result, claims);
                    }

                    @Override
                    public String called(Input input) {
                        return files.called(input);
                    }

                    @Override
                    public List<Path> collected(Input input) {
                        return annotations.of(input.name());
                    }

                    @Override
                    public void collect(Input input, Json kept) {
                        files.collect(input, kept);
                        measured.collect(kept);
                    }
                }, report, live, claims, i -> files.of(i, List.of()), detector.directory, detector.video, many).run(inputs,
                        first);
                if (results != null && code != ExitCode.FAILED) {
                    files.writeResults(results);
                }
                if (code != ExitCode.FAILED) {
                    annotations.finish();
                    measured.write(console, detector.quiet || detector.json);
                }
                return code;
            }
        }
    }
}
