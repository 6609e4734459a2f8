package dev.kerf.cli.raster;

import dev.kerf.file.AtomicFile;
import dev.kerf.geo.Affine;
import dev.kerf.geo.GeoReference;
import dev.kerf.geo.Raster;
import dev.kerf.geo.RasterObject;
import dev.kerf.image.Spacing;
import dev.kerf.json.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The table of {@code --measure}, written object by object: CSV or JSON by the file's ending. */
final class ObjectTable implements AutoCloseable {
    private final AtomicFile file;
    private final boolean json;
    private long rows;

    /** Begins the file, so that a place where none can be written is told of before the work. */
    ObjectTable(Path path) {
        file = new AtomicFile(path);
        json = path.toString().toLowerCase(Locale.ROOT).endsWith(".json");
    }

    private void write(String text) {
        try {
            file.out().write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw file.failed(e);
        }
    }

    /** Appends an object of a raster. */
    void add(Path image, long number, String className, RasterObject o, Ground ground) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("image", image.toString());
        row.put("label", number);
        row.put("class_id", o.label());
        row.put("class", className);
        row.put("area", o.area());
        row.put("bbox_x", o.left());
        row.put("bbox_y", o.top());
        row.put("bbox_width", o.right() - o.left());
        row.put("bbox_height", o.bottom() - o.top());
        row.put("holes", o.holes());
        row.put("euler_number", o.eulerNumber());
        row.put("touches_border", o.touchesBorder());
        row.put("centroid_x", o.centroidX());
        row.put("centroid_y", o.centroidY());
        row.put("eccentricity", o.eccentricity());
        row.put("axis_major_length", o.majorAxis());
        row.put("axis_minor_length", o.minorAxis());
        row.put("orientation", o.orientation());
        row.put("equivalent_diameter_area", o.equivalentDiameter());
        row.put("map_x", ground.place.x(o.centroidX() + 0.5, o.centroidY() + 0.5));
        row.put("map_y", ground.place.y(o.centroidX() + 0.5, o.centroidY() + 0.5));
        row.put("map_area", o.area() * ground.place.pixelArea());
        row.put("map_unit", ground.unit);
        if (json) {
            Json object = Json.object();
            row.forEach(object::put);
            write((rows == 0 ? "[\n" : ",\n") + object);
        } else {
            write((rows == 0 ? line(row.keySet()) : "") + line(row.values()));
        }
        rows++;
    }

    private static String line(Iterable<?> cells) {
        StringBuilder out = new StringBuilder();
        for (Object cell : cells) {
            out.append(out.isEmpty() ? "" : ",").append(quoted(cell.toString()));
        }
        return out.append('\n').toString();
    }

    private static String quoted(String text) {
        boolean plain = text.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
        return plain
                ? text
                : text.chars().mapToObj(c -> c == '"' ? "\"\"" : Character.toString(c))
                        .collect(Collectors.joining("", "\"", "\""));
    }

    /**
     * Where pixels lie and in which unit.
     *
     * @param place of the corners of pixels
     * @param unit  of it: m, a unit that was given, "map" for that of a raster which doesn't name it, px for pixels of the full picture
     */
    record Ground(Affine place, String unit) {
        /** As it was given, or as the raster says. */
        static Ground of(Raster.Level level, Spacing given) {
            GeoReference reference = level.reference();
            double r = level.reduction();
            if (given != null) {
                return new Ground(new Affine(r * given.x(), 0, 0, 0, r * given.y(), 0), given.unit());
            }
            return reference.affine().map(place -> new Ground(place, reference.inMetres() ? "m" : "map"))
                    .orElseGet(() -> new Ground(new Affine(r, 0, 0, 0, r, 0), "px"));
        }
    }

    /** How many objects there are. */
    long size() {
        return rows;
    }

    /** Ends the table and puts it in its place. */
    void commit() {
        if (json) {
            write(rows == 0 ? "[]\n" : "\n]\n");
        }
        file.commit();
    }

    @Override
    public void close() {
        file.close();
    }
}
