package dev.kerf.cli;

import dev.kerf.backend.Device;
import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import dev.kerf.mask.CocoDataset;
import dev.kerf.mask.CocoResults;
import dev.kerf.metrics.ApProtocol;
import dev.kerf.metrics.AveragePrecision;
import dev.kerf.metrics.Overlaps;

/** How COCO results are compared with a COCO data set. */
final class InstanceEvaluation {
    /** What detections are compared by, as pycocotools names it. */
    enum IouType {
        /** Boxes. */
        bbox,
        /** Masks. */
        segm
    }

    private InstanceEvaluation() {}

    /**
     * The scores of all images.
     *
     * @param type     null for masks where the results have them, otherwise boxes
     * @param boundary share of the diagonal to which boundaries reach; null for whole masks
     * @param device   opened only for masks
     */
    static InstanceReport run(Json truth, Json found, IouType type, Double boundary, DeviceOptions device,
            Console console) {
        CocoDataset dataset = CocoDataset.of(truth);
        CocoResults results = CocoResults.of(found, dataset);
        if (!results.unknownCategories().isEmpty()) {
            console.note("the truth lists no category " + String.join(", ", results.unknownCategories().keySet()
                    .stream().map(String::valueOf).toList()) + "; results of such are left out: "
                    + results.unknownCategories().values().stream().mapToInt(n -> n).sum() + " of " + results.size());
        }
        boolean masks = type == null ? boundary != null || hasMasks(found) : type == IouType.segm;
        if (!masks && boundary != null) {
            throw new BadInputException("boxes have no boundaries; leave out --boundary or --iou-type bbox");
        }
        if (!masks) {
            AveragePrecision ap = AveragePrecision.boxes();
            ap.add(dataset, results);
            return new InstanceReport(dataset, results, IouType.bbox, null, null, ap.scores());
        }
        try (Device opened = device.open(); Overlaps overlaps = new Overlaps(opened)) {
            AveragePrecision ap = boundary == null ? AveragePrecision.masks(overlaps)
                    : AveragePrecision.boundaries(overlaps, boundary, ApProtocol.COCO);
            ap.add(dataset, results);
            return new InstanceReport(dataset, results, IouType.segm, boundary, opened.info(), ap.scores());
        }
    }

    private static boolean hasMasks(Json found) {
        return found.size() > 0 && found.at(0).find("segmentation").isPresent();
    }
}
