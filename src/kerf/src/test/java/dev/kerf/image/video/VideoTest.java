package dev.kerf.image.video;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import dev.kerf.image.Image;
import dev.kerf.image.video.FrameSource.Frame;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VideoTest {
    private static final FrameSource.Rate RATE = new FrameSource.Rate(30000, 1001);

    @TempDir
    private Path directory;

    private Path written(String name, List<Image> images, FrameSource.Rate rate) {
        Path file = directory.resolve(name);
        Image first = images.getFirst();
        try (FrameSink out = FrameSink.open(file, first.width(), first.height(), rate)) {
            for (int i = 0; i < images.size(); i++) {
                out.write(new Frame(i, rate.time(i), rate.duration(), images.get(i)));
            }
            out.finish();
        }
        return file;
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    static void failsWith(Runnable what, String... texts) {
        BadFileException e = assertThrows(BadFileException.class, what::run);
        for (String text : texts) {
            assertTrue(e.getMessage().contains(text), () -> "expected '" + text + "' in: " + e.getMessage());
        }
    }

    private static void readAll(Path file) {
        try (FrameSource video = FrameSource.open(file)) {
            Clips.all(video);
        }
    }

    @Test
    void aFolderIsInNaturalOrder() throws IOException {
        for (int i : new int[] {10, 9, 2, 1, 100}) {
            Clips.square(16, 8, i % 12).writePng(directory.resolve("shot" + i + ".png"));
        }
        Files.writeString(directory.resolve("notes.txt"), "no frame");
        Files.writeString(directory.resolve(".hidden.png"), "no frame");
        try (FrameSource video = FrameSource.open(directory)) {
            assertEquals(OptionalInt.of(5), video.count());
            assertEquals(16, video.width());
            assertEquals(8, video.height());
            List<Frame> frames = Clips.all(video);
            List<Integer> order = List.of(1, 2, 9, 10, 100);
            for (int i = 0; i < 5; i++) {
                assertEquals(i, frames.get(i).index());
                assertEquals(i * 0.04, frames.get(i).time(), 1e-12);
                assertEquals(0, Clips.difference(Clips.square(16, 8, order.get(i) % 12), frames.get(i).image()));
            }
            assertThrows(NoSuchElementException.class, video::next);
        }
    }

    @Test
    void numbersInNamesCompareAsNumbers() {
        NaturalOrder order = new NaturalOrder();
        List<String> sorted = Stream
                .of("b", "a10", "a2", "a02", "a", "a2b1", "a2b", "a99999999999999999999", "a100000000000000000000")
                .sorted(order).toList();
        assertEquals(List.of("a", "a02", "a2", "a2b", "a2b1", "a10", "a99999999999999999999", "a100000000000000000000", "b"),
                sorted);
    }

    @Test
    void aFrameOfAnotherSizeIsNamed() {
        Clips.square(16, 8, 0).writePng(directory.resolve("0.png"));
        Clips.square(16, 8, 1).writePng(directory.resolve("1.png"));
        Clips.square(17, 8, 2).writePng(directory.resolve("2.png"));
        try (FrameSource video = FrameSource.open(directory)) {
            video.next();
            video.next();
            failsWith(video::hasNext, "frame 2 is of 17x8 pixels", "16x8");
            assertFalse(video.hasNext());
        }
    }

    @Test
    void noFramesAreNoVideo() throws IOException {
        failsWith(() -> FrameSource.open(directory), "no images in it (looked for bmp, gif, jpeg, jpg, png, tif, tiff)");
        failsWith(() -> FrameSource.open(directory.resolve("gone.y4m")), "no such file");
        Path empty = Files.createFile(directory.resolve("empty.gif"));
        failsWith(() -> FrameSource.open(empty), "is empty");
    }

    @Test
    void y4mComesBackWithinItsRounding() {
        List<Image> images = List.of(Clips.smooth(33, 21, 0), Clips.smooth(33, 21, 1), Clips.square(33, 21, 3));
        Path file = written("a.y4m", images, RATE);
        try (FrameSource video = FrameSource.open(file)) {
            assertEquals(RATE, video.rate());
            assertEquals(OptionalInt.of(3), video.count());
            List<Frame> frames = Clips.all(video);
            assertEquals(3, frames.size());
            for (int i = 0; i < 3; i++) {
                // Half a step of luma (255/219) and of chroma (1.772 x 255/224), and half a step of the result: 2.09.
                assertTrue(Clips.difference(images.get(i), frames.get(i).image()) <= 2);
                assertEquals(i * 1001 / 30000.0, frames.get(i).time(), 1e-12);
            }
        }
    }

    @Test
    void gifKeepsFewColoursExactly() {
        List<Image> images = Clips.squares(40, 12, 20);
        Path file = written("a.gif", images, new FrameSource.Rate(25, 1));
        try (FrameSource video = FrameSource.open(file)) {
            assertEquals(new FrameSource.Rate(25, 1), video.rate());
            assertEquals(OptionalInt.empty(), video.count());
            List<Frame> frames = Clips.all(video);
            assertEquals(20, frames.size());
            for (int i = 0; i < 20; i++) {
                assertEquals(0, Clips.difference(images.get(i), frames.get(i).image()));
                assertEquals(i * 0.04, frames.get(i).time(), 1e-12);
                assertEquals(0.04, frames.get(i).duration(), 1e-12);
            }
        }
    }

    /** Beyond 4096 codes the table is cleared; at every size the width of codes changes at the right place. */
    @Test
    void gifTakesPicturesOfAnySize() {
        for (int size : new int[] {1, 2, 3, 15, 16, 17, 33, 64, 131, 300}) {
            Image image = Clips.smooth(size, size, 1);
            Path file = written("b" + size + ".gif", List.of(image), new FrameSource.Rate(10, 1));
            try (FrameSource video = FrameSource.open(file)) {
                // Cells of 8 levels are never merged where the picture has fewer than 256 of them; else boxes are larger.
                assertTrue(Clips.difference(image, video.next().image()) <= (size <= 15 ? 0 : 40));
            }
        }
    }

    @Test
    void roundingOfDurationsDoesNotAddUp() {
        FrameSource.Rate rate = new FrameSource.Rate(30, 1);
        Path file = written("c.gif", Clips.squares(16, 8, 10), rate);
        try (FrameSource video = FrameSource.open(file)) {
            Frame last = Clips.all(video).getLast();
            assertEquals(10 / 30.0, last.time() + last.duration(), 0.005);
        }
    }

    @Test
    void nothingIsLeftOfAVideoGivenUp() throws IOException {
        for (String name : List.of("a.gif", "a.y4m")) {
            Path file = directory.resolve(name);
            try (FrameSink out = FrameSink.open(file, 16, 8, RATE)) {
                out.write(new Frame(0, 0, 1, Clips.square(16, 8, 0)));
                assertThrows(BadInputException.class, () -> out.write(new Frame(1, 1, 1, Clips.square(8, 16, 0))));
                assertFalse(Files.exists(file));
            }
            assertEquals(List.of(), names());
            try (FrameSink out = FrameSink.open(file, 16, 8, RATE)) {
                assertThrows(BadInputException.class, out::finish);
            }
            assertEquals(List.of(), names());
        }
    }

    @Test
    void afterTheEndThereIsNothingToDo() {
        Path file = written("a.gif", Clips.squares(16, 8, 1), RATE);
        FrameSource video = FrameSource.open(file);
        video.close();
        video.close();
        assertThrows(ClosedException.class, video::hasNext);
        try (FrameSink out = FrameSink.open(directory.resolve("b.gif"), 16, 8, RATE)) {
            Frame frame = new Frame(0, 0, 1, Clips.square(16, 8, 0));
            out.write(frame);
            out.finish();
            assertThrows(ClosedException.class, () -> out.write(frame));
        }
        assertTrue(Files.exists(directory.resolve("b.gif")));
    }

    @Test
    void everyTruncationIsNoticed() throws IOException {
        for (String name : List.of("a.gif", "a.y4m")) {
            Path file = written(name, Clips.squares(16, 8, 3), RATE);
            byte[] whole = Files.readAllBytes(file);
            int frame = "FRAME\n".length() + 3 * 16 * 8;
            for (int n = 9; n < whole.length; n += n < 90 || n > whole.length - 9 ? 1 : 7) {
                Path cut = Files.write(directory.resolve("cut-" + name), Arrays.copyOf(whole, n));
                // A Y4M file may end after any frame: nothing in it says how many there are.
                if (name.endsWith("y4m") && (whole.length - n) % frame == 0 && whole.length - n < 3 * frame) {
                    readAll(cut);
                } else {
                    failsWith(() -> readAll(cut), "cut-" + name);
                }
            }
        }
    }
}
