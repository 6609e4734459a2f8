package dev.kerf.serve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.Kerf;
import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.json.Json;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Mask;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.UNet;
import dev.kerf.serve.Client.Got;
import dev.kerf.weights.Weights;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayDeque;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Without SAM: connected regions of the network that comes with Kerf; and what holds of pictures whatever looks at them. */
class RegionServerTest {
    private static final Path SAMPLE = Path.of("src/main/samples/tissue-1.png");
    private static Device device;
    private static Weights weights;
    private static UNet net;
    private static LabelMap labels;

    @TempDir
    private Path folder;
    private Server server;
    private Client client;

    @BeforeAll
    static void load() {
        device = Backends.open("cpu");
        weights = Kerf.embeddedWeights();
        net = UNet.load(device, weights);
        labels = net.segment(Image.read(SAMPLE), SegmentOptions.of()).labels();
    }

    @AfterAll
    static void unload() {
        net.close();
        weights.close();
        device.close();
    }

    @BeforeEach
    void start() throws IOException {
        Files.copy(SAMPLE, folder.resolve("tissue-1.png"));
        start(ServeOptions.Limits.of());
    }

    private void start(ServeOptions.Limits limits) {
        if (server != null) {
            server.close();
        }
        server = Server.start(ServeOptions.of(folder).limits(limits), Networks.of(net));
        client = new Client(server);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    /** What a walk from a pixel over its class reaches. */
    private static Mask region(int x0, int y0) {
        Mask found = Mask.empty(labels.width(), labels.height());
        ArrayDeque<int[]> next = new ArrayDeque<>(List.of(new int[] {x0, y0}));
        int label = labels.get(x0, y0);
        while (!next.isEmpty()) {
            int[] p = next.pop();
            boolean in = p[0] >= 0 && p[1] >= 0 && p[0] < labels.width() && p[1] < labels.height();
            if (in && !found.get(p[0], p[1]) && labels.get(p[0], p[1]) == label) {
                found.set(p[0], p[1], true);
                for (int[] d : new int[][] {{1, 0}, {-1, 0}, {0, 1}, {0, -1}}) {
                    next.push(new int[] {p[0] + d[0], p[1] + d[1]});
                }
            }
        }
        return found;
    }

    private List<Json> prompt(String id, String json) {
        return client.post("api/images/" + id + "/prompt", json).is(200).json().at("masks").items();
    }

    @Test
    void aClickSelectsACell() {
        String id = client.open("tissue-1.png");
        Mask cell = region(200, 200);
        assertTrue(cell.area() > 100 && cell.area() < 100_000, "no cell there: " + cell.area());
        List<Json> three = prompt(id, "{\"points\": [[200, 200]]}");
        assertEquals(3, three.size());
        assertEquals(cell, Client.mask(three.getFirst()));
        assertEquals(net.classNames().get(labels.get(200, 200)), three.getFirst().at("label").asString());
        assertTrue(three.get(1).at("area").asLong() >= cell.area());
        assertEquals(labels.mask(labels.get(200, 200)), Client.mask(three.get(2)));
        Mask other = region(300, 330);
        assertFalse(other.equals(cell));
        assertEquals(cell.or(other), Client.mask(prompt(id, "{\"points\": [[200.9, 200], [300, 330]]}").getFirst()));
        assertEquals(other, Client.mask(prompt(id, "{\"points\": [[200, 200], [300, 330], [200, 201, 0]]}").getFirst()));
        Json box = three.getFirst().at("bbox");
        int left = box.at(0).asInt();
        int top = box.at(1).asInt();
        assertEquals(cell,
                cell.and(Client.mask(prompt(id, "{\"box\": [" + left + "," + top + "," + (left + box.at(2).asInt()) + ","
                        + (top + box.at(3).asInt()) + "]}").getFirst())),
                "its box selects the cell");
        client.post("api/images/" + id + "/prompt", "{\"points\": [[1,1]], \"mask_logits\": \"AAAAAA==\"}").is(400);
        client.post("api/images/" + id + "/prompt", "{\"points\": [[512.1, 1]]}").is(400);
        assertEquals(1, prompt(id, "{\"points\": [[512, 512]], \"several\": false}").size());
    }

    @Test
    void segmentAndEverything() {
        String id = client.open("tissue-1.png");
        List<Json> classes = client.post("api/images/" + id + "/segment", "{}").is(200).json().at("masks").items();
        assertEquals(net.classNames(), classes.stream().map(c -> c.at("label").asString()).toList());
        for (int c = 0; c < classes.size(); c++) {
            assertEquals(labels.mask(c), Client.mask(classes.get(c)));
        }
        List<Json> all = client.post("api/images/" + id + "/everything", "{}").is(200).json().at("masks").items();
        assertTrue(all.size() > 10, all.size() + " regions");
        assertTrue(all.stream().anyMatch(m -> Client.mask(m).equals(region(200, 200))));
        client.post("api/images/" + id + "/detect", "{}").is(404);
        assertFalse(client.send(HttpRequest.newBuilder(URI.create(server.url() + "api/images/" + id + "/task"))
                .DELETE()).is(200).json().at("cancelled").asBoolean());
    }

    @Test
    void infoFilesAndPictures() throws IOException {
        Json info = client.get("api/info").is(200).json();
        assertFalse(info.at("sam").asBoolean());
        assertEquals("[\"everything\",\"segment\"]", info.at("tasks").toString());
        Files.createDirectories(folder.resolve("deep/er"));
        Image.blank(5, 4, PixelFormat.GRAY16).writePng(folder.resolve("deep/er/x.PNG"));
        Files.writeString(folder.resolve("notes.txt"), "no picture");
        Files.createDirectories(folder.resolve(".hidden"));
        Files.copy(SAMPLE, folder.resolve(".hidden/y.png"));
        assertEquals("[\"deep/er/x.PNG\",\"tissue-1.png\"]", client.get("api/files").is(200).json().at("files").toString());
        String id = client.open("tissue-1.png");
        assertArrayEquals(Files.readAllBytes(SAMPLE), client.get("api/images/" + id + "/picture").is(200).body());
        byte[] bmp = bmp();
        String sent = client.post("api/images?name=a%20b.bmp", bmp).is(201).json().at("id").asString();
        Got shown = client.get("api/images/" + sent + "/picture").is(200);
        assertEquals("image/png", shown.raw().headers().firstValue("Content-Type").orElseThrow());
        assertEquals(2, Image.read(shown.body(), "it").width());
        assertEquals("[\"a b.bmp\"]", client.get("api/files").json().at("uploads").toString());
        assertEquals(sent, client.post("api/images", "{\"upload\": \"a b.bmp\"}").is(201).json().at("id").asString());
    }

    /** Two by one pixels of 24 bits. */
    private static byte[] bmp() {
        ByteBuffer b = ByteBuffer.allocate(62).order(ByteOrder.LITTLE_ENDIAN);
        b.put((byte) 'B').put((byte) 'M').putInt(62).putInt(0).putInt(54).putInt(40).putInt(2).putInt(1).putShort((short) 1)
                .putShort((short) 24).putInt(0).putInt(8).putInt(0).putInt(0).putInt(0).putInt(0)
                .put(new byte[] {1, 2, 3, 4, 5, 6});
        return b.array();
    }

    @Test
    void whatIsSentOverwritesNothing() throws IOException {
        byte[] one = Image.blank(3, 3, PixelFormat.RGB8).toPng();
        byte[] two = Image.blank(4, 3, PixelFormat.RGB8).toPng();
        String first = client.post("api/images?name=x.png", one).is(201).json().at("id").asString();
        assertEquals("x-2.png", client.post("api/images?name=../../x.png", two).is(201).json().at("name").asString());
        assertEquals("x.png", client.post("api/images?name=x.png", one).is(201).json().at("name").asString());
        assertEquals("passwd.png", client.post("api/images?name=%2Fetc%2Fpasswd", one).is(201).json().at("name").asString());
        assertEquals("picture.png", client.post("api/images", one).is(201).json().at("name").asString());
        assertEquals("picture-2.png", client.post("api/images?name=..%2F..", two).is(201).json().at("name").asString());
        assertEquals(first, client.post("api/images", one).json().at("id").asString());
        client.post("api/images?name=z.png", "not a picture".getBytes()).is(422);
        client.post("api/images?name=z.png", new byte[0]).is(422);
        try (Stream<Path> kept = Files.walk(folder)) {
            assertEquals(List.of("passwd.png", "picture-2.png", "picture.png", "tissue-1.png", "x-2.png", "x.png"),
                    kept.filter(Files::isRegularFile).map(f -> f.getFileName().toString()).sorted().toList());
        }
        assertArrayEquals(one, Files.readAllBytes(folder.resolve(".kerf/uploads/x.png")));
    }

    @Test
    void nothingOutsideTheFolderIsOpened() throws IOException {
        Path outside = Files.createTempFile("outside", ".png");
        Files.copy(SAMPLE, outside, StandardCopyOption.REPLACE_EXISTING);
        Files.createSymbolicLink(folder.resolve("link.png"), outside);
        Files.copy(SAMPLE, folder.resolve(".secret.png"));
        for (String path : List.of(outside.toString(), "../" + outside.getFileName(), "link.png", ".secret.png",
                "./.secret.png",
                "sub/../../x.png", "", "/", ".", "nothing.png", "a\u0000b.png", "x".repeat(5000))) {
            Got got = client.post("api/images", Json.object().put("path", path).toString()).is(404);
            assertEquals("{\"error\":\"there is no such picture in the folder\"}", got.text());
        }
        client.post("api/images", "{\"upload\": \"../../tissue-1.png\"}").is(404);
        Files.delete(outside);
    }

    @Test
    void limitsOfSizeAreHeld() throws IOException {
        start(ServeOptions.Limits.of().pictures(10_000, 100));
        client.post("api/images", Image.blank(11, 10, PixelFormat.RGB8).toPng()).is(413);
        client.post("api/images", Image.blank(10, 10, PixelFormat.RGB8).toPng()).is(201);
        client.post("api/images", new byte[10_001]).is(413);
        client.send(HttpRequest.newBuilder(URI.create(server.url() + "api/images"))
                .POST(HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(new byte[10_001]))))
                .is(413);
        client.post("api/images", "{\"path\": \"tissue-1.png\"}").is(413);
        assertEquals(List.of("picture.png"),
                client.get("api/files").json().at("uploads").items().stream().map(Json::asString).toList());
    }

