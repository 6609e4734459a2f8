package dev.kerf.serve.export;

import dev.kerf.formats.GeoJson;
import dev.kerf.json.Json;

/** Drawings as features that QuPath reads. */
final class Features {
    private Features() {}

    /** All objects, with their names and colours. */
    static Json of(Drawing drawing, double tolerance) {
        Json features = Json.array();
        for (Drawing.Item item : drawing.items()) {
            int c = item.colour();
            GeoJson.geometry(item.mask().decode(), tolerance).ifPresent(shape -> features.add(Json.object()
                    .put("type", "Feature").put("geometry", shape).put("properties", Json.object()
                            .put("objectType", "annotation").put("name", item.name())
                            .put("color", Json.array().add(c >> 16).add(c >> 8 & 0xFF).add(c & 0xFF)))));
        }
        return Json.object().put("type", "FeatureCollection").put("features", features);
    }
}
