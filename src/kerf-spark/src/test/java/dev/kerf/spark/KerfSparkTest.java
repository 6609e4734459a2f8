package dev.kerf.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.Kerf;
import dev.kerf.backend.Backends;
import dev.kerf.backend.CpuOptions;
import dev.kerf.backend.Device;
import dev.kerf.image.Image;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.RunLength;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.UNet;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Safetensors;
import dev.kerf.weights.Weights;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.SparkEnv;
import org.apache.spark.SparkFiles;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import scala.Tuple2;

/** The library as a user calls it, on two executors. */
class KerfSparkTest {
    private static final int SIDE = 128;

    private static SparkSession spark;
    @TempDir
    private static Path samples;

    @TempDir
    private Path temp;

    @BeforeAll
    static void start() {
        spark = Cluster.two();
        JobRun.pictures(samples, 2, SIDE);
    }

    private static Dataset<Row> samples() {
        return spark.read().format("binaryFile").load(samples.toString()).repartition(2);
    }

    @Test
    void resultsAreThoseOfTheLibrary() throws Exception {
        KerfOptions options = KerfOptions.of(Task.SEGMENT,
                Map.of("outputs", "labels,rle,polygons,measures", "backend", "cpu", "background",
                        "membrane"));
        List<SegmentResult> byContent = KerfSpark.segment(samples(), options).collectAsList().stream()
                .sorted(Comparator.comparing(SegmentResult::getPath)).toList();
        List<SegmentResult> byPath = KerfSpark.segment(samples().select("path"), options).collectAsList().stream()
                .sorted(Comparator.comparing(SegmentResult::getPath)).toList();
        assertTrue(byContent.size() >= 2, "samples");
        assertEquals(byContent.size(), byPath.size());
        try (Device device = Backends.open("cpu", CpuOptions.of().threads(1));
                Weights weights = Kerf.embeddedWeights();
                UNet net = UNet.load(device, weights)) {
            for (int i = 0; i < byContent.size(); i++) {
                SegmentResult r = byContent.get(i);
                assertNull(r.getError());
                assertEquals("cpu:0", r.getDevice());
                assertTrue(r.getNetworkMs() > 0 && r.getDecodeMs() > 0);
                assertEquals(64, r.getModelSha256().length());
                Path file = Path.of(java.net.URI.create(r.getPath()).getPath());
                assertEquals(Files.size(file), r.getBytes());
                LabelMap expected = net.segment(Image.read(file), SegmentOptions.of()).labels();
                assertArrayEquals(expected.toArray(), labels(r).toArray(), file.toString());
                assertArrayEquals(r.getLabels(), byPath.get(i).getLabels());
                assertEquals(1, r.getObjects().size(), "the background is no object");
                FoundObject inside = r.getObjects().getFirst();
                assertEquals(List.of(1, "cell interior"), List.of(inside.getCategory(), inside.getClassName()));
                RunLength mask = RunLength.ofCocoString(r.getWidth(), r.getHeight(), inside.getRle());
                assertEquals(RunLength.encode(expected.mask(1)), mask);
                assertEquals(mask.area(), inside.getArea());
                assertEquals(List.of(0.0, 0.0, (double) SIDE, (double) SIDE), inside.getBbox());
                List<double[]> outlines = inside.getPolygons().stream()
                        .map(p -> p.stream().mapToDouble(Integer::doubleValue).toArray()).toList();
                assertEquals(mask, RunLength.ofPolygons(r.getWidth(), r.getHeight(), outlines));
            }
        }
    }

    /** Six tasks and then six more: an executor loads the network once. */
    @Test
    void anExecutorHasOneNetworkForAllItsTasks() {
        KerfOptions options = KerfOptions.of(Task.SEGMENT, Map.of("backend", "cpu", "min-area", "3"));
        Dataset<Row> images = samples().union(samples()).union(samples()).select("path").repartition(6);
        Map<String, Integer> before = networks();
        assertEquals(6, KerfSpark.segment(images, options).filter("error is null").count());
        Map<String, Integer> after = networks();
        int more = 0;
        for (String executor : after.keySet()) {
            int own = after.get(executor) - before.getOrDefault(executor, 0);
            assertTrue(own == 0 || own == 1, "executor " + executor + " loaded " + own);
            more += own;
        }
        assertTrue(more > 0, "no executor that is there loaded it");
        assertEquals(6, KerfSpark.segment(images, options).filter("error is null").count());
        networks().forEach((executor, n) -> assertTrue(n - before.getOrDefault(executor, 0) <= 1, executor));
    }

    /** Executors get weights in a session's own jobs, and again where the file is gone, in another session too. */
    @Test
    void weightsComeToExecutorsThatLackThem() throws Exception {
        Path own = temp.resolve("own network.safetensors");
        try (Weights weights = Kerf.embeddedWeights()) {
            Map<String, HostTensor> tensors = new TreeMap<>();
            weights.names().forEach(n -> tensors.put(n, weights.tensor(n)));
            Safetensors.write(own, tensors, weights.metadata());
        }
        Map<String, String> options = Map.of("weights", own.toString(), "backend", "cpu");
        assertEquals(2, KerfSpark.segment(samples(), KerfOptions.of(Task.SEGMENT, options)).filter("error is null").count());
        assertTrue(forgotten("own network.safetensors") > 0, "an executor had it");
        Map<String, String> others = new TreeMap<>(options);
        others.put("min-area", "4");
        SparkSession session = spark.newSession();
        KerfSpark.register(session, KerfOptions.of(Task.SEGMENT, others));
        assertEquals(List.of("own network.safetensors"), session.read().format("binaryFile").load(samples + "/part-1.png")
                .selectExpr("kerf_segment(path).model").as(Encoders.STRING()).collectAsList());
    }

    /** Deletes the files of that name that executors have; returns how many there were. */
    private static long forgotten(String name) {
        return spark.range(0, 16, 1, 16).javaRDD().filter(_ -> {
            File[] kept = new File(SparkFiles.getRootDirectory()).listFiles((_, n) -> n.endsWith("-" + name));
            return Arrays.stream(kept).filter(File::delete).count() > 0;
        }).count();
    }

    /** How many networks each of the two executors has. */
    private static Map<String, Integer> networks() {
        Map<String, Integer> found = new TreeMap<>();
        // One that is slow for a moment leaves all to the other.
        while (found.size() < 2) {
            spark.range(0, 16, 1, 16).javaRDD().map(_ -> new Tuple2<>(SparkEnv.get().executorId(), Engine.count())).collect()
                    .forEach(t -> found.put(t._1, t._2));
        }
        return found;
    }

    @Test
    void sqlHasAFunction() {
        KerfSpark.register(spark, KerfOptions.of(Task.SEGMENT, Map.of("backend", "cpu")));
        samples().createOrReplaceTempView("images");
        List<Row> rows = spark
                .sql("select s.error, s.width, s.objects[0].area from (select kerf_segment(content) s from images) order by 3")
                .collectAsList();
        assertTrue(rows.size() >= 2);
        for (Row r : rows) {
            assertNull(r.get(0));
            assertEquals(SIDE, r.getInt(1));
            assertTrue(r.getLong(2) > SIDE * SIDE / 16, r.toString());
        }
    }

    private LabelMap labels(SegmentResult r) throws Exception {
        Path file = temp.resolve("labels.png");
        Files.write(file, r.getLabels());
        return LabelMap.read(file);
    }
}
