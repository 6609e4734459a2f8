package dev.kerf.formats;

import dev.kerf.error.BadFileException;
import dev.kerf.error.KerfException;
import dev.kerf.formats.Annotations.Item;
import dev.kerf.formats.Annotations.Kind;
import dev.kerf.json.Json;
import dev.kerf.mask.RunLength;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;

/**
 * Reads Label Studio's JSON export: of each task the first annotation that isn't cancelled or, without one, the first prediction;
 * polygons, brushes, rectangles and ellipses.
 */
final class LabelStudio {
    private static final int LARGEST = 1 << 16;

    private final Map<String, Integer> leftOut = new TreeMap<>();
    private final PictureSizes sizes;
    private final Path file;

    private LabelStudio(Path file, PictureSizes sizes) {
        this.file = file;
        this.sizes = sizes;
    }

    static AnnotationSet read(Path file, PictureSizes sizes) {
        LabelStudio studio = new LabelStudio(file, sizes);
        List<Annotations> pictures = new ArrayList<>();
        for (Json task : Json.read(file).items()) {
            pictures.add(studio.picture(task));
        }
        return AnnotationSet.of(AnnotationFormat.LABEL_STUDIO, List.of(), pictures, studio.leftOut);
    }

    private Annotations picture(Json task) {
        String name = name(task);
        List<Json> drawn = results(task);
        int width = 0;
        int height = 0;
        for (Json r : drawn) {
            if (r.find("original_width").isPresent()) {
                width = r.at("original_width").asInt();
                height = r.at("original_height").asInt();
                if (width < 1 || height < 1 || width > LARGEST || height > LARGEST) {
                    throw r.error("says a picture of " + width + "x" + height);
                }
            }
        }
        if (width == 0) {
            PictureSizes.Size size = sizes.need(Annotations.stem(name), file);
            width = size.width();
            height = size.height();
        }
        List<Item> items = new ArrayList<>();
        Map<String, String> labels = labels(drawn);
        for (Json r : drawn) {
            item(r, width, height, labels, items);
        }
        return new Annotations(name, width, height, items);
    }

    private static List<Json> results(Json task) {
        for (String kind : List.of("annotations", "predictions")) {
            for (Json a : task.find(kind).filter(Json::isArray).map(Json::items).orElse(List.of())) {
                if (a.isObject() && !a.find("was_cancelled").filter(c -> c.isBoolean() && c.asBoolean()).isPresent()) {
                    return a.at("result").items();
                }
            }
        }
        return List.of();
    }

    /** The picture's file: the last part of the first address in the task's data, without what uploads put before it. */
    private static String name(Json task) {
        for (Json value : task.at("data").members().values()) {
            if (value.isString() && value.asString().matches("(?s).*\\.[A-Za-z0-9]+([?#].*)?")) {
                String address = value.asString();
                int local = address.indexOf("?d=");
                String path = local >= 0 ? address.substring(local + 3) : address.replaceFirst("[?#].*", "");
                String whole = path.substring(path.lastIndexOf('/') + 1);
                String last = path.contains("/upload/") ? whole.replaceFirst("^[0-9a-f]{8}-", "") : whole;
                try {
                    return URLDecoder.decode(last.replace("+", "%2B"), StandardCharsets.UTF_8);
                } catch (IllegalArgumentException e) {
                    return last;
                }
            }
        }
        throw task.at("data").error("has no address of a picture");
    }

    /** Labels by the region that they are of: a region may be drawn by one tag and named by another. */
    private static Map<String, String> labels(List<Json> drawn) {
        Map<String, String> out = new HashMap<>();
        for (Json r : drawn) {
            r.at("value").members().forEach((key, value) -> {
                if (key.endsWith("labels") && value.isArray() && value.size() > 0
                        && r.find("id").filter(Json::isString).isPresent()) {
                    out.putIfAbsent(r.at("id").asString(), value.at(0).asString());
                }
            });
        }
        return out;
    }

    private void item(Json r, int width, int height, Map<String, String> labels, List<Item> items) {
        String type = r.at("type").asString();
        if (type.equals("labels")) {
            // The name of a region that another result draws.
            return;
        }
        Json v = r.at("value");
        double x = width / 100.0;
        double y = height / 100.0;
        double turn = v.find("rotation").map(Json::asDouble).orElse(0.0);
        try {
            RunLength mask = switch (type) {
                case "brushlabels", "brush" -> RunLength.encode(BrushRle.read(v.at("rle"), width, height));
                case "polygonlabels", "polygon" -> polygon(width, height, corners(v.at("points"), x, y));
                case "rectanglelabels", "rectangle" -> polygon(width, height, PolygonShapes.box(v.at("x").asDouble() * x,
                        v.at("y").asDouble() * y, v.at("width").asDouble() * x, v.at("height").asDouble() * y, turn));
                case "ellipselabels", "ellipse" -> polygon(width, height, PolygonShapes.ellipse(v.at("x").asDouble() * x,
                        v.at("y").asDouble() * y, v.at("radiusX").asDouble() * x, v.at("radiusY").asDouble() * y, turn));
                default -> null;
            };
            if (mask == null) {
                leftOut.merge(type, 1, Integer::sum);
                return;
            }
            String label = v.find(type).filter(l -> l.isArray() && l.size() > 0).map(l -> l.at(0).asString())
                    .or(() -> r.find("id").filter(Json::isString).map(id -> labels.get(id.asString()))).orElse("unlabelled");
            OptionalDouble score = r.find("score").filter(Json::isNumber).map(s -> OptionalDouble.of(s.asDouble()))
                    .orElse(OptionalDouble.empty());
            items.add(new Item(label, Kind.THING, mask, score, 0));
        } catch (KerfException e) {
            throw e instanceof BadFileException ? e : r.error(e.getMessage());
        }
    }

    private static RunLength polygon(int width, int height, double[] corners) {
        return RunLength.ofPolygons(width, height, List.of(corners));
    }

    private static double[] corners(Json points, double x, double y) {
        double[] out = new double[2 * points.size()];
        for (int i = 0; i < points.size(); i++) {
            out[2 * i] = points.at(i).at(0).asDouble() * x;
            out[2 * i + 1] = points.at(i).at(1).asDouble() * y;
        }
        return out;
    }
}
