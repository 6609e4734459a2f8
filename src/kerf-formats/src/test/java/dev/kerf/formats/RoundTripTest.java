package dev.kerf.formats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadInputException;
import dev.kerf.formats.Annotations.Item;
import dev.kerf.formats.Annotations.Kind;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.mask.Instances;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Mask;
import dev.kerf.mask.RunLength;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** What is written and read again is the same, pixel by pixel: parts, holes and single pixels too. */
class RoundTripTest {
    @TempDir
    private Path dir;

    private static RunLength noise(Random random, int width, int height, double share) {
        Mask mask = Mask.empty(width, height);
        for (int i = 0; i < width * height; i++) {
            mask.set(i % width, i / width, random.nextDouble() < share);
        }
        return RunLength.encode(mask);
    }

    private static List<Annotations> scenes() {
        Random random = new Random(11);
        List<Annotations> out = new ArrayList<>();
        for (int[] size : new int[][] {{1, 1}, {7, 5}, {31, 17}, {64, 97}}) {
            List<Item> items = new ArrayList<>();
            for (int k = 0; k < 5; k++) {
                items.add(new Item(k % 2 == 0 ? "cell" : "a & \"b\" <c>", Kind.THING,
                        noise(random, size[0], size[1], 0.15 + 0.2 * k), OptionalDouble.of(0.5 + 0.125 * k), 0));
            }
            items.removeIf(i -> i.mask().area() == 0);
            out.add(new Annotations("20240101-scene #" + size[0] + "%20.png", size[0], size[1], items));
        }
        return out;
    }

    private AnnotationSet written(AnnotationFormat format, List<String> labels, List<Annotations> pictures) {
        try (AnnotationWriter out = format.writer(dir, labels)) {
            for (Annotations p : pictures) {
                out.add(p, p.stem());
                format.files(dir, p.stem()).forEach(f -> assertTrue(Files.isRegularFile(f), f.toString()));
            }
            out.finish();
            format.shared(dir).forEach(f -> assertTrue(Files.isRegularFile(f), f.toString()));
            return format.read(
                    format.shared(dir).isEmpty() || format == AnnotationFormat.YOLO ? dir : format.shared(dir).getFirst(),
                    stem -> pictures.stream().filter(p -> p.stem().equals(stem)).findFirst()
                            .map(p -> new PictureSizes.Size(p.width(), p.height())).or(Optional::empty));
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "CITYSCAPES")
    void isTheSame(AnnotationFormat format) {
        List<Annotations> scenes = scenes();
        AnnotationSet set = written(format, List.of("cell", "a & \"b\" <c>"), scenes);
        assertEquals(scenes.size(), set.pictures().size());
        for (Annotations p : scenes) {
            Annotations read = set.pictures().stream().filter(r -> r.stem().equals(p.stem())).findFirst().orElseThrow();
            assertEquals(p.items().stream().map(Item::label).toList(), read.items().stream().map(Item::label).toList());
            assertEquals(p.items().stream().map(Item::mask).toList(), read.items().stream().map(Item::mask).toList());
            if (format == AnnotationFormat.QUPATH || format == AnnotationFormat.LABEL_STUDIO) {
                assertEquals(p.items().stream().map(Item::score).toList(), read.items().stream().map(Item::score).toList());
            }
        }
        if (format == AnnotationFormat.YOLO || format == AnnotationFormat.CVAT) {
            assertEquals(List.of("cell", "a & \"b\" <c>"), set.labels());
        }
    }

    @Test
    void cityscapes() {
        RunLength left = RunLength.ofPolygons(6, 2, List.of(new double[] {0, 0, 4, 0, 4, 2, 0, 2}));
        RunLength right = RunLength.ofPolygons(6, 2, List.of(new double[] {3, 0, 6, 0, 6, 2, 3, 2}));
        Instances found = new Instances(6, 2,
                List.of(new Instances.Instance(3, 0.9, right), new Instances.Instance(3, 0.6, left)));
        Annotations picture = Annotations.of("a_leftImg8bit.png", found, i -> i == 3 ? "car" : "tree");
        List<Item> read = written(AnnotationFormat.CITYSCAPES, List.of("tree", "car"), List.of(picture)).pictures().getFirst()
                .items();
        // The surer one is on top.
        assertEquals(List.of(6L, 6L), read.stream().map(i -> i.mask().area()).toList());
        Image ids = Image.read(dir.resolve("a_gtFine_instanceIds.png"));
        assertEquals(List.of(26000, 26001), List.of(ids.sample(0, 0, 0), ids.sample(3, 1, 0)));
        assertEquals(26, LabelMap.read(dir.resolve("a_gtFine_labelIds.png")).get(5, 1));
        Image colours = Image.read(dir.resolve("a_gtFine_labelIds.png"));
        assertEquals(List.of(0, 0, 0x8E),
                List.of(colours.sample(0, 0, 0), colours.sample(0, 0, 1), colours.sample(0, 0, 2)));
        assertTrue(assertThrows(BadInputException.class, () -> AnnotationFormat.CITYSCAPES.writer(dir, List.of("cell")))
                .getMessage().startsWith("none of the classes cell is one of Cityscapes': unlabeled, ego vehicle"));
    }

    @Test
    void classesOfLabels() {
        LabelMap labels = LabelMap.of(3, 1, new int[] {0, 2, 7});
        Annotations picture = Annotations.of("a.png", labels, List.of("nothing", "road", "car"), 0);
        assertEquals(List.of("car"), picture.items().stream().map(Item::label).toList());
        assertEquals(Kind.STUFF, picture.items().getFirst().kind());
        assertEquals(List.of(9, 4, 9), java.util.Arrays.stream(picture.paint(_ -> 4, 9).toArray()).boxed().toList());
    }

    @Test
    void nothingIsLeftOfWhatIsNotFinished() throws Exception {
        for (AnnotationFormat format : List.of(AnnotationFormat.CVAT, AnnotationFormat.LABEL_STUDIO)) {
            try (AnnotationWriter out = format.writer(dir, List.of("cell"))) {
                out.add(scenes().getFirst(), "a");
            }
        }
        try (var files = Files.list(dir)) {
            assertEquals(List.of(), files.toList());
        }
    }

    /** What Label Studio is told to show has the labels in it. */
    @Test
    void theInterface() throws Exception {
        written(AnnotationFormat.LABEL_STUDIO, List.of("a & \"b\" <c>"), scenes());
        assertTrue(Files.readString(dir.resolve("label-studio.xml"))
                .contains("<Label value=\"a &amp; &quot;b&quot; &lt;c>\"/>"));
        assertEquals("/data/local-files/?d=20240101-scene%20%231%2520.png",
                Json.read(dir.resolve("label-studio.json")).at(0).at("data").at("image").asString());
    }
}
