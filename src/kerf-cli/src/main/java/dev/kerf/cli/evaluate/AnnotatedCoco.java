package dev.kerf.cli.evaluate;

import dev.kerf.cli.console.Console;
import dev.kerf.error.BadInputException;
import dev.kerf.formats.AnnotationSet;
import dev.kerf.formats.Annotations;
import dev.kerf.formats.Annotations.Item;
import dev.kerf.formats.Annotations.Kind;
import dev.kerf.json.Json;
import dev.kerf.mask.Box;
import dev.kerf.mask.Coco;
import dev.kerf.mask.CocoDataset;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** Annotations as COCO's truth and results, so that objects are scored as pycocotools scores them. */
final class AnnotatedCoco {
    private static final int PEEK = 256;

    private AnnotatedCoco() {}

    /** Whether a file begins as a data set does, an object, rather than as results do, an array. */
    static boolean isDataset(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(PEEK), StandardCharsets.UTF_8).stripLeading().startsWith("{");
        } catch (IOException e) {
            return false;
        }
    }

    /** A data set: classes numbered from 1 in their order, pictures likewise; what isn't of countable things is left out. */
    static Json truth(AnnotationSet set) {
        Json images = Json.array();
        Json categories = Json.array();
        Json annotations = Json.array();
        for (String label : set.labels()) {
            categories.add(Json.object().put("id", categories.size() + 1).put("name", label));
        }
        for (Annotations p : set.pictures()) {
            images.add(Json.object().put("id", images.size() + 1).put("file_name", p.file()).put("width", p.width())
                    .put("height", p.height()));
            for (Item item : p.items()) {
                if (item.kind() != Kind.STUFF) {
                    annotations.add(record(item).put("id", annotations.size() + 1).put("image_id", images.size())
                            .put("category_id", set.labels().indexOf(item.label()) + 1).put("area", item.mask().area())
                            .put("iscrowd", item.kind() == Kind.CROWD ? 1 : 0));
                }
            }
        }
        return Json.object().put("images", images).put("categories", categories).put("annotations", annotations);
    }

    private static Json record(Item item) {
        Box b = item.mask().bounds();
        return Json.object().put("bbox", new int[] {b.x(), b.y(), b.width(), b.height()})
                .put("segmentation", Coco.segmentation(item.mask(), Coco.Form.RUN_LENGTH));
    }

    /** Results: pictures are those of the truth by name, classes too; without a score it is 1. */
    static Json results(AnnotationSet set, Json truth, Console console) {
        CocoDataset dataset = CocoDataset.of(truth);
        Map<String, Json> images = new HashMap<>();
        for (Json image : truth.at("images").items()) {
            image.find("file_name").ifPresent(f -> images.put(LabelPairs.stem(Path.of(f.asString())), image.at("id")));
        }
        Map<String, Integer> categories = new HashMap<>();
        dataset.categories().values().forEach(c -> categories.put(c.name(), c.id()));
        Map<String, Integer> unknown = new TreeMap<>();
        Json out = Json.array();
        for (Annotations p : set.pictures()) {
            Json image = images.get(LabelPairs.stem(Path.of(p.file())));
            if (image == null) {
                throw new BadInputException("the truth has no picture '" + p.file() + "', which was predicted");
            }
            for (Item item : p.items()) {
                Integer category = categories.get(item.label());
                if (category == null) {
                    unknown.merge(item.label(), 1, Integer::sum);
                } else if (item.kind() == Kind.THING && item.mask().area() > 0) {
                    // Without a box the mask's area counts, as in the truth.
                    out.add(Json.object().put("image_id", image).put("category_id", category)
                            .put("score", item.score().orElse(1))
                            .put("segmentation", Coco.segmentation(item.mask(), Coco.Form.RUN_LENGTH)));
                }
            }
        }
        if (!unknown.isEmpty()) {
            console.note("the truth has no class " + String.join(", ", unknown.entrySet().stream()
                    .map(e -> e.getKey() + " (" + e.getValue() + ")").toList()) + ": left out");
        }
        return out;
    }
}
