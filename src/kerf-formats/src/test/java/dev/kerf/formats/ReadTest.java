package dev.kerf.formats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.KerfException;
import dev.kerf.formats.Annotations.Item;
import dev.kerf.formats.Annotations.Kind;
import dev.kerf.formats.PictureSizes.Size;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A scene drawn in each format, held to what pycocotools makes of its shapes (make.py beside the files). */
class ReadTest {
    private static final Path FILES = Path.of("src/kerf-formats/src/test/resources/dev/kerf/formats");
    private static final PictureSizes SIZES = _ -> Optional.of(new Size(61, 47));

    @TempDir
    private Path dir;

    private static Json expected() {
        return Json.read(FILES.resolve("expected.json"));
    }

    private static void same(String shape, Item item) {
        assertEquals(expected().at(shape).asString(), item.mask().toCocoString(), shape);
    }

    private static AnnotationSet read(AnnotationFormat format, String file) {
        return format.read(FILES.resolve(file), SIZES);
    }

    @Test
    void cvat() {
        AnnotationSet set = read(AnnotationFormat.CVAT, "cvat.xml");
        assertEquals(List.of("cell", "debris & dust"), set.labels());
        assertEquals(Map.of("polyline", 1, "tag", 1), set.leftOut());
        assertEquals(List.of("scene.png", "empty.png"), set.pictures().stream().map(Annotations::file).toList());
        List<Item> items = set.pictures().getFirst().items();
        // In the order of z_order.
        same("turnedMiddle", items.get(0));
        same("triangle", items.get(1));
        same("blob", items.get(2));
        same("ellipse", items.get(3));
        assertEquals("debris & dust", items.getFirst().label());
    }

    @Test
    void cvatOfAVideo() {
        List<Annotations> pictures = read(AnnotationFormat.CVAT, "cvat-video.xml").pictures();
        assertEquals(List.of("frame_000000", "frame_000002"), pictures.stream().map(Annotations::file).toList());
        same("triangle", pictures.get(0).items().getFirst());
        same("box", pictures.get(1).items().getFirst());
        assertEquals(5, pictures.get(1).items().getFirst().group());
    }

    @Test
    void labelStudio() {
        AnnotationSet set = read(AnnotationFormat.LABEL_STUDIO, "label-studio.json");
        Annotations picture = set.pictures().getFirst();
        assertEquals("scene one.png", picture.file());
        same("triangle", picture.items().get(0));
        same("turnedCorner", picture.items().get(1));
        same("ellipse", picture.items().get(2));
        assertEquals(List.of("cell", "dust"), set.labels());
        assertEquals(Map.of("keypointlabels", 1), set.leftOut());
    }

    /** A rectangle and its name by tags of their own. */
    @Test
    void labelStudiosNamesBesideShapes() throws IOException {
        Path file = Files.writeString(dir.resolve("a.json"), """
                [{"data": {"image": "a.png"}, "annotations": [{"result": [
                  {"id": "k", "type": "rectangle", "original_width": 10, "original_height": 10,
                   "value": {"x": 10, "y": 10, "width": 20, "height": 30, "rotation": 0}},
                  {"id": "k", "type": "labels", "original_width": 10, "original_height": 10,
                   "value": {"x": 10, "y": 10, "width": 20, "height": 30, "rotation": 0, "labels": ["crack"]}}]}]}]
                """);
        List<Item> items = AnnotationFormat.LABEL_STUDIO.read(file, SIZES).pictures().getFirst().items();
        assertEquals(List.of("crack 6"), items.stream().map(i -> i.label() + " " + i.mask().area()).toList());
    }

    @Test
    void quPath() {
        AnnotationSet set = read(AnnotationFormat.QUPATH, "scene.geojson");
        List<Item> items = set.pictures().getFirst().items();
        same("triangleWithHole", items.get(0));
        same("box", items.get(1));
        assertEquals(List.of("Tumor", "Stroma"), set.labels());
        assertEquals(List.of(OptionalDouble.of(0.75), OptionalDouble.of(0.5)), items.stream().map(Item::score).toList());
        assertEquals(Map.of("LineString", 1), set.leftOut());
    }

