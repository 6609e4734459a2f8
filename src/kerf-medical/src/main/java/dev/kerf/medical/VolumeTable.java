package dev.kerf.medical;

import dev.kerf.json.Json;
import dev.kerf.measure.Region.Intensity;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.Collectors;

/**
 * Measures of many volumes' objects, a row an object, as CSV or JSON. Columns: {@code image, frame, label, class_id, class, voxels,
 * volume_mm3, …}; places are columns, rows and slices from 0 ({@code centroid_x}), and millimetres to the patient's right, front and head
 * ({@code centroid_right_mm}).
 */
public final class VolumeTable {
    private final List<Map<String, Object>> rows = new ArrayList<>();

    /** An empty table. */
    public VolumeTable() {}

    /**
     * Appends a volume's objects.
     *
     * @param unit      whose cube volumes are in
     * @param className of labels
     */
    public void add(String volume, List<VolumeObject> objects, String unit, IntFunction<String> className) {
        int number = 0;
        for (VolumeObject o : objects) {
            Map<String, Object> row = new LinkedHashMap<>();
            String u = unit.replace('µ', 'u').replace('μ', 'u');
            row.put("image", volume);
            row.put("frame", o.frame() + 1);
            row.put("label", ++number);
            row.put("class_id", o.label());
            row.put("class", className.apply(o.label()));
            row.put("voxels", o.voxels());
            row.put("volume_" + u + "3", o.volume());
            row.put("equivalent_diameter_" + u, o.equivalentDiameter());
            String[] axes = {"x", "y", "z"};
            String[] directions = {"right", "front", "head"};
            String[] extents = {"columns", "rows", "slices"};
            for (int i = 0; i < 3; i++) {
                row.put("centroid_" + axes[i], o.centroid()[i]);
            }
            for (int i = 0; i < 3; i++) {
                row.put("centroid_" + directions[i] + "_mm", o.patient()[i]);
            }
            for (int i = 0; i < 3; i++) {
                row.put("bbox_" + axes[i], o.first()[i]);
            }
            for (int i = 0; i < 3; i++) {
                row.put("bbox_" + extents[i], o.extent()[i]);
            }
            row.put("touches_border", o.touches());
            for (int k = 0; k < o.intensities().size(); k++) {
                String channel = o.intensities().size() == 1 ? "" : "-" + k;
                Intensity v = o.intensities().get(k);
                row.put("intensity_mean" + channel, v.mean());
                row.put("intensity_min" + channel, v.min());
                row.put("intensity_max" + channel, v.max());
                row.put("intensity_std" + channel, v.std());
            }
            rows.add(row);
        }
    }

    /** How many rows there are. */
    public int size() {
        return rows.size();
    }

    /** An object for each row. */
    public Json toJson() {
        Json out = Json.array();
        for (Map<String, Object> row : rows) {
            Json one = Json.object();
            row.forEach(one::put);
            out.add(one);
        }
        return out;
    }

    /** Lines of values with commas between them, the columns' names first. */
    public String toCsv() {
        List<String> names = rows.stream().flatMap(r -> r.keySet().stream()).distinct().toList();
        StringBuilder out = new StringBuilder(String.join(",", names.isEmpty() ? List.of("image") : names)).append("\n");
        for (Map<String, Object> row : rows) {
            out.append(names.stream().map(n -> quoted(row.getOrDefault(n, ""))).collect(Collectors.joining(","))).append("\n");
        }
        return out.toString();
    }

    private static String quoted(Object value) {
        String text = value.toString();
        return text.matches("(?s).*[\",\r\n].*") ? "\"" + text.replace("\"", "\"\"") + "\"" : text;
    }
}
