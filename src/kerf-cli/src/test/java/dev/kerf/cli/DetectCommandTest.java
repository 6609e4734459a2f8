package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.cli.console.ExitCode;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.json.Json;
import dev.kerf.mask.Coco;
import dev.kerf.mask.CocoDataset;
import dev.kerf.mask.CocoPanoptic;
import dev.kerf.mask.Instances;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.mask.Overlay;
import dev.kerf.mask.Panoptic;
import dev.kerf.mask.RunLength;
import dev.kerf.model.maskrcnn.SmallRcnns;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DetectCommandTest {
    private static final int W = 75;
    private static final int H = 50;

    @TempDir
    private Path dir;
    private Path out;

    @BeforeEach
    void files() {
        out = dir.resolve("out");
    }

    private Path net(String name, Map<String, HostTensor> tensors, Map<String, String> metadata) {
        Safetensors.write(dir.resolve(name), tensors, metadata);
        return dir.resolve(name);
    }

    private Path detector() {
        return net("net.safetensors", SmallRcnns.torchvision(4, true),
                Map.of("kerf.classes", "[\"cat\", \"dog/fox\", \"cow\"]"));
    }

    private Path picture(String name) {
        Image image = Image.blank(W, H, PixelFormat.RGB8);
        for (int i = 0; i < 3 * W * H; i++) {
            int x = i / 3 % W;
            int y = i / 3 / W;
            image.setSample(x, y, i % 3, (5 * x + 3 * y * (i % 3) + (Math.hypot(x - 30, y - 25) < 15 ? 90 : 0)) % 256);
        }
        image.writePng(dir.resolve(name));
        return dir.resolve(name);
    }

    private Run run(String command, Path net, Object... args) {
        Object[] all = new Object[args.length + 12];
        System.arraycopy(new Object[] {command, "--backend", "cpu", "--weights", net, "--out", out, "--min-size", "64",
            "--max-size", "120", "--quiet"}, 0, all, 0, 12);
        System.arraycopy(args, 0, all, 12, args.length);
        return Run.of(all);
    }

    @Test
    void everyFileSaysTheSame() throws IOException {
        Path results = dir.resolve("results.json");
        run("detect", detector(), picture("000000000139.png"), picture("7.png"), "--score", "0.3", "--most", "5", "--format",
                "rle,masks", "--results", results).succeeded();
        List<Json> one = Json.read(out.resolve("000000000139-instances.json")).items();
        assertTrue(!one.isEmpty() && one.size() <= 5, one.toString());
        assertEquals(139, one.getFirst().at("image_id").asLong());
        assertEquals(List.of((long) H, (long) W),
                one.getFirst().at("segmentation").at("size").items().stream().map(Json::asLong).toList());
        List<Json> both = Json.read(results).items();
        assertEquals(2 * one.size(), both.size());
        List<String> files = Run.files(out);
        assertEquals(2 * (one.size() + 2), files.size(), files.toString());
        assertEquals(one.size(), files.stream().filter(f -> f.matches("7-00\\d-(cat|dog_fox|cow)\\.png")).count());
        Image overlay = Image.read(out.resolve("7-overlay.png"));
        assertEquals(W, overlay.width());
        CocoDataset truth = CocoDataset.of(Json
                .parse("""
                {"images": [{"id": 139, "file_name": "a.png", "width": 75, "height": 50},
                            {"id": 7, "file_name": "b.png", "width": 75, "height": 50}],
                 "annotations": [], "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}, {"id": 3, "name": "cow"}]}"""));
        assertEquals(one.size(), CocoDataset.Results.read(results, truth).of(7).size());
    }

    /** A picture that is no larger than a square is looked at once; a larger one in squares and as a whole. */
    @Test
    void cropsAreLookedAtToo() {
        Path picture = picture("a.png");
        Json plain = Json.parse(run("detect", detector(), picture, "--score", "0.3", "--json").succeeded().out());
        Json one = Json.parse(run("detect", detector(), picture, "--score", "0.3", "--json", "--crop", W).succeeded().out());
        assertEquals(plain.at("images").items().getFirst().at("instances"),
                one.at("images").items().getFirst().at("instances"));
        run("detect", detector(), picture, "--score", "0.3", "--crop", 32, "--crop-overlap", "0.5").succeeded();
        List<Json> found = Json.read(out.resolve("a-instances.json")).items();
        assertTrue(found.size() > 0);
        assertEquals(List.of((long) H, (long) W),
                found.getFirst().at("segmentation").at("size").items().stream().map(Json::asLong).toList());
    }

    @Test
    void reportsAsTextAndAsJson() {
        Path picture = picture("a.png");
        Run text = Run.of("detect", "--backend", "cpu", "--weights", detector(), "--out", out, "--min-size", "64", "--max-size",
                "120", "--score", "0.3", "--no-overlay", picture).succeeded();
        assertTrue(text.out().contains("a.png  75x50  ") && text.out().endsWith(" s\n"), text.out());
        assertEquals(List.of("a-instances.json"), Run.files(out));
        Json json = Json.parse(run("detect", detector(), picture, "--score", "0.3", "--json").succeeded().out());
        assertEquals("Mask R-CNN", json.at("network").asString());
        Json image = json.at("images").items().getFirst();
        assertEquals(W, image.at("width").asLong());
        assertTrue(image.at("instances").items().getFirst().at("score").asDouble() > 0.3);
    }

    @Test
    void threeTf32ProductsAreFloat32WhereNoKernelHasThem() {
        Path picture = picture("a.png");
        run("detect", detector(), picture, "--score", "0.3", "--precision", "f32").succeeded();
        Json exact = Json.read(out.resolve("a-instances.json"));
        run("detect", detector(), picture, "--score", "0.3", "--precision", "tf32x3").succeeded();
        assertEquals(exact.toString(), Json.read(out.resolve("a-instances.json")).toString());
    }

    @Test
    void nothingFoundIsAResult() {
        run("detect", detector(), picture("a.png"), "--score", "1", "--format", "rle,masks").succeeded();
        assertEquals(List.of("a-instances.json", "a-overlay.png"), Run.files(out));
        assertEquals(0, Json.read(out.resolve("a-instances.json")).items().size());
    }

    @Test
    void someImagesFail() throws IOException {
        Path broken = Files.writeString(dir.resolve("broken.png"), "no picture");
        Run run = run("detect", detector(), broken, picture("a.png"));
        assertEquals(ExitCode.SOME_FAILED, run.code());
        assertTrue(run.err().contains("broken.png"), run.err());
        assertTrue(Run.files(out).contains("a-instances.json"));
    }

    @Test
    void badInputsAreNamed() {
        Path picture = picture("a.png");
        run("detect", Run.unet(dir.resolve("unet.safetensors"), 3, 2, false), picture)
                .failedWith(ExitCode.FAILED, "unet.safetensors", "not 'maskrcnn': use 'kerf segment'");
        run("detect", detector(), picture, "--score", "2").failedWith(ExitCode.USAGE, "score 2.0");
        run("panoptic", detector(), picture).failedWith(ExitCode.FAILED, "sem_seg_head");
        run("detect", detector(), picture, "--precision", "bf16").failedWith(ExitCode.FAILED,
                "cpu:0 has no precision bfloat16, only [float32]");
        Run.of("detect", picture).failedWith(ExitCode.USAGE, "--weights");
        assertEquals(List.of(), Files.exists(out) ? Run.files(out) : List.of());
    }

    @Test
    void classesAreCalledAsTheUserSays() {
        Path net = net("panoptic.safetensors", SmallRcnns.panoptic(3, 3), Map.of());
        Path picture = picture("a.png");
        Json found = Json
                .parse(run("detect", net, picture, "--score", "0.2", "--json", "--classes", "ox,ass").succeeded().out());
        for (Json i : found.at("images").at(0).at("instances").items()) {
            assertEquals(i.at("category_id").asInt() == 0 ? "ox" : "ass", i.at("name").asString());
        }
        assertTrue(found.at("images").at(0).at("instances").size() > 0);
        run("panoptic", net, picture, "--score", "0.2", "--classes", "ox,ass,hay,sky").succeeded();
        assertEquals(List.of("ox", "ass", "hay", "sky"),
                Json.read(out.resolve("panoptic.json")).at("categories").items().stream()
                        .map(c -> c.at("name").asString()).toList());
        run("panoptic", net, picture, "--classes", "ox,ass,hay").failedWith(ExitCode.FAILED, "--classes gives 3 names",
                "2 classes of things apart and 2 of stuff");
        run("detect", detector(), picture, "--classes", "ox").failedWith(ExitCode.FAILED, "3 classes of things apart");
    }

    @Test
    void noResultTakesThePlaceOfAnInput() throws IOException {
        Path net = net("panoptic.safetensors", SmallRcnns.panoptic(4, 5), Map.of());
        Path picture = picture("a.png");
        out = dir;
        for (String other : List.of("a-overlay.png", "a-panoptic.png", "a-001-cat.png")) {
            Path input = picture(other);
            byte[] before = Files.readAllBytes(input);
            String command = other.contains("panoptic") ? "panoptic" : "detect";
            Object[] more = command.equals("detect")
                    ? new Object[] {picture, input, "--format", "masks"}
                    : new Object[] {picture, input};
            run(command, net, more).failedWith(ExitCode.FAILED, other, "would overwrite this input");
            assertArrayEquals(before, Files.readAllBytes(input));
            Files.delete(input);
        }
    }

    /** What is written into the directory of the images is none of them the next time. */
    @Test
    void resultsAreNoInputs() throws IOException {
        Path net = net("panoptic.safetensors", SmallRcnns.panoptic(4, 5), Map.of());
        out = Files.createDirectory(dir.resolve("pictures"));
        Files.move(picture("a.png"), out.resolve("a.png"));
        for (String command : List.of("detect", "panoptic", "detect")) {
            Object[] masks = command.equals("detect")
                    ? new Object[] {out, "--score", "0.2", "--format", "masks"}
                    : new Object[] {out};
            run(command, net, masks).succeeded();
        }
        List<String> files = Run.files(out);
        assertTrue(files.stream().anyMatch(f -> f.matches("a-001-class_\\d\\.png")), files.toString());
        assertTrue(files.stream().allMatch(f -> f.matches("a(-overlay|-panoptic|-\\d{3}-class_\\d)?\\.png|panoptic\\.json")),
                files.toString());
    }

    @Test
    void panopticPicturesAndTheirFile() {
        Path net = net("panoptic.safetensors", SmallRcnns.panoptic(4, 5), Map.of());
        run("panoptic", net, picture("street.png"), picture("7.png"), "--score", "0.2", "--stuff-area", "20").succeeded();
        assertEquals(List.of("7-overlay.png", "7-panoptic.png", "panoptic.json", "street-overlay.png", "street-panoptic.png"),
                Run.files(out));
        Json json = Json.read(out.resolve("panoptic.json"));
        assertEquals(7, json.at("categories").items().size());
        Json first = json.at("annotations").items().getFirst();
        assertEquals("street-panoptic.png", first.at("file_name").asString());
        Image ids = Image.read(out.resolve("street-panoptic.png"));
        long area = first.at("segments_info").items().stream().mapToLong(s -> s.at("area").asLong()).sum();
        long set = 0;
        for (int i = 0; i < W * H; i++) {
            set += ids.sample(i % W, i / W, 0) + ids.sample(i % W, i / W, 1) > 0 ? 1 : 0;
        }
        assertTrue(area > 0);
        assertEquals(set, area);
    }

    /** Both overlays are those of the library, outlines and names included. */
    @Test
    void overlaysNameWhatTheyShow() {
        Path picture = picture("a.png");
        Path net = net("panoptic.safetensors", SmallRcnns.panoptic(4, 5),
                Map.of("kerf.classes", "[\"cat\", \"dog\", \"cow\"]"));
        run("panoptic", net, picture, "--score", "0.2", "--stuff-area", "20").succeeded();
        CocoPanoptic written = CocoPanoptic.read(out.resolve("panoptic.json"), out);
        Panoptic found = written.picture(1);
        assertTrue(found.segments().size() > 1);
        same(Overlay.of(c -> written.categories().get(c).name()).draw(Image.read(picture), found));
        run("detect", net, picture, "--score", "0.2").succeeded();
        CocoDataset images = CocoDataset.of(Json.parse("""
                {"images": [{"id": 1, "width": 75, "height": 50}], "annotations": [], "categories": []}"""));
        List<Instance> things = CocoDataset.Results.read(out.resolve("a-instances.json"), images).of(1).stream()
                .map(r -> new Instance(r.category(), r.score(), r.box(), r.mask())).toList();
        assertTrue(things.size() > 1);
        same(Overlay.of(c -> List.of("cat", "dog", "cow").get(c)).draw(Image.read(picture),
                new Instances(W, H, things)));
    }

    private void same(Image expected) {
        Image drawn = Image.read(out.resolve("a-overlay.png"));
        for (int i = 0; i < 3 * W * H; i++) {
            assertEquals(expected.sample(i / 3 % W, i / 3 / W, i % 3), drawn.sample(i / 3 % W, i / 3 / W, i % 3),
                    "sample " + i);
        }
    }

    @Test
    void traceAndInspect() {
        Path net = detector();
        Path stages = dir.resolve("stages.safetensors");
        Run.of("trace", "--backend", "cpu", "--weights", net, "--image", picture("a.png"), "--out", stages).succeeded();
        try (Safetensors s = Safetensors.open(stages)) {
            assertTrue(s.tensors().keySet().containsAll(List.of("fpn_0", "rpn_deltas_4", "proposals", "mask_logits", "boxes")));
        }
        Run inspect = Run.of("weights", "inspect", net).succeeded();
        assertTrue(inspect.out().contains("Mask R-CNN: ResNet-17-FPN as torchvision's first version, 4 classes"),
                inspect.out());
    }
}
