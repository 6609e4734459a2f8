package dev.kerf.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.apache.spark.resource.ResourceInformation;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** GPUs that Spark gives to tasks become devices. */
class GpuTest {
    @TempDir
    private Path temp;

    private static Map<String, ResourceInformation> gpus(String... addresses) {
        return Map.of("gpu", new ResourceInformation("gpu", addresses));
    }

    @Test
    void anAddressIsADevice() {
        assertEquals(new DeviceChoice("cuda:3", 2), DeviceChoice.of("auto", gpus("3", "5"), 2));
        assertEquals(new DeviceChoice("opencl:1", 1), DeviceChoice.of("opencl", gpus("1"), 1));
        assertEquals(new DeviceChoice("opencl:0", 1), DeviceChoice.of("opencl:0", gpus("1"), 1));
        assertEquals(new DeviceChoice("cpu", 4), DeviceChoice.of("cpu", gpus("1"), 4));
        assertEquals(new DeviceChoice("best", 4), DeviceChoice.of("auto", Map.of(), 4));
        BadInputException name = assertThrows(BadInputException.class, () -> DeviceChoice.of("auto", gpus("GPU-8f2a"), 1));
        assertTrue(name.getMessage().contains("'GPU-8f2a'"), name.getMessage());
    }

    /** A discovery script says that the worker has GPU 7, which no machine that tests this has; the executor asks the back end for it. */
    @Test
    void theAddressOfADiscoveryScriptReachesTheExecutorsDevice() throws Exception {
        Path script = temp.resolve("gpus.sh");
        Files.writeString(script, "#!/bin/sh\necho '{\"name\": \"gpu\", \"addresses\": [\"7\"]}'\n");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path in = Files.createDirectories(temp.resolve("in"));
        JobRun.pictures(in, 1, 64);
        SparkSession spark = Cluster.fresh("local-cluster[1,1,1024]", Map.of(
                "spark.worker.resource.gpu.amount", "1",
                "spark.worker.resource.gpu.discoveryScript", script.toString(),
                "spark.executor.resource.gpu.amount", "1",
                "spark.task.resource.gpu.amount", "1",
                "spark.task.maxFailures", "1"));
        try {
            String out = temp.resolve("out").toString();
            JobRun run = JobRun.of("segment", "--input", in.toString(), "--out", out, "--backend", "cpu");
            assertEquals(0, run.code(), run.err());
            List<SegmentResult> onCpu = spark.read().parquet(out).as(SegmentResult.encoder()).collectAsList();
            assertEquals("cpu:0", onCpu.getFirst().getDevice());
            JobRun gpu = JobRun.of("segment", "--input", in.toString(), "--out", temp.resolve("gpu").toString());
            assertEquals(1, gpu.code(), gpu.out());
            assertTrue(gpu.err().startsWith("kerf-spark: device cuda:7 of the task: "), gpu.err());
            assertEquals(1, gpu.err().lines().count(), gpu.err());
        } finally {
            spark.stop();
        }
    }
}
