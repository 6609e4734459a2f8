package dev.kerf.cli.picture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.kerf.error.BadFileException;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.image.video.FrameSource.Frame;
import dev.kerf.json.Json;
import dev.kerf.mask.Coco;
import dev.kerf.mask.Instances;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.mask.Mask;
import dev.kerf.mask.RunLength;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CocoTrackTest {
    @TempDir
    private Path directory;

    private static Frame frame(int i) {
        return new Frame(i, i / 4.0, 0.25, Image.blank(8, 6, PixelFormat.RGB8));
    }

    /** Object 1 is a column that moves; object 2 can't be seen. */
    private static Instances objects(int i) {
        Mask mask = Mask.empty(8, 6);
        for (int y = 1; y < 5; y++) {
            mask.set(i, y, true);
        }
        return new Instances(8, 6, List.of(new Instance(1, 0.5, RunLength.encode(mask)),
                new Instance(2, 0.25, RunLength.encode(Mask.empty(8, 6)))));
    }

    private long files() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.count();
        }
    }

    @Test
    void eachFrameAndObjectIsAResult() throws IOException {
        Path file = directory.resolve("track.json");
        try (CocoTrack track = new CocoTrack(file)) {
            for (int i = 0; i < 3; i++) {
                track.write(frame(i), objects(i));
                assertFalse(Files.exists(file));
            }
            track.finish();
        }
        Json all = Json.read(file);
        assertEquals(6, all.size());
        for (int i = 0; i < 3; i++) {
            Json one = all.at(2 * i);
            assertEquals(i, one.at("image_id").asInt());
            assertEquals(1, one.at("category_id").asInt());
            assertEquals(i / 4.0, one.at("time").asDouble());
            assertEquals(List.of((double) i, 1.0, 1.0, 4.0), one.at("bbox").items().stream().map(Json::asDouble).toList());
            assertEquals(objects(i).items().getFirst().mask(), Coco.mask(one.at("segmentation"), 8, 6));
            assertEquals(0, all.at(2 * i + 1).at("area").asInt());
        }
        assertEquals(1, files());
    }

    @Test
    void aVideoWithoutObjectsIsAnEmptyArray() {
        Path file = directory.resolve("track.json");
        try (CocoTrack track = new CocoTrack(file)) {
            track.finish();
        }
        assertEquals(Json.array(), Json.read(file));
    }

    @Test
    void givenUpItLeavesWhatWasThere() throws IOException {
        Path file = Files.writeString(directory.resolve("track.json"), "old");
        try (CocoTrack track = new CocoTrack(file)) {
            track.write(frame(0), objects(0));
        }
        assertEquals("old", Files.readString(file));
        assertEquals(1, files());
        assertThrows(BadFileException.class, () -> new CocoTrack(directory.resolve("no").resolve("track.json")));
    }
}
