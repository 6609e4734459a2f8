package dev.kerf.cli.evaluate;

import dev.kerf.backend.Device;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.Progress;
import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import dev.kerf.mask.CocoPanoptic;
import dev.kerf.metrics.PanopticQuality;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** How COCO panoptic pictures are compared with true ones: its options, and the comparison. */
final class PanopticEvaluation {
    private static final int MOST_NAMED = 5;

    @Option(names = "--predicted-pngs", paramLabel = "DIR", description = "Panoptic PNG files of --predicted; by default x for x.json.")
    private Path predictedPngs;

    @Option(names = "--truth-pngs", paramLabel = "DIR", description = "Panoptic PNG files of --truth; by default x for x.json.")
    private Path truthPngs;

    /** The first of the options that was given; null if none was. */
    String given() {
        return predictedPngs != null ? "--predicted-pngs" : truthPngs != null ? "--truth-pngs" : null;
    }

    /**
     * The scores of all images.
     *
     * @param truthFile     where {@code truth} was read
     * @param predictedFile where {@code predicted} was read
     * @param allowMissing  whether images without prediction are left out
     * @param boundary      of the image's diagonal, to which boundaries reach; null where segments count whole
     */
    PanopticReport run(Path truthFile, Json truth, Path predictedFile, Json predicted, boolean allowMissing,
            Double boundary, Device device, Console console) {
        CocoPanoptic real = CocoPanoptic.of(truth, directory(truthFile, truthPngs, "--truth-pngs"));
        CocoPanoptic found = CocoPanoptic.of(predicted, directory(predictedFile, predictedPngs, "--predicted-pngs"), real);
        if (real.categories().isEmpty()) {
            throw new BadInputException(truthFile + ": lists no categories; the truth's file says which are things");
        }
        List<Long> images = new ArrayList<>();
        List<Long> missing = new ArrayList<>();
        real.images().forEach(i -> (found.has(i) ? images : missing).add(i));
        if (!missing.isEmpty()) {
            String few = String.join(", ", missing.stream().limit(MOST_NAMED).map(real::id).toList());
            String all = predictedFile + ": no prediction for image " + few
                    + (missing.size() > MOST_NAMED ? " and " + (missing.size() - MOST_NAMED) + " more" : "");
            if (!allowMissing || images.isEmpty()) {
                throw new BadInputException(all + (images.isEmpty()
                        ? "; nothing is left to compare"
                        : "; --allow-missing compares the " + images.size() + " others"));
            }
            console.note(all);
        }
        try (PanopticQuality quality = boundary == null
                ? new PanopticQuality(device, real.categories().values())
                : PanopticQuality.ofBoundaries(device, real.categories().values(), boundary);
                Progress progress = console.terminal() ? Progress.bar(console, images.size()) : Progress.none()) {
            for (long image : images) {
                try {
                    quality.add(image, real.picture(image), found.picture(image));
                    progress.step();
                } catch (BadInputException e) {
                    throw new BadInputException(found.file(image) + ": " + e.getMessage());
                }
            }
            return new PanopticReport(images.size(), device.info(), quality.scores());
        }
    }

    private static Path directory(Path file, Path given, String option) {
        if (given != null) {
            return given;
        }
        String name = file.getFileName().toString();
        if (!name.endsWith(".json")) {
            throw new BadInputException(file + ": its name doesn't end in .json; say with " + option
                    + " where its PNG files are");
        }
        return file.resolveSibling(name.substring(0, name.length() - ".json".length()));
    }
}
