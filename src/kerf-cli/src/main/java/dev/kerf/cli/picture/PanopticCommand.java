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
import dev.kerf.formats.Annotations;
import dev.kerf.formats.Annotations.Item;
import dev.kerf.formats.Annotations.Kind;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.mask.CocoDataset.Category;
import dev.kerf.mask.Overlay;
import dev.kerf.mask.Panoptic;
import dev.kerf.mask.Panoptic.Segment;
import dev.kerf.mask.RunLength;
import dev.kerf.measure.Intensities;
import dev.kerf.model.maskrcnn.DetectOptions;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kerf panoptic}: a segment for every pixel, things and stuff. */
@Command(name = "panoptic", mixinStandardHelpOptions = true, sortOptions = false, description = "Gives each pixel of each image a thing or a sort of stuff.", footer = {
    "", "Writes NAME-panoptic.png (id = R + 256 G + 65536 B) and NAME-overlay.png, and panoptic.json for all.",
    "Exit codes: 0 done, 1 failed, 2 usage, 3 some images failed and the rest are done."})
public final class PanopticCommand implements Callable<Integer> {
    private final Console console;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "1..*", paramLabel = "IMAGE", description = "PNG, JPEG, BMP, TIFF, GIF; or a directory of these.")
    private List<String> images;

    @Mixin
    private DetectorOptions detector;

    @Mixin
    private DeviceOptions device;

    @Mixin
    private ImageOptions folders;

    @Option(names = "--overlap", paramLabel = "SHARE", defaultValue = "0.5", description = "A thing of which a greater share belongs to surer ones is left out; 0.5 by default.")
    private double overlap;

    @Option(names = "--stuff-area", paramLabel = "PIXELS", defaultValue = "4096", description = "Stuff of fewer pixels is left out; 4096 by default.")
    private long stuffArea;

    @Mixin
    private MeasureOptions measure;

    @Mixin
    private AnnotationOptions annotation;

    @Mixin
    private JobOptions jobs;

    public PanopticCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        measure.check();
        DetectOptions options = Usage.of(spec, detector::options);
        if (!(overlap >= 0 && overlap <= 1) || stuffArea < 0) {
            throw new ParameterException(spec.commandLine(),
                    "--overlap " + overlap + " --stuff-area " + stuffArea + ": expected 0 to 1, and 0 or more");
        }
        Panoptic.Merge merge = new Panoptic.Merge(options.score(), overlap, stuffArea);
        List<Input> inputs = folders.of(images, detector.directory, console.notes(detector.quiet));
        Task<Image> first = Task.start(inputs.getFirst()::read);
        ImageIds ids = ImageIds.of(inputs, true);
        try (Weights source = detector.open()) {
            try (OutputDirectory _ = new OutputDirectory(detector.directory);
                    Device opened = device.open();
                    MaskRcnn net = detector.load(opened, source);
                    Measurements measured = measure.open(opened);
                    AnnotationFiles annotations = annotation.in(detector.directory)) {
                net.requirePanoptic();
                Pictures pictures = new Pictures(net, options, merge, ids, measured, annotations);
                Path json = detector.directory.resolve("panoptic.json");
                Claims claims = ImageInputs.claims(inputs, detector.file(), pictures::files);
                claims.take("all images", List.of(json), "--out");
                measured.claim(claims);
                annotations.claim(claims);
                ImageReport report = new ImageReport(console, detector.quiet, detector.json, opened.info(), "Panoptic FPN");
                try (Jobs many = jobs.open(detector.file(), "Panoptic FPN", opened.info(), inputs.size(), detector.directory)) {
                    int code = new ImageRun<>(pictures, report, many).run(inputs, first);
                    if (code != ExitCode.FAILED) {
                        pictures.writer.write(json);
                        annotations.finish();
                        measured.write(console, detector.quiet || detector.json);
                    }
                    return code;
                }
            }
        }
    }

    /** Panoptic pictures and the file that describes them. */
    private final class Pictures implements ImageRun.Work<Image, Panoptic> {
        private static final String KEPT = "panoptic";

        private final MaskRcnn net;
        private final DetectOptions options;
        private final Panoptic.Merge merge;
        private final ImageIds ids;
        private final IntFunction<String> names;
        private final PanopticWriter writer;
        private final Measurements measured;
        private final AnnotationFiles annotations;

        Pictures(MaskRcnn net, DetectOptions options, Panoptic.Merge merge, ImageIds ids, Measurements measured,
                AnnotationFiles annotations) {
            this.measured = measured;
            this.net = net;
            this.options = options;
            this.merge = merge;
            this.ids = ids;
            this.names = detector.names(net);
            List<Integer> categories = new ArrayList<>(net.categories());
            categories.addAll(net.stuffCategories());
            this.annotations = annotations.begin(categories.stream().map(names::apply).toList());
            this.writer = new PanopticWriter(detector.directory, categories.stream()
                    .map(c -> new Category(c, names.apply(c), net.categories().contains(c))).toList());
        }

        private List<Path> files(Input input) {
            List<Path> files = new ArrayList<>(annotations.of(input.name()));
            files.add(png(input));
            if (detector.overlay) {
                files.add(overlay(input));
            }
            return files;
        }

        private Path png(Input input) {
            return detector.directory.resolve(input.name() + "-panoptic.png");
        }

        private Path overlay(Input input) {
            return detector.directory.resolve(input.name() + "-overlay.png");
        }

        private Annotations annotations(Input input, Panoptic picture) {
            return new Annotations(input.file().getFileName().toString(), picture.width(), picture.height(),
                    picture.segments().stream().map(g -> new Item(names.apply(g.category()),
                            net.categories().contains(g.category()) ? Kind.THING : Kind.STUFF,
                            RunLength.encode(picture.mask(g.id())), OptionalDouble.empty(), 0)).toList());
        }

        @Override
        public Image read(Input input) {
            return input.read();
        }

        @Override
        public Panoptic find(Image image) {
            return net.panoptic(image, options, merge);
        }

        @Override
        public ImageRun.Written write(Input input, Image image, Panoptic picture) {
            List<Path> files = new ArrayList<>(List.of(png(input)));
            picture.writePng(png(input));
            Json kept = Json.object().put(KEPT, PanopticWriter.describe(ids.of(input), input.file().getFileName().toString(),
                    png(input).getFileName().toString(), picture));
            if (detector.overlay) {
                files.add(overlay(input));
                Overlay colours = Overlay.of(names);
                (detector.legend ? colours : colours.withoutText()).draw(image, picture).writePng(files.getLast());
            }
            annotations.keep(kept, () -> annotations(input, picture));
            files.addAll(annotations.of(input.name()));
            measured.things(kept, input.title(), picture.segments().stream()
                    .map(g -> new Thing(0, g.category(), () -> picture.mask(g.id()), Map.of("segment_id", g.id()))).toList(),
                    measured.spacing(input.file()), Intensities.of(image), names);
            Json segments = Json.array();
            List<String> found = new ArrayList<>();
            for (Segment s : picture.segments()) {
                found.add(names.apply(s.category()));
                segments.add(Json.object().put("id", s.id()).put("name", found.getLast())
                        .put("category_id", s.category()).put("pixels", s.area()));
            }
            String line = found.isEmpty() ? "nothing found" : found.size() + " segments: " + String.join(", ", found);
            return new ImageRun.Written(image.width(), image.height(), line,
                    Json.object().put("image_id", ids.of(input)).put("segments", segments), files, kept);
        }

        @Override
        public String called(Input input) {
            return input.name() + " " + ids.of(input);
        }

        @Override
        public List<Path> collected(Input input) {
            return annotations.of(input.name());
        }

        @Override
        public void collect(Input input, Json kept) {
            writer.collect(kept.at(KEPT));
            annotations.collect(kept, input.name());
            measured.collect(kept);
        }
    }
}
