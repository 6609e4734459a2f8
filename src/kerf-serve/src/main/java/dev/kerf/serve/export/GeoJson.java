package dev.kerf.serve.export;

import dev.kerf.json.Json;
import dev.kerf.serve.export.Rings.Polygon;
import java.util.List;

/** Drawings as RFC 7946 has shapes, but in pixels. */
final class GeoJson {
    private GeoJson() {}

    static Json of(Drawing drawing, double tolerance) {
        Json features = Json.array();
        for (Drawing.Item item : drawing.items()) {
            List<Polygon> polygons = Simplified.of(item.mask().decode(), tolerance);
            if (!polygons.isEmpty()) {
                int c = item.colour();
                features.add(Json.object().put("type", "Feature").put("geometry", geometry(polygons))
                        .put("properties", Json.object().put("objectType", "annotation").put("name", item.name())
                                .put("color", Json.array().add(c >> 16).add(c >> 8 & 0xFF).add(c & 0xFF))));
            }
        }
        return Json.object().put("type", "FeatureCollection").put("features", features);
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