    @Test
    void yolo() throws IOException {
        Files.createDirectories(dir.resolve("labels"));
        Files.writeString(dir.resolve("data.yaml"), "train: images\nnames:\n  0: cell\n  1: \"dust: fine\"\n");
        Files.writeString(dir.resolve("labels/scene.txt"), "0 " + shares(3.25, 4.5, 30.75, 6, 12, 28.25) + "\n\n1 "
                + shares((35.5 + 52.25) / 2, (5 + 18.75) / 2) + " " + shares(52.25 - 35.5, 18.75 - 5) + " 0.625\n");
        for (String path : List.of("", "data.yaml", "labels")) {
            AnnotationSet set = AnnotationFormat.YOLO.read(dir.resolve(path), SIZES);
            List<Item> items = set.pictures().getFirst().items();
            same("triangle", items.get(0));
            same("box", items.get(1));
            assertEquals(List.of("cell", "dust: fine"), set.labels());
            assertEquals(OptionalDouble.of(0.625), items.get(1).score());
        }
        assertEquals("scene", AnnotationFormat.YOLO.read(dir, SIZES).pictures().getFirst().file());
    }

    /** As Ultralytics writes what it tracks: the object's number last, after the score if there is one. */
    @Test
    void yoloOfTrackedObjects() throws IOException {
        String box = shares((35.5 + 52.25) / 2, (5 + 18.75) / 2) + " " + shares(52.25 - 35.5, 18.75 - 5);
        String triangle = shares(3.25, 4.5, 30.75, 6, 12, 28.25);
        Files.writeString(dir.resolve("scene.txt"),
                "0 " + box + " 0.5 1\n0 " + box + " 12\n0 " + triangle + " 0.75 3\n0 " + triangle + " 4\n0 " + triangle + "\n");
        List<Item> items = AnnotationFormat.YOLO.read(dir, SIZES).pictures().getFirst().items();
        same("box", items.get(0));
        same("box", items.get(1));
        for (int i = 2; i < 5; i++) {
            same("triangle", items.get(i));
        }
        assertEquals(List.of(1, 12, 3, 4, 0), items.stream().map(Item::group).toList());
        assertEquals(List.of(OptionalDouble.of(0.5), OptionalDouble.empty(), OptionalDouble.of(0.75), OptionalDouble.empty(),
                OptionalDouble.empty()), items.stream().map(Item::score).toList());
        // Without a number past 1 a corner at the edge is one.
        Files.writeString(dir.resolve("scene.txt"), "0 0.1 0.1 0.9 0.1 0.5 1\n");
        assertEquals(0, AnnotationFormat.YOLO.read(dir, SIZES).pictures().getFirst().items().getFirst().group());
    }

