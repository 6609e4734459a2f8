package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.cli.console.ExitCode;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.image.video.FrameSink;
import dev.kerf.image.video.FrameSource;
import dev.kerf.image.video.FrameSource.Frame;
import dev.kerf.image.video.FrameSource.Rate;
import dev.kerf.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code kerf blur} with a network whose matte is known. */
class BlurCommandTest {
    private static final int W = 80;
    private static final int H = 60;

    @TempDir
    private Path dir;

    @BeforeEach
    void make() {
        Discs.network(dir.resolve("net.onnx"), W, H);
    }

    private Run blur(Object... more) {
        return blurInto(dir.resolve("out"), more);
    }

    private Run blurInto(Path out, Object... more) {
        Object[] all = new Object[more.length + 7];
        System.arraycopy(new Object[] {"blur", "--backend", "cpu", "--weights", dir.resolve("net.onnx"), "--out", out}, 0, all,
                0, 7);
        System.arraycopy(more, 0, all, 7, more.length);
        return Run.of(all);
    }

    /** A disc on stripes of two greens. */
    private static Image striped(int shift) {
        Image out = Discs.picture(W, H, PixelFormat.RGB8);
        for (int y = 0; y < H; y++) {
            for (int x = 0; x < W; x++) {
                if (Discs.share(x, y, W, H) == 0) {
                    out.setSample(x, y, 1, (x + shift) % 4 < 2 ? 60 : 180);
                }
            }
        }
        return out;
    }

    /** The thing as it was, and around it no stripes. */
    private static void assertBlurred(Image made) {
        assertEquals(255, made.sample(W / 2, H / 2, 0), 2);
        assertEquals(0, made.sample(W / 2, H / 2, 1), 2);
        for (int x = 0; x < 6; x++) {
            assertEquals(120, made.sample(x, 3, 1), 12, "column " + x);
        }
    }

    private Path video(String name, int frames) {
        Path file = dir.resolve(name);
        Rate rate = new Rate(10, 1);
        try (FrameSink to = FrameSink.open(file, W, H, rate)) {
            for (int i = 0; i < frames; i++) {
                to.write(new Frame(i, rate.time(i), rate.duration(), striped(i)));
            }
            to.finish();
        }
        return file;
    }

    @Test
    void pictures() throws IOException {
        Files.createDirectories(dir.resolve("in"));
        striped(0).writePng(dir.resolve("in/a.png"));
        striped(1).writePng(dir.resolve("in/b.png"));
        Run run = blur(dir.resolve("in"), "--sigma", "4").succeeded();
        assertTrue(run.out().contains("background blurred"), run.out());
        assertEquals(List.of("a-blur.png", "b-blur.png"), Run.files(dir.resolve("out")));
        assertBlurred(Image.read(dir.resolve("out/b-blur.png")));
        // A GIF of one frame is a picture.
        video("one.gif", 1);
        blur(dir.resolve("one.gif")).succeeded();
        assertTrue(Run.files(dir.resolve("out")).contains("one-blur.png"));
    }

    @Test
    void videosFrameByFrame() {
        Run run = blur(video("a.y4m", 7), video("b.gif", 3), "--sigma", "4", "--json").succeeded();
        Json json = Json.parse(run.out());
        assertEquals(7, json.at("images").items().get(0).at("frames").asInt());
        assertEquals(List.of("a-blur.y4m", "b-blur.gif"), Run.files(dir.resolve("out")));
        for (String name : List.of("a-blur.y4m", "b-blur.gif")) {
            try (FrameSource made = FrameSource.open(dir.resolve("out").resolve(name))) {
                assertEquals(new Rate(10, 1), made.rate());
                int count = 0;
                while (made.hasNext()) {
                    assertBlurred(made.next().image());
                    count++;
                }
                assertEquals(name.startsWith("a") ? 7 : 3, count);
            }
        }
        blur(dir.resolve("a.y4m"), "--video", "gif").succeeded();
        assertTrue(Run.files(dir.resolve("out")).contains("a-blur.gif"));
    }

    /** What an earlier run made of a directory isn't blurred again, moving or not. */
    @Test
    void aDirectoryTwice() throws IOException {
        Path in = Files.createDirectories(dir.resolve("in"));
        striped(0).writePng(in.resolve("a.png"));
        video("in/b.gif", 3);
        for (int i = 0; i < 2; i++) {
            Run run = blurInto(in, in);
            assertEquals(ExitCode.OK, run.code(), run.err());
            assertEquals(i == 1, run.err().contains("a-blur.png, b-blur.gif"), run.err());
            assertEquals(List.of("a-blur.png", "a.png", "b-blur.gif", "b.gif"), Run.files(in));
        }
    }

    @Test
    void whatIsWrongIsOneLineAndLeavesNothing() throws IOException {
        Path cut = dir.resolve("cut.y4m");
        byte[] whole = Files.readAllBytes(video("a.y4m", 3));
        Files.write(cut, Arrays.copyOf(whole, whole.length - 100));
        blur(cut).failedWith(ExitCode.FAILED, "cut.y4m", "frame 2");
        assertEquals(List.of(), Run.files(dir).stream().filter(f -> f.startsWith("out")).toList());
        Run some = blur(dir.resolve("a.y4m"), cut);
        assertEquals(ExitCode.SOME_FAILED, some.code(), some.err());
        assertEquals(List.of("a-blur.y4m"), Run.files(dir.resolve("out")));
        Files.writeString(dir.resolve("words.txt"), "no video");
        assertEquals(ExitCode.FAILED, blur(dir.resolve("words.txt")).code());
        blur(dir.resolve("none.mp4")).failedWith(ExitCode.FAILED, "none.mp4", "no such file");
        Run.of("blur", dir.resolve("a.y4m")).failedWith(ExitCode.USAGE, "--weights");
    }
}
