package dev.kerf.cli.picture;

import dev.kerf.Kerf;
import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.console.Task;
import dev.kerf.cli.option.Claims;
import dev.kerf.cli.option.DeviceOptions;
import dev.kerf.cli.option.ModelCommands;
import dev.kerf.cli.option.OutputDirectory;
import dev.kerf.cli.option.PrecisionConverter;
import dev.kerf.cli.option.WeightsPath;
import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.cli.raster.RasterOptions;
import dev.kerf.cli.raster.RasterRequest;
import dev.kerf.cli.raster.RasterSegmentation;
import dev.kerf.cli.volume.VolumeInputs;
import dev.kerf.cli.volume.VolumeOptions;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.onnx.OnnxModel;
import dev.kerf.json.Json;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.Segmentation;
import dev.kerf.model.unet.UNet;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code kerf segment}: a label for each pixel of each image. */
@Command(name = "segment", mixinStandardHelpOptions = true, sortOptions = false, description = "Gives each pixel of each image a label, by a U-Net or a network of an ONNX model. What needs another network: 'kerf detect' and"
        + " 'kerf panoptic' (Mask R-CNN), 'kerf sam' (SAM and SAM 2) and 'kerf track' (SAM 2).", footer = {
            "", "Writes NAME-labels.png and NAME-overlay.png into the current directory unless told otherwise.",
            "Exit codes: 0 done, 1 failed, 2 usage, 3 some images failed and the rest are done."})
