package dev.kerf.formats;

import dev.kerf.formats.Rings.Polygon;
import dev.kerf.json.Json;
import dev.kerf.mask.Mask;
import java.util.List;
import java.util.Optional;

/** Shapes as RFC 7946 has them, but in pixels: columns to the right, rows down. */
public final class GeoJson {
    private GeoJson() {}

    /**
     * The shape of a mask: a Polygon or, of several parts, a MultiPolygon, with the holes; valid as the Simple Features
     * standard means it, also simplified.
     *
     * <pre>{@code
     * Json shape = GeoJson.geometry(mask, 1).orElseThrow();
     * }</pre>
     *
     * @param tolerance how far from the outline, in pixels, what is left out lies at most; 0 for the edges of the pixels as they are
     * @return nothing of an empty mask
     */
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
