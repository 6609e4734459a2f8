package dev.kerf.cli.evaluate;

import dev.kerf.backend.Device;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.Progress;
import dev.kerf.cli.option.DeviceOptions;
import dev.kerf.json.Json;
import dev.kerf.mask.CocoDataset;
import dev.kerf.metrics.ApScores;
import dev.kerf.metrics.AveragePrecision;
import dev.kerf.metrics.Overlaps;
import java.util.List;
import picocli.CommandLine.Option;

/** How COCO results are compared with a COCO data set: its options, and the comparison. */
final class InstanceEvaluation {
    /** What detections are compared by, as pycocotools names it. */
    enum IouType {
        /** Boxes. */
        bbox,
        /** Masks. */
        segm
    }

    @Option(names = "--iou-type", paramLabel = "TYPE", description = "What COCO detections are compared by: ${COMPLETION-CANDIDATES}; segm where the results have "
            + "masks, otherwise bbox.")
    private IouType type;

    @Option(names = "--class-agnostic", description = "Only whether COCO detections are found counts, not what they are taken for.")
    private boolean classAgnostic;

    /** The first of the options that was given; null if none was. */
    String given() {
        return type != null ? "--iou-type" : classAgnostic ? "--class-agnostic" : null;
    }

    /** Whether boxes are asked for, whatever the results have. */
    boolean ofBoxes() {
        return type == IouType.bbox;
    }

    /**
     * The scores of all images, or of those that have results.
     *
     * @param boundary     share of the diagonal to which boundaries reach; null for whole masks
     * @param allowMissing whether images without results are left out rather than taken for ones without detections
     * @param device       opened only for masks
     */
    InstanceReport run(Json truth, Json found, Double boundary, boolean allowMissing, DeviceOptions device,
            Console console) {
        CocoDataset dataset = CocoDataset.of(truth);
        CocoDataset.Results results = CocoDataset.Results.of(found, dataset);
        if (!results.unknownCategories().isEmpty()) {
            console.note("the truth lists no category " + String.join(", ", results.unknownCategories().keySet()
                    .stream().map(String::valueOf).toList()) + "; results of such are left out: "
                    + results.unknownCategories().values().stream().mapToInt(n -> n).sum() + " of " + results.size());
        }
        int polygons = dataset.polygonsLeftOut() + results.polygonsLeftOut();
        if (polygons > 0) {
            console.note(polygons + (polygons == 1 ? " polygon has" : " polygons have")
                    + " fewer than three corners or half of one: left out beside others of the same mask");
        }
        List<Long> images = dataset.images().keySet().stream()
                .filter(i -> !allowMissing || !results.of(i).isEmpty()).toList();
        boolean masks = type == null ? boundary != null || hasMasks(found) : type == IouType.segm;
        if (!masks) {
            ApScores scores = measure(AveragePrecision.boxes(), dataset, images, results, console);
            return new InstanceReport(dataset, images, results, IouType.bbox, null, classAgnostic, null, scores);
        }
        try (Device opened = device.open(); Overlaps overlaps = new Overlaps(opened)) {
            AveragePrecision ap = boundary == null
                    ? AveragePrecision.masks(overlaps)
                    : AveragePrecision.boundaries(overlaps, boundary, AveragePrecision.Protocol.COCO);
            ApScores scores = measure(ap, dataset, images, results, console);
            return new InstanceReport(dataset, images, results, IouType.segm, boundary, classAgnostic, opened.info(),
                    scores);
        }
    }

    private ApScores measure(AveragePrecision ap, CocoDataset dataset, List<Long> images, CocoDataset.Results results,
            Console console) {
        AveragePrecision measure = classAgnostic ? ap.classAgnostic() : ap;
        try (Progress progress = console.terminal() ? Progress.bar(console, images.size()) : Progress.none()) {
            for (long image : images) {
                measure.add(dataset, image, results);
                progress.step();
            }
        }
        return measure.scores();
    }

    private static boolean hasMasks(Json found) {
        return found.size() > 0 && found.at(0).find("segmentation").isPresent();
    }
}
