package dev.kerf.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kerf.Kerf;
import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.error.KerfException;
import dev.kerf.image.Image;
import dev.kerf.image.ImageInfo;
import dev.kerf.image.video.FrameSink;
import dev.kerf.image.video.FrameSource;
import dev.kerf.image.video.VideoFrames;
import dev.kerf.json.Json;
import dev.kerf.mask.Coco;
import dev.kerf.mask.Mask;
import dev.kerf.mask.RunLength;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.sam2.ClipTracker;
import dev.kerf.model.sam2.Prediction;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.model.sam2.Sam2;
import dev.kerf.model.unet.UNet;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Videos over HTTP: the masks are those of the library's tracker, to the pixel. */
class VideoServerTest {
    private static final Path QUICK = Path.of("src/kerf-check/src/test/resources/goldens/sam2-quick");
    private static final int SIDE = 64;

    @TempDir
    private static Path folder;
    private static Device device;
    private static Weights weights;
    private static Sam2 sam;
    @TempDir
    private Path work;
    private Server server;
    private Client client;
    private String id;

    @BeforeAll
    static void load() throws IOException {
        device = Backends.open("cpu");
        weights = GoldenCase.open(QUICK).weights();
        sam = Sam2.load(device, weights, Sam2.Settings.of().imageSize(SIDE), ModelOptions.of());
        for (int i = 0; i < 4; i++) {
            Files.createDirectories(folder.resolve("frames"));
            Files.copy(QUICK.resolve("frame" + i + ".png"), folder.resolve("frames/f" + i + ".png"));
        }
        FrameSource.Rate rate = new FrameSource.Rate(5, 1);
        try (FrameSink sink = FrameSink.open(folder.resolve("clip.gif"), 256, 256, rate)) {
            for (int i = 0; i < 4; i++) {
                sink.write(new FrameSource.Frame(i, rate.time(i), rate.duration(), frame(i)));
            }
            sink.finish();
        }
    }

    private static Image frame(int i) {
        return Image.read(QUICK.resolve("frame" + i + ".png")).toRgb8();
    }

    @AfterAll
    static void unload() {
        sam.close();
        weights.close();
        device.close();
    }

    @BeforeEach
    void start() {
        server = serve();
        client = new Client(server);
        id = open("frames/");
    }

