package dev.kerf.measure;

import dev.kerf.file.AtomicFile;
import dev.kerf.image.Spacing;
import dev.kerf.json.Json;
import dev.kerf.measure.Region.Intensity;
import dev.kerf.measure.Region.Size;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Measures of many pictures' objects, a row an object: CSV as R, pandas and spreadsheets read it, or JSON.
 *
 * <pre>{@code
 * MeasureTable table = new MeasureTable();
 * table.add("tissue.png", regions, names::get);
 * table.write(Path.of("cells.csv"));
 * }</pre>
 *
 * <p>Columns: {@code image, label, class_id, class, area, …}, in pixels; where a spacing is known the same again with the unit, squared
 * for areas, behind the name ({@code area_um2}, {@code perimeter_um}), and {@code _scaled} behind those without one. What there is no
 * number for is empty, or null in JSON. Not for several threads at once.
 */
public final class MeasureTable {
    private final List<Map<String, @Nullable Object>> rows = new ArrayList<>();

    /** An empty table. */
    public MeasureTable() {}

    /** Appends a picture's objects. */
    public void add(String image, List<Region> regions, IntFunction<String> className) {
        add(image, Map.of(), regions, className);
    }

    /**
     * Appends a picture's objects with more columns, which follow the picture's name.
     *
     * @param more names and what is the same for all these objects, such as a frame's number
     */
    public void add(String image, Map<String, Object> more, List<Region> regions, IntFunction<String> className) {
        for (Region r : regions) {
            Map<String, @Nullable Object> row = new LinkedHashMap<>();
            row.put("image", image);
            row.putAll(more);
            row.put("label", r.label());
            row.put("class_id", r.category());
            row.put("class", className.apply(r.category()));
            row.put("area", r.area());
            row.put("bbox_x", r.box().x());
            row.put("bbox_y", r.box().y());
            row.put("bbox_width", r.box().width());
            row.put("bbox_height", r.box().height());
            row.put("parts", r.parts());
            row.put("holes", r.holes());
            row.put("euler_number", r.eulerNumber());
            row.put("touches_border", r.touchesBorder());
            put(row, r.pixels(), "", "");
            intensities(row, r.intensities());
            if (r.spacing().isKnown()) {
                Spacing s = r.spacing();
                String unit = "_" + unit(s.unit());
                row.put("pixel_width" + unit, s.x());
                row.put("pixel_height" + unit, s.y());
                row.put("area" + unit + "2", r.scaled().area());
                put(row, r.scaled(), unit, "_scaled");
            }
            rows.add(row);
        }
    }

    /**
     * Appends rows that {@link #toJson} gave.
     *
     * @throws dev.kerf.error.BadFileException if they are none
     */
    public void add(Json rows) {
        for (Json row : rows.items()) {
            Map<String, @Nullable Object> cells = new LinkedHashMap<>();
            row.members().forEach(
                    (name, value) -> cells.put(name, value.isNull() ? null : value.isString() ? value.asString() : value));
            this.rows.add(cells);
        }
    }

    private static void put(Map<String, @Nullable Object> row, Size s, String unit, String scaled) {
        row.put("centroid_x" + unit, s.centroidX());
        row.put("centroid_y" + unit, s.centroidY());
        row.put("perimeter" + unit, s.perimeter());
        row.put("circularity" + scaled, s.circularity());
        row.put("eccentricity" + scaled, s.eccentricity());
        row.put("axis_major_length" + unit, s.majorAxis());
        row.put("axis_minor_length" + unit, s.minorAxis());
        row.put("orientation" + scaled, s.orientation());
        row.put("feret_diameter_max" + unit, s.maxFeret());
        row.put("feret_diameter_min" + unit, s.minFeret());
        row.put("area_convex" + unit + (unit.isEmpty() ? "" : "2"), s.hullArea());
        if (unit.isEmpty()) {
            row.put("solidity", s.solidity());
        }
        row.put("equivalent_diameter_area" + unit, s.equivalentDiameter());
    }

    /** One channel has columns of plain names, several have numbers behind them, from 0. */
    private static void intensities(Map<String, @Nullable Object> row, List<Intensity> channels) {
        for (int k = 0; k < channels.size(); k++) {
            String number = channels.size() == 1 ? "" : "-" + k;
            row.put("intensity_mean" + number, channels.get(k).mean());
            row.put("intensity_min" + number, channels.get(k).min());
            row.put("intensity_max" + number, channels.get(k).max());
            row.put("intensity_std" + number, channels.get(k).std());
        }
    }

    /** A unit in names of columns, which are plain letters wherever that is usual. */
    private static String unit(String unit) {
        return unit.replace('µ', 'u').replace('μ', 'u');
    }

    /** How many rows there are. */
    public int size() {
        return rows.size();
    }

    /**
     * Writes the table as JSON if the file's name ends so, and as CSV otherwise.
     *
     * @throws dev.kerf.error.BadFileException if it can't be written there
     */
    public void write(Path file) {
        boolean json = file.toString().toLowerCase(Locale.ROOT).endsWith(".json");
        AtomicFile.write(file, (json ? toJson().pretty() + "\n" : toCsv()).getBytes(StandardCharsets.UTF_8));
    }

    /** An object for each row. */
    public Json toJson() {
        Json out = Json.array();
        for (Map<String, @Nullable Object> row : rows) {
            Json object = Json.object();
            row.forEach((name, value) -> object.put(name, value instanceof Double d && !Double.isFinite(d) ? null : value));
            out.add(object);
        }
        return out;
    }

    /** A line of names, which an empty table has too, and a line for each row: RFC 4180 with {@code \n}. */
    public String toCsv() {
        Set<String> names = new LinkedHashSet<>(List.of("image", "label", "class_id", "class", "area"));
        if (!rows.isEmpty()) {
            names.clear();
            rows.forEach(r -> names.addAll(r.keySet()));
        }
        StringBuilder out = new StringBuilder();
        out.append(names.stream().map(MeasureTable::cell).collect(Collectors.joining(","))).append('\n');
        for (Map<String, @Nullable Object> row : rows) {
            out.append(names.stream().map(n -> cell(row.get(n))).collect(Collectors.joining(","))).append('\n');
        }
        return out.toString();
    }

    private static String cell(@Nullable Object value) {
        if (value == null || value instanceof Double d && !Double.isFinite(d)) {
            return "";
        }
        String text = value.toString();
        boolean quoted = text.chars().anyMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
        return quoted ? '"' + text.replace("\"", "\"\"") + '"' : text;
    }
}
