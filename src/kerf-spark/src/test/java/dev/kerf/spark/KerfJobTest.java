package dev.kerf.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.Kerf;
import dev.kerf.backend.Backends;
import dev.kerf.backend.CpuOptions;
import dev.kerf.backend.Device;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.mask.LabelMap;
import dev.kerf.metrics.ConfusionMatrix;
import dev.kerf.metrics.Confusions;
import dev.kerf.metrics.LabelScores;
import dev.kerf.metrics.Tally;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.UNet;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The job on two executors: what it writes, that it goes on, what is lost when one of them is killed, and when it stops. */
class KerfJobTest {
    private static SparkSession spark;

    @TempDir
    private Path temp;

    @BeforeAll
    static void start() {
        spark = Cluster.two();
    }

    @Test
    void resultsAreWrittenOnceAndTheRestIsGoneOnWith() throws Exception {
        Path in = Files.createDirectories(temp.resolve("in"));
        List<Path> pictures = JobRun.pictures(in, 5, 96);
        Files.write(in.resolve("broken.png"), Arrays.copyOf(Files.readAllBytes(pictures.getFirst()), 200));
        Files.writeString(in.resolve("notes.txt"), "no image");
        String out = temp.resolve("out").toString();
        String png = Files.createDirectories(temp.resolve("png")).toString();
        String[] job = {"segment", "--input", in.toString(), "--out", out, "--png", png, "--backend", "cpu"};

        JobRun first = JobRun.of(job);
        assertEquals(0, first.code(), first.err());
        assertTrue(first.out().startsWith("6 images: 5 done"), first.out());
        assertTrue(first.out().contains("1 failed (column error), the first: ") && first.out().contains("broken.png"),
                first.out());
        TreeMap<String, SegmentResult> results = results(out);
        assertEquals(6, results.size());
        SegmentResult broken = results.remove("broken.png");
        assertTrue(broken.getError().contains("broken.png") && broken.getLabels() == null, broken.getError());
        assertLabels(results, in);
        for (SegmentResult r : results.values()) {
            assertArrayEquals(r.getLabels(), Files.readAllBytes(Path.of(java.net.URI.create(r.getPng()).getPath())));
        }

        List<String> before = files(out);
        JobRun again = JobRun.of(job);
        assertTrue(again.out().startsWith("6 images: 0 done") && again.out().contains("6 were there"),
                again.out() + again.err());
        assertEquals(before, files(out));

        Files.copy(pictures.getFirst(), in.resolve("late.png"));
        JobRun third = JobRun.of(job);
        assertTrue(third.out().startsWith("7 images: 1 done") && third.out().contains("6 were there"),
                third.out() + third.err());
        assertEquals(7, results(out).size());

        JobRun other = JobRun.of("segment", "--input", in.toString(), "--out", out, "--tile", "64");
        assertEquals(1, other.code());
        assertTrue(other.err().contains("holds results of another network or other options (SEGMENT"), other.err());
        assertEquals(1, other.err().lines().count(), other.err());
    }

    @Test
    void aKilledExecutorLosesNothingAndNothingComesTwice() throws Exception {
        Path in = Files.createDirectories(temp.resolve("in"));
        JobRun.pictures(in, 48, 192);
        ProcessHandle victim = executors().getFirst();
        String out = temp.resolve("out").toString();
        CompletableFuture<JobRun> job = CompletableFuture
                .supplyAsync(() -> JobRun.of("segment", "--input", in.toString(), "--out",
                        out, "--backend", "cpu"));
        while (files(out).isEmpty()) {
            assertFalse(job.isDone(), "the job ended before the first shard was seen");
            Thread.sleep(20);
        }
        assertTrue(victim.destroyForcibly());
        int midway = files(out).size();
        JobRun run = job.join();
        assertEquals(0, run.code(), run.err());
        assertTrue(run.out().startsWith("48 images: 48 done"), run.out());
        assertTrue(midway < files(out).size(), "it was killed when all was done");
        TreeMap<String, SegmentResult> results = results(out);
        assertEquals(48, results.size());
        assertLabels(results, in);
        assertFalse(Files.exists(Path.of(out, "_temporary")), "what was lost is cleared away");
    }

