package dev.kerf.cli.raster;

import dev.kerf.backend.Device;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.console.Text;
import dev.kerf.cli.console.Version;
import dev.kerf.geo.Affine;
import dev.kerf.geo.GeoReference;
import dev.kerf.geo.Raster;
import dev.kerf.json.Json;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Tells the user of each raster: a line, or an entry of one JSON document. */
final class RasterReport {
    private final Console console;
    private final RasterRequest request;
    private final Json images = Json.array();
    private final Json failures = Json.array();
    private int skipped;

    RasterReport(Console console, RasterRequest request) {
        this.console = console;
        this.request = request;
    }

    /**
     * A raster whose results are written.
     *
     * @param counts   pixels of each class and, at last, those without data
     * @param outlines that were written; -1 where none are wanted
     */
    void done(Path file, Raster.Level level, List<String> names, long[] counts, long tiles, long outlines, List<Path> outputs,
            double seconds) {
        double all = (double) level.width() * level.height();
        if (request.json()) {
            GeoReference place = level.reference();
            Optional<Affine> grid = place.affine();
            Json classes = Json.array();
            for (int i = 0; i < names.size(); i++) {
                Json c = Json.object().put("name", names.get(i)).put("label", i).put("pixels", counts[i]).put("share",
                        counts[i] / all);
                if (grid.isPresent()) {
                    c.put(place.inMetres() ? "area_m2" : "area", counts[i] * grid.get().pixelArea());
                }
                classes.add(c);
            }
            Json entry = Json.object().put("file", file.toString()).put("width", level.width()).put("height", level.height())
                    .put("reduction", level.reduction()).put("tiles", tiles).put("classes", classes)
                    .put("nodata_pixels", counts[counts.length - 1]);
            place.crs().ifPresent(crs -> entry.put("crs", crs));
            if (outlines >= 0) {
                entry.put("outlines", outlines);
            }
            images.add(entry.put("outputs", outputs.stream().map(Path::toString).toList()).put("seconds", seconds));
        } else if (!request.quiet()) {
            console.out()
                    .println(file + "  " + level.width() + "x" + level.height()
                            + (level.reduction() > 1 ? " (an overview)" : "") + "  "
                            + shares(names, counts, all)
                            + (outlines >= 0 ? "  " + outlines + (outlines == 1 ? " outline" : " outlines") : "")
                            + "  " + Text.fixed(seconds, 2) + " s");
            console.out().flush();
        }
    }

    /** Classes that occur, the largest first. */
    private static String shares(List<String> names, long[] counts, double all) {
        return IntStream.range(0, counts.length).boxed().filter(i -> counts[i] > 0)
                .sorted(Comparator.comparingLong((Integer i) -> counts[i]).reversed())
                .map(i -> (i < names.size() ? names.get(i) : "no data") + " " + Text.fixed(100 * counts[i] / all, 1) + " %")
                .collect(Collectors.joining(", "));
    }

    /** A table that is written. */
    void measured(Path file, long objects) {
        if (!request.quiet() && !request.json()) {
            console.out().println(file + "  " + objects + (objects == 1 ? " object" : " objects"));
        }
    }

    void failed(Path file, Throwable why) {
        String message = Console.explain(why);
        message = message.contains(file.toString()) ? message : file + ": " + message;
        failures.add(Json.object().put("file", file.toString()).put("error", message));
        console.note(message);
    }

    /** Says something of the whole run, unless the user wants quiet or there is nothing to say. */
    void remark(String text) {
        if (!request.quiet() && !text.isEmpty()) {
            console.note(text);
        }
    }

    /** One that an earlier run did. */
    void skipped() {
        skipped++;
    }

    /** Writes the document if one is wanted; returns the exit code. */
    int finish(String network, Device.Info device, int done) {
        if (request.json()) {
            console.out()
                    .println(Json.object().put("kerf", Version.text()).put("network", network).put("backend", device.backend())
                            .put("device", device.name()).put("images", images).put("skipped", skipped).put("failed", failures)
                            .pretty());
        }
        if (skipped > 0 && !request.json() && !request.quiet()) {
            console.out().println(skipped + (skipped == 1 ? " raster was" : " rasters were") + " done before: skipped");
        }
        return failures.size() == 0 ? ExitCode.OK : done + skipped == 0 ? ExitCode.FAILED : ExitCode.SOME_FAILED;
    }
}
