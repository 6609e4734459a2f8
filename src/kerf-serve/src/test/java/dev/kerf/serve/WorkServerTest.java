package dev.kerf.serve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.Kerf;
import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.mask.Coco;
import dev.kerf.mask.CocoDataset;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Mask;
import dev.kerf.mask.RunLength;
import dev.kerf.model.unet.UNet;
import dev.kerf.serve.Client.Got;
import dev.kerf.weights.Weights;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What was drawn over a picture: kept, and made into files. */
class WorkServerTest {
    @TempDir
    private static Path folder;
    private static Device device;
    private static Weights weights;
    private static UNet net;
    private static Server server;
    private static Client client;
    private static String id;
    private Json objects;
    private final Mask one = square(10, 10, 60, 50);
    private final Mask two = square(40, 30, 90, 80);

    @BeforeAll
    static void start() throws IOException {
        Files.copy(Path.of("src/main/samples/tissue-1.png"), folder.resolve("tissue-1.png"));
        device = Backends.open("cpu");
        weights = Kerf.embeddedWeights();
        net = UNet.load(device, weights);
        server = Server.start(ServeOptions.of(folder), Networks.of(net));
        client = new Client(server);
        id = client.open("tissue-1.png");
    }

    @AfterAll
    static void stop() {
        server.close();
        net.close();
        weights.close();
        device.close();
    }

    @BeforeEach
    void draw() {
        objects = Json.array().add(object("cell", "#ff0000", one)).add(object("cell ü/..", "#00ff00", two))
                .add(Json.object().put("name", "nothing yet").put("colour", "#0000ff").put("points", Json.array()));
    }

    private static Mask square(int left, int top, int right, int bottom) {
        Mask mask = Mask.empty(512, 512);
        for (int y = top; y < bottom; y++) {
            for (int x = left; x < right; x++) {
                mask.set(x, y, true);
            }
        }
        return mask;
    }

    private static Json object(String name, String colour, Mask mask) {
        return Json.object().put("name", name).put("colour", colour).put("segmentation",
                Coco.segmentation(RunLength.encode(mask), Coco.Form.RUN_LENGTH));
    }

    private static Got put(Json work, String... headers) {
        return client.send(HttpRequest.newBuilder(URI.create(server.url() + "api/images/" + id + "/work"))
                .header("Content-Type", "application/json").headers(headers).PUT(BodyPublishers.ofString(work.toString())));
    }

    private static String tag(Got got) {
        return got.raw().headers().firstValue("ETag").orElseThrow();
    }

    @Test
    void workIsKeptAndNobodysIsLost() throws IOException {
        client.get("api/images/" + id + "/work").is(204);
        Json first = Json.object().put("objects", objects);
        put(first, "X-Nothing", "x").is(428);
        put(first, "If-Match", "\"1-2\"").is(412);
        String tag = tag(put(first, "If-None-Match", "*").is(200));
        put(first, "If-None-Match", "*").is(412);
        Got got = client.get("api/images/" + id + "/work").is(200);
        assertEquals(tag, tag(got));
        assertEquals(objects, got.json().at("objects"));
        assertEquals("tissue-1.png", got.json().at("picture").at("name").asString());
        Json second = Json.object().put("objects", Json.array());
        String next = tag(put(second, "If-Match", tag).is(200));
        put(first, "If-Match", tag).is(412);
        assertEquals(0, client.get("api/images/" + id + "/work").json().at("objects").size());
        put(first, "If-Match", next).is(200);
        for (Json wrong : List.of(Json.object(), Json.object().put("objects", 3),
                Json.object().put("objects", Json.array().add(1)),
                Json.object().put("objects", Json.array().add(Json.object().put("name", "x").put("colour", "red"))),
                Json.object().put("objects", Json.array().add(object("x".repeat(201), "#123456", one))),
                Json.object().put("objects", Json.array().add(object("x", "#123456", Mask.empty(5, 5)))))) {
            put(wrong, "If-Match", "*").is(400);
        }
        try (Stream<Path> kept = Files.list(folder.resolve(".kerf/work"))) {
            assertEquals(List.of(id + ".json"), kept.map(f -> f.getFileName().toString()).toList(), "written whole");
        }
    }

    private Got export(String format) {
        return client.post("api/images/" + id + "/export",
                Json.object().put("format", format).put("objects", objects).toString());
    }

    @Test
    void everyFormat() throws IOException {
        Path file = folder.resolve("out");
        Files.write(file, export("coco").is(200).body());
        CocoDataset coco = CocoDataset.read(file);
        assertEquals(2, coco.annotations(1).size());
        assertEquals(one, Coco.mask(export("coco").json().at("annotations").at(0).at("segmentation"), 512, 512).decode());
        Files.write(file, export("labels").is(200).body());
        LabelMap labels = LabelMap.read(file);
        assertEquals(one.andNot(two), labels.mask(1));
        assertEquals(two, labels.mask(2));
        Image coloured = Image.read(file);
        assertEquals(255, coloured.sample(12, 12, 0));
        try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(export("masks").is(200).body()))) {
            assertEquals("001-cell.png", zip.getNextEntry().getName());
            Files.write(file, zip.readAllBytes());
            assertEquals(one, LabelMap.read(file).mask(255));
            assertEquals("002-cell_ü___.png", zip.getNextEntry().getName());
        }
        Json geo = export("geojson").is(200).json();
        assertEquals("[[[60,10],[60,50],[10,50],[10,10],[60,10]]]",
                geo.at("features").at(0).at("geometry").at("coordinates").toString());
        Image overlay = Image.read(export("overlay").is(200).body(), "overlay");
        Image cut = Image.read(export("cutout").is(200).body(), "cutout");
        Image picture = Image.read(folder.resolve("tissue-1.png"));
        assertEquals("512x512", overlay.width() + "x" + overlay.height());
        int alpha = cut.channels() - 1;
        assertEquals(255, cut.sample(12, 12, alpha));
        assertEquals(0, cut.sample(200, 200, alpha));
        assertEquals(picture.sample(12, 12, 0), cut.sample(12, 12, 0));
        assertTrue(overlay.sample(12, 12, 0) != picture.sample(12, 12, 0)
                || overlay.sample(12, 12, 1) != picture.sample(12, 12, 0));
        export("svg").is(400);
        assertArrayEquals(export("masks").body(), export("masks").body());
        objects = Json.array();
        for (String format : List.of("coco", "labels", "masks", "geojson", "overlay", "cutout")) {
            export(format).is(200);
        }
    }
}