    @Test
    void tooManyErrorsStopTheJob() throws Exception {
        Path in = Files.createDirectories(temp.resolve("in"));
        List<Path> pictures = JobRun.pictures(in, 4, 96);
        for (Path file : pictures.subList(0, 2)) {
            Files.write(file, new byte[] {1, 2, 3});
        }
        String out = temp.resolve("out").toString();
        JobRun run = JobRun.of("segment", "--input", in.toString(), "--out", out, "--backend", "cpu", "--max-errors", "0.25");
        assertEquals(1, run.code(), run.out());
        assertTrue(run.err().contains("2 of 4 images failed, more than --max-errors 0.25 allows, the first of them: "),
                run.err());
        assertEquals(1, run.err().lines().count(), run.err());
        JobRun again = JobRun.of("segment", "--input", in.toString(), "--out", out, "--backend", "cpu", "--max-errors", "0.5");
        assertEquals(0, again.code(), again.err());
        assertEquals(4, results(out).size());
    }

    @Test
    void anEvaluationIsThatOfOneProcess() throws Exception {
        Path in = Files.createDirectories(temp.resolve("in"));
        List<Path> pictures = JobRun.pictures(in, 5, 96);
        Files.write(in.resolve("broken.png"), Arrays.copyOf(Files.readAllBytes(pictures.getFirst()), 200));
        Path truth = Files.createDirectories(temp.resolve("truth"));
        LabelMap whole = LabelMap.read(Path.of("src/main/samples/tissue-2-truth.png"));
        for (int i = 0; i < pictures.size(); i++) {
            byte[] labels = new byte[96 * 96];
            for (int p = 0; p < labels.length; p++) {
                labels[p] = (byte) whole.get(p % 96 + i, p / 96);
            }
            LabelMap.of(96, 96, labels).writePng(truth.resolve("part-" + i + "-truth.png"), new int[] {0, 0xFFFFFF});
        }
        String out = temp.resolve("out").toString();
        assertEquals(0, JobRun.of("segment", "--input", in.toString(), "--out", out, "--backend", "cpu").code());
        JobRun run = JobRun.of("evaluate", "--predicted", out, "--truth", truth.toString(), "--json");
        assertEquals(0, run.code(), run.err());
        Tally<ConfusionMatrix> tally = Tally.confusions(2);
        try (Device device = Backends.open("cpu"); Confusions confusions = new Confusions(device, 2, Confusions.NO_IGNORE)) {
            TreeMap<String, SegmentResult> done = results(out);
            assertTrue(done.remove("broken.png").getError() != null);
            for (SegmentResult r : done.values()) {
                String name = Truth.stem(r.getPath());
                tally.add(name, confusions.measure(LabelMap.read(truth.resolve(name + "-truth.png")), labels(r)));
            }
        }
        LabelScores expected = LabelScores.of(tally);
        Json json = Json.parse(run.out());
        assertEquals(5, json.at("images").asInt());
        assertEquals(Arrays.deepToString(expected.pooled().toArray()), json.at("confusion").toString().replace(",", ", "));
        assertEquals(expected.pooled().meanIou(), json.at("pooled").at("meanIou").asDouble());
        assertEquals(expected.imageMean().meanIou(), json.at("imageMean").at("meanIou").asDouble());
        assertEquals(expected.imageMean().dice()[1], json.at("classes").at(1).at("imageMeanDice").asDouble());
        missingOnesAreTold(out, truth);
    }

