package dev.kerf.spark;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.master.Master;
import org.apache.spark.deploy.worker.Worker;
import org.apache.spark.rpc.RpcEnv;
import org.apache.spark.sql.SparkSession;
import scala.Option;
import scala.Some;

/** Sessions with real executors: a master, workers and executors in processes of their own, from the {@code SPARK_HOME} that Maven made. */
final class Cluster {
    private Cluster() {}

    /** Two executors of a processor each; one session for all tests that take it, since starting one takes seconds. */
    static SparkSession two() {
        SparkSession.Builder builder = SparkSession.builder().appName("kerf-test");
        settings("local-cluster[2,1,1024]").forEach(builder::config);
        return builder.getOrCreate();
    }

    /**
     * A session of other settings, in place of the one there may be; to be stopped. Its executors have a few small pictures before them,
     * which compiling well isn't worth.
     */
    static SparkSession fresh(String master, Map<String, String> more) {
        SparkSession.getActiveSession().foreach(s -> {
            s.stop();
            return null;
        });
        SparkSession.Builder builder = SparkSession.builder().appName("kerf-test");
        settings(master).forEach(builder::config);
        builder.config("spark.executor.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC");
        more.forEach(builder::config);
        return builder.getOrCreate();
    }

    /**
     * Two executors of a processor each on hosts of different addresses, in place of the session that there may be: Spark begins no second
     * attempt on a host that has one. To be closed.
     *
     * @param session with them
     * @param started master and workers
     */
    record Hosts(SparkSession session, List<RpcEnv> started) implements AutoCloseable {
        static Hosts two(Map<String, String> more) {
            List<RpcEnv> started = new ArrayList<>();
            SparkConf conf = new SparkConf(false).set("spark.worker.timeout", "600");
            started.add(Master.startRpcEnvAndEndpoint("127.0.0.1", 0, 0, conf)._1());
            String master = "spark://127.0.0.1:" + started.getFirst().address().port();
            for (String host : new String[] {"127.0.0.1", "127.0.0.2"}) {
                started.add(Worker.startRpcEnvAndEndpoint(host, 0, 0, 1, 1024, new String[] {master}, null,
                        new Some<>(started.size()), conf, Option.empty()));
            }
            return new Hosts(fresh(master, more), started);
        }

        @Override
        public void close() {
            session.stop();
            started.reversed().forEach(RpcEnv::shutdown);
        }
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