    private Server serve() {
        return Server.start(ServeOptions.of(folder).work(work), Networks.of(sam, weights));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private String open(String path) {
        return client.post("api/videos", Json.object().put("path", path).toString()).is(201).json().at("id").asString();
    }

    private Json prompt(String json) {
        return client.post("api/videos/" + id + "/prompt", json).is(200).json();
    }

    private List<Json> propagate(String json) {
        return lines(client.post("api/videos/" + id + "/propagate", json).is(200).text());
    }

    private static List<Json> lines(String text) {
        return text.lines().map(Json::parse).toList();
    }

    private Json track() {
        return client.get("api/videos/" + id + "/track").is(200).json();
    }

    private Mask mask(int frame, int object) {
        return client.get("api/videos/" + id + "/frames/" + frame + "/masks").is(200).json().at("objects").items().stream()
                .filter(o -> o.at("object").asInt() == object).map(Client::mask).findFirst().orElseThrow();
    }

    private Client.Got delete(String path) {
        return client.send(HttpRequest.newBuilder(URI.create(server.url() + "api/videos/" + id + path)).DELETE());
    }

    /** The library's masks, by frame and object. */
    private static final class Expected extends TreeMap<Integer, TreeMap<Integer, Prediction>> {
        private static final long serialVersionUID = 1L;

        void add(Sam2.FrameResult r) {
            computeIfAbsent(r.frame(), _ -> new TreeMap<>()).putAll(r.objects());
        }

        Mask mask(int frame, int object) {
            return get(frame).get(object).mask();
        }
    }

    private void same(Expected expected) {
        assertTrue(expected.values().stream().anyMatch(f -> f.values().stream().anyMatch(p -> p.mask().area() > 0)));
        expected.forEach((frame, objects) -> objects
                .forEach((o, p) -> assertEquals(p.mask(), mask(frame, o), "frame " + frame + ", object " + o)));
    }

    @Test
    void objectsAreFollowedBothWaysCorrectedAddedAndRemoved() {
        Expected expected = new Expected();
        try (VideoFrames video = new VideoFrames(folder.resolve("frames"));
                ClipTracker clip = sam.track(ClipTracker.Frames.of(video))) {
            // A click in the middle, both ways.
            Prediction click = clip.prompt(1, 1, Prompt.point(125, 94));
            Json answer = prompt("{\"frame\": 1, \"object\": 1, \"points\": [[125, 94]]}");
            assertEquals(click.mask(), Client.mask(answer.at("mask")));
            clip.propagate(1, 2, true, expected::add);
            clip.propagate(1, 4, false, expected::add);
            List<Json> lines = propagate("{\"start\": 1, \"direction\": \"both\"}");
            assertEquals(List.of(1, 0, 1, 2, 3), lines.stream().limit(5).map(l -> l.at("frame").asInt()).toList());
            assertEquals("done", lines.getLast().at("end").asString());
            assertEquals(100, lines.get(4).at("percent").asInt());
            assertEquals(expected.mask(3, 1), Client.mask(lines.get(4).at("objects").at(0)));
            same(expected);

            // A correction where it was followed, and what comes after it.
            expected.add(new Sam2.FrameResult(2, Map.of(1, clip.prompt(2, 1, Prompt.point(150, 100).background(20, 220)))));
            prompt("{\"frame\": 2, \"object\": 1, \"points\": [[150, 100], [20, 220, 0]]}");
            // Another object from there on, by a box; the first stays as it is.
            clip.prompt(2, 2, Prompt.box(76, 64, 179, 199));
            prompt("{\"frame\": 2, \"object\": 2, \"box\": [76, 64, 179, 199]}");
            clip.propagate(Set.of(2), 2, 4, false, expected::add);
            propagate("{\"start\": 2, \"objects\": [2]}");
            same(expected);
            clip.propagate(2, 4, false, expected::add);
            propagate("{\"start\": 2}");
            same(expected);

            // The first ends before frame 3; the other goes on alone.
            Json after = delete("/objects/1?from=3").is(200).json();
            assertEquals(3, after.at("objects").at(0).at("gone").asInt());
            assertEquals("[[0,2]]", after.at("objects").at(0).at("found").toString().replace(" ", ""));
            List<Json> last = propagate("{\"start\": 3}");
            assertEquals(List.of(2), last.getFirst().at("objects").items().stream().map(o -> o.at("object").asInt()).toList());
            // Without the second nothing is left to follow there.
            delete("/objects/2").is(200);
            assertTrue(client.post("api/videos/" + id + "/propagate", "{\"start\": 3}").is(400).text().contains("no object"));
        }
    }

    /** A pointer's preview is what the click gives; it changes nothing. */
    @Test
    void aHoverIsTheClicksMask() {
        Json hover = prompt("{\"frame\": 0, \"object\": 1, \"points\": [[125, 94]], \"hover\": true, \"client\": \"a\"}");
        assertEquals(0, track().at("objects").size());
        Json click = prompt("{\"frame\": 0, \"object\": 1, \"points\": [[125, 94]]}");
        assertEquals(Client.mask(click.at("mask")), Client.mask(hover.at("mask")));
        propagate("{\"start\": 0}");
        String more = "\"frame\": %d, \"object\": 1, \"points\": [[150, 100], [20, 220, 0]]";
        for (int f : List.of(0, 2)) {
            Json before = prompt("{" + String.format(more, f) + ", \"hover\": true}");
            assertEquals(Client.mask(before.at("mask")), Client.mask(prompt("{" + String.format(more, f) + "}").at("mask")));
        }
    }

    /** Pixels that were drawn are the object's; what was shown is taken back as if it had never been there. */
    @Test
    void pixelsAndTakingBack() {
        byte[] square = new byte[256 * 256];
        Mask drawn = Mask.empty(256, 256);
        for (int y = 60; y < 120; y++) {
            for (int x = 80; x < 150; x++) {
                square[256 * y + x] = 1;
                drawn.set(x, y, true);
            }
        }
        String rle = Coco.segmentation(RunLength.encode(drawn), Coco.Form.RUN_LENGTH)
                .toString();
        Expected expected = new Expected();
        try (VideoFrames video = new VideoFrames(folder.resolve("frames"));
                ClipTracker clip = sam.track(ClipTracker.Frames.of(video))) {
            clip.mask(0, 7, HostTensor.of(Shape.of(256, 256), square));
            clip.propagate(0, 4, false, expected::add);
        }
        prompt("{\"frame\": 0, \"object\": 7, \"segmentation\": " + rle + "}");
        prompt("{\"frame\": 2, \"object\": 7, \"points\": [[10, 10]]}");
        delete("/objects/7/prompts/2").is(200);
        assertEquals(400, delete("/objects/7/prompts/2").status());
        propagate("{\"start\": 0}");
        same(expected);
        client.post("api/videos/" + id + "/prompt",
                "{\"frame\": 0, \"object\": 7, \"points\": [[1,1]], \"segmentation\": " + rle + "}")
                .is(400);
    }

    /** A correction that is taken back at once leaves what was found; given again it is answered as before. */
    @Test
    void aCorrectionIsTakenBack() {
        prompt("{\"frame\": 0, \"object\": 1, \"points\": [[125, 94]]}");
        propagate("{\"start\": 0}");
        Mask followed = mask(2, 1);
        String correction = "{\"frame\": 2, \"object\": 1, \"points\": [[150, 100], [20, 220, 0]]}";
        Mask corrected = Client.mask(prompt(correction).at("mask"));
        assertNotEquals(followed, corrected);
        delete("/objects/1/prompts/2").is(200);
        assertEquals(followed, mask(2, 1));
        assertEquals(corrected, Client.mask(prompt(correction).at("mask")));
        // After it was followed further it is in memory: the object is shown anew by what is left.
        propagate("{\"start\": 2}");
        delete("/objects/1/prompts/2").is(200);
        assertEquals(followed, mask(2, 1));
        propagate("{\"start\": 0}");
        assertEquals(followed, mask(2, 1));
    }

    /** After a restart the work is there, and the tracker knows what was shown. */
    @Test
    void workSurvivesARestart() {
        prompt("{\"frame\": 1, \"object\": 1, \"points\": [[125, 94]]}");
        client.send(HttpRequest.newBuilder(URI.create(server.url() + "api/videos/" + id + "/objects/1"))
                .header("Content-Type", "application/json").PUT(BodyPublishers.ofString(
                        "{\"name\": \"the cat\", \"colour\": \"#123456\"}")))
                .is(200);
        propagate("{\"start\": 1}");
        Json before = track();
        List<Mask> masks = List.of(mask(1, 1), mask(2, 1), mask(3, 1));
        server.close();
        server = serve();
        client = new Client(server);
        assertEquals(404, client.get("api/videos/" + id + "/track").status());
        assertEquals(id, open("frames/"));
        assertEquals(before, track());
        assertEquals("the cat", track().at("objects").at(0).at("name").asString());
        assertEquals(masks, List.of(mask(1, 1), mask(2, 1), mask(3, 1)));
        // Followed again from what was shown: the same.
        propagate("{\"start\": 1}");
        assertEquals(masks, List.of(mask(1, 1), mask(2, 1), mask(3, 1)));
    }

    /** Who knows an older version is told so, and nothing of it is done. */
    @Test
    void twoClientsDontOverwriteOneAnother() {
        long version = prompt("{\"frame\": 1, \"object\": 1, \"points\": [[125, 94]]}").at("version").asLong();
        assertEquals(version, track().at("version").asLong());
        String change = "{\"frame\": 1, \"object\": 1, \"points\": [[5, 5]]}";
        HttpRequest.Builder older = HttpRequest.newBuilder(URI.create(server.url() + "api/videos/" + id + "/prompt"))
                .header("Content-Type", "application/json").header("If-Match", "\"" + (version - 1) + "\"")
                .POST(BodyPublishers.ofString(change));
        client.send(older).is(412);
        assertEquals(version, track().at("version").asLong());
        client.send(older.setHeader("If-Match", "\"" + version + "\"")).is(200);
        assertNotEquals(version, track().at("version").asLong());
    }

    @Test
    void filesFoldersAndUploadsAreVideos() throws IOException {
        Json files = client.get("api/files").is(200).json();
        assertEquals("[\"clip.gif\",\"frames/\"]", files.at("videos").toString().replace(" ", ""));
        Json gif = client.post("api/videos", "{\"path\": \"clip.gif\"}").is(201).json();
        assertEquals(List.of(4, 256, 256),
                List.of(gif.at("frames").asInt(), gif.at("width").asInt(), gif.at("height").asInt()));
        assertEquals(5, gif.at("rate").asDouble());
        byte[] png = client.get("api/videos/" + gif.at("id").asString() + "/frames/3").is(200).body();
        try (FrameSource source = FrameSource.open(folder.resolve("clip.gif"))) {
            for (int i = 0; i < 3; i++) {
                source.next();
            }
            assertEquals(source.next().image().toTensor().toFloatArray().length,
                    Image.read(png, "frame").toTensor().toFloatArray().length);
        }
        byte[] first = client.get("api/videos/" + id + "/frames/1").is(200).body();
        assertTrue(Arrays.equals(frame(1).toTensor().toFloatArray(), Image.read(first, "frame").toTensor().toFloatArray()));
        byte[] bmp = client.get("api/videos/" + id + "/frames/1?type=bmp").is(200).body();
        assertTrue(Arrays.equals(frame(1).toTensor().toFloatArray(), Image.read(bmp, "frame").toTensor().toFloatArray()));
        client.get("api/videos/" + id + "/frames/1?type=exe").is(400);
        client.get("api/videos/" + id + "/frames/4").is(404);
        client.get("api/videos/" + id + "/frames/-1").is(404);

        byte[] bytes = Files.readAllBytes(folder.resolve("clip.gif"));
        Json sent = client.post("api/videos?name=my%20clip.gif", bytes).is(201).json();
        assertEquals(gif.at("id"), sent.at("id"));
        assertEquals("my clip.gif", sent.at("name").asString());
        assertEquals("[\"my clip.gif\"]", client.get("api/files").json().at("video_uploads").toString());
        assertEquals(201, client.post("api/videos", "{\"upload\": \"my clip.gif\"}").status());
        // What isn't one: text, a playlist, a picture's first bytes.
        for (String text : List.of("#EXTM3U\nfile:///etc/passwd\n", "hello", "", "ffconcat version 1.0\nfile '/etc/hosts'\n")) {
            Client.Got got = client.post("api/videos?name=list.mp4", text.getBytes());
            assertEquals(422, got.status(), got.text());
        }
        assertEquals(422, client.post("api/videos?name=cut.gif", Arrays.copyOf(bytes, 30)).status());
        for (String path : List.of("../", "/etc/", "frames/../..", ".kerf/", "nothing.mp4")) {
            assertEquals(404, client.post("api/videos", Json.object().put("path", path).toString()).status(), path);
        }
    }

    /** What ffmpeg decodes is followed in the frames that {@code kerf track} sees, and gone to in any order. */
    @Test
    void anMp4IsReadThroughFfmpeg() {
        Path mp4 = work.resolve("clip.mp4");
        FrameSource.Rate rate = new FrameSource.Rate(5, 1);
        try (FrameSink sink = FrameSink.open(mp4, 256, 256, rate)) {
            for (int i = 0; i < 4; i++) {
                sink.write(new FrameSource.Frame(i, rate.time(i), rate.duration(), frame(i)));
            }
            sink.finish();
        } catch (KerfException e) {
            assumeTrue(Boolean.getBoolean("kerf.test.ffmpeg"), "there is no ffmpeg that writes MP4: " + e.getMessage());
            throw e;
        }
        try (Server other = Server.start(ServeOptions.of(work), Networks.of(sam, weights));
                VideoFrames video = new VideoFrames(mp4);
                ClipTracker clip = sam.track(ClipTracker.Frames.of(video))) {
            Client its = new Client(other);
            assertEquals("[\"clip.mp4\"]", its.get("api/files").json().at("videos").toString());
            Json opened = its.post("api/videos", "{\"path\": \"clip.mp4\"}").is(201).json();
            assertEquals(List.of(4, 5), List.of(opened.at("frames").asInt(), opened.at("rate").asInt()));
            String path = "api/videos/" + opened.at("id").asString();
            for (int f : List.of(3, 0, 2)) {
                assertTrue(Arrays.equals(video.frame(f).toTensor().toFloatArray(),
                        Image.read(its.get(path + "/frames/" + f).is(200).body(), "frame").toTensor().toFloatArray()));
            }
            Expected expected = new Expected();
            clip.prompt(3, 1, Prompt.point(125, 94));
            clip.propagate(3, 4, true, expected::add);
            its.post(path + "/prompt", "{\"frame\": 3, \"object\": 1, \"points\": [[125, 94]]}").is(200);
            List<Json> found = lines(
                    its.post(path + "/propagate", "{\"start\": 3, \"direction\": \"backward\"}").is(200).text());
            assertEquals(5, found.size());
            found.subList(0, 4).forEach(l -> assertEquals(expected.mask(l.at("frame").asInt(), 1),
                    Client.mask(l.at("objects").at(0))));
        }
    }

    @Test
    void exportsAreWhatTrackWrites() throws IOException {
        prompt("{\"frame\": 0, \"object\": 3, \"points\": [[125, 94]]}");
        propagate("{\"start\": 0}");
        Json coco = export("coco").json();
        assertEquals(4, coco.size());
        assertEquals(Set.of("image_id", "category_id", "time", "score", "area", "bbox", "segmentation"),
                coco.at(0).members().keySet());
        assertEquals(3, coco.at(1).at("category_id").asInt());
        assertEquals(mask(1, 3), Client.mask(coco.at(1)));
        List<String> names = new ArrayList<>();
        try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(export("labels").body()))) {
            for (ZipEntry e = zip.getNextEntry(); e != null; e = zip.getNextEntry()) {
                names.add(e.getName());
                Path file = Files.write(work.resolve("label.png"), zip.readAllBytes());
                HostTensor labels = Image.readLabels(file);
                Mask mask = mask(names.size() - 1, 3);
                for (int i = 0; i < 256 * 256; i++) {
                    assertEquals(mask.get(i % 256, i / 256) ? 3 : 0, (int) labels.getDouble(i));
                }
            }
        }
        assertEquals(List.of("f0.png", "f1.png", "f2.png", "f3.png"), names);
        assertTrue(new String(export("masks").body(), StandardCharsets.ISO_8859_1).contains("f2-object-3.png"));
        Path gif = Files.write(work.resolve("overlay.gif"), export("overlay").body());
        assertEquals(ImageInfo.FileType.GIF, Image.info(gif).type());
        try (VideoFrames overlay = new VideoFrames(gif)) {
            assertEquals(4, overlay.count());
        }
    }

    private Client.Got export(String format) {
        return client.post("api/videos/" + id + "/export", "{\"format\": \"" + format + "\"}").is(200);
    }

    /** A task that is called off ends at the next frame, and says so. */
    @Test
    void followingIsCalledOff() throws InterruptedException {
        prompt("{\"frame\": 0, \"object\": 1, \"points\": [[125, 94]]}");
        List<Client.Got> got = new CopyOnWriteArrayList<>();
        Thread follower = Thread.ofVirtual()
                .start(() -> got
                        .add(client.post("api/videos/" + id + "/propagate", "{\"start\": 0, \"direction\": \"both\"}")));
        boolean cancelled = false;
        while (!cancelled && follower.isAlive()) {
            cancelled = delete("/task").is(200).json().at("cancelled").asBoolean();
        }
        follower.join();
        Client.Got answer = got.getFirst();
        boolean early = answer.status() == 409;
        assertTrue(early || lines(answer.is(200).text()).getLast().at("end").asString().matches("cancelled|done"),
                answer.text());
        // It can be begun again, and the tracker is whole.
        assertEquals("done", propagate("{\"start\": 0}").getLast().at("end").asString());
        assertEquals("false", delete("/task").json().at("cancelled").toString());
    }

    /** Nonsense is answered 4xx in one line, and changes nothing. */
    @Test
    void nonsenseIsRefused() {
        String shown = "\"object\": 1, \"points\": [[5, 5]]";
        for (String json : List.of("{", "[]", "{}", "null", "{\"frame\": 0}", "{\"frame\": -1, " + shown + "}",
                "{\"frame\": 4, " + shown + "}", "{\"frame\": 1e99, " + shown + "}", "{\"frame\": \"x\", " + shown + "}",
                "{\"frame\": 0.5, " + shown + "}", "{\"frame\": 0, \"object\": 0, \"points\": [[5, 5]]}",
                "{\"frame\": 0, \"object\": 256, \"points\": [[5, 5]]}", "{\"frame\": 0, \"object\": 1}",
                "{\"frame\": 0, \"object\": 1, \"points\": []}", "{\"frame\": 0, \"object\": 1, \"points\": [[-1, 5]]}",
                "{\"frame\": 0, \"object\": 1, \"points\": [[1e308, 5]]}",
                "{\"frame\": 0, \"object\": 1, \"box\": [9, 9, 1, 1]}",
                "{\"frame\": 0, \"object\": 1, \"points\": [[5, 5]], \"refine\": \"x\"}",
                "{\"frame\": 0, \"object\": 1, \"segmentation\": {\"size\": [1, 1], \"counts\": \"1\"}}",
                "{\"frame\": 0, \"object\": 1, \"segmentation\": 5}", "{\"frame\": 0, " + shown + ", \"deadline_ms\": -1}")) {
            refused(client.post("api/videos/" + id + "/prompt", json), json);
        }
        for (String json : List.of("{}", "{\"start\": -1}", "{\"start\": 4}", "{\"start\": 0}", "{\"start\": 0, \"count\": 0}",
                "{\"start\": 0, \"direction\": \"up\"}", "{\"start\": 0, \"objects\": [99]}", "{\"start\": 0, \"objects\": 5}",
                "{\"start\": 0, \"count\": 99999999999}", "{\"start\": 0, \"until\": 3}")) {
            refused(client.post("api/videos/" + id + "/propagate", json), json);
        }
        for (String path : List.of("/objects/1", "/objects/0", "/objects/x", "/objects/1?from=x", "/objects/1?from=99",
                "/objects/1/prompts/0", "/objects/1/prompts/99", "/objects/99999999999/prompts/0")) {
            refused(delete(path), path);
        }
        for (String path : List.of("xyz/track", "..%2f..%2f/track", "0".repeat(32) + "/track", id + "/frames/x",
                id + "/frames/1/masks/2",
                id + "/frames/99999999999999999999/masks", id + "/frames/%00")) {
            refused(client.get("api/videos/" + path), path);
        }
        refused(client.post("api/videos/" + id + "/export", "{\"format\": \"exe\"}"), "export");
        assertEquals(0, track().at("objects").size());
        assertEquals("no", Files.exists(work.resolve("videos")) ? "kept something" : "no");
    }

    private static void refused(Client.Got got, String what) {
        assertTrue(got.status() >= 400 && got.status() < 500, what + ": " + got.status() + " " + got.text());
        assertTrue(got.text().startsWith("{\"error\":\"") && got.text().lines().count() == 1, what + ": " + got.text());
        assertTrue(!got.text().contains(folder.toString()) && !got.text().contains("Exception"), what + ": " + got.text());
    }

    @Test
    void withoutSam2TheServiceSaysWhatIsMissing() {
        try (Weights embedded = Kerf.embeddedWeights();
                UNet unet = UNet.load(device, embedded);
                Server plain = Server.start(ServeOptions.of(folder).work(work), Networks.of(unet))) {
            Client its = new Client(plain);
            assertEquals("false", its.get("api/info").json().at("video").toString());
            String clip = its.post("api/videos", "{\"path\": \"clip.gif\"}").is(201).json().at("id").asString();
            its.get("api/videos/" + clip + "/frames/2").is(200);
            String prompt = "{\"frame\": 0, \"object\": 1, \"points\": [[1, 1]]}";
            assertTrue(its.post("api/videos/" + clip + "/prompt", prompt).is(404).text()
                    .contains("kerf weights fetch sam2.1-tiny"));
            its.post("api/videos/" + clip + "/propagate", "{\"start\": 0}").is(404);
        }
    }
}
