package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.cli.console.ExitCode;
import dev.kerf.formats.AnnotationFormat;
import dev.kerf.formats.Annotations;
import dev.kerf.formats.PictureSizes;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.image.video.FrameSink;
import dev.kerf.image.video.FrameSource;
import dev.kerf.image.video.FrameSource.Frame;
import dev.kerf.image.video.FrameSource.Rate;
import dev.kerf.json.Json;
import dev.kerf.model.maskrcnn.SmallRcnns;
import dev.kerf.weights.Safetensors;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Videos and cameras through {@code segment} and {@code detect}: a frame is what its picture alone is. */
class ClipCommandTest {
    private static final int W = 76;
    private static final int H = 50;
    private static final Rate RATE = new Rate(10, 1);

    @TempDir
    private Path dir;
    private Path out;
    private Path clip;

    @BeforeEach
    void clip() {
        out = dir.resolve("out");
        clip = dir.resolve("clip.y4m");
        try (FrameSink sink = FrameSink.open(clip, W, H, RATE)) {
            for (int t = 0; t < 3; t++) {
                Image image = Image.blank(W, H, PixelFormat.RGB8);
                for (int i = 0; i < 3 * W * H; i++) {
                    int x = i / 3 % W;
                    int y = i / 3 / W;
                    image.setSample(x, y, i % 3,
                            (5 * x + 3 * y * (i % 3) + (Math.hypot(x - 20 - 9 * t, y - 25) < 15 ? 90 : 0)) % 256);
                }
                sink.write(new Frame(t, RATE.time(t), RATE.duration(), image));
            }
            sink.finish();
        }
    }

    /** The frames as they are read, as pictures in a folder. */
    private Path pictures() throws IOException {
        Path folder = Files.createDirectory(dir.resolve("pictures"));
        try (FrameSource frames = FrameSource.open(clip)) {
            while (frames.hasNext()) {
                Frame f = frames.next();
                f.image().writePng(folder.resolve(frames.frameName(f.index()) + ".png"));
            }
        }
        return folder;
    }

    private Path detector() {
        Path file = dir.resolve("net.safetensors");
        Safetensors.write(file, SmallRcnns.torchvision(4, true), Map.of("kerf.classes", "[\"cat\", \"dog\", \"cow\"]"));
        return file;
    }

    @Test
    void framesAreAsPictures() throws IOException {
        String[] how = {"--backend", "cpu", "--format", "labels,rle", "--annotations", "qupath", "--quiet"};
        List<Object> one = new ArrayList<>(List.of("segment", clip, "--out", out, "--measure", dir.resolve("clip.json")));
        List<Object> two = new ArrayList<>(List.of("segment", pictures(), "--out", dir.resolve("alone"), "--measure",
                dir.resolve("alone.json")));
        one.addAll(Arrays.asList(how));
        two.addAll(Arrays.asList(how));
        Run.of(one.toArray()).succeeded();
        Run.of(two.toArray()).succeeded();
        List<String> files = Run.files(dir.resolve("alone"));
        assertEquals(12, files.size());
        assertEquals(files, Run.files(out.resolve("clip")));
        for (String file : files) {
            // A frame is called by its video, too.
            String content = Files.readString(out.resolve("clip").resolve(file), StandardCharsets.ISO_8859_1);
            assertEquals(Files.readString(dir.resolve("alone").resolve(file), StandardCharsets.ISO_8859_1),
                    content.replace("clip/0", "0"), file);
        }
        assertEquals(Json.read(dir.resolve("alone.json")).size(),
                Json.read(dir.resolve("clip.json")).size());
    }

    private Run detect(Object... more) {
        Object[] all = new Object[more.length + 13];
        System.arraycopy(new Object[] {"detect", "--backend", "cpu", "--weights", detector(), "--out", out, "--min-size", "64",
            "--max-size", "120", "--score", "0.3"}, 0, all, 0, 13);
        System.arraycopy(more, 0, all, 13, more.length);
        return Run.of(all);
    }

    @Test
    void overlaysBecomeAVideo() throws IOException {
        detect(clip, "--quiet", "--video", "gif", "--annotations", "cvat", "--results", dir.resolve("all.json"), "--frames", 2)
                .succeeded();
        assertEquals(List.of("clip", "clip-overlay.gif", "clip/00000-instances.json", "clip/00001-instances.json", "cvat.xml"),
                Run.files(out));
        try (FrameSource overlay = FrameSource.open(out.resolve("clip-overlay.gif"))) {
            assertEquals(W, overlay.next().image().width());
            overlay.next();
            assertTrue(!overlay.hasNext());
        }
        assertTrue(Files.readString(out.resolve("cvat.xml")).contains("name=\"clip/00001.png\""));
        List<Annotations> frames = AnnotationFormat.CVAT.read(out.resolve("cvat.xml"), PictureSizes.UNKNOWN).pictures();
        assertEquals(List.of("00000.png", "00001.png"), frames.stream().map(Annotations::file).toList());
        Json results = Json.read(dir.resolve("all.json"));
        assertEquals(List.of(1L, 2L), results.items().stream().map(r -> r.at("image_id").asLong()).distinct().toList());
        Run told = detect(clip, "--json");
        List<Json> images = Json.parse(told.succeeded().out()).at("images").items();
        assertEquals(List.of(0, 1, 2), images.stream().map(i -> i.at("frame").asInt()).toList());
        assertTrue(detect(clip, "--no-overlay").succeeded().out().contains("clip.y4m frame 2  76x50  "));
    }

