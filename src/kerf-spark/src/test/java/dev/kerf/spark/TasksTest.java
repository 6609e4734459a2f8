package dev.kerf.spark;

import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.Kerf;
import dev.kerf.backend.Backends;
import dev.kerf.backend.CpuOptions;
import dev.kerf.backend.Device;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.graph.onnx.OnnxExport;
import dev.kerf.image.Image;
import dev.kerf.mask.Instances;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Panoptic;
import dev.kerf.mask.RunLength;
import dev.kerf.model.ModelKind;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.maskrcnn.DetectOptions;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.model.maskrcnn.SmallRcnns;
import dev.kerf.model.sam2.ImageView;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.model.sam2.PromptModel;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.UNet;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Safetensors;
import dev.kerf.weights.Weights;
import dev.kerf.json.Json;
import dev.kerf.mask.Coco;
import dev.kerf.mask.CocoDataset;
import dev.kerf.mask.CocoPanoptic;
import dev.kerf.mask.Rectangle;
import dev.kerf.metrics.ApScores;
import dev.kerf.metrics.AveragePrecision;
import dev.kerf.metrics.Overlaps;
import dev.kerf.metrics.PanopticQuality;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each task, from each sort of input, against the library. */
class TasksTest {
    private static SparkSession spark;

    @TempDir
    private Path temp;

    @BeforeAll
    static void start() {
        spark = Cluster.two();
    }

    private static Device cpu() {
        return Backends.open("cpu", CpuOptions.of().threads(1));
    }

    private List<SegmentResult> run(String... args) {
        String[] all = Arrays.copyOf(args, args.length + 4);
        all[args.length] = "--out";
        all[args.length + 1] = temp.resolve("out").toString();
        all[args.length + 2] = "--backend";
        all[args.length + 3] = "cpu";
        JobRun run = JobRun.of(all);
        assertEquals(0, run.code(), run.err());
        List<SegmentResult> results = spark.read().parquet(temp.resolve("out").toString()).as(SegmentResult.encoder())
                .collectAsList();
        results.forEach(r -> assertNull(r.getError()));
        return results;
    }

    private Image picture() {
        return Image.read(JobRun.pictures(temp, 1, 96).getFirst()).toRgb8();
    }

    private LabelMap labels(SegmentResult r) throws Exception {
        Path file = temp.resolve("labels.png");
        Files.write(file, r.getLabels());
        return LabelMap.read(file);
    }

    @Test
    void thingsOfShards() throws Exception {
        Image image = picture();
        Path weights = temp.resolve("maskrcnn.pth");
        Safetensors.write(weights, SmallRcnns.torchvision(91, true), Map.of());
        spark.read().format("binaryFile").load(temp.resolve("part-0.png").toString())
                .selectExpr("path as name", "content as data")
                .write().parquet(temp.resolve("shards").toString());
        List<SegmentResult> results = run("detect", "--shards", temp.resolve("shards").toString(), "--path-column", "name",
                "--content-column", "data", "--weights", weights.toString(), "--score", "0.01", "--most", "7", "--min-size",
                "64");
        try (Device device = cpu(); Weights source = Weights.open(weights); MaskRcnn net = MaskRcnn.load(device, source)) {
            Instances expected = net.detect(image, DetectOptions.of().score(0.01f).most(7).size(64, 1333));
            assertTrue(expected.size() > 1, "made-up weights find some things");
            assertEquals(expected.size(), results.getFirst().getObjects().size());
            for (int i = 0; i < expected.size(); i++) {
                Instances.Instance e = expected.items().get(i);
                FoundObject found = results.getFirst().getObjects().get(i);
                assertEquals(e.category(), found.getCategory());
                assertEquals(net.className(e.category()), found.getClassName());
                assertEquals(e.score(), found.getScore());
                assertEquals(e.mask(), RunLength.ofCocoString(96, 96, found.getRle()));
            }
            evaluatesThings(device, net, expected);
        }
    }

