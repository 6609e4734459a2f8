package dev.kerf.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kerf.Kerf;
import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.image.video.FrameSink;
import dev.kerf.image.video.FrameSource;
import dev.kerf.image.video.VideoFrames;
import dev.kerf.json.Json;
import dev.kerf.mask.Coco;
import dev.kerf.mask.Mask;
import dev.kerf.mask.Panoptic;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.maskrcnn.DetectOptions;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.model.maskrcnn.SmallRcnns;
import dev.kerf.model.sam2.ClipTracker;
import dev.kerf.model.sam2.ImageView;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.model.sam2.PromptModel;
import dev.kerf.model.sam2.Sam2;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.UNet;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/**
 * The page in a real browser: {@code src/test/browser/page.mjs} drives Chromium by Playwright, and what the page leaves is
 * compared with what the library answers. Needs node, {@code npm ci} in that folder, and Chromium; where one is missing the run
 * says so, and with {@code -Dkerf.test.browser=true} fails.
 */
class BrowserTest {
    private static final String DEMANDED = "kerf.test.browser";
    /** A folder that the README's pictures are written to. */
    private static final String PICTURES = "kerf.test.pictures";
    private static final Path SCRIPTS = Path.of("src/kerf-serve/src/test/browser");
    private static final Path QUICK = Path.of("src/kerf-check/src/test/resources/goldens/sam2-quick");
    private static final Path SAMPLES = Path.of("src/main/samples");

    private static final int FRAMES = 8;

    @TempDir
    private Path dir;

    private static Optional<String> program(String... names) {
        return Stream.of(names).flatMap(n -> Stream.of(System.getenv("PATH").split(":")).map(d -> Path.of(d, n)))
                .filter(Files::isExecutable).map(Path::toString).findFirst();
    }

    private static String missing() {
        List<String> missing = new ArrayList<>();
        if (program("node").isEmpty()) {
            missing.add("node");
        }
        if (program("chromium", "chromium-browser", "google-chrome").isEmpty()) {
            missing.add("chromium");
        }
        if (!Files.exists(SCRIPTS.resolve("node_modules/playwright-core"))) {
            missing.add("playwright-core (npm ci in " + SCRIPTS + ")");
        }
        return String.join(", ", missing);
    }

