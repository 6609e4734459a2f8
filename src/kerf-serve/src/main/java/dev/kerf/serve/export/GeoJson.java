package dev.kerf.serve.export;

import dev.kerf.json.Json;
import dev.kerf.mask.Mask;
import dev.kerf.serve.export.Rings.Polygon;
import java.util.List;
import java.util.Optional;

/** Drawings as RFC 7946 has shapes, but in pixels. */
public final class GeoJson {
    private GeoJson() {}

    /** All objects as features, with their names and colours. */
    public static Json of(Drawing drawing, double tolerance) {
        Json features = Json.array();
        for (Drawing.Item item : drawing.items()) {
            int c = item.colour();
            geometry(item.mask().decode(), tolerance).ifPresent(shape -> features.add(Json.object().put("type", "Feature")
                    .put("geometry", shape).put("properties", Json.object().put("objectType", "annotation")
                            .put("name", item.name())
                            .put("color", Json.array().add(c >> 16).add(c >> 8 & 0xFF).add(c & 0xFF)))));
        }
        return Json.object().put("type", "FeatureCollection").put("features", features);
    }

    /** The shape of a mask; nothing of an empty one. */
    public static Optional<Json> geometry(Mask mask, double tolerance) {
        List<Polygon> polygons = Simplified.of(mask, tolerance);
        return polygons.isEmpty() ? Optional.empty() : Optional.of(geometry(polygons));
    }

    private static Json geometry(List<Polygon> polygons) {
        if (polygons.size() == 1) {
            return Json.object().put("type", "Polygon").put("coordinates", rings(polygons.getFirst()));
        }
        Json all = Json.array();
        polygons.forEach(p -> all.add(rings(p)));
        return Json.object().put("type", "MultiPolygon").put("coordinates", all);
    }

    private static Json rings(Polygon p) {
        Json rings = Json.array();
        for (int[] ring : p.all()) {
            Json line = Json.array();
            for (int i = 0; i <= ring.length; i += 2) {
                line.add(Json.array().add(ring[i % ring.length]).add(ring[i % ring.length + 1]));
            }
            rings.add(line);
        }
        return rings;
    }
}