    /** Some of what was found is the truth, and something that wasn't; in one image nothing was found, and one failed. */
    private void evaluatesThings(Device device, MaskRcnn net, Instances found) throws IOException {
        Json categories = Json.array();
        net.categories().forEach(c -> categories.add(Json.object().put("id", c).put("name", net.className(c))));
        Json annotations = Json.array();
        for (Instances.Instance i : found.items().subList(1, found.size())) {
            for (int image = 7; image < 10; image++) {
                annotations.add(annotation(annotations.size() + 1, image, i.category(), i.mask()));
            }
        }
        RunLength missed = RunLength.ofPolygons(96, 96, List.of(new double[] {1, 1, 9, 1, 9, 9, 1, 9}));
        annotations.add(annotation(annotations.size() + 1, 7, found.items().getFirst().category(), missed));
        Path file = temp.resolve("instances.json");
        Files.writeString(file,
                Json.object().put("images", images("part-0", "empty", "failed")).put("categories", categories)
                        .put("annotations", annotations)
                        .toString());
        Path out = temp.resolve("three");
        Dataset<Row> one = spark.read().parquet(temp.resolve("out").toString());
        one.union(one.withColumn("path", lit("empty.png")).withColumn("objects", expr("filter(objects, o -> false)")))
                .union(one.withColumn("path", lit("failed.png")).withColumn("error", lit("broken"))).write()
                .parquet(out.toString());
        CocoDataset truth = CocoDataset.read(file);
        try (Overlaps overlaps = new Overlaps(device)) {
            AveragePrecision all = AveragePrecision.masks(overlaps);
            all.add(truth, 7, found);
            all.add(truth, 8, new Instances(96, 96, List.of()));
            all.add(truth, 9, new Instances(96, 96, List.of()));
            AveragePrecision some = AveragePrecision.masks(overlaps);
            some.add(truth, 7, found);
            assertTrue(all.scores().ap() > 0 && all.scores().ap() < some.scores().ap() && some.scores().ap() < 1,
                    "some match, some don't: " + all.scores().ap());
            // As of 'kerf evaluate': what has no result is an image in which nothing is found, or neither of them counts.
            JobRun run = JobRun.of("evaluate", "--predicted", out.toString(), "--truth", file.toString(), "--json");
            assertScores(all.scores(), 3, run);
            assertTrue(run.err().contains("no result for failed in ") && run.err().contains("failed (column error): failed"),
                    run.err());
            assertScores(some.scores(), 1, JobRun.of("evaluate", "--predicted", out.toString(), "--truth", file.toString(),
                    "--json", "--allow-missing"));
        }
    }

    private static void assertScores(ApScores expected, int images, JobRun run) {
        assertEquals(0, run.code(), run.err());
        Json found = Json.parse(run.out());
        assertEquals(images, found.at("images").asInt());
        for (ApScores.Figure f : expected.summary()) {
            assertEquals(f.value(), found.at("scores").at(f.name()).asDouble(), f.name());
        }
    }

    /** Numbered from 7 on. */
    private static Json images(String... names) {
        Json all = Json.array();
        for (String name : names) {
            all.add(Json.object().put("id", 7 + all.size()).put("file_name", name + ".png").put("width", 96).put("height", 96));
        }
        return all;
    }

    private static Json annotation(int id, int image, int category, RunLength mask) {
        return Json.object().put("id", id).put("image_id", image).put("category_id", category).put("area", mask.area())
                .put("bbox", Rectangle.of(mask.bounds()).toArray()).put("iscrowd", 0)
                .put("segmentation", Coco.segmentation(mask, Coco.Form.RUN_LENGTH));
    }

    private Json evaluate(Path file) {
        JobRun run = JobRun.of("evaluate", "--predicted", temp.resolve("out").toString(), "--truth", file.toString(), "--json");
        assertEquals(0, run.code(), run.err());
        return Json.parse(run.out());
    }

    @Test
    void segmentsOfATable() throws Exception {
        Image image = picture();
        Path weights = temp.resolve("panoptic.pkl");
        Safetensors.write(weights, SmallRcnns.panoptic(81, 54), Map.of());
        spark.sql("select '" + temp.resolve("part-0.png") + "' as path").write().parquet(temp.resolve("table").toString());
        List<SegmentResult> results = run("panoptic", "--table", temp.resolve("table").toString(), "--weights",
                weights.toString(), "--min-size", "64");
        try (Device device = cpu(); Weights source = Weights.open(weights); MaskRcnn net = MaskRcnn.load(device, source)) {
            Panoptic expected = net.panoptic(image, DetectOptions.of().score(0.5f).size(64, 1333), Panoptic.Merge.DEFAULT);
            assertTrue(expected.segments().size() > 0, "made-up weights see some stuff");
            assertEquals(Arrays.toString(expected.ids()), Arrays.toString(labels(results.getFirst()).toArray()));
            assertEquals(expected.segments().stream().map(s -> s.category() + " " + s.area()).toList(),
                    results.getFirst().getObjects().stream().map(o -> o.getCategory() + " " + o.getArea()).toList());
            evaluatesSegments(device, net, expected);
        }
    }

