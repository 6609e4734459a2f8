package dev.kerf.check.golden;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.mask.Instances;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.mask.Mask;
import dev.kerf.mask.Panoptic;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.maskrcnn.DetectOptions;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Safetensors;
import dev.kerf.weights.Weights;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Cases of Mask R-CNN and Panoptic FPN, whose inputs hold proposals and boxes to run the heads on, the reference's
 * detections and perhaps its panoptic map. Every stage is held to the case's bound; of the reference's detections 95 of 100
 * have to be found again; a pixel of the map may differ only where a mask's edge or the best two labels lie within
 * float32's error. The cases are for precisions of float32's accuracy alone: random weights make other detections of more rounding.
 */
final class RcnnGolden implements Golden.Model {
    private static final double FOUND = 0.95;
    private static final int PROPOSALS = 64;

    @Override
    public String silent(GoldenCase golden, Precision precision) {
        return "its weights make other detections of the least rounding";
    }

    /** The network on the picture, the heads on the case's own boxes, so that order can't matter. */
    @Override
    public Map<String, HostTensor> stages(Device device, GoldenCase golden, Precision precision) {
        Image image = Image.read(golden.file("image"));
        try (Weights weights = golden.weights();
                MaskRcnn net = MaskRcnn.load(device, weights, ModelOptions.of().precision(precision));
                Safetensors inputs = Safetensors.open(golden.path("inputs.safetensors"))) {
            Map<String, HostTensor> stages = new LinkedHashMap<>(net.trace(image, options(golden)));
            float[] first = Arrays.copyOf(inputs.tensor("proposals").toFloatArray(), 4 * PROPOSALS);
            net.traceHeads(image, HostTensor.of(Shape.of(PROPOSALS, 4), first), inputs.tensor("first16.boxes_resized"),
                    options(golden))
                    .forEach((name, t) -> stages.put((name.startsWith("mask") ? "first16." : "first64.") + name, t));
            return stages;
        }
    }

    /** Upstream's defaults with the case's sizes. */
    private static DetectOptions options(GoldenCase golden) {
        return DetectOptions.of().size(golden.description().at("min_size").asInt(),
                golden.description().at("max_size").asInt());
    }

    @Override
    public List<Golden.Figure> used(Device device, GoldenCase golden, Map<String, HostTensor> stages) {
        Image image = Image.read(golden.file("image"));
        List<Golden.Figure> figures = new ArrayList<>();
        try (Weights weights = golden.weights();
                MaskRcnn net = MaskRcnn.load(device, weights);
                Safetensors inputs = Safetensors.open(golden.path("inputs.safetensors"))) {
            Detections theirs = new Detections(inputs);
            Instances found = net.detect(image, options(golden));
            double share = (double) theirs.matched(found).size() / theirs.count();
            figures.add(new Golden.Figure("detections", share, FOUND, true, "share found again"));
            if (golden.description().find("panoptic").isPresent()) {
                Json how = golden.description().at("panoptic");
                Panoptic ours = net.panoptic(image, options(golden), new Panoptic.Merge(
                        how.at("instance_score").asDouble(), how.at("overlap_threshold").asDouble(),
                        how.at("stuff_area").asLong()));
                Map<Integer, Integer> categories = new HashMap<>();
                for (Json s : how.at("segments").items()) {
                    categories.put(s.at("id").asInt(), s.at("isthing").asBoolean()
                            ? theirs.label(s.at("instance_id").asInt())
                            : net.stuffCategories().get(s.at("category_id").asInt() - 1));
                }
                HostTensor ids = inputs.tensor("panoptic.ids");
                long wrong = wrong(ours, pairs(ours, ids, categories), ids,
                        edges(theirs.matched(found), theirs, ours.ids().length), stages.get("semantic_logits"),
                        20 * golden.stages().get("semantic_logits").maxAbsError());
                figures.add(new Golden.Figure("panoptic", wrong, 0, false, "wrong beyond the margin"));
            }
        }
        return figures;
    }

    /** For each segment of the reference that of ours with its category which shares most pixels with it. */
    private static Map<Integer, Integer> pairs(Panoptic ours, HostTensor theirs, Map<Integer, Integer> categories) {
        Map<Integer, Integer> category = new HashMap<>();
        ours.segments().forEach(s -> category.put(s.id(), s.category()));
        Map<Integer, Map<Integer, Integer>> shared = new HashMap<>();
        int[] ids = ours.ids();
        for (int i = 0; i < ids.length; i++) {
            int id = (int) theirs.getLong(i);
            if (ids[i] != 0 && category.get(ids[i]).equals(categories.get(id))) {
                shared.computeIfAbsent(id, k -> new HashMap<>()).merge(ids[i], 1, Integer::sum);
            }
        }
        Map<Integer, Integer> pairs = new HashMap<>();
        shared.forEach((id, by) -> pairs.put(id, Collections.max(by.entrySet(), Map.Entry.comparingByValue()).getKey()));
        return pairs;
    }

    /** Pixels that the mask of a detection has and that of the same detection here hasn't, or the other way round. */
    private static boolean[] edges(Map<Integer, Instance> matched, Detections theirs, int pixels) {
        boolean[] edges = new boolean[pixels];
        matched.forEach((i, instance) -> {
            Mask mask = instance.mask().decode();
            for (int p = 0; p < pixels; p++) {
                edges[p] |= theirs.has(i, p) != mask.get(p % mask.width(), p / mask.width());
            }
        });
        return edges;
    }

    private static long wrong(
            Panoptic ours, Map<Integer, Integer> pairs, HostTensor theirs, boolean[] edges, HostTensor logits, double margin) {
        int[] ids = ours.ids();
        return IntStream.range(0, ids.length)
                .filter(i -> ids[i] != pairs.getOrDefault((int) theirs.getLong(i), 0) && !edges[i]
                        && GoldenCase.margin(logits, i, ids.length, logits.shape().size(1)) >= margin)
                .count();
    }
}
