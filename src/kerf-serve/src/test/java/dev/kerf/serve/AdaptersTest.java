package dev.kerf.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.mask.Mask;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.sam2.ImageView;
import dev.kerf.model.sam2.Prediction;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.model.sam2.PromptModel;
import dev.kerf.serve.Client.Got;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.locationtech.jts.geom.Geometry;
import org.locationtech.jts.io.ParseException;
import org.locationtech.jts.io.geojson.GeoJsonReader;

/** Requests that the code of Label Studio and qupath-extension-sam sent ({@code src/test/resources/adapters}), and masks that are the library's. */
class AdaptersTest {
    private static final Path QUICK = Path.of("src/kerf-check/src/test/resources/goldens/sam2-quick");
    private static final Path REQUESTS = Path.of("src/kerf-serve/src/test/resources/adapters");

    @TempDir
    private static Path folder;
    private static Device device;
    private static Weights weights;
    private static PromptModel sam;
    private static ImageView view;
    private static Server server;
    private static Client client;

    @BeforeAll
    static void start() throws IOException {
        Files.createDirectories(folder.resolve("slides"));
        Files.copy(QUICK.resolve("frame0.png"), folder.resolve("slides/drawn.png"));
        device = Backends.open("cpu");
        weights = GoldenCase.open(QUICK).weights();
        sam = PromptModel.load(device, weights, 256, ModelOptions.of());
        view = sam.look(Image.read(folder.resolve("slides/drawn.png")));
        server = Server.start(ServeOptions.of(folder), Networks.of(sam, weights));
        client = new Client(server);
    }

    @AfterAll
    static void stop() {
        server.close();
        view.close();
        sam.close();
        weights.close();
        device.close();
    }

    /** A request, with the picture put in where it stands. */
    private static String request(String name) throws IOException {
        return Files.readString(REQUESTS.resolve(name)).replace("PICTURE",
                Base64.getEncoder().withoutPadding().encodeToString(Files.readAllBytes(QUICK.resolve("frame0.png"))));
    }

    @Test
    void labelStudioConnects() throws IOException {
        assertEquals("UP", client.get("health").is(200).json().at("status").asString());
        assertEquals("SAM 2.1 tiny", client.post("setup", request("label-studio-setup.json")).is(200).json().at("model_version")
                .asString());
        assertEquals(0, client.post("predict", request("label-studio-opened.json")).is(200).json().at("results").size());
        client.post("webhook", "{\"action\": \"ANNOTATION_CREATED\"}").is(201);
    }

    @Test
    void labelStudiosBrushIsTheMask() throws IOException {
        Prediction expected = view.candidates(Prompt.point(125.44, 94.72).background(20.48, 220.16)).getFirst();
        Json result = client.post("predict", request("label-studio-brush.json")).is(200).json().at("results").at(0)
                .at("result").at(0);
        assertEquals("brush", result.at("from_name").asString());
        assertEquals("image", result.at("to_name").asString());
        assertEquals("[\"Cell\"]", result.at("value").at("brushlabels").toString());
        assertEquals(expected.iou(), (float) result.at("score").asDouble());
        assertEquals(expected.mask(), brush(result.at("value").at("rle"), 256));
    }

    @Test
    void labelStudiosPolygonsLieAroundTheMask() throws IOException {
        Prediction expected = view.candidates(Prompt.box(76.8, 64, 179.2, 199.68)).getFirst();
        Got got = client.post("predict", request("label-studio-polygon.json")).is(200);
        List<Json> parts = got.json().at("results").at(0).at("result").items();
        assertTrue(parts.size() >= 1);
        for (Json part : parts) {
            assertEquals("polygonlabels", part.at("type").asString());
            double[] p = part.at("value").at("points").at(0).asDoubles();
            // A corner of the outline: a pixel of the mask is within two pixels of it.
            boolean near = false;
            for (int i = 0; i < 25; i++) {
                near |= expected.mask().get((int) (p[0] * 2.56) + i % 5 - 2, (int) (p[1] * 2.56) + i / 5 - 2);
            }
            assertTrue(near, part.toString());
        }
        client.post("predict", request("label-studio-polygon.json").replace("slides", "../../etc").replace("drawn", "passwd"))
                .is(404);
        client.post("predict", request("label-studio-polygon.json").replace("PolygonLabels", "Choices")).is(400);
        client.post("predict", request("label-studio-polygon.json").replace("<View>",
                "<!DOCTYPE x [<!ENTITY e SYSTEM \\\"file:///etc/passwd\\\">]><View>&e;")).is(400);
    }

