package dev.kerf.mask;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CocoTest {
    private static final LabelMap LABELS = LabelMap.of(4, 3, new byte[] {
        0, 1, 1, 1,
        0, 1, 0, 1,
        3, 1, 1, 1});

    @ParameterizedTest
    @EnumSource(Coco.Form.class)
    void labelsBecomeAnnotationsThatReadBack(Coco.Form form, @TempDir Path directory) {
        Coco coco = new Coco(List.of("background", "ring", "unused"));
        int image = coco.addImage("a.png", 4, 3);
        coco.addLabels(image, LABELS, 0);
        Path file = directory.resolve("a.json");
        coco.write(file, form);
        Json json = Json.read(file);
        assertEquals("[{\"id\":1,\"file_name\":\"a.png\",\"width\":4,\"height\":3}]", json.at("images").toString());
        assertEquals("[{\"id\":0,\"name\":\"background\"},{\"id\":1,\"name\":\"ring\"},{\"id\":2,\"name\":\"unused\"},"
                + "{\"id\":3,\"name\":\"class 3\"}]", json.at("categories").toString());
        Json annotations = json.at("annotations");
        assertEquals(2, annotations.size());
        Json ring = annotations.at(0);
        assertEquals(1, ring.at("category_id").asInt());
        assertEquals(1, ring.at("image_id").asInt());
        assertEquals(8, ring.at("area").asInt());
        assertEquals("[1,0,3,3]", ring.at("bbox").toString());
        assertEquals(form == Coco.Form.POLYGONS, ring.at("segmentation").isArray());
        assertEquals(LABELS.mask(1), Coco.mask(ring.at("segmentation"), 4, 3).decode());
        assertEquals(LABELS.mask(3), Coco.mask(annotations.at(1).at("segmentation"), 4, 3).decode());
    }

    @Test
    void runLengthsByHand() {
        // Three pixels of the first column are outside, then four inside, one outside, four inside: 3, 4, 1, 4 - 4.
        assertEquals("{\"size\":[3,4],\"counts\":\"3410\"}",
                Coco.segmentation(RunLength.encode(LABELS.mask(1)), Coco.Form.RUN_LENGTH).toString());
    }

    @Test
    void detectionsCarryScores() {
        Coco coco = new Coco(List.of("a"));
        coco.add(coco.addImage("x", 2, 1), 0, RunLength.of(2, 1, new int[] {1, 1}), OptionalDouble.of(0.75));
        assertEquals(0.75, coco.toJson(Coco.Form.RUN_LENGTH).at("annotations").at(0).at("score").asDouble());
    }

    @Test
    void uncompressedRunsAreRead() {
        assertEquals(LABELS.mask(1),
                Coco.mask(Json.parse("{\"size\": [3, 4], \"counts\": [3, 4, 1, 4]}"), 4, 3).decode());
    }

    @Test
    void whatMakesNoMaskIsRefused() {
        assertThrows(BadFileException.class, () -> Coco.mask(Json.parse("{\"size\": [4, 3], \"counts\": [12]}"), 4, 3));
        assertThrows(BadFileException.class, () -> Coco.mask(Json.parse("{\"counts\": [12]}"), 4, 3));
        assertThrows(BadFileException.class,
                () -> Coco.mask(Json.parse("{\"size\": [3, 4], \"counts\": [-1, 13]}"), 4, 3));
        assertThrows(BadFileException.class, () -> Coco.mask(Json.parse("{\"size\": [3, 4], \"counts\": 7}"), 4, 3));
        assertThrows(BadFileException.class,
                () -> Coco.mask(Json.parse("{\"size\": [3, 4], \"counts\": [11]}"), 4, 3));
        Json line = Json.parse("{\"a\": [[0, 0, 1, 1]]}", "lines.json").at("a");
        String message = assertThrows(BadFileException.class, () -> Coco.mask(line, 4, 3)).getMessage();
        assertTrue(message.startsWith("lines.json: $.a: a polygon of 4 coordinates"), message);
        Coco coco = new Coco(List.of("a"));
        int image = coco.addImage("x.png", 2, 1);
        assertTrue(assertThrows(BadInputException.class,
                () -> coco.addLabels(image, LABELS, 0)).getMessage().contains("x.png"));
        assertThrows(BadInputException.class, () -> coco.addLabels(5, LABELS, 0));
    }
}
