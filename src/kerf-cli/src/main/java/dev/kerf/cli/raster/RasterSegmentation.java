package dev.kerf.cli.raster;

import dev.kerf.Kerf;
import dev.kerf.backend.Device;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.Progress;
import dev.kerf.cli.option.Claims;
import dev.kerf.cli.option.ModelCommands;
import dev.kerf.cli.option.OutputDirectory;
import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import dev.kerf.geo.Affine;
import dev.kerf.geo.GeoJsonFile;
import dev.kerf.geo.LabelOutlines;
import dev.kerf.geo.LabelTiff;
import dev.kerf.geo.Raster;
import dev.kerf.geo.RasterPlanes;
import dev.kerf.geo.RasterRun;
import dev.kerf.geo.TileNetwork;
import dev.kerf.graph.onnx.OnnxModel;
import dev.kerf.mask.Palette;
import dev.kerf.measure.ObjectRules;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.UNet;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;

/** Takes rasters through a network, one after the other, each tile by tile. */
public final class RasterSegmentation {
    private static final String LABELS = "labels";
    private static final String OUTLINES = "geojson";

    private final Console console;
    private final RasterOptions options;
    private final RasterRequest request;
    private final RasterReport report;

    public RasterSegmentation(Console console, RasterOptions options, RasterRequest request) {
        this.console = console;
        this.options = options;
        this.request = request;
        this.report = new RasterReport(console, request);
    }

    /** Returns the exit code. */
    public int run() {
        request.formats().stream().filter(f -> !Set.of(LABELS, OUTLINES).contains(f)).findFirst().ifPresent(f -> {
            throw new BadInputException("--format " + f + ": of rasters there are labels (GeoTIFF) and geojson");
        });
        RasterRequest.Measured measured = request.measured();
        if (measured != null && !isPlain(measured.rules())) {
            throw new BadInputException(
                    "--open, --close, --fill-holes, --split and --connectivity none: objects of rasters are measured row "
                            + "by row, as they are");
        }
        Claims claims = new Claims(request.weights() == null ? request.inputs().keySet() : with(request.weights()));
        request.inputs().forEach((file, name) -> claims.take(file.toString(), files(name), "--out"));
        if (measured != null) {
            claims.take("the table of measures", List.of(measured.file()), "--measure");
        }
        return request.weights() != null && OnnxModel.looksLike(request.weights()) ? onnx() : unet();
    }

    private static boolean isPlain(ObjectRules rules) {
        return rules.connectivity() != ObjectRules.WHOLE
                && rules.equals(ObjectRules.of().connectivity(rules.connectivity()).areas(rules.minArea(), rules.maxArea()));
    }

    private List<Path> with(Path weights) {
        List<Path> all = new ArrayList<>(request.inputs().keySet());
        all.add(weights);
        return all;
    }

    private List<Path> files(String name) {
        return request.formats().stream().sorted((a, b) -> b.compareTo(a))
                .map(f -> request.directory().resolve(name + (f.equals(LABELS) ? "-labels.tif" : ".geojson"))).toList();
    }

    private int unet() {
        try (Weights source = request.weights() == null
                ? Kerf.embeddedWeights()
                : ModelCommands.open(request.weights(), UNet.KIND);
                Device device = request.device().open();
                UNet net = UNet.load(device, source, ModelOptions.of().precision(request.precision()))) {
            if (request.weights() == null && !request.quiet()) {
                console.note("no --weights: using the embedded network " + net.name() + " (classes "
                        + String.join(", ", net.classNames()) + ")");
            }
            if (!net.tilesExactly() && !request.quiet()) {
                console.note(
                        "this network's up-sampling or normalisation depends on the size of what it sees: tiled results differ a "
                                + "little from untiled ones");
            }
            return all(TileNetwork.of(net), net.name(), device);
        }
    }

    private int onnx() {
        try (OnnxModel model = OnnxModel.open(request.weights());
                Device device = request.device().open();
                OnnxTiles net = new OnnxTiles(device, model, request.onnx().apply(model), request.tile(), options.overlap(),
                        n -> request.onnxNames().apply(model, n))) {
            return all(net, request.weights().getFileName().toString(), device);
        }
    }

