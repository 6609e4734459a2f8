package dev.kerf.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Attempts that come twice: each image stands once in the results and is counted once. */
class AttemptsTest {
    private static final int IMAGES = 6;
    private static final int SHARDS = 3;

    private static Cluster.Hosts hosts;

    @TempDir
    private Path temp;

    @BeforeAll
    static void start() {
        hosts = Cluster.Hosts.two(Map.of(
                "spark.speculation", "true",
                "spark.speculation.interval", "50ms",
                "spark.speculation.quantile", "0.1",
                "spark.speculation.multiplier", "0.1",
                "spark.speculation.efficiency.enabled", "false",
                "spark.speculation.minTaskRuntime", "50ms"));
    }

    @AfterAll
    static void stop() {
        hosts.close();
    }

    /** The executor's process ends when a shard has its name and before the driver hears of it. */
    @Test
    void aShardWhoseReportIsLostStandsOnce() throws IOException {
        List<ShardTally> told = write(AttemptCommit.Lost.class);
        assertTrue(Files.exists(AttemptCommit.said(out(), "lost")), "an attempt had its shard in place");
        assertTrue(Files.exists(AttemptCommit.said(out(), "again")), "another attempt did it again");
        assertOnce(told);
    }

    /** Two attempts at a shard end, the speculative one first in the folder, the slow one first in its report. */
    @Test
    void aSpeculativeAttemptCountsNothingTwice() throws IOException {
        List<ShardTally> told = write(AttemptCommit.Slow.class);
        assertTrue(Files.exists(AttemptCommit.said(out(), "committed-0")), "the slow attempt went on to its end");
        assertOnce(told);
    }

    private String out() {
        return temp.resolve("out").toString();
    }

    /** Segments small pictures into shards, committed like that; returns what the driver was told. */
    private List<ShardTally> write(Class<? extends AttemptCommit> commit) throws IOException {
        SparkSession spark = hosts.session().newSession();
        spark.conf().set("spark.sql.sources.commitProtocolClass", commit.getName());
        Path in = Files.createDirectories(temp.resolve("in"));
        JobRun.pictures(in, IMAGES, 64);
        Dataset<Row> images = spark.read().format("binaryFile").load(in.toString()).select("path").repartition(SHARDS);
        List<ShardTally> told = new ArrayList<>();
        // As Spark calls it, with its scheme.
        String folder = ModelFile.path(out()).toString();
        ShardCommit.watch(folder, told::add);
        try {
            KerfSpark.segment(images, KerfOptions.of(Task.SEGMENT, Map.of("backend", "cpu"))).write().mode(SaveMode.Append)
                    .parquet(out());
        } finally {
            ShardCommit.unwatch(folder);
        }
        List<SegmentResult> results = spark.read().parquet(out()).as(SegmentResult.encoder()).collectAsList();
        assertEquals(IMAGES, results.size());
        assertEquals(IMAGES, results.stream().map(SegmentResult::getPath).distinct().count());
        assertTrue(results.stream().allMatch(r -> r.getError() == null && r.getLabels() != null));
        return told;
    }

    private void assertOnce(List<ShardTally> told) throws IOException {
        assertEquals(SHARDS, told.size(), told.toString());
        assertEquals(IMAGES, told.stream().mapToLong(ShardTally::images).sum(), told.toString());
        try (Stream<Path> all = Files.list(temp.resolve("out"))) {
            assertEquals(SHARDS, all.filter(p -> p.toString().endsWith(".parquet")).count());
        }
        assertFalse(Files.exists(temp.resolve("out").resolve("_temporary")), "nothing is left of the attempts");
    }
}