    /** As 'kerf evaluate' does: one image failed, one was never segmented, and one has no truth. */
    private static void missingOnesAreTold(String out, Path truth) throws IOException {
        String[] job = {"evaluate", "--predicted", out, "--truth", truth.toString(), "--allow-missing"};
        String[] strict = Arrays.copyOf(job, job.length - 1);
        Path labels = truth.resolve("part-3-truth.png");
        Files.copy(labels, truth.resolve("broken-truth.png"));
        JobRun failed = JobRun.of(strict);
        assertEquals(1, failed.code(), failed.out());
        assertTrue(failed.err().contains("no result for broken in ") && failed.err().contains("failed (column error): broken; "
                + "--allow-missing compares the 5 others"), failed.err());
        JobRun without = JobRun.of(job);
        assertEquals(0, without.code(), without.err());
        assertTrue(without.out().startsWith("5 images: ") && without.err().contains("no result for broken in "),
                without.out() + without.err());
        Files.move(truth.resolve("broken-truth.png"), truth.resolve("never-truth.png"));
        JobRun never = JobRun.of(strict);
        assertEquals(1, never.code(), never.out());
        assertTrue(never.err().contains("no result for never in ") && !never.err().contains("failed"), never.err());
        Files.delete(truth.resolve("never-truth.png"));
        Files.delete(labels);
        JobRun missing = JobRun.of(strict);
        assertEquals(1, missing.code());
        assertTrue(missing.err().contains("no truth for part-3 in "), missing.err());
        JobRun allowed = JobRun.of(job);
        assertTrue(allowed.out().startsWith("4 images: pixel accuracy 0."), allowed.out() + allowed.err());
    }

    @Test
    void whatIsAskedForHasToMakeSense() {
        JobRun nothing = JobRun.of("segment", "--out", temp.toString());
        assertTrue(nothing.err().contains("images come from one of --input, --table and --shards; none of them is given"),
                nothing.err());
        JobRun weightless = JobRun.of("detect", "--input", temp.toString(), "--out", temp.toString());
        assertEquals(2, weightless.code());
        assertTrue(weightless.err().contains("detect needs --weights"), weightless.err());
        JobRun share = JobRun.of("segment", "--input", "x", "--out", "y", "--max-errors", "5");
        assertEquals(2, share.code());
        assertTrue(share.err().contains("expected a number from 0 to 1"), share.err());
        JobRun absent = JobRun.of("segment", "--input", temp.resolve("absent").toString(), "--out",
                temp.resolve("o").toString());
        assertEquals(1, absent.code());
        assertTrue(absent.err().contains("there is no such file"), absent.err());
    }

    private static List<ProcessHandle> executors() {
        return ProcessHandle.current().descendants()
                .filter(p -> p.info().commandLine().orElse("").contains("CoarseGrainedExecutorBackend")).toList();
    }

    private static List<String> files(String out) throws IOException {
        if (!Files.isDirectory(Path.of(out))) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(Path.of(out))) {
            return all.map(p -> p.getFileName().toString()).filter(n -> n.endsWith(".parquet") && !n.startsWith(".")).sorted()
                    .toList();
        }
    }

    /** By file name; no path comes twice. */
    private static TreeMap<String, SegmentResult> results(String out) {
        TreeMap<String, SegmentResult> named = new TreeMap<>();
        List<String> twice = new ArrayList<>();
        for (SegmentResult r : spark.read().parquet(out).as(SegmentResult.encoder()).collectAsList()) {
            String name = new org.apache.hadoop.fs.Path(r.getPath()).getName();
            if (named.put(name, r) != null) {
                twice.add(name);
            }
        }
        assertEquals(List.of(), twice);
        return named;
    }

    private void assertLabels(TreeMap<String, SegmentResult> results, Path in) throws IOException {
        try (Device device = Backends.open("cpu", CpuOptions.of().threads(1));
                Weights weights = Kerf.embeddedWeights();
                UNet net = UNet.load(device, weights)) {
            for (var e : results.entrySet()) {
                assertNull(e.getValue().getError());
                int[] expected = net.segment(Image.read(in.resolve(e.getKey())), SegmentOptions.of()).labels().toArray();
                assertArrayEquals(expected, labels(e.getValue()).toArray(), e.getKey());
            }
        }
    }

    private LabelMap labels(SegmentResult r) throws IOException {
        Path file = temp.resolve("labels.png");
        Files.write(file, r.getLabels());
        return LabelMap.read(file);
    }
}
