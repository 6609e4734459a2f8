package dev.kerf.serve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.json.Json;
import dev.kerf.mask.Mask;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.sam2.ImageView;
import dev.kerf.model.sam2.MaskGenerator;
import dev.kerf.model.sam2.Prediction;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.model.sam2.PromptModel;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the service answers is what the library answers, to the pixel: SAM 2 tiny with the golden case's formula weights. */
class SamServerTest {
    private static final Path QUICK = Path.of("src/kerf-check/src/test/resources/goldens/sam2-quick");

    @TempDir
    private static Path folder;
    private static Device device;
    private static Weights weights;
    private static PromptModel sam;
    private static Image picture;
    private static ImageView view;
    private static Server server;
    private static Client client;
    private static String id;

    @BeforeAll
    static void start() throws IOException {
        Files.copy(QUICK.resolve("frame0.png"), folder.resolve("drawn.png"));
        device = Backends.open("cpu");
        weights = GoldenCase.open(QUICK).weights();
        sam = PromptModel.load(device, weights, 256, ModelOptions.of());
        picture = Image.read(folder.resolve("drawn.png"));
        view = sam.look(picture);
        server = Server.start(ServeOptions.of(folder), Networks.of(sam, weights));
        client = new Client(server);
        id = client.open("drawn.png");
    }

    @AfterAll
    static void stop() {
        server.close();
        view.close();
        sam.close();
        weights.close();
        device.close();
    }

    private static List<Json> prompt(String json) {
        return client.post("api/images/" + id + "/prompt", json).is(200).json().at("masks").items();
    }

    private static void same(List<Prediction> expected, List<Json> found) {
        assertEquals(expected.size(), found.size());
        for (int i = 0; i < expected.size(); i++) {
            Prediction p = expected.get(i);
            assertEquals(p.mask(), Client.mask(found.get(i)), "mask " + i);
            assertEquals(p.mask().area(), found.get(i).at("area").asLong());
            assertEquals(p.bounds().x(), found.get(i).at("bbox").at(0).asInt());
            assertEquals(p.bounds().height(), found.get(i).at("bbox").at(3).asInt());
            assertEquals(p.iou(), (float) found.get(i).at("iou").asDouble());
        }
        assertNotEquals(0, expected.getFirst().mask().area(), "an empty mask says little");
    }

    @Test
    void aClickHasThreeCandidatesAndTheHoverShowsTheFirst() {
        List<Prediction> expected = view.candidates(Prompt.point(125, 94));
        same(expected, prompt("{\"points\": [[125, 94]]}"));
        same(expected.subList(0, 1), prompt("{\"points\": [[125, 94, 1]], \"hover\": true, \"client\": \"a\"}"));
        for (int x = 5; x < 256; x += 50) {
            Prompt prompt = Prompt.point(x, 256 - x);
            for (boolean several : new boolean[] {true, false}) {
                Prediction whole = several ? view.candidates(prompt).getFirst() : view.predict(prompt);
                ImageView.Outline outline = view.outline(prompt, several);
                assertEquals(whole.mask(), outline.mask().decode());
                assertEquals(List.of(whole.bounds(), whole.iou()), List.of(outline.bounds(), outline.iou()));
                List<Prediction> all = several ? view.candidates(prompt) : List.of(whole);
                List<ImageView.Outline> outlines = view.outlines(prompt, several);
                for (int i = 0; i < all.size(); i++) {
                    assertEquals(all.get(i).mask(), outlines.get(i).mask().decode());
                    assertArrayEquals(all.get(i).lowRes().toFloatArray(), outlines.get(i).lowRes().toFloatArray());
                }
                assertEquals(all.size(), outlines.size());
            }
            Prediction first = view.candidates(prompt).getFirst();
            Prediction best = view.best(prompt);
            assertEquals(first.mask(), best.mask());
            assertArrayEquals(first.logits().toFloatArray(), best.logits().toFloatArray());
            assertArrayEquals(first.lowRes().toFloatArray(), best.lowRes().toFloatArray());
            assertEquals(List.of(first.iou(), first.object(), first.stability(), first.bounds()),
                    List.of(best.iou(), best.object(), best.stability(), best.bounds()));
        }
    }

    @Test
    void morePointsBoxesAndScribblesMeanOneThing() {
        same(List.of(view.predict(Prompt.point(125, 94).foreground(150.5, 100).background(20.5, 220))),
                prompt("{\"points\": [[125, 94], [150.5, 100, true], [20.5, 220, 0]]}"));
        same(List.of(view.predict(Prompt.box(76, 64, 179, 199))), prompt("{\"box\": [76, 64, 179, 199]}"));
        same(view.candidates(Prompt.box(76, 64, 179, 199).background(80, 70)),
                prompt("{\"box\": [76, 64, 179, 199], \"points\": [[80, 70, 0]], \"several\": true}"));
        Prompt stroke = Prompt.scribble(List.of(new Prompt.Point(100, 100, true), new Prompt.Point(140, 90, true),
                new Prompt.Point(150, 120, true)));
        same(List.of(view.predict(stroke.and(Prompt.scribble(List.of(new Prompt.Point(5, 5, false)))))), prompt(
                "{\"scribbles\": [{\"points\": [[100,100],[140,90],[150,120]]}, {\"points\": [[5,5]], \"foreground\": false}]}"));
    }

