package dev.kerf.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.json.Json;
import dev.kerf.mask.Coco;
import dev.kerf.mask.CocoDataset;
import dev.kerf.mask.CocoPanoptic;
import dev.kerf.mask.RunLength;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** COCO's files and what is in them. */
class CocoFuzzTest {
    /** What JSON takes, and the runs of masks that it describes. */
    private static final Held HELD = new Held(1 << 16);
    private static final Held PICTURE = new Held(1032 * 8 * 8 * 3);

    private static final String TRUTH = """
            {"images": [{"id": 1, "file_name": "a.png", "width": 40, "height": 30}, {"id": 2, "width": 400, "height": 300}],
             "categories": [{"id": 7, "name": "dog"}, {"id": 9, "name": "grass", "isthing": 0}],
             "annotations": [
              {"id": 5, "image_id": 1, "category_id": 7, "area": 12.5, "iscrowd": 0, "bbox": [1, 2, 3.5, 4],
               "segmentation": [[1, 2, 10.5, 2, 10, 20.25]]},
              {"id": 6, "image_id": 1, "category_id": 9, "area": 9, "iscrowd": 1, "bbox": [0, 0, 40, 30],
               "segmentation": {"size": [30, 40], "counts": [5, 100, 1095]}},
              {"id": 8, "image_id": 2, "category_id": 7, "area": 9, "bbox": [0, 0, 4, 3],
               "segmentation": {"size": [300, 400], "counts": "P1d0000000"}}]}""";
    private static final CocoDataset KNOWN = CocoDataset.of(Json.parse(TRUTH));

    private static final String PANOPTIC = """
            {"categories": [{"id": 7, "name": "dog", "isthing": 1}],
             "annotations": [{"image_id": 1, "file_name": "a.png", "segments_info": [
              {"id": 1, "category_id": 7, "area": 3, "bbox": [0, 0, 1, 3], "iscrowd": 0},
              {"id": 258, "category_id": 7, "iscrowd": 1}]}]}""";
    private static final Path PICTURES = pictures();

    private static Path pictures() {
        try {
            Path folder = Files.createTempDirectory("kerf-fuzz-panoptic");
            picture().writePng(folder.resolve("a.png"));
            folder.resolve("a.png").toFile().deleteOnExit();
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Image picture() {
        Image image = Image.blank(2, 3, PixelFormat.RGB8);
        for (int y = 0; y < 3; y++) {
            image.setSample(0, y, 0, 1);
            image.setSample(1, y, 0, 2);
            image.setSample(1, y, 1, 1);
        }
        return image;
    }

    static Stream<byte[]> truths() {
        return Seeds.texts(TRUTH);
    }

    @MethodSource("truths")
    @FuzzTest
    void instances(byte[] input) {
        HELD.reading(input, () -> {
            CocoDataset set = CocoDataset.of(Json.parse(input));
            for (long id : set.images().keySet()) {
                for (CocoDataset.Annotation a : set.annotations(id)) {
                    a.mask().area();
                    a.box();
                }
            }
        });
    }

    static Stream<byte[]> found() {
        return Seeds.texts("""
                [{"image_id": 1, "category_id": 7, "score": 0.75, "bbox": [1, 2, 3, 4],
                  "segmentation": {"size": [30, 40], "counts": "1a0"}},
                 {"image_id": 2, "category_id": 7, "score": 1e-9, "segmentation": [[1, 1, 200, 1, 200, 299.5]]}]""");
    }

    @MethodSource("found")
    @FuzzTest
    void results(byte[] input) {
        HELD.reading(input, () -> {
            CocoDataset.Results results = CocoDataset.Results.of(Json.parse(input), KNOWN);
            for (long id : KNOWN.images().keySet()) {
                for (CocoDataset.Results.Result r : results.of(id)) {
                    r.mask().area();
                }
            }
        });
    }

    static Stream<byte[]> panoptics() {
        return Seeds.texts(PANOPTIC);
    }

    @MethodSource("panoptics")
    @FuzzTest
    void panoptic(byte[] input) {
        HELD.reading(input, () -> {
            CocoPanoptic set = CocoPanoptic.of(Json.parse(input), PICTURES);
            for (long id : set.images()) {
                set.picture(id).segments();
            }
        });
    }

    static Stream<byte[]> panopticPictures() throws IOException {
        return Stream.of(Files.readAllBytes(PICTURES.resolve("a.png")));
    }

    @MethodSource("panopticPictures")
    @FuzzTest
    void panopticPng(byte[] input) {
        PICTURE.readingFile(input, "a.png",
                file -> CocoPanoptic.of(Json.parse(PANOPTIC), file.getParent()).picture(1).segments());
    }

    static Stream<byte[]> strings() {
        return Seeds.texts("1a0", "P1d0000000", "", "o0", "0Z~");
    }

    @MethodSource("strings")
    @FuzzTest
    void runLengths(byte[] input) {
        HELD.reading(input, () -> {
            RunLength runs = RunLength.ofCocoString(40, 30, new String(input, StandardCharsets.ISO_8859_1));
            if (!RunLength.ofCocoString(40, 30, runs.toCocoString()).equals(runs)
                    || !RunLength.encode(runs.decode()).equals(runs)) {
                throw new AssertionError(runs + " is read as something else");
            }
            runs.area();
            runs.bounds();
        });
    }

    static Stream<byte[]> segmentations() {
        return Seeds.texts("[[1, 2, 10.5, 2, 10, 20.25], [0, 0, 640, 0, 640, 480, 0, 480]]",
                "{\"size\": [480, 640], \"counts\": [0, 307200]}",
                "[[-1e9, -1e9, 1e9, 1e9, 1e-9, 3]]");
    }

    @MethodSource("segmentations")
    @FuzzTest
    void segmentation(byte[] input) {
        HELD.reading(input, () -> Coco.mask(Json.parse(input), 640, 480).bounds());
    }
}
