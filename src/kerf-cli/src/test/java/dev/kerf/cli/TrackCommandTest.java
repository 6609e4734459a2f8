package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.cli.console.ExitCode;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.image.video.FrameSource;
import dev.kerf.json.Json;
import dev.kerf.mask.Coco;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Palette;
import dev.kerf.mask.RunLength;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrackCommandTest {
    @TempDir
    private static Path shared;
    private static Path weights;

    @TempDir
    private Path dir;
    private Path video;
    private Path out;

    @BeforeAll
    static void checkpoint() {
        weights = shared.resolve("sam.safetensors");
        Run.sam2(weights);
    }

    @BeforeEach
    void frames() throws IOException {
        video = dir.resolve("clip");
        out = dir.resolve("out");
        Files.createDirectory(video);
        for (int t = 0; t < 4; t++) {
            Image image = Image.blank(80, 64, PixelFormat.RGB8);
            for (int i = 0; i < 80 * 64; i++) {
                boolean in = Math.abs(i % 80 - 20 - 4 * t) < 9 && Math.abs(i / 80 - 30) < 9;
                image.setSample(i % 80, i / 80, 0, in ? 220 : i % 80);
                image.setSample(i % 80, i / 80, 1, in ? 40 : 2 * (i / 80));
            }
            image.writePng(video.resolve("frame" + t + ".png"));
        }
    }

    private Run track(Object... args) {
        Object[] all = new Object[args.length + 10];
        System.arraycopy(new Object[] {"track", video, "--backend", "cpu", "--weights", weights, "--out", out,
            "--image-size", 64}, 0, all, 0, 10);
        System.arraycopy(args, 0, all, 10, args.length);
        return Run.of(all);
    }

    @Test
    void masksAndJsonSayTheSame() {
        Run run = track("--object", 1, "--point", "1:20,30", "--background", "1:70,60", "--object", 7, "--box",
                "1:40,10,79,60", "--backward", "--overlay", "none", "--format", "labels,rle").succeeded();
        assertTrue(run.out().contains("clip  4 frames"), run.out());
        assertEquals(List.of("clip-masks", "clip-masks.json", "clip-masks/frame0.png", "clip-masks/frame1.png",
                "clip-masks/frame2.png", "clip-masks/frame3.png"), Run.files(out));
        Json frames = Json.read(out.resolve("clip-masks.json")).at("frames");
        assertEquals(4, frames.size());
        for (int t = 0; t < 4; t++) {
            assertEquals(t, frames.at(t).at("frame").asInt());
            LabelMap labels = LabelMap.read(out.resolve("clip-masks/frame" + t + ".png"));
            RunLength one = Coco.mask(frames.at(t).at("objects").at(0).at("segmentation"), 80, 64);
            RunLength seven = Coco.mask(frames.at(t).at("objects").at(1).at("segmentation"), 80, 64);
            assertEquals(7, frames.at(t).at("objects").at(1).at("object").asInt());
            for (int i = 0; i < 80 * 64; i++) {
                int label = labels.get(i % 80, i / 80);
                boolean a = one.decode().get(i % 80, i / 80);
                boolean b = seven.decode().get(i % 80, i / 80);
                assertTrue(label == 0 && !a && !b || label == 1 && a || label == 7 && b, "frame " + t + " pixel " + i);
                i += 37;
            }
        }
    }

    /** Objects come with their prompts' frames, and go. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anObjectGoesMidway(boolean stream) {
        List<Object> args = new ArrayList<>(List.of("--object", 1, "--point", "0:20,30", "--remove", 2, "--object", 7, "--box",
                "1:40,10,79,60", "--overlay", "none", "--format", "rle"));
        if (stream) {
            args.add("--stream");
        }
        track(args.toArray()).succeeded();
        Json frames = Json.read(out.resolve("clip-masks.json")).at("frames");
        List<List<Integer>> objects = frames.items().stream()
                .map(f -> f.at("objects").items().stream().map(o -> o.at("object").asInt()).toList()).toList();
        assertEquals(List.of(stream ? List.of(1) : List.of(1, 7), List.of(1, 7), List.of(7), List.of(7)), objects);
        track("--object", 1, "--point", "2:20,30", "--remove", 2).failedWith(ExitCode.USAGE, "--remove 2",
                "shown in frame 2");
        track("--object", 1, "--point", "2:20,30", "--remove", 4).failedWith(ExitCode.FAILED, "--remove 4", "4 frames");
    }

    @Test
    void masksOfTheirOwnAndCocoResultsSayTheSame() {
        track("--object", 1, "--point", "0:20,30", "--object", 7, "--box", "0:40,10,79,60", "--overlay", "none", "--format",
                "masks,coco").succeeded();
        List<String> files = Run.files(out);
        assertEquals(1 + 1 + 4 * 2, files.size(), files.toString());
        Json results = Json.read(out.resolve("clip-track.json"));
        assertEquals(4 * 2, results.size());
        for (Json r : results.items()) {
            RunLength mask = Coco.mask(r.at("segmentation"), 80, 64);
            LabelMap alone = LabelMap.read(out.resolve("clip-masks/frame" + r.at("image_id").asInt() + "-object-"
                    + r.at("category_id").asInt() + ".png"));
            assertEquals(mask, RunLength.encode(alone.mask(255)));
            assertEquals(mask.area(), r.at("area").asLong());
        }
    }

    @Test
    void masksOfAnEarlierRunAreGone() throws IOException {
        track("--object", 1, "--point", "0:20,30", "--object", 7, "--box", "0:40,10,79,60", "--overlay", "none", "--format",
                "labels,masks").succeeded();
        Files.writeString(out.resolve("clip-masks/notes.txt"), "mine");
        Path photo = out.resolve("clip-masks/photo.png");
        Image.blank(80, 64, PixelFormat.RGB8).writePng(photo);
        LabelMap.of(80, 64, new byte[80 * 64]).writePng(out.resolve("clip-masks/mine.png"), Palette.of(2, 0));
        Image.blank(80, 64, PixelFormat.RGB8).writePng(out.resolve("clip-masks/frame0-object-2.png"));
        List<String> before = Run.files(out);
        track("--object", 1, "--mask", "0:" + out.resolve("clip-masks/frame0.png"), "--overlay", "none")
                .failedWith(ExitCode.FAILED, "frame0.png", "would overwrite this input");
        assertEquals(before, Run.files(out));
        Run run = track("--object", 1, "--point", "1:20,30", "--overlay", "none");
        assertEquals(ExitCode.OK, run.code());
        assertEquals(List.of("clip-masks", "clip-masks/frame0-object-2.png", "clip-masks/frame1.png", "clip-masks/frame2.png",
                "clip-masks/frame3.png", "clip-masks/mine.png", "clip-masks/notes.txt", "clip-masks/photo.png"),
                Run.files(out));
        assertTrue(run.err().contains("removed 9 of an earlier run's masks"), run.err());
    }

    @Test
    void framesAreNoMasks() throws IOException {
        for (int t = 0; t < 4; t++) {
            Image.blank(80, 64, PixelFormat.GRAY8).writePng(video.resolve("frame" + t + ".png"));
        }
        Files.createDirectories(out);
        Files.createSymbolicLink(out.resolve("clip-masks"), video);
        List<String> before = Run.files(video);
        track("--object", 1, "--point", "0:20,30", "--overlay", "none").failedWith(ExitCode.FAILED,
                "would overwrite this input");
        assertEquals(before, Run.files(video));
    }

    @Test
    void forwardBeginsWhereTheFirstPromptIs() {
        Json json = Json.parse(track("--object", 1, "--point", "2:28,30", "--overlay", "none", "--json").succeeded().out());
        assertEquals(2, json.at("frames").size());
        assertEquals(2, json.at("frames").at(0).at("frame").asInt());
    }

    @Test
    void aStreamTakesItsFramesInOrder() {
        Json json = Json.parse(track("--object", 1, "--point", "0:20,30", "--object", 2, "--point", "2:60,50", "--stream",
                "--overlay", "none", "--json").succeeded().out());
        assertEquals(4, json.at("frames").size());
        assertEquals(1, json.at("frames").at(1).at("objects").size());
        assertEquals(2, json.at("frames").at(3).at("objects").size());
    }

    @Test
    void aMaskIsAPrompt() throws IOException {
        Image mask = Image.blank(80, 64, PixelFormat.GRAY8);
        for (int i = 0; i < 80 * 64; i++) {
            mask.setSample(i % 80, i / 80, 0, Math.abs(i % 80 - 20) < 9 && Math.abs(i / 80 - 30) < 9 ? 255 : 0);
        }
        Path file = dir.resolve("mask.png");
        mask.writePng(file);
        Json json = Json.parse(track("--object", 3, "--mask", "0:" + file, "--overlay", "none", "--json").succeeded().out());
        long area = json.at("frames").at(0).at("objects").at(0).at("area").asLong();
        assertEquals(17 * 17, area, 60);
    }

    @Test
    void theOverlayIsAVideoOfItsOwn() {
        track("--object", 1, "--point", "1:24,30").succeeded();
        try (FrameSource overlay = FrameSource.open(out.resolve("clip-overlay.gif"))) {
            assertEquals(80, overlay.width());
            int frames = 0;
            while (overlay.hasNext()) {
                overlay.next();
                frames++;
            }
            assertEquals(4, frames, "frames before the first prompt are there, too");
        }
        assertEquals(List.of("clip-masks", "clip-masks/frame1.png", "clip-masks/frame2.png", "clip-masks/frame3.png",
                "clip-overlay.gif"), Run.files(out));
    }

    @Test
    void framesKeepTheirNumbersAndTheOverlayMayBePictures() throws IOException {
        for (int t = 3; t >= 0; t--) {
            Files.move(video.resolve("frame" + t + ".png"), video.resolve(String.format("%03d.png", 7 + 5 * t)));
        }
        Run run = track("--object", 1, "--point", "1:24,30", "--background", "1:70,60", "--overlay", "png", "--no-legend",
                "--format", "labels,rle", "--json").succeeded();
        assertEquals(List.of("clip-masks", "clip-masks.json", "clip-masks/012.png", "clip-masks/017.png",
                "clip-masks/022.png", "clip-overlay", "clip-overlay/007.png", "clip-overlay/012.png", "clip-overlay/017.png",
                "clip-overlay/022.png"), Run.files(out));
        Json said = Json.parse(run.out());
        assertEquals("012", said.at("frames").at(0).at("name").asString());
        assertEquals(8, said.at("outputs").size());
        // The frame before has neither mask nor mark; the one in which the points were given has both points, green and red.
        assertEquals(List.of(), different(7, 0, 0, 80, 64));
        Image marked = Image.read(out.resolve("clip-overlay/012.png"));
        assertEquals(0x17B04A, rgb(marked, 24, 30));
        assertEquals(0xE02B2B, rgb(marked, 70, 60));
        Image next = Image.read(out.resolve("clip-overlay/017.png"));
        assertTrue(rgb(next, 24, 30) != 0x17B04A && rgb(next, 70, 60) != 0xE02B2B);
    }

    /** Pixels of a frame that the overlay changed. */
    private List<Integer> different(int number, int left, int top, int right, int bottom) {
        Image frame = Image.read(video.resolve(String.format("%03d.png", number)));
        Image drawn = Image.read(out.resolve(String.format("clip-overlay/%03d.png", number)));
        return IntStream.range(0, 80 * 64)
                .filter(i -> i % 80 >= left && i % 80 < right && i / 80 >= top && i / 80 < bottom)
                .filter(i -> rgb(frame, i % 80, i / 80) != rgb(drawn, i % 80, i / 80)).boxed().toList();
    }

    private static int rgb(Image image, int x, int y) {
        return image.sample(x, y, 0) << 16 | image.sample(x, y, 1) << 8 | image.sample(x, y, 2);
    }

    @Test
    void badInputIsOneLine() {
        track().failedWith(ExitCode.USAGE, "--object");
        track("--object", 1).failedWith(ExitCode.USAGE, "--object 1 has no prompt");
        track("--object", 0, "--point", "0:1,1").failedWith(ExitCode.USAGE, "--object 0");
        track("--object", 1, "--point", "1,1").failedWith(ExitCode.USAGE, "a frame's number and a colon");
        track("--object", 1, "--point", "x:1,1").failedWith(ExitCode.USAGE, "'x' is no frame's number");
        track("--object", 1, "--point", "0:1").failedWith(ExitCode.USAGE, "2 numbers");
        track("--object", 1, "--point", "4:1,1").failedWith(ExitCode.FAILED, "the video has 4 frames");
        track("--object", 1, "--point", "0:81,1", "--overlay", "none").failedWith(ExitCode.FAILED, "not in the image of 80×64");
        track("--object", 1, "--point", "0:1,1", "--stream", "--backward").failedWith(ExitCode.USAGE, "forward");
        Image.blank(80, 65, PixelFormat.RGB8).writePng(video.resolve("frame9.png"));
        track("--object", 1, "--point", "0:20,30", "--overlay", "none").failedWith(ExitCode.FAILED, "80x65");
    }
}