    @Test
    void anAnswerIsRefinedByItsNameOrByLogits() {
        Prediction first = view.predict(Prompt.point(125, 94));
        Prediction better = view.predict(Prompt.point(125, 94).background(5, 5).refining(first.lowRes()));
        String name = prompt("{\"points\": [[125, 94]], \"several\": false}").getFirst().at("id").asString();
        same(List.of(better), prompt("{\"points\": [[125,94],[5,5,0]], \"refine\": \"" + name + "\"}"));
        HostTensor logits = first.lowRes();
        ByteBuffer bytes = ByteBuffer.allocate((int) logits.elements() * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (float v : logits.toFloatArray()) {
            bytes.putFloat(v);
        }
        same(List.of(better), prompt("{\"points\": [[125,94],[5,5,0]], \"mask_logits\": \""
                + Base64.getEncoder().encodeToString(bytes.array()) + "\"}"));
        for (int i = 0; i < 16; i++) {
            prompt("{\"points\": [[125, 94]], \"several\": false}");
        }
        client.post("api/images/" + id + "/prompt", "{\"points\": [[1,1]], \"refine\": \"" + name + "\"}").is(410);
    }

    @Test
    void everythingIsWhatTheGeneratorFinds() {
        List<Mask> expected = new MaskGenerator(sam, sam.everything().pointsPerSide(3)).generate(picture, _ -> {}).stream()
                .map(m -> m.mask().decode()).toList();
        assertEquals(expected, client.post("api/images/" + id + "/everything", "{\"points_per_side\": 3}").is(200).json()
                .at("masks").items().stream().map(Client::mask).toList());
        client.post("api/images/" + id + "/segment", "{}").is(404);
    }

    /** Features go to another server with the same weights, which then needn't look; others aren't taken. */
    @Test
    void featuresAreKeptAndTakenIn() throws IOException {
        byte[] file = client.get("api/images/" + id + "/features").is(200).body();
        Path elsewhere = Files.createDirectories(folder.resolve("elsewhere"));
        Files.copy(folder.resolve("drawn.png"), elsewhere.resolve("same.png"));
        Image.blank(256, 256, PixelFormat.RGB8).writePng(elsewhere.resolve("other.png"));
        try (Server second = Server.start(ServeOptions.of(elsewhere), Networks.of(sam, weights))) {
            Client its = new Client(second);
            String same = its.open("same.png");
            put(second, same, file).is(204);
            assertEquals("ready", its.get("api/images/" + same).json().at("state").asString());
            same(view.candidates(Prompt.point(125, 94)),
                    its.post("api/images/" + same + "/prompt", "{\"points\": [[125, 94]]}").is(200).json().at("masks").items());
            assertTrue(its.get("metrics").text().contains("kerf_serve_looks_total 0\n"));
            assertTrue(put(second, its.open("other.png"), file).is(409).text().contains("other picture"));
            put(second, same, Arrays.copyOf(file, 1000)).is(422);
            byte[] changed = file.clone();
            // A digit of the weights' hash, in the header.
            int at = new String(file, StandardCharsets.ISO_8859_1).indexOf("\"weights\":\"") + 11;
            changed[at] = (byte) (changed[at] == '0' ? '1' : '0');
            assertTrue(put(second, same, changed).is(409).text().contains("other weights"));
        }
    }

    private static Client.Got put(Server server, String picture, byte[] features) {
        return new Client(server).send(HttpRequest.newBuilder(URI.create(server.url() + "api/images/" + picture + "/features"))
                .PUT(BodyPublishers.ofByteArray(features)));
    }

    @Test
    void aPictureIsLookedAtOnce() {
        long looks = looks();
        prompt("{\"points\": [[125, 94]]}");
        Json state = client.post("api/images/" + id + "/look", new byte[0]).is(200).json();
        assertEquals("ready", state.at("state").asString());
        assertEquals(256, state.at("width").asInt());
        prompt("{\"points\": [[12, 94]]}");
        assertEquals(Math.max(1, looks), looks());
    }

    private static long looks() {
        return client.get("metrics").is(200).text().lines().filter(l -> l.startsWith("kerf_serve_looks_total "))
                .mapToLong(l -> Long.parseLong(l.substring(l.indexOf(' ') + 1))).findFirst().orElseThrow();
    }

    /** Fifty clients at once: the right mask or 429, and every one has it in the end. */
    @Test
    void fiftyClientsAtOnce() throws InterruptedException {
        List<Mask> expected = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            expected.add(view.predict(Prompt.point(10 + 4 * i, 94).foreground(125, 90)).mask());
        }
        ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
        CountDownLatch begin = new CountDownLatch(1);
        List<Thread> clients = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            int n = i;
            clients.add(Thread.ofVirtual().start(() -> {
                try {
                    begin.await();
                    Client own = new Client(server);
                    Client.Got got = own.post("api/images/" + id + "/prompt",
                            "{\"points\": [[" + (10 + 4 * n) + ", 94], [125, 90]]}");
                    while (got.status() == 429) {
                        Thread.sleep(1000L * Integer.parseInt(got.raw().headers().firstValue("Retry-After").orElseThrow()));
                        got = own.post("api/images/" + id + "/prompt", "{\"points\": [[" + (10 + 4 * n) + ", 94], [125, 90]]}");
                    }
                    if (got.status() != 200 || !Client.mask(got.json().at("masks").at(0)).equals(expected.get(n))) {
                        wrong.add(n + ": " + got.status() + " " + got.text());
                    }
                } catch (Exception e) {
                    wrong.add(n + ": " + e);
                }
            }));
        }
        begin.countDown();
        for (Thread t : clients) {
            t.join();
        }
        assertEquals(List.of(), List.copyOf(wrong));
        assertTrue(client.get("metrics").text()
                .contains("kerf_serve_requests_total{route=\"/api/images/{id}/prompt\",code=\"200\"}"));
    }
}