    private int all(TileNetwork net, String name, Device device) {
        List<String> names = request.classes() == null ? net.classNames() : request.classes();
        if (names.size() != net.classNames().size()) {
            throw new BadInputException(
                    "--classes gives " + names.size() + " names, the network tells " + net.classNames().size()
                            + " classes apart: " + String.join(", ", net.classNames()));
        }
        int background = request.background().applyAsInt(names);
        int done = 0;
        try (OutputDirectory _ = new OutputDirectory(request.directory());
                RasterRequest.Done before = request.record().apply(name, device.info());
                ObjectTable table = request.measured() == null ? null : new ObjectTable(request.measured().file())) {
            for (var input : request.inputs().entrySet()) {
                if (before.is(input.getKey(), input.getValue())) {
                    report.skipped();
                    continue;
                }
                try (Raster raster = Raster.open(input.getKey())) {
                    one(raster, net, input.getValue(), names, background, table);
                    done++;
                    note(before, input.getKey(), input.getValue());
                } catch (RuntimeException | OutOfMemoryError e) {
                    report.failed(input.getKey(), e);
                }
            }
            before.complete();
            if (table != null && done > 0) {
                table.commit();
                report.measured(request.measured().file(), table.size());
            }
        }
        return report.finish(name, device.info(), done);
    }

    private void note(RasterRequest.Done record, Path file, String name) {
        try {
            report.remark(record.add(file, name, files(name)));
        } catch (KerfException e) {
            // Its results are there all the same.
            report.remark(e.getMessage());
        }
    }

    private void one(Raster raster, TileNetwork net, String name, List<String> names, int background, ObjectTable table) {
        long start = System.nanoTime();
        Raster.Level level = options.level(raster, request.scale(), request.quiet() ? _ -> {} : console::note);
        var noData = options.noData(raster);
        RasterPlanes planes = RasterPlanes.of(raster, level, options.bands(), net.channels(), options.range(), noData);
        int whole = (Math.max(level.width(), level.height()) | 511) + 1 + 2 * net.margin();
        int tile = request.tile() == SegmentOptions.AUTO
                ? Math.min(RasterRun.TILE, net.largest())
                : request.tile() > 0 ? request.tile() : whole;
        RasterRun run = RasterRun.of(planes, net, tile);
        var form = new LabelTiff.Form(level.width(), level.height(), run.storedTile(), level.reference(), names,
                Palette.of(names.size(), background), planes.mayHaveGaps());
        List<Path> files = files(name);
        boolean outlined = request.formats().contains(OUTLINES);
        boolean labelled = request.formats().contains(LABELS);
        // Outlines are traced in the labels, which are written in any case.
        try (LabelTiff labels = new LabelTiff(files.getFirst(), form);
                Progress progress = console.terminal() && !request.quiet()
                        ? Progress.bar(console, (int) Math.min(Integer.MAX_VALUE, run.tiles()), "tiles")
                        : Progress.none()) {
            HeapLimit heap = new HeapLimit();
            run.each(t -> {
                labels.write(t);
                progress.step();
                heap.step();
            }, false);
            long outlines = -1;
            if (outlined) {
                outlines = outlines(labels.path(), level, files.getLast(), names,
                        label -> label != background && label != form.noData());
            }
            if (table != null) {
                measure(labels.path(), raster, level, names, label -> label != background && label != form.noData(), table);
            }
            if (labelled) {
                labels.commit();
            }
            report.done(raster.path(), level, names, labels.counts(), run.tiles(), outlines, files,
                    (System.nanoTime() - start) / 1e9);
        }
    }

    private void measure(Path labels, Raster raster, Raster.Level level, List<String> names, IntPredicate wanted,
            ObjectTable table) {
        ObjectRules rules = request.measured().rules();
        var ground = ObjectTable.Ground.of(level, request.measured().spacing());
        long[] number = {0};
        LabelOutlines.measure(labels, wanted, rules.connectivity(), o -> {
            if (o.area() >= rules.minArea() && o.area() <= rules.maxArea()) {
                table.add(raster.path(), ++number[0], names.get(o.label()), o, ground);
            }
        });
    }

    private static long outlines(Path labels, Raster.Level level, Path file, List<String> names, IntPredicate wanted) {
        Affine place = level.reference().affine().orElseGet(() -> pixels(level));
        try (GeoJsonFile out = new GeoJsonFile(file, place, level.reference().crs(), names)) {
            LabelOutlines.trace(labels, wanted, out::add);
            out.commit();
            return out.size();
        }
    }

    /** Of what lies nowhere: pixels of the full picture. */
    private static Affine pixels(Raster.Level level) {
        if (level.reference().isKnown()) {
            throw new BadInputException(
                    "--format geojson: the file says where it lies by several points or in a way that makes no sense, "
                            + "and outlines can't be put there");
        }
        return new Affine(level.reduction(), 0, 0, 0, level.reduction(), 0);
    }
}