    /** Label Studio's own reading of it: a run or single values, of a length whose own length comes first. */
    private static Mask brush(Json rle, int side) {
        int[] at = {0};
        int count = bits(rle, at, 32);
        int word = bits(rle, at, 5) + 1;
        int[] sizes = {bits(rle, at, 4) + 1, bits(rle, at, 4) + 1, bits(rle, at, 4) + 1, bits(rle, at, 4) + 1};
        byte[] values = new byte[count];
        for (int i = 0; i < count;) {
            boolean run = bits(rle, at, 1) == 1;
            int end = i + 1 + bits(rle, at, sizes[bits(rle, at, 2)]);
            int value = run ? bits(rle, at, word) : 0;
            for (; i < end; i++) {
                values[i] = (byte) (run ? value : bits(rle, at, word));
            }
        }
        assertEquals(4 * side * side, count);
        Mask mask = Mask.empty(side, side);
        for (int i = 0; i < side * side; i++) {
            assertEquals(values[4 * i], values[4 * i + 3]);
            mask.set(i % side, i / side, values[4 * i + 3] != 0);
        }
        return mask;
    }

    private static int bits(Json bytes, int[] at, int count) {
        int value = 0;
        for (int i = 0; i < count; i++, at[0]++) {
            value = value << 1 | bytes.at(at[0] / 8).asInt() >> 7 - at[0] % 8 & 1;
        }
        return value;
    }

    @Test
    void quPathConnects() {
        assertTrue(client.get("sam/version/").is(200).text().matches("\\d+\\.\\d+\\.\\d+"));
        assertEquals("vit_b", client.get("sam/weights/?type=vit_b").is(200).json().at(0).at("type").asString());
        assertEquals(-1, client.get("sam/progress/").is(200).json().at("percent").asInt());
    }

    /** As the extension sends them: a rectangle without points, points without a rectangle, in a Content-Type that names the charset. */
    @Test
    void quPathsRectanglesAndClicks() throws IOException, ParseException {
        Prediction box = view.predict(Prompt.box(76, 64, 179, 199));
        List<Prediction> three = view.candidates(
                new Prompt(List.of(new Prompt.Point(20, 220, false), new Prompt.Point(125, 94, true)), null, null));
        for (var sent : Map.of("qupath-box.json", List.of(box), "qupath-clicks.json", three).entrySet()) {
            List<Json> features = client.send(HttpRequest.newBuilder(URI.create(server.url() + "sam/"))
                    .header("accept", "application/json").header("Content-Type", "application/json; charset=utf-8")
                    .POST(HttpRequest.BodyPublishers.ofString(request(sent.getKey())))).is(200).json().items();
            assertEquals(sent.getValue().size(), features.size(), sent.getKey());
            for (int i = 0; i < features.size(); i++) {
                assertEquals("Feature", features.get(i).at("type").asString());
                assertEquals(sent.getValue().get(i).iou(), (float) features.get(i).at("properties").at("quality").asDouble());
                assertEquals(sent.getValue().get(i).mask().area(),
                        new GeoJsonReader().read(features.get(i).at("geometry").toString()).getArea());
            }
        }
    }

    @Test
    void quPathsFeaturesCoverTheMask() throws IOException, ParseException {
        Prediction expected = view.predict(
                new Prompt(List.of(), null, null).background(20, 220).foreground(125, 94).and(Prompt.box(76, 64, 179, 199)));
        List<Json> features = client.post("sam/", request("qupath-points.json")).is(200).json().items();
        assertEquals(1, features.size());
        assertEquals(expected.iou(), (float) features.getFirst().at("properties").at("quality").asDouble());
        assertEquals("sam2_t", features.getFirst().at("properties").at("sam_model").asString());
        Geometry g = new GeoJsonReader().read(features.getFirst().at("geometry").toString());
        assertTrue(g.isValid());
        // Half a pixel of tolerance leaves steps of a whole pixel where they are.
        assertEquals(expected.mask().area(), g.getArea());
        assertEquals(3, client.post("sam/", request("qupath-points.json").replace("\"multimask_output\":false",
                "\"multimask_output\":true")).is(200).json().size());
        client.post("sam/", request("qupath-points.json").replace("[0,1]", "[1]")).is(400);
        client.post("sam/", "{\"b64img\": \"AAAA\", \"point_coords\": [[1,1]], \"point_labels\": [1]}").is(422);
        assertTrue(client.post("sam/automask/", request("qupath-automask.json")).is(200).json().isArray());
    }
}