    @Test
    void mistakesAreTold() throws IOException {
        detect("cam:0", "--json").failedWith(ExitCode.FAILED, "--json", "--frames or --time");
        detect(clip, "--video", "a/b").failedWith(ExitCode.USAGE, "--video", "'a/b'");
        detect(clip, "--frames", "0").failedWith(ExitCode.USAGE, "--frames");
        Path broken = Files.writeString(dir.resolve("b.y4m"), "YUV4MPEG2 W4 H4\nFRAME\nabc");
        detect(broken, "--quiet").failedWith(ExitCode.FAILED, "b.y4m", "truncated");
        // The frames before the one that is damaged are there.
        byte[] whole = Files.readAllBytes(clip);
        Path cut = Files.write(dir.resolve("cut.y4m"), Arrays.copyOf(whole, whole.length - 10));
        detect(cut, "--quiet", "--no-overlay").failedWith(ExitCode.SOME_FAILED, "cut.y4m", "frame 2");
        assertEquals(List.of("cut", "cut/00000-instances.json", "cut/00001-instances.json"), Run.files(out));
        Files.createDirectories(out.resolve("clip"));
        Path mine = out.resolve("clip/00000-overlay.png");
        Image.blank(W, H, PixelFormat.RGB8).writePng(mine);
        detect(clip, mine, "--quiet").failedWith(ExitCode.SOME_FAILED, "would overwrite");
        assertEquals(0, Image.read(mine).sample(5, 5, 0));
        Path text = Files.writeString(dir.resolve("notes.txt"), "no video");
        detect(text, "--quiet").failedWith(ExitCode.FAILED, "notes.txt", "not an image of a known format");
    }

    /** Something that is done with a stream. */
    private interface Use {
        Run of(String address);
    }

    /** A real ffmpeg in a camera's place, at a camera's pace; asked until it listens. */
    private static Run streamed(Use use) throws Exception {
        Assumptions.assumeTrue(Boolean.getBoolean("kerf.test.ffmpeg") || Files.isExecutable(Path.of("/usr/bin/ffmpeg")),
                "no ffmpeg; -Dkerf.test.ffmpeg=true demands it");
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        String to = "tcp://127.0.0.1:" + port;
        Process camera = new ProcessBuilder("ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-i",
                "testsrc2=size=160x120:rate=20:duration=3600", "-c:v", "mpeg2video", "-f", "mpegts", to + "?listen=1")
                .inheritIO()
                .start();
        try {
            Run run = use.of(to);
            while (camera.isAlive() && run.err().contains("Connection refused")) {
                Thread.sleep(100);
                run = use.of(to);
            }
            return run.succeeded();
        } finally {
            camera.destroy();
        }
    }

    @Test
    void aStreamIsLookedAt() throws Exception {
        Json told = Json.parse(streamed(to -> detect(to, "--frames", 4, "--json", "--no-overlay")).out());
        assertEquals(4, told.at("images").size());
        Json live = told.at("live").at(0);
        assertEquals(4, live.at("frames").asInt());
        assertTrue(live.find("dropped").isPresent());
        double median = live.at("latency").at("medianSeconds").asDouble();
        assertTrue(median > 0 && median <= live.at("latency").at("worstSeconds").asDouble());
        String name = live.at("file").asString().replace("://", "-").replace(":", "-");
        assertEquals(List.of(name, name + "/00000-instances.json", name + "/00001-instances.json",
                name + "/00002-instances.json", name + "/00003-instances.json"), Run.files(out));
    }

    @Test
    void aStreamIsFollowed() throws Exception {
        Path weights = dir.resolve("sam.safetensors");
        Run.sam2(weights);
        Run run = streamed(to -> Run.of("track", to, "--backend", "cpu", "--weights", weights, "--out", out, "--image-size", 64,
                "--object", 1, "--point", "1:80,60", "--frames", 4, "--overlay", "gif"));
        assertTrue(run.out().contains(" 3 frames  ") && run.out().contains("latency"), run.out());
        String name = Run.files(out).stream().filter(f -> f.endsWith("-overlay.gif")).findFirst().orElseThrow();
        try (FrameSource overlay = FrameSource.open(out.resolve(name))) {
            for (int i = 0; i < 4; i++) {
                assertEquals(160, overlay.next().image().width());
            }
            assertTrue(!overlay.hasNext());
        }
        String masks = name.replace("-overlay.gif", "-masks");
        assertEquals(List.of(masks + "/00001.png", masks + "/00002.png", masks + "/00003.png"),
                Run.files(out).stream().filter(f -> f.startsWith(masks + "/")).toList());
    }
}
