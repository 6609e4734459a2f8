package dev.kerf.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import dev.kerf.mask.CocoDataset;
import dev.kerf.mask.Instances;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.mask.Rectangle;
import dev.kerf.mask.RunLength;
import dev.kerf.metrics.AveragePrecision.Detection;
import dev.kerf.metrics.AveragePrecision.GroundTruth;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Average precision of COCO's files: what pycocotools gives, files as users have them, and records that are wrong. */
class CocoEvaluationTest {
    private static final String DEVICES = "dev.kerf.backend.BackendsUnderTest#devices";
    private static final double EXACT = 1e-9;

    private static Json golden(String name) {
        try (InputStream in = CocoEvaluationTest.class.getResourceAsStream("/coco-quick/" + name)) {
            return Json.parse(in.readAllBytes(), name);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void compare(ApScores scores, String kind) {
        Json expected = golden("expected.json");
        Json names = expected.at("stat_names");
        List<ApScores.Figure> summary = scores.summary();
        assertEquals(12, summary.size());
        for (int i = 0; i < 12; i++) {
            assertEquals(names.at(i).asString(), summary.get(i).name());
            assertEquals(expected.at(kind).at(i).asDouble(), summary.get(i).value(), EXACT, summary.get(i).name());
        }
        for (int t = 0; t < 10; t++) {
            double iou = expected.at("iouThrs").at(t).asDouble();
            assertEquals(expected.at(kind + "_AP_per_iou").at(t).asDouble(), scores.apAt(iou), EXACT);
        }
        Json each = expected.at(kind + "_per_category");
        assertEquals(6, each.at("AP").size());
        each.at("AP").members().forEach((category, ap) -> {
            ApScores one = scores.of(Integer.parseInt(category));
            assertEquals(ap.asDouble(), one.ap(), EXACT, category);
            assertEquals(each.at("AP50").at(category).asDouble(), one.apAt(0.5), EXACT, category);
            assertEquals(each.at("AR100").at(category).asDouble(), one.arWithin(100), EXACT, category);
        });
    }

    @Test
    void thresholdsAreThoseOfPycocotools() {
        assertArrayEquals(golden("expected.json").at("iouThrs").asDoubles(),
                AveragePrecision.Protocol.COCO.ious().stream().mapToDouble(d -> d).toArray());
    }

    @Test
    void pycocotoolsAgreesOnBoxes() {
        CocoDataset truth = CocoDataset.of(golden("ground_truth.json"));
        AveragePrecision ap = AveragePrecision.boxes();
        ap.add(truth, CocoDataset.Results.of(golden("detections.json"), truth));
        compare(ap.scores(), "bbox");
        assertEquals(-1, ap.scores().of(17).ap(), "no truth");
        assertEquals(-1, ap.scores().of(1000).ap(), "never heard of");
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void pycocotoolsAgreesOnMasks(String id) {
        CocoDataset truth = CocoDataset.of(golden("ground_truth.json"));
        try (Device device = Backends.open(id); Overlaps overlaps = new Overlaps(device)) {
            AveragePrecision ap = AveragePrecision.masks(overlaps);
            ap.add(truth, CocoDataset.Results.of(golden("detections.json"), truth));
            compare(ap.scores(), "segm");
            Json masksAlone = Json.array();
            for (Json d : golden("detections.json").items()) {
                masksAlone.add(Json.object().put("image_id", d.at("image_id")).put("score", d.at("score"))
                        .put("category_id", d.at("category_id")).put("segmentation", d.at("segmentation")));
            }
            AveragePrecision bare = AveragePrecision.masks(overlaps);
            bare.add(truth, CocoDataset.Results.of(masksAlone, truth));
            compare(bare.scores(), "segm_mask_area");
        }
    }

    private static final String TRUTH = """
            {"images": [{"id": 4, "width": 6, "height": 5, "file_name": "a.jpg"}],
             "categories": [{"id": 3, "name": "cat"}],
             "annotations": [{"id": 1, "image_id": 4, "category_id": 3, "area": 4, "iscrowd": 0,
                              "bbox": [1, 1, 2, 2], "segmentation": [[1, 1, 3, 1, 3, 3, 1, 3]]}]}""";

    @ParameterizedTest
    @MethodSource(DEVICES)
    void boxesStandForMasksThatResultsLack(String id) {
        CocoDataset truth = CocoDataset.of(Json.parse(TRUTH));
        CocoDataset.Results boxes = CocoDataset.Results.of(Json.parse("[{\"image_id\": 4, \"category_id\": 3, \"score\": 1, "
                + "\"bbox\": [1, 1, 2, 2]}, {\"image_id\": 4, \"category_id\": 8, \"score\": 1, \"bbox\": [1, 1, 2, 2]}"
                + "]"), truth);
        assertEquals("{8=1}", boxes.unknownCategories().toString());
        try (Device device = Backends.open(id); Overlaps overlaps = new Overlaps(device)) {
            AveragePrecision ap = AveragePrecision.masks(overlaps);
            ap.add(truth, boxes);
            assertEquals(1, ap.scores().ap(), EXACT);
        }
        AveragePrecision direct = AveragePrecision.boxes();
        RunLength mask = truth.annotations(4).getFirst().mask();
        direct.add(truth, 4, new Instances(6, 5, List.of(new Instance(3, 0.5, mask))));
        assertEquals(1, direct.scores().ap(), EXACT);
        Instances nothing = new Instances(6, 5, List.of());
        assertThrows(BadInputException.class, () -> direct.add(truth, 4, nothing));
        assertThrows(BadInputException.class, () -> direct.add(truth, 5, nothing));
        assertEquals(new GroundTruth(3, 4, false, new Rectangle(1, 1, 2, 2), mask),
                GroundTruth.of(truth.annotations(4).getFirst()));
        assertEquals(Detection.of(3, 1, mask), Detection.of(boxes.of(4).getFirst()), "the box drawn is the mask");
        AveragePrecision none = AveragePrecision.boxes();
        none.add(truth, CocoDataset.Results.of(Json.parse("[]"), truth));
        assertEquals(0, none.scores().ap());
    }

    private static final String FOUND = """
            [{"image_id": 1, "category_id": 1, "bbox": [2, 3, 10, 9], "score": 0.9,
              "segmentation": {"size": [30, 40], "counts": "o19e000000000000000000Uj0"}},
             {"image_id": 1, "category_id": 7, "bbox": [20, 10, 11, 9], "score": 0.8,
              "segmentation": {"size": [30, 40], "counts": "Rc09e00000000000000000000T8"}},
             {"image_id": 2, "category_id": 1, "bbox": [2, 2, 29, 38], "score": 0.7,
              "segmentation": {"size": [47, 33], "counts": "P3V190000000000000000000000000000000000000000000000000000000l2"}},
             {"image_id": 2, "category_id": 1, "bbox": [5, 5, 8, 9], "score": 0.7,
              "segmentation": {"size": [47, 33], "counts": "`79V10000000000000Wm0"}},
             {"image_id": 2, "category_id": 7, "bbox": [5, 5, 8, 9], "score": 0.3,
              "segmentation": {"size": [47, 33], "counts": "`79V10000000000000Wm0"}}]""";
    private static final String REAL = """
            {"images": [{"id": 1, "width": 40, "height": 30}, {"id": 2, "width": 33, "height": 47}],
             "categories": [{"id": 1, "name": "x"}, {"id": 7, "name": "y"}],
             "annotations": [
               {"id": 1, "image_id": 1, "category_id": 1, "bbox": [2, 3, 10, 8], "area": 80, "iscrowd": 0,
                "segmentation": [[2, 3, 12, 3, 12, 11, 2, 11]]},
               {"id": 2, "image_id": 1, "category_id": 7, "bbox": [20, 10, 12.5, 9.3], "area": 116.25, "iscrowd": 0,
                "segmentation": [[20, 10, 32.5, 10, 32.5, 19.3, 20, 19.3]]},
               {"id": 3, "image_id": 2, "category_id": 1, "bbox": [1, 1, 30, 40], "area": 1200, "iscrowd": 0,
                "segmentation": [[1, 1, 31, 1, 31, 41, 1, 41]]},
               {"id": 4, "image_id": 2, "category_id": 1, "bbox": [5, 5, 9, 9], "area": 81, "iscrowd": 0,
                "segmentation": [[5, 5, 14, 5, 14, 14, 5, 14]]}]}""";

    private static String strings(String json) {
        // Twelve comes before two, as strings go.
        return json.replaceAll("(\\{\"id\": |\"image_id\": )1, (?=\"width|\"cat)", "$1\"img2\", ")
                .replaceAll("(\\{\"id\": |\"image_id\": )2, (?=\"width|\"cat)", "$1\"img12\", ");
    }

    /** pycocotools gives these figures for numbers and for strings, with a polygon of two corners and without sizes. */
    @ParameterizedTest
    @MethodSource(DEVICES)
    void filesAsUsersHaveThem(String id) {
        String twoCorners = REAL.replace("2, 11]]", "2, 11], [5, 5, 6, 6]]");
        String noSizes = REAL.replaceAll(", \"width\": \\d+, \"height\": \\d+", "");
        try (Device device = Backends.open(id); Overlaps overlaps = new Overlaps(device)) {
            for (String real : List.of(REAL, strings(REAL), twoCorners, noSizes)) {
                CocoDataset truth = CocoDataset.of(Json.parse(real));
                CocoDataset.Results found = CocoDataset.Results
                        .of(Json.parse(real.equals(strings(REAL)) ? strings(FOUND) : FOUND), truth);
                assertEquals(real.equals(twoCorners) ? 1 : 0, truth.polygonsLeftOut());
                AveragePrecision boxes = AveragePrecision.boxes();
                boxes.add(truth, found);
                assertEquals(0.8084158415841585, boxes.scores().ap(), EXACT);
                assertEquals(0.6833333333333333, boxes.scores().arWithin(1), EXACT);
                AveragePrecision masks = AveragePrecision.masks(overlaps);
                if (real.equals(noSizes)) {
                    assertEquals("$.annotations[0].segmentation: the file gives no width and height of the image; only boxes "
                            + "can be compared",
                            assertThrows(BadFileException.class, () -> masks.add(truth, found)).getMessage());
                } else {
                    masks.add(truth, found);
                    assertEquals(0.7584158415841584, masks.scores().ap(), EXACT);
                    assertEquals(0.6333333333333333, masks.scores().arWithin(1), EXACT);
                }
            }
        }
        CocoDataset truth = CocoDataset.of(Json.parse(strings(REAL)));
        assertEquals(List.of(2L, 1L), List.copyOf(truth.images().keySet()), "img2 and img12 in the file's order");
        assertEquals("f.json: $[0].image_id: expected a string for an id, as other images have, found 1", assertThrows(
                BadFileException.class, () -> CocoDataset.Results.of(Json.parse(FOUND, "f.json"), truth)).getMessage());
        assertTrue(assertThrows(BadFileException.class, () -> Json.parse(FOUND.replace("0.3", "NaN"), "f.json")).getMessage()
                .contains("NaN is no number in JSON"));
        String huge = "1" + "0".repeat(350);
        assertEquals("f.json: $[4].score: a score of Infinity", assertThrows(BadFileException.class,
                () -> CocoDataset.Results.of(Json.parse(FOUND.replace("0.3", huge), "f.json"),
                        CocoDataset.of(Json.parse(REAL))))
                .getMessage());
    }

    @Test
    void badRecordsAreNamed() {
        refusedTruth("\"image_id\": 4", "\"image_id\": 5", "$.annotations[0].image_id: no image has the id 5");
        refusedTruth("\"category_id\": 3", "\"category_id\": 9", "$.annotations[0].category_id: no category has");
        refusedTruth("\"area\": 4, ", "", "$.annotations[0]: has no member \"area\"");
        refusedTruth("\"width\": 6", "\"width\": 0", "$.images[0]: an image of 0x5 pixels");
        refusedTruth("[1, 1, 2, 2]", "[1, 1, 2]", "$.annotations[0].bbox: a box is x, y, width and height");
        refusedTruth("[1, 1, 2, 2]", "[1, 1, -2, 2]", "$.annotations[0].bbox: a box is x, y, width and height");
        refusedTruth("{\"id\": 3, \"name\": \"cat\"}", "{\"id\": 3}, {\"id\": 3}", "$.categories[1]: another category");
        refusedTruth("{\"id\": 1,", "{\"segments_info\": [], \"id\": 1,", "$.annotations[0]: has segments_info");
        String good = "[{\"image_id\": 4, \"category_id\": 3, \"score\": 1, \"bbox\": [1, 1, 2, 2]}]";
        refusedResults(good, "\"image_id\": 4", "\"image_id\": 7", "$[0].image_id: the truth has no image 7");
        refusedResults(good, "\"score\": 1, ", "", "$[0]: has no member \"score\"");
        refusedResults(good, ", \"bbox\": [1, 1, 2, 2]", "", "$[0]: has no member \"segmentation\"");
        refusedResults(good, "}]", "}, {\"image_id\": 4}]", "$[1]: has no member \"bbox\"");
        assertTrue(assertThrows(BadFileException.class,
                () -> CocoDataset.Results.of(Json.parse(TRUTH, "t.json"), CocoDataset.of(Json.parse(TRUTH)))).getMessage()
                .startsWith("t.json: $: expected an array of results, found a data set"));
    }

    private static void refusedTruth(String from, String to, String expected) {
        assertTrue(TRUTH.contains(from));
        String message = assertThrows(BadFileException.class, () -> {
            CocoDataset truth = CocoDataset.of(Json.parse(TRUTH.replace(from, to), "truth.json"));
            AveragePrecision.boxes().add(truth, CocoDataset.Results.of(Json.parse("[]"), truth));
        }).getMessage();
        assertTrue(message.startsWith("truth.json: " + expected), message);
    }

    private static void refusedResults(String good, String from, String to, String expected) {
        assertTrue(good.contains(from));
        CocoDataset truth = CocoDataset.of(Json.parse(TRUTH));
        String message = assertThrows(BadFileException.class,
                () -> CocoDataset.Results.of(Json.parse(good.replace(from, to), "found.json"), truth)).getMessage();
        assertTrue(message.startsWith("found.json: " + expected), message);
    }
}
