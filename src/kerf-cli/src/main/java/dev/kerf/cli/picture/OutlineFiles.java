package dev.kerf.cli.picture;

import dev.kerf.file.AtomicFile;
import dev.kerf.json.Json;
import dev.kerf.mask.Instances;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Mask;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.IntFunction;

/** Outlines of what is found, in the formats of other programs. */
final class OutlineFiles {
    private OutlineFiles() {}

    /**
     * What has an outline.
     *
     * @param category its class
     * @param mask     its pixels
     * @param score    how sure the network is, where it says so
     */
    record Shape(int category, Mask mask, OptionalDouble score) {
        /** Of things. */
        static List<Shape> of(Instances found) {
            return found.items().stream()
                    .map(i -> new Shape(i.category(), i.mask().decode(), OptionalDouble.of(i.score()))).toList();
        }

        /** Of classes, but the background, -1 for none. */
        static List<Shape> of(LabelMap labels, int classes, int background) {
            long[] counts = labels.counts(classes);
            List<Shape> out = new ArrayList<>();
            for (int c = 0; c < classes; c++) {
                if (c != background && counts[c] > 0) {
                    out.add(new Shape(c, labels.mask(c), OptionalDouble.empty()));
                }
            }
            return out;
        }
    }

    /** Labels for training YOLO to segment: a line a part, its class, then x and y of its corners as shares of the picture's width and height. */
    static void writeYolo(Path file, List<Shape> shapes) {
        StringBuilder out = new StringBuilder();
        for (Shape s : shapes) {
            for (double[] polygon : s.mask.polygons()) {
                out.append(s.category);
                for (int i = 0; i < polygon.length; i++) {
                    out.append(' ').append(polygon[i] / (i % 2 == 0 ? s.mask.width() : s.mask.height()));
                }
                out.append('\n');
            }
        }
        AtomicFile.write(file, out.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** A collection of features that QuPath imports as annotations: closed rings in pixels, the class's name, the score as a measurement. */
    static void writeGeoJson(Path file, List<Shape> shapes, IntFunction<String> names) {
        Json features = Json.array();
        for (Shape s : shapes) {
            Json parts = Json.array();
            s.mask.polygons().forEach(p -> parts.add(Json.array().add(ring(p))));
            if (parts.size() == 0) {
                continue;
            }
            Json properties = Json.object().put("objectType", "annotation")
                    .put("classification", Json.object().put("name", names.apply(s.category)));
            s.score.ifPresent(v -> properties.put("measurements", Json.object().put("score", v)));
            features.add(Json.object().put("type", "Feature").put("geometry", parts.size() == 1
                    ? Json.object().put("type", "Polygon").put("coordinates", parts.at(0))
                    : Json.object().put("type", "MultiPolygon").put("coordinates", parts)).put("properties", properties));
        }
        AtomicFile.write(file, (Json.object().put("type", "FeatureCollection").put("features", features) + "\n")
                .getBytes(StandardCharsets.UTF_8));
    }

    private static Json ring(double[] polygon) {
        Json out = Json.array();
        for (int i = 0; i <= polygon.length; i += 2) {
            int k = i % polygon.length;
            out.add(Json.array().add(polygon[k]).add(polygon[k + 1]));
        }
        return out;
    }
}