    private static String shares(double... corners) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < corners.length; i++) {
            out.append(i == 0 ? "" : " ").append(corners[i] / (i % 2 == 0 ? 61 : 47));
        }
        return out.toString();
    }

    @Test
    void cityscapes() throws IOException {
        Image ids = Image.blank(4, 1, PixelFormat.GRAY16);
        int[] pixels = {7, 26001, 26, 26000};
        for (int x = 0; x < 4; x++) {
            ids.setSample(x, 0, 0, pixels[x]);
        }
        Files.createDirectories(dir.resolve("val/town"));
        ids.writePng(dir.resolve("val/town/town_1_gtFine_instanceIds.png"));
        Files.writeString(dir.resolve("val/town/town_2_gtFine_polygons.json"), """
                {"imgHeight": 4, "imgWidth": 8, "objects": [
                  {"label": "road", "polygon": [[0, 0], [8, 0], [8, 4], [0, 4]]},
                  {"label": "cargroup", "polygon": [[0, 0], [2, 0], [2, 2], [0, 2]]},
                  {"label": "car", "deleted": 1, "polygon": [[0, 0], [8, 0], [8, 4]]},
                  {"label": "car", "polygon": [[1, 0], [3, 0], [3, 4], [1, 4]]},
                  {"label": "license plate", "polygon": [[1, 0], [2, 0], [2, 1], [1, 1]]}]}
                """);
        List<Annotations> pictures = AnnotationFormat.CITYSCAPES.read(dir, PictureSizes.UNKNOWN).pictures();
        assertEquals(List.of("town_1", "town_2"), pictures.stream().map(Annotations::file).toList());
        assertEquals(List.of("road STUFF 1", "car CROWD 1", "car THING 1", "car THING 1"), described(pictures.get(0)));
        assertEquals(List.of("road STUFF 22", "car CROWD 2", "car THING 8"), described(pictures.get(1)));
    }

    private static List<String> described(Annotations picture) {
        return picture.items().stream().map(i -> i.label() + " " + i.kind() + " " + i.mask().area()).toList();
    }

    static Stream<Arguments> bad() {
        String cvat = "<annotations><image id='0' name='a' width='4' height='3'>%s</image></annotations>";
        return Stream.of(
                Arguments.of(AnnotationFormat.CVAT, "a.xml", "no XML", "isn't XML"),
                Arguments.of(AnnotationFormat.CVAT, "a.xml", "<html/>", "has no <annotations>"),
                Arguments.of(AnnotationFormat.CVAT, "a.xml", "<!DOCTYPE a [<!ENTITY e 'x'>]><annotations>&e;</annotations>",
                        "document type or entities"),
                Arguments.of(AnnotationFormat.CVAT, "a.xml", cvat.formatted("<polygon label='x' points='1,2;z'/>"),
                        "a.xml, line 1: <polygon> 'z' in its points is no number"),
                Arguments.of(AnnotationFormat.CVAT, "a.xml", cvat.formatted("<polygon label='x' points='1,2'/>"), "corners"),
                Arguments.of(AnnotationFormat.CVAT, "a.xml", cvat.formatted("<polygon points='1,2;3,3;1,1'/>"), "has no label"),
                Arguments.of(AnnotationFormat.CVAT, "a.xml", cvat.formatted(
                        "<mask label='x' rle='1,9' left='0' top='0' width='2' height='2'/>"), "leave its box"),
                Arguments.of(AnnotationFormat.CVAT, "a.xml", cvat.formatted(
                        "<mask label='x' rle='1,3' left='3' top='0' width='2' height='2'/>"), "leaves the picture of 4x3"),
                Arguments.of(AnnotationFormat.CVAT, "a.xml", "<annotations><image width='99999999' height='1'/></annotations>",
                        "a side of 99999999 pixels"),
                Arguments.of(AnnotationFormat.LABEL_STUDIO, "a.json", "[{\"data\": {\"n\": 3}}]", "no address of a picture"),
                Arguments.of(AnnotationFormat.LABEL_STUDIO, "a.json", task("\"brushlabels\"", "\"rle\": [0, 0, 0, 48]"),
                        "ends before its last value"),
                Arguments.of(AnnotationFormat.LABEL_STUDIO, "a.json", task("\"brushlabels\"", "\"rle\": [0, 0, 1, 0, 9, 9]"),
                        "has 256 values, a picture of 4x3 has 48"),
                Arguments.of(AnnotationFormat.QUPATH, "a.geojson", "{\"type\": \"Topology\"}", "features"),
                Arguments.of(AnnotationFormat.QUPATH, "a.geojson",
                        "[{\"type\": \"Feature\", \"geometry\": {\"type\": \"Polygon\", \"coordinates\": [[[1, 2]]]}}]",
                        "corners"),
                Arguments.of(AnnotationFormat.YOLO, "a.txt", "0 0.5 0.5", "line 1: has 3 numbers"),
                Arguments.of(AnnotationFormat.YOLO, "a.txt", "0 50 50 10 10", "no share of a width or height"),
                Arguments.of(AnnotationFormat.YOLO, "a.txt", "cell 0.5 0.5 0.1 0.1", "'cell' is no number"),
                Arguments.of(AnnotationFormat.YOLO, "data.yaml", "names: {1: a}", "names has no class 0"),
                Arguments.of(AnnotationFormat.CITYSCAPES, "a.txt", "", "has no file of Cityscapes'"));
    }

    private static String task(String type, String value) {
        return "[{\"data\": {\"image\": \"a.png\"}, \"annotations\": [{\"result\": [{\"type\": " + type
                + ", \"original_width\": 4, \"original_height\": 3, \"value\": {" + value + "}}]}]}]";
    }

    @ParameterizedTest
    @MethodSource("bad")
    void isRefused(AnnotationFormat format, String name, String content, String why) throws IOException {
        Files.writeString(dir.resolve(name), content);
        boolean folder = name.endsWith(".txt") || name.endsWith(".geojson") || name.endsWith(".yaml");
        if (name.endsWith(".yaml")) {
            Files.writeString(dir.resolve("a.txt"), "0 0.5 0.5 0.1 0.1");
        }
        String message = assertThrows(KerfException.class, () -> format.read(folder ? dir : dir.resolve(name), SIZES))
                .getMessage();
        assertTrue(message.contains(why), message);
        assertTrue(!message.contains("\n"), message);
    }

    @Test
    void sizesMustBeKnown() throws IOException {
        Files.writeString(dir.resolve("a.txt"), "0 0.5 0.5 0.1 0.1");
        String message = assertThrows(KerfException.class, () -> AnnotationFormat.YOLO.read(dir, PictureSizes.UNKNOWN))
                .getMessage();
        assertTrue(message.contains("name the pictures' directory"), message);
        assertEquals(Kind.THING, AnnotationFormat.YOLO.read(dir, SIZES).pictures().getFirst().items().getFirst().kind());
    }
}