public final class SegmentCommand implements Callable<Integer> {
    private final Console console;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "1..*", paramLabel = "IMAGE", description = "PNG, JPEG, BMP, TIFF, GIF; a video, cam:0 or a stream such as rtsp://…; .npy or .npz of float32 (H, W) or (C, H, W); NIfTI (.nii, .nii.gz, .hdr with .img) and DICOM; rasters (GeoTIFF, BigTIFF, slides) of any size; or a directory of these.")
    private List<String> images;

    @Option(names = "--weights", paramLabel = "FILE", converter = WeightsPath.class, description = "A U-Net: a safetensors file or a PyTorch checkpoint; or any network that takes a picture: an ONNX model. By default the network that comes with Kerf.")
    private Path weights;

    @Mixin
    private DeviceOptions device;

    @Mixin
    private OutputOptions output;

    @Mixin
    private ImageOptions folders;

    @Option(names = "--tile", paramLabel = "auto|off|N", defaultValue = "auto", converter = TileConverter.class, description = "Side of the tiles that an image is cut into; by default only what doesn't fit is cut.")
    private int tile;

    @Option(names = "--scale", paramLabel = "F", defaultValue = "1", description = "Resizes the image by this factor for the network.")
    private double scale;

    @Option(names = "--precision", paramLabel = "P", defaultValue = "f32", converter = PrecisionConverter.class, description = "How numbers are stored and multiplied: f32, tf32x3, tf32, f16 or bf16, if the device has it.")
    private Precision precision;

    @Mixin
    private NetworkOptions network;

    @Mixin
    private RasterOptions raster;

    @Mixin
    private MeasureOptions measure;

    @Mixin
    private VolumeOptions volumes;

    @Mixin
    private AnnotationOptions annotation;

    @Mixin
    private LiveOptions live;

    @Mixin
    private JobOptions jobs;

    @Option(names = "--background", paramLabel = "LABEL", description = "Name or number of the class that isn't coloured, or 'none'. By default a class named background.")
    private String background;

    @Option(names = "--classes", split = ",", paramLabel = "NAME", description = "Names of the classes, from label 0.")
    private List<String> classes;

    public SegmentCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (!(scale > 0 && scale <= 16)) {
            throw new ParameterException(spec.commandLine(), "--scale " + scale + ": expected a factor above 0, up to 16");
        }
        measure.check();
        boolean onnx = weights != null && OnnxModel.looksLike(weights);
        if (!onnx && network.given()) {
            throw new BadInputException(
                    "--input-scale, --mean, --std, --bgr, --input-size, --output, --result, --score, --nms and --most "
                            + "are for ONNX models: what a U-Net takes is in its weights");
        }
        if (VolumeInputs.wanted(images, folders.recursive())) {
            annotation.refuse("volumes");
            jobs.refuse("volumes");
            return new SegmentVolumes(console, volumes, output, measure, network, precision, options(), classes, background)
                    .run(images, folders.recursive(), weights, device);
        } else if (volumes.given() != null) {
            throw new BadInputException(volumes.given() + " is for volumes, and there are none (NIfTI, DICOM)");
        }
        Map<Path, String> rasters = folders.files(images, output.directory);
        if (raster.take(List.copyOf(rasters.keySet()))) {
            if (measure.wanted()) {
                jobs.refuse("rasters that are measured: the table is of all");
            }
            return new RasterSegmentation(console, raster, rasters(rasters)).run();
        }
        output.checkPictures();
        List<Input> inputs = folders.of(images, output.directory, console.notes(output.quiet));
        ClipRun.check(inputs, output.json || measure.wanted(), live);
        Task<UNetInput> first = ClipRun.first(inputs, UNetInput::read);
        if (onnx) {
            if (tile > 0 || scale != 1) {
                throw new BadInputException(
                        "--tile and --scale are for U-Nets: an ONNX model takes an image whole, of --input-size");
            }
            return new NetworkRun(console, network, output, measure, annotation, live, jobs, precision, classes, background)
                    .run(
                            weights,
                            device,
                            inputs, first);
        }
        try (Weights source = weights == null ? Kerf.embeddedWeights() : ModelCommands.open(weights, UNet.KIND);
                Device opened = device.open();
                UNet net = UNet.load(opened, source, ModelOptions.of().precision(precision))) {
            List<String> names = classNames(net);
            int nothing = background(names);
            if (weights == null && !output.quiet) {
                console.note("no --weights: using the embedded network " + net.name() + " (classes "
                        + String.join(", ", names) + ")");
            }
            try (OutputDirectory _ = new OutputDirectory(output.directory);
                    Measurements measured = measure.open(opened);
                    AnnotationFiles annotations = annotation.in(output.directory);
                    Jobs many = jobs.open(weights, net.name(), opened.info(), ClipRun.stills(inputs), output.directory)) {
                SegmentFiles files = new SegmentFiles(output.directory, output.formats(), output.overlay, output.legend, names,
                        nothing, annotations);
                annotations.begin(files.coloured());
                Claims claims = ImageInputs.claims(inputs, weights, files::of);
                measured.claim(claims);
                annotations.claim(claims);
                ImageReport report = new ImageReport(console, output.quiet, output.json, opened.info(), net.name());
                int code = new ClipRun<>(work(net, device.runs(opened), files, report, measured), report, live, claims,
                        files::of, output.directory,
                        output.video, many).run(inputs, first);
                if (code != ExitCode.FAILED) {
                    annotations.finish();
                    measured.write(console, output.quiet || output.json);
                }
                return code;
            }
        }
    }

    private RasterRequest rasters(Map<Path, String> inputs) {
        Set<String> formats = output.names();
        if (annotation.outlinesOfRasters()) {
            formats.add("geojson");
        }
        return new RasterRequest(inputs, weights, device, output.directory, formats, tile, scale, precision,
                model -> network.of(model, precision), NetworkOptions::names, classes, this::background,
                measure.file() == null
                        ? null
                        : new RasterRequest.Measured(measure.file(), measure.ofClasses(), measure.spacing()),
                (name, on) -> RasterJobs.of(jobs.open(weights, name, on, inputs.size(), output.directory)),
                output.quiet, output.json);
    }

    private ClipRun.Work<UNetInput, Segmentation> work(UNet net, int runs, SegmentFiles files, ImageReport report,
            Measurements measured) {
        SegmentOptions how = options();
        return new ClipRun.Work<>() {
            @Override
            public UNetInput read(Input input) {
                return UNetInput.read(input);
            }

            @Override
            public UNetInput look(Sight sight) {
                return new UNetInput.Shot(sight);
            }

            @Override
            public Segmentation find(UNetInput picture) {
                return picture.segment(net, how);
            }

            /** So many that they take no more memory together than one may, or one; tiles have several shapes, and each would want as many plans. */
            @Override
            public int atOnce(UNetInput picture) {
                double seen = scale * scale * picture.width() * picture.height();
                return tile <= SegmentOptions.AUTO && runs * seen <= Math.pow(net.largestTile(), 2) ? runs : 1;
            }

            @Override
            public void claim(Input input, Segmentation result) {
                if (result.tiles() > 1 && !net.tilesExactly()) {
                    report.remark("this network's up-sampling or normalisation depends on the size of what it sees: tiled "
                            + "results differ a little from untiled ones");
                }
            }

            @Override
            public long bytesPerPixel() {
                return ClipRun.Work.super.bytesPerPixel()
                        + (output.needsLogits() ? (long) Float.BYTES * files.classes().size() : 0);
            }

            @Override
            public ImageRun.Written write(Input input, UNetInput picture, Segmentation result) {
                Json kept = Json.object();
                measured.classes(kept, input, picture, result.labels(), files.background(), files.classes()::get);
                return files.write(input, picture, result, kept);
            }

            @Override
            public List<Path> collected(Input input) {
                return files.annotations().of(input.name());
            }

            @Override
            public void collect(Input input, Json kept) {
                files.annotations().collect(kept, input.name());
                measured.collect(kept);
            }
        };
    }

    private SegmentOptions options() {
        SegmentOptions options = SegmentOptions.of().tile(tile).scale(scale);
        return output.needsLogits() ? options.withLogits() : options;
    }

    private List<String> classNames(UNet net) {
        if (classes == null) {
            return net.classNames();
        }
        if (classes.size() != net.classNames().size()) {
            throw new BadInputException("--classes gives " + classes.size() + " names, the network tells "
                    + net.classNames().size() + " classes apart: " + String.join(", ", net.classNames()));
        }
        return classes;
    }

    private int background(List<String> names) {
        return background(background, names);
    }

    /** The class that isn't coloured, by the name or number that was given; -1 for none. */
    static int background(String given, List<String> names) {
        if (given == null) {
            return names.indexOf("background");
        }
        if (given.equals("none")) {
            return -1;
        }
        int named = names.indexOf(given);
        for (int i = 0; named < 0 && i < names.size(); i++) {
            named = Integer.toString(i).equals(given) ? i : -1;
        }
        if (named < 0) {
            throw new BadInputException("--background " + given + ": there is no such class; there are "
                    + String.join(", ", names));
        }
        return named;
    }

    /** Reads the side of a tile. */
    static final class TileConverter implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            return switch (value) {
                case "auto" -> SegmentOptions.AUTO;
                case "off" -> SegmentOptions.WHOLE;
                default -> side(value);
            };
        }

        private static int side(String value) {
            try {
                int side = Integer.parseInt(value);
                if (side > 0) {
                    return side;
                }
            } catch (NumberFormatException e) {
                throw expected(value);
            }
            throw expected(value);
        }

        private static TypeConversionException expected(String value) {
            return new TypeConversionException("expected auto, off or a number of pixels, not '" + value + "'");
        }
    }
}
