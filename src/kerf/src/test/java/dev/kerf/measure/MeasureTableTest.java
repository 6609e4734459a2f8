package dev.kerf.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.image.Spacing;
import dev.kerf.json.Json;
import dev.kerf.mask.LabelMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MeasureTableTest {
    @TempDir
    private Path dir;

    private static MeasureTable table() {
        LabelMap labels = LabelMap.of(4, 2, new byte[] {0, 3, 3, 0, 7, 3, 3, 0});
        Image grey = Image.of(4, 2, PixelFormat.GRAY8, new byte[] {1, 2, 3, 4, 5, 6, 7, (byte) 200});
        MeasureTable table = new MeasureTable();
        table.add("a, \"b\".png", Map.of("frame", 5), ObjectMap.of(labels).measure(Spacing.of(0.5, "µm"), Intensities.of(grey)),
                k -> "class " + k);
        return table;
    }

    @Test
    void csvByHand() throws IOException {
        table().write(dir.resolve("t.csv"));
        List<String> lines = Files.readAllLines(dir.resolve("t.csv"));
        assertEquals(3, lines.size());
        assertEquals(
                "image,frame,label,class_id,class,area,bbox_x,bbox_y,bbox_width,bbox_height,parts,holes,euler_number,touches_border,"
                        + "centroid_x,centroid_y,perimeter,circularity,eccentricity,axis_major_length,axis_minor_length,orientation,"
                        + "feret_diameter_max,feret_diameter_min,area_convex,solidity,equivalent_diameter_area,intensity_mean,intensity_min,"
                        + "intensity_max,intensity_std,pixel_width_um,pixel_height_um,area_um2,centroid_x_um,centroid_y_um,perimeter_um,"
                        + "circularity_scaled,eccentricity_scaled,axis_major_length_um,axis_minor_length_um,orientation_scaled,"
                        + "feret_diameter_max_um,feret_diameter_min_um,area_convex_um2,equivalent_diameter_area_um",
                lines.get(0));
        assertTrue(lines.get(1).startsWith("\"a, \"\"b\"\".png\",5,1,3,class 3,4,1,0,2,2,1,0,1,true,1.5,0.5,4.0,"),
                lines.get(1));
        assertTrue(lines.get(1).contains(",4.5,2.0,7.0,"), lines.get(1));
        assertTrue(lines.get(1).contains(",0.5,0.5,1.0,0.75,0.25,2.0,"), lines.get(1));
        // One pixel has no perimeter, and so no circularity.
        assertTrue(lines.get(2).contains(",7,class 7,1,0,1,1,1,1,0,1,true,0.0,1.0,0.0,,0.0,"), lines.get(2));
    }

    @Test
    void jsonHasTheSameNames() {
        table().write(dir.resolve("t.JSON"));
        Json rows = Json.read(dir.resolve("t.JSON"));
        assertEquals(2, rows.size());
        assertEquals(table().toCsv().lines().findFirst().orElseThrow(), String.join(",", rows.at(0).members().keySet()));
        assertTrue(rows.at(1).at("circularity").isNull());
        assertEquals(0.25, rows.at(1).at("area_um2").asDouble());
    }

    @Test
    void nothingFoundLeavesTheNames() {
        assertEquals("image,label,class_id,class,area\n", new MeasureTable().toCsv());
        assertEquals("[]", new MeasureTable().toJson().toString());
    }
}