    @Test
    void thePage(TestReporter reporter) throws IOException, InterruptedException {
        String missing = missing();
        if (!missing.isEmpty()) {
            String said = "the page was NOT tried in a browser: there is no " + missing;
            reporter.publishEntry(said);
            assertFalse(Boolean.getBoolean(DEMANDED), said);
            assumeTrue(false, said);
        }
        Path cells = Files.createDirectories(dir.resolve("cells"));
        Path drawn = Files.createDirectories(dir.resolve("drawn"));
        Path out = Files.createDirectories(dir.resolve("out"));
        for (int i = 1; i <= 2; i++) {
            Files.copy(SAMPLES.resolve("tissue-" + i + ".png"), cells.resolve("tissue-" + i + ".png"));
        }
        Image.read(SAMPLES.resolve("tissue-1.png")).writePng(cells.resolve("tissue-3.png"));
        Files.copy(QUICK.resolve("frame0.png"), drawn.resolve("drawn.png"));
        clip(drawn.resolve("clip.gif"));
        try (Device device = Backends.open("cpu");
                Weights embedded = Kerf.embeddedWeights();
                UNet unet = UNet.load(device, embedded);
                Weights small = SmallRcnns.weights(SmallRcnns.panoptic(6, 4));
                MaskRcnn rcnn = MaskRcnn.load(device, small);
                Weights formula = GoldenCase.open(QUICK).weights();
                PromptModel sam = PromptModel.load(device, formula, 256, ModelOptions.of());
                Server regions = Server.start(ServeOptions.of(cells),
                        new Networks(Optional.empty(), Optional.of(unet), Optional.of(rcnn), Optional.empty()));
                Server points = Server.start(ServeOptions.of(drawn), Networks.of(sam, formula))) {
            drive(regions, points, out);
            compareWithSam(sam, drawn, out);
            compareWithRegions(unet, out);
            compareWithThings(rcnn, out);
            compareWithTracker((Sam2) sam, drawn.resolve("clip.gif"), out);
        }
        String pictures = System.getProperty(PICTURES);
        if (pictures != null) {
            Path to = Path.of(pictures);
            film(out, to.resolve("serve.gif"));
            for (String name : List.of("cells.png", "sam.png", "phone.png", "video.png", "video-phone.png", "video-without.png",
                    "timings.json")) {
                Files.copy(out.resolve(name), to.resolve("serve-" + name), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private void drive(Server regions, Server points, Path out) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(program("node").orElseThrow(), "page.mjs").directory(SCRIPTS.toFile())
                .redirectErrorStream(true).redirectOutput(dir.resolve("node.log").toFile());
        builder.environment().put("KERF_REGIONS", regions.url());
        builder.environment().put("KERF_SAM", points.url());
        builder.environment().put("KERF_OUT", out.toString());
        builder.environment().put("KERF_PICTURE", SAMPLES.resolve("tissue-1-overlay.png").toAbsolutePath().toString());
        builder.environment().put("KERF_DROPPED", QUICK.resolve("frame1.png").toAbsolutePath().toString());
        builder.environment().put("KERF_CLIP", dir.resolve("drawn/clip.gif").toString());
        builder.environment().put("KERF_CHROMIUM", program("chromium", "chromium-browser", "google-chrome").orElseThrow());
        Process node = builder.start();
        try {
            assertTrue(node.waitFor(30, TimeUnit.MINUTES), () -> "the browser isn't done:\n" + said());
            assertEquals(0, node.exitValue(), this::said);
        } finally {
            node.destroy();
        }
    }

    private String said() {
        try {
            return Files.readString(dir.resolve("node.log"), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** A click's mask and a box's, from the page's export, are the library's for the places that the page says it sent. */
    private static void compareWithSam(PromptModel sam, Path drawn, Path out) {
        Json work = Json.read(out.resolve("sam-work.json")).at("objects");
        Json coco = Json.read(out.resolve("sam-coco")).at("annotations");
        double[] point = work.at(0).at("points").at(0).asDoubles();
        assertEquals(125, point[0], 1);
        assertEquals(94, point[1], 1);
        double[] box = work.at(1).at("box").asDoubles();
        try (ImageView view = sam.look(Image.read(drawn.resolve("drawn.png")))) {
            assertEquals(view.candidates(Prompt.point(point[0], point[1])).getFirst().mask(), mask(coco.at(0), 256));
            assertEquals(view.predict(Prompt.box(box[0], box[1], box[2], box[3])).mask(), mask(coco.at(1), 256));
        }
    }

    /** Discs that wander over a gradient. */
    private static void clip(Path gif) {
        FrameSource.Rate rate = new FrameSource.Rate(5, 1);
        try (FrameSink sink = FrameSink.open(gif, 256, 256, rate)) {
            for (int t = 0; t < FRAMES; t++) {
                Image frame = Image.blank(256, 256, PixelFormat.RGB8);
                for (int i = 0; i < 256 * 256; i++) {
                    int x = i % 256;
                    int y = i / 256;
                    boolean one = Math.hypot(x - 110 - 6 * t, y - 94) < 34;
                    boolean two = Math.hypot(x - 150 + 8 * t, y - 180 + 3 * t) < 26;
                    frame.setSample(x, y, 0, one ? 240 : two ? 60 : 40 + x / 4);
                    frame.setSample(x, y, 1, one ? 150 : two ? 190 : 60 + y / 4);
                    frame.setSample(x, y, 2, one ? 40 : two ? 210 : 90);
                }
                sink.write(new FrameSource.Frame(t, rate.time(t), rate.duration(), frame));
            }
            sink.finish();
        }
    }

    /** Masks of the video, from the page's export, are those of a tracker that was shown the same in the same order. */
    private static void compareWithTracker(Sam2 sam, Path video, Path out) {
        Json objects = Json.read(out.resolve("video-track.json")).at("objects");
        Json first = objects.at(0).at("prompts");
        Json second = objects.at(1).at("prompts");
        Map<List<Integer>, Mask> expected = new HashMap<>();
        Consumer<Sam2.FrameResult> keep = r -> r.objects().forEach((o, p) -> expected.put(List.of(r.frame(), o), p.mask()));
        try (VideoFrames frames = new VideoFrames(video);
                ClipTracker clip = sam.track(ClipTracker.Frames.of(frames))) {
            clip.prompt(2, 1, points(first.at("2")));
            clip.propagate(2, 3, true, keep);
            clip.propagate(2, FRAMES, false, keep);
            expected.put(List.of(5, 1), clip.prompt(5, 1, points(first.at("5"))).mask());
            clip.clear(5, 1);
            expected.put(List.of(5, 1), clip.prompt(5, 1, points(first.at("5"))).mask());
            double[] b = second.at("3").at("box").asDoubles();
            clip.prompt(3, 2, Prompt.box(b[0], b[1], b[2], b[3]));
            clip.propagate(Set.of(2), 3, FRAMES, false, keep);
        }
        // Where pixels were drawn they are the mask, and a stroke is answered in the light of them.
        Mask drawn = Coco.mask(second.at("6").at("segmentation"), 256, 256).decode();
        expected.keySet().removeIf(at -> at.equals(List.of(6, 2)) || at.equals(List.of(7, 2)));
        int compared = 0;
        for (Json result : Json.read(out.resolve("video-coco")).items()) {
            List<Integer> at = List.of(result.at("image_id").asInt(), result.at("category_id").asInt());
            if (expected.containsKey(at)) {
                assertEquals(expected.get(at), mask(result, 256), () -> "frame and object " + at);
                compared++;
            }
        }
        assertEquals(FRAMES + FRAMES - 5, compared);
        assertTrue(drawn.get(40, 20), "the brush was there");
    }

    private static Prompt points(Json shown) {
        List<Prompt.Point> points = shown.at("points").items().stream()
                .map(p -> new Prompt.Point(p.at(0).asDouble(), p.at(1).asDouble(), p.at(2).asInt() == 1)).toList();
        return new Prompt(points, null, null);
    }

    /** The region that was clicked on is all of one class, and ends where another begins. */
    private static void compareWithRegions(UNet unet, Path out) {
        var labels = unet.segment(Image.read(SAMPLES.resolve("tissue-1.png")), SegmentOptions.of()).labels();
        Mask cell = mask(Json.read(out.resolve("cells-coco")).at("annotations").at(0), 512);
        assertTrue(cell.get(200, 200) && cell.area() > 100);
        for (int y = 0; y < 512; y++) {
            for (int x = 0; x < 511; x++) {
                boolean same = labels.get(x, y) == labels.get(x + 1, y);
                assertTrue(!cell.get(x, y) || labels.get(x, y) == labels.get(200, 200));
                assertTrue(!same || cell.get(x, y) == cell.get(x + 1, y), x + ", " + y);
            }
        }
    }

    /** What the buttons found is what the library finds, in its order. */
    private static void compareWithThings(MaskRcnn net, Path out) {
        Image picture = Image.read(QUICK.resolve("frame1.png"));
        List<Mask> detected = net.detect(picture, DetectOptions.of()).byScore().items().stream().map(i -> i.mask().decode())
                .toList();
        Panoptic whole = net.panoptic(picture, DetectOptions.of(), Panoptic.Merge.DEFAULT);
        List<Mask> segments = whole.segments().stream().map(s -> whole.mask(s.id())).toList();
        assertFalse(detected.isEmpty() || segments.isEmpty(), detected.size() + " and " + segments.size());
        List<Mask> found = Json.read(out.resolve("things.json")).at("objects").items().stream().map(o -> mask(o, 256)).toList();
        assertEquals(Stream.concat(detected.stream(), segments.stream()).toList(), found);
    }

    private static Mask mask(Json annotation, int side) {
        return Coco.mask(annotation.at("segmentation"), side, side).decode();
    }

    /** What the browser showed, a second each. */
    private static void film(Path out, Path gif) throws IOException {
        List<Path> shots;
        try (Stream<Path> all = Files.list(out)) {
            shots = all.filter(f -> f.getFileName().toString().startsWith("film-")).sorted().toList();
        }
        Image first = Image.read(shots.getFirst()).toRgb8();
        FrameSource.Rate rate = new FrameSource.Rate(1, 1);
        try (FrameSink sink = FrameSink.open(gif, first.width(), first.height(), rate)) {
            for (int i = 0; i < shots.size(); i++) {
                sink.write(new FrameSource.Frame(i, rate.time(i), rate.duration(), Image.read(shots.get(i)).toRgb8()));
            }
            sink.finish();
        }
    }
}