    /** Pictures give way to one another in memory, and are as they were when they are asked for again. */
    @Test
    void memoryIsBounded() throws IOException {
        long one = 512L * 512 * (4 + 4);
        start(ServeOptions.Limits.of().memory(3 * one));
        String[] ids = new String[5];
        for (int i = 0; i < ids.length; i++) {
            Image other = Image.read(SAMPLE).toRgb8();
            other.setSample(0, 0, 0, i);
            other.writePng(folder.resolve(i + ".png"));
            ids[i] = client.open(i + ".png");
        }
        for (int round = 0; round < 2; round++) {
            for (String id : ids) {
                assertEquals(region(200, 200), Client.mask(prompt(id, "{\"points\": [[200, 200]]}").getFirst()));
                assertTrue(metric("kerf_serve_image_bytes") <= 3 * one, "bytes " + metric("kerf_serve_image_bytes"));
            }
        }
        assertTrue(metric("kerf_serve_evictions_total") >= 5);
        assertEquals(10, metric("kerf_serve_looks_total"));
    }

    private long metric(String name) {
        return client.get("metrics").text().lines().filter(l -> l.startsWith(name + " "))
                .mapToLong(l -> Long.parseLong(l.substring(l.indexOf(' ') + 1))).findFirst().orElseThrow();
    }
}
