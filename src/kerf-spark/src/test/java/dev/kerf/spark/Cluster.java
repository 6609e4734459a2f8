package dev.kerf.spark;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.spark.sql.SparkSession;

/** Sessions with real executors: a master, workers and executors in processes of their own, from the {@code SPARK_HOME} that Maven made. */
final class Cluster {
    private Cluster() {}

    /** Two executors of a processor each; one session for all tests that take it, since starting one takes seconds. */
    static SparkSession two() {
        SparkSession.Builder builder = SparkSession.builder().appName("kerf-test");
        settings("local-cluster[2,1,1024]").forEach(builder::config);
        return builder.getOrCreate();
    }

    /** A session of other settings, in place of the one there may be; to be stopped. */
    static SparkSession fresh(String master, Map<String, String> more) {
        SparkSession.getActiveSession().foreach(s -> {
            s.stop();
            return null;
        });
        SparkSession.Builder builder = SparkSession.builder().appName("kerf-test");
        settings(master).forEach(builder::config);
        more.forEach(builder::config);
        return builder.getOrCreate();
    }

    /** Executors find Kerf's classes where this test has them, and run on its JDK. */
    static Map<String, String> settings(String master) {
        String own = Arrays.stream(System.getProperty("java.class.path").split(java.io.File.pathSeparator))
                .filter(p -> !Files.exists(jars().resolve(Path.of(p).getFileName())))
                .map(p -> Path.of(p).toAbsolutePath().toString()).collect(Collectors.joining(java.io.File.pathSeparator));
        return Map.of(
                "spark.master", master,
                "spark.ui.enabled", "false",
                "spark.executor.memory", "1g",
                "spark.executor.extraClassPath", own,
                "spark.executorEnv.JAVA_HOME", System.getProperty("java.home"),
                "spark.driver.host", "localhost",
                "spark.driver.bindAddress", "127.0.0.1",
                "spark.sql.shuffle.partitions", "4",
                // A machine that tests something else meanwhile is slow, not lost.
                "spark.network.timeout", "600s", "spark.worker.timeout", "600");
    }

    private static Path jars() {
        return Path.of(System.getenv("SPARK_HOME"), "jars");
    }
}
