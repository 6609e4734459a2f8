package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.cli.picture.PanopticWriter;
import dev.kerf.json.Json;
import dev.kerf.mask.CocoDataset;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Palette;
import dev.kerf.mask.Panoptic;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code kerf evaluate} over COCO's files. */
class EvaluateCocoTest {
    private static final double EXACT = 1e-9;

    @TempDir
    private Path directory;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private static Path golden(String name) {
        return Path.of("src/kerf/src/test/resources/coco-quick", name);
    }

    private int evaluate(Path truth, Path predicted, String... more) {
        List<String> args = new ArrayList<>(List.of("evaluate", "--truth", truth.toString(), "--predicted",
                predicted.toString(), "--backend", "cpu"));
        args.addAll(List.of(more));
        out.reset();
        err.reset();
        return Main.run(args.toArray(String[]::new), out, err);
    }

    private String failure(int code, Path truth, Path predicted, String... more) {
        assertEquals(code, evaluate(truth, predicted, more), out::toString);
        String message = err.toString(StandardCharsets.UTF_8);
        // Notes may come before, how to get help after.
        return message.lines().filter(l -> l.startsWith("kerf: ")).reduce((a, b) -> b).orElse(message)
                .substring("kerf: ".length());
    }

    private Path write(String name, String content) {
        try {
            return Files.writeString(directory.resolve(name), content);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void theTwelveFiguresAsPycocotoolsPrintsThem() {
        assertEquals(0, evaluate(golden("ground_truth.json"), golden("detections.json")), err::toString);
        String table = out.toString(StandardCharsets.UTF_8);
        assertTrue(table.contains(", 153 annotations, 348 results, compared by masks on cpu\n"), table);
        assertTrue(table.contains("""
                 Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.295
                 Average Precision  (AP) @[ IoU=0.50      | area=   all | maxDets=100 ] = 0.505
                 Average Precision  (AP) @[ IoU=0.75      | area=   all | maxDets=100 ] = 0.285
                 Average Precision  (AP) @[ IoU=0.50:0.95 | area= small | maxDets=100 ] = 0.308
                 Average Precision  (AP) @[ IoU=0.50:0.95 | area=medium | maxDets=100 ] = 0.313
                 Average Precision  (AP) @[ IoU=0.50:0.95 | area= large | maxDets=100 ] = 0.517
                 Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=  1 ] = 0.209
                """), table);
        assertTrue(table.lines().anyMatch(l -> l.matches("ghost +17 +-1\\.000 +-1\\.000 +-1\\.000 +-1\\.000 +0 +\\d+")),
                table);
        assertEquals("", err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void boxesAsJson() throws IOException {
        Path file = directory.resolve("scores.json");
        assertEquals(0, evaluate(golden("ground_truth.json"), golden("detections.json"), "--iou-type", "bbox", "--report",
                file.toString()), err::toString);
        assertTrue(out.toString(StandardCharsets.UTF_8).contains("compared by boxes\n"));
        Json scores = Json.read(file);
        Json expected = Json.read(golden("expected.json"));
        assertEquals("bbox", scores.at("iouType").asString());
        assertEquals(expected.at("bbox").at(0).asDouble(), scores.at("summary").at("AP").asDouble(), EXACT);
        assertEquals(expected.at("bbox").at(11).asDouble(), scores.at("summary").at("ARl").asDouble(), EXACT);
        assertEquals(expected.at("bbox_AP_per_iou").at(8).asDouble(), scores.at("ious").at(8).at("AP").asDouble(), EXACT);
        for (Json c : scores.at("categories").items()) {
            assertEquals(expected.at("bbox_per_category").at("AP").at(c.at("id").toString()).asDouble(),
                    c.at("AP").asDouble(), EXACT);
        }
        assertEquals(6, scores.at("categories").size());
        assertTrue(scores.at("device").isNull());
    }

    @Test
    void boundariesAreStricterThanMasks() {
        assertEquals(0, evaluate(golden("ground_truth.json"), golden("detections.json"), "--boundary", "--json"),
                err::toString);
        Json scores = Json.parse(out.toByteArray());
        assertEquals(0.02, scores.at("boundary").asDouble());
        double ap = scores.at("summary").at("AP").asDouble();
        assertTrue(ap > 0.05 && ap < 0.2953, "AP " + ap);
        assertTrue(failure(2, golden("ground_truth.json"), golden("detections.json"), "--boundary", "--iou-type", "bbox")
                .startsWith("boxes have no boundaries"));
        assertTrue(failure(2, golden("ground_truth.json"), golden("detections.json"), "--boundary", "0")
                .startsWith("--boundary 0.0: expected"));
    }

    private static final String TRUTH = """
            {"images": [{"id": 4, "width": 6, "height": 5}, {"id": 5, "width": 6, "height": 5}],
             "categories": [{"id": 3, "name": "cat"}, {"id": 1, "name": "dog"}],
             "annotations": [{"id": 1, "image_id": 4, "category_id": 3, "area": 4, "iscrowd": 0,
                              "bbox": [1, 1, 2, 2], "segmentation": [[1, 1, 3, 1, 3, 3, 1, 3]]}]}""";

    @Test
    void emptyResultsAndEmptyTruths() {
        Path truth = write("truth.json", TRUTH);
        Path none = write("none.json", "[]");
        assertEquals(0, evaluate(truth, none, "--json"), err::toString);
        Json scores = Json.parse(out.toByteArray());
        assertEquals("bbox", scores.at("iouType").asString());
        assertEquals(0, scores.at("summary").at("AP50").asDouble());
        assertEquals(-1, scores.at("summary").at("APl").asDouble());
        assertEquals(0, evaluate(truth, none, "--iou-type", "segm"), err::toString);
        Path nothing = write("nothing.json", "{\"images\": [], \"categories\": [], \"annotations\": []}");
        assertEquals(0, evaluate(nothing, none), err::toString);
        assertEquals(12, out.toString(StandardCharsets.UTF_8).lines().filter(l -> l.endsWith("= -1.000")).count());
    }

    @Test
    void imagesWithoutResultsCountUnlessLeftOut() {
        // Two images with one cat each, of which one was looked at.
        Path truth = write("truth.json", TRUTH.replace("\"annotations\": [", "\"annotations\": [{\"id\": 2, \"image_id\": "
                + "5, \"category_id\": 3, \"area\": 4, \"bbox\": [0, 0, 2, 2]},"));
        Path found = write("found.json", "[{\"image_id\": 4, \"category_id\": 1, \"score\": 1, "
                + "\"bbox\": [1, 1, 2, 2]}, {\"image_id\": 4, \"category_id\": 3, \"score\": 1, "
                + "\"bbox\": [1, 1, 2, 2]}]");
        assertEquals(0, evaluate(truth, found, "--json"), err::toString);
        Json all = Json.parse(out.toByteArray());
        assertEquals(51 / 101.0, all.at("summary").at("AP").asDouble(), EXACT, "recall 1/2");
        assertEquals("2 2", all.at("images") + " " + all.at("annotations"));
        assertEquals(0, evaluate(truth, found, "--json", "--allow-missing"), err::toString);
        Json some = Json.parse(out.toByteArray());
        assertEquals(1, some.at("summary").at("AP").asDouble(), EXACT);
        assertEquals("1 1", some.at("images") + " " + some.at("annotations"));
        // Without classes the dog is a cat, and the cat is found twice.
        assertEquals(0, evaluate(truth, found, "--class-agnostic", "--allow-missing"), err::toString);
        String table = out.toString(StandardCharsets.UTF_8);
        assertTrue(table.startsWith("1 image, 1 annotation, 2 results, compared by boxes, whatever their class\n"), table);
        assertTrue(table.contains("all | maxDets=100 ] = 1.000"), table);
        assertTrue(!table.contains("category"), table);
    }

    @Test
    void resultsOfAnotherNumberingAreToldOf() {
        Path truth = write("truth.json", TRUTH);
        Path found = write("found.json", "[{\"image_id\": 4, \"category_id\": 0, \"score\": 1, \"bbox\": [1, 1, 2, 2]}, "
                + "{\"image_id\": 4, \"category_id\": 3, \"score\": 1, \"bbox\": [1, 1, 2, 2]}]");
        assertEquals(0, evaluate(truth, found, "--json"));
        assertEquals("kerf: the truth lists no category 0; results of such are left out: 1 of 2",
                err.toString(StandardCharsets.UTF_8).strip());
        assertEquals(1, Json.parse(out.toByteArray()).at("summary").at("AP").asDouble(), EXACT);
    }

    @Test
    void badFilesAreNamedWithTheirRecords() {
        Path truth = write("truth.json", TRUTH);
        Path none = write("none.json", "[]");
        assertTrue(failure(1, truth, directory.resolve("no.json")).endsWith("no.json: no such file"));
        assertTrue(failure(1, directory.resolve("no.json"), none).endsWith("no.json: no such file"));
        assertTrue(failure(1, truth, directory).contains("is a file and"));
        assertTrue(failure(1, write("cut.json", TRUTH.substring(0, 90)), none).contains("cut.json: "));
        assertTrue(failure(1, truth, truth).contains("expected an array of results, found a data set"));
        assertTrue(failure(1, none, truth).contains("none.json: $: expected an object, found an array"));
        Path other = write("other.json", "[{\"image_id\": 9}]");
        assertTrue(failure(1, truth, other).endsWith("other.json: $[0].image_id: the truth has no image 9"));
        Path size = write("size.json", "[{\"image_id\": 4, \"category_id\": 3, \"score\": 1, \"segmentation\": "
                + "{\"size\": [6, 5], \"counts\": \"N\"}}]");
        String message = failure(1, truth, size);
        assertTrue(message.endsWith("size.json: $[0].segmentation: is of size [6, 5], the image of [5, 6]"), message);
        Path code = write("code.json", "[{\"image_id\": 4, \"category_id\": 3, \"score\": 1, \"segmentation\": "
                + "{\"size\": [5, 6], \"counts\": \"~~\"}}]");
        assertTrue(failure(1, truth, code).contains("code.json: $[0].segmentation: the run-length code is malformed"));
    }

    @Test
    void optionsThatMeanNothingAreRefused() {
        Path truth = write("truth.json", TRUTH);
        Path none = write("none.json", "[]");
        assertEquals("--classes means nothing for COCO files", failure(2, truth, none, "--classes", "a,b"));
        assertEquals("--truth-pngs means nothing for detections", failure(2, truth, none, "--truth-pngs", "x"));
        assertEquals("--iou-type means nothing for labels", failure(2, directory, directory, "--iou-type", "bbox"));
        assertTrue(failure(2, truth, none, "--iou-type", "keypoints").contains("--iou-type"));
    }

    @Test
    void boundaryPanopticQualityAsBoundaryIouApiHasIt() {
        assertEquals(0, evaluate(golden("gt.json"), golden("pred.json"), "--boundary", "0.05", "--predicted-pngs",
                golden("panoptic_pred").toString(), "--truth-pngs", golden("panoptic_gt").toString(), "--json"), err::toString);
        assertEquals(Json.read(golden("expected_boundary_pq.json")).at("0.05").at("All").at("pq").asDouble(),
                Json.parse(out.toString(StandardCharsets.UTF_8)).at("all").at("pq").asDouble(), 1e-12);
    }

    @Test
    void panopticQualityAsPanopticapiHasIt() {
        assertEquals(0, evaluate(golden("gt.json"), golden("pred.json"), "--truth-pngs", golden("panoptic_gt").toString(),
                "--predicted-pngs", golden("panoptic_pred").toString()), err::toString);
        String table = out.toString(StandardCharsets.UTF_8);
        assertTrue(table.startsWith("8 images, 8 categories, on cpu\n"), table);
        assertTrue(table.lines().anyMatch(l -> l.matches("All +47\\.0 +79\\.2 +59\\.2 +7")), table);
        assertTrue(table.lines().anyMatch(l -> l.matches("Things +42\\.4 +80\\.5 +52\\.6 +4")), table);
        assertTrue(table.lines().anyMatch(l -> l.matches("unused +thing +- +- +- +0 +0 +0")), table);
        assertEquals(0, evaluate(golden("gt.json"), golden("pred.json"), "--truth-pngs", golden("panoptic_gt").toString(),
                "--predicted-pngs", golden("panoptic_pred").toString(), "--json"), err::toString);
        Json expected = Json.read(golden("expected_pq.json"));
        Json scores = Json.parse(out.toByteArray());
        assertEquals(expected.at("Stuff").at("pq").asDouble(), scores.at("stuff").at("pq").asDouble(), EXACT);
        assertEquals(expected.at("per_class").at("3").at("iou").asDouble(), scores.at("categories").items().stream()
                .filter(c -> c.at("id").asInt() == 3).findFirst().orElseThrow().at("iou").asDouble(), EXACT);
    }

    @Test
    void panopticPicturesLieBesideTheirJson() throws IOException {
        List<CocoDataset.Category> categories = List.of(new CocoDataset.Category(1, "cat", true));
        Panoptic cat = Panoptic.of(2, 1, new int[] {7, 7}, Map.of(7, 1));
        for (String side : List.of("t", "p")) {
            PanopticWriter w = new PanopticWriter(Files.createDirectory(directory.resolve(side)), categories);
            w.add(3, "a.jpg", "a.png", cat);
            if (side.equals("t")) {
                w.add(4, "b.jpg", "b.png", cat);
            }
            w.write(directory.resolve(side + ".json"));
        }
        Path truth = directory.resolve("t.json");
        Path predicted = directory.resolve("p.json");
        String message = failure(1, truth, predicted);
        assertTrue(message.endsWith("p.json: no prediction for image 4; --allow-missing compares the 1 others"), message);
        assertEquals(0, evaluate(truth, predicted, "--allow-missing", "--json"));
        Json scores = Json.parse(out.toByteArray());
        assertEquals(1, scores.at("all").at("pq").asDouble());
        assertTrue(scores.at("stuff").at("pq").isNull());
        // Of another size, and a prediction's file that isn't there.
        Panoptic.of(1, 2, new int[] {7, 7}, Map.of(7, 1)).writePng(directory.resolve("p/a.png"));
        message = failure(1, truth, predicted, "--allow-missing");
        assertTrue(message.endsWith("a.png: the truth is 2x1, the prediction 1x2"), message);
        Files.delete(directory.resolve("p/a.png"));
        assertTrue(failure(1, truth, predicted, "--allow-missing").endsWith("p/a.png: no such file"));
        Files.delete(directory.resolve("p"));
        assertTrue(failure(1, truth, predicted).endsWith("p: no such directory; it should hold the panoptic PNG files"));
    }

    @Test
    void boundariesOfLabels() throws IOException {
        // A square of 20 in 100: its outline is missed by one column on the left side.
        Path truth = Files.createDirectory(directory.resolve("truth"));
        Path predicted = Files.createDirectory(directory.resolve("predicted"));
        square(truth.resolve("a.png"), 40);
        square(predicted.resolve("a.png"), 41);
        assertEquals(0, evaluate(truth, predicted, "--boundary", "0.014", "--json"), err::toString);
        Json one = Json.parse(out.toByteArray()).at("classes").at(1);
        assertEquals(380.0 / 400, one.at("iou").asDouble(), EXACT);
        // Boundaries of 2 pixels: 20² − 16² and 20 · 19 − 16 · 15 pixels. In common: rows 2 · 2 · 19, the right side
        // 2 · 16, of the left side one column of 16.
        int both = 76 + 32 + 16;
        assertEquals(both / (144.0 + 140 - both), one.at("boundaryIou").at("pooled").asDouble(), EXACT);
        assertEquals(0, evaluate(truth, predicted, "--boundary"), err::toString);
        assertTrue(out.toString(StandardCharsets.UTF_8).lines().anyMatch(l -> l.startsWith("mean boundary IoU ")));
        assertEquals(0, evaluate(truth, predicted), err::toString);
        assertTrue(out.toString(StandardCharsets.UTF_8).lines().noneMatch(l -> l.contains("boundary")));
    }

    private static void square(Path file, int left) {
        int[] labels = new int[10000];
        for (int i = 0; i < labels.length; i++) {
            int x = i % 100;
            int y = i / 100;
            labels[i] = x >= left && x < 60 && y >= 40 && y < 60 ? 1 : 0;
        }
        LabelMap.of(100, 100, labels).writePng(file, Palette.of(2, 0));
    }
}