    /** The truth is what was found, moved by a row. */
    private void evaluatesSegments(Device device, MaskRcnn net, Panoptic found) throws IOException {
        int[] ids = new int[96 * 96];
        System.arraycopy(found.ids(), 0, ids, 96, 95 * 96);
        System.arraycopy(found.ids(), 0, ids, 0, 96);
        Map<Integer, Integer> categoryOf = new TreeMap<>();
        found.segments().forEach(s -> categoryOf.put(s.id(), s.category()));
        Panoptic truth = Panoptic.of(96, 96, ids, categoryOf);
        truth.writePng(Files.createDirectories(temp.resolve("panoptic")).resolve("part-0.png"));
        Json categories = Json.array();
        net.categories()
                .forEach(c -> categories.add(Json.object().put("id", c).put("name", net.className(c)).put("isthing", 1)));
        net.stuffCategories()
                .forEach(c -> categories.add(Json.object().put("id", c).put("name", net.className(c)).put("isthing", 0)));
        Json segments = Json.array();
        truth.segments()
                .forEach(s -> segments.add(Json.object().put("id", s.id()).put("category_id", s.category()).put("iscrowd", 0)
                        .put("area", s.area()).put("bbox", Rectangle.of(s.box()).toArray())));
        Path file = temp.resolve("panoptic.json");
        Json annotations = Json.array()
                .add(Json.object().put("image_id", 7).put("file_name", "part-0.png").put("segments_info", segments));
        Json document = Json.object().put("images", images("part-0", "other")).put("categories", categories)
                .put("annotations", annotations);
        Files.writeString(file, document.toString());
        Json scores = evaluate(file);
        CocoPanoptic real = CocoPanoptic.read(file, temp.resolve("panoptic"));
        try (PanopticQuality single = new PanopticQuality(device, real.categories().values())) {
            single.add(7, real.picture(7), found);
            assertTrue(single.scores().all().sq() < 1 && single.scores().all().pq() > 0, "it was moved");
            assertEquals(single.scores().all().pq(), scores.at("all").at("pq").asDouble());
            assertEquals(single.scores().all().sq(), scores.at("all").at("sq").asDouble());
            assertEquals(single.scores().stuff().classes(), scores.at("stuff").at("classes").asInt());
        }
        annotations.add(Json.object().put("image_id", 8).put("file_name", "other.png").put("segments_info", Json.array()));
        Files.writeString(file, document.toString());
        JobRun missing = JobRun.of("evaluate", "--predicted", temp.resolve("out").toString(), "--truth", file.toString());
        assertEquals(1, missing.code(), missing.out());
        assertTrue(missing.err().contains("no result for other in ") && missing.err().contains("compares the 1 others"),
                missing.err());
    }

    @Test
    void promptsOfAColumn() {
        Image image = picture();
        Path weights = temp.resolve("edgetam.pt");
        try (Weights made = GoldenCase.open(Path.of("src/kerf-check/src/test/resources/goldens/edgetam-quick")).weights()) {
            Map<String, HostTensor> tensors = new TreeMap<>();
            made.names().forEach(n -> tensors.put(n, made.tensor(n)));
            Safetensors.write(weights, tensors, Map.of());
        }
        Dataset<Row> table = spark.sql("select '" + temp.resolve("part-0.png")
                + "' as path, array(array(40.0D, 30.0D), array(10.0D, 12.0D, 60.0D, 50.0D)) as prompts");
        table.write().parquet(temp.resolve("table").toString());
        List<SegmentResult> results = run("prompts", "--table", temp.resolve("table").toString(), "--weights",
                weights.toString());
        try (Device device = cpu();
                Weights source = Weights.open(weights);
                PromptModel sam = PromptModel.load(device, source, 0, ModelOptions.of());
                ImageView view = sam.look(image)) {
            var expected = view.predictAll(List.of(Prompt.point(40, 30), Prompt.box(10, 12, 60, 50)));
            List<FoundObject> found = results.getFirst().getObjects();
            assertEquals(2, found.size());
            for (int i = 0; i < 2; i++) {
                assertEquals(RunLength.encode(expected.get(i).mask()), RunLength.ofCocoString(96, 96, found.get(i).getRle()));
                assertEquals(expected.get(i).iou(), found.get(i).getScore().floatValue());
            }
        }
        table.union(table).write().parquet(temp.resolve("twice").toString());
        JobRun twice = JobRun.of("prompts", "--table", temp.resolve("twice").toString(), "--weights", weights.toString(),
                "--out",
                temp.resolve("other").toString());
        assertTrue(twice.err().contains("part-0.png stands in several rows"), twice.err());
    }

    @Test
    void anyNetworkOfOnnx() throws Exception {
        Image image = picture();
        image.writePng(temp.resolve("rgb.png"));
        Path model = temp.resolve("unet.onnx");
        LabelMap expected;
        try (Device device = cpu(); Weights weights = Kerf.embeddedWeights(); UNet net = UNet.load(device, weights)) {
            var request = new ModelKind.GraphRequest(UNet.KIND.parts().getFirst(), 96, 96, 0, true);
            OnnxExport.write(UNet.KIND.graph(weights, request), weights, model,
                    OnnxExport.Options.of().metadata(UNet.KIND.metadata(weights, request)));
            expected = net.segment(Image.read(temp.resolve("part-0.png")), SegmentOptions.of()).labels();
        }
        List<SegmentResult> results = run("segment", "--input", temp.resolve("part-*.png").toString(), "--weights",
                model.toString(),
                "--objects", "components", "--min-area", "5", "--background", "0");
        assertEquals("unet.onnx", results.getFirst().getModel());
        assertEquals(Arrays.toString(expected.toArray()), Arrays.toString(labels(results.getFirst()).toArray()));
        List<FoundObject> cells = results.getFirst().getObjects();
        assertTrue(cells.size() > 1 && cells.stream().allMatch(c -> c.getArea() >= 5), cells.size() + " cells");
    }
}
