package dev.kerf.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kerf.formats.AnnotationFormat;
import dev.kerf.formats.Annotations;
import dev.kerf.formats.PictureSizes;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** Other programs' annotations, and what {@code kerf evaluate} asks of them. */
class AnnotationsFuzzTest {
    /** What JSON and XML take, and the runs of masks that they describe. */
    private static final Held HELD = new Held(1 << 16);
    private static final PictureSizes SIZES = _ -> Optional.of(new PictureSizes.Size(61, 47));

    private static void read(AnnotationFormat format, Path file) {
        for (Annotations picture : format.read(file, SIZES).pictures()) {
            picture.items().forEach(i -> i.mask().area());
        }
    }

    static Stream<byte[]> lines() {
        return Seeds.texts("0 0.5 0.5 0.25 0.25\n1 0.1 0.1 0.9 0.1 0.5 0.9 0.75\n\n", "0 0.5 0.5 0.25 0.25 0.5 12\n",
                "0 1e-9 0 1 1.009 0.5 0.25 1 1\n");
    }

    @MethodSource("lines")
    @FuzzTest
    void yolo(byte[] input) {
        HELD.readingFile(input, "a.txt", file -> read(AnnotationFormat.YOLO, file.getParent()));
    }

    static Stream<byte[]> names() {
        return Seeds.texts("names:\n  0: cell\n  1: \"dust: fine\"\n", "names: [a, 'b']\nnc: 2\n", "train: x\nnames: {0: a}\n");
    }

    @MethodSource("names")
    @FuzzTest
    void yoloNames(byte[] input) {
        HELD.readingFile(input, "data.yaml", file -> read(AnnotationFormat.YOLO, file));
    }

    static Stream<byte[]> features() {
        return Seeds.files("kerf-formats", "dev/kerf/formats", ".geojson");
    }

    @MethodSource("features")
    @FuzzTest
    void qupath(byte[] input) {
        HELD.readingFile(input, "a.geojson", file -> read(AnnotationFormat.QUPATH, file));
    }

    static Stream<byte[]> tasks() {
        return Seeds.files("kerf-formats", "dev/kerf/formats", "label-studio.json");
    }

    @MethodSource("tasks")
    @FuzzTest
    void labelStudio(byte[] input) {
        HELD.readingFile(input, "a.json", file -> read(AnnotationFormat.LABEL_STUDIO, file));
    }

    static Stream<byte[]> images() {
        return Seeds.files("kerf-formats", "dev/kerf/formats", ".xml");
    }

    @MethodSource("images")
    @FuzzTest
    void cvat(byte[] input) {
        HELD.readingFile(input, "a.xml", file -> read(AnnotationFormat.CVAT, file));
    }

    static Stream<byte[]> polygons() {
        return Seeds.texts("""
                {"imgHeight": 4, "imgWidth": 8, "objects": [
                  {"label": "road", "polygon": [[0, 0], [8, 0], [8, 4], [0, 4]]},
                  {"label": "cargroup", "polygon": [[0, 0], [2, 0], [2, 2], [0, 2]]},
                  {"label": "car", "deleted": 1, "polygon": [[0, 0], [8, 0], [8, 4]]}]}
                """);
    }

    @MethodSource("polygons")
    @FuzzTest
    void cityscapes(byte[] input) {
        HELD.readingFile(input, "town_2_gtFine_polygons.json", file -> read(AnnotationFormat.CITYSCAPES, file));
    }
}
