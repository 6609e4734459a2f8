package dev.kerf.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.Kerf;
import dev.kerf.backend.Backends;
import dev.kerf.backend.CpuOptions;
import dev.kerf.backend.Device;
import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.mask.LabelMap;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.UNet;
import dev.kerf.weights.Weights;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images of very different sizes, those that are too large to be decoded, and memory outside the heap. */
class SizesTest {
    private static final long MIB = 1 << 20;

    @TempDir
    private Path temp;

    @Test
    void shardsHaveEqualBytesTheLargestImagesFirst() {
        SparkSession spark = Cluster.two();
        List<Row> images = new ArrayList<>(List.of(RowFactory.create("huge", 40 * MIB)));
        IntStream.range(0, 300).forEach(i -> images.add(RowFactory.create("small-" + i, i % 2 == 0 ? 10_000L : MIB / 2)));
        StructType schema = new StructType().add("path", DataTypes.StringType).add("length", DataTypes.LongType);
        try (Shards shards = Shards.of(spark.createDataset(images, Encoders.row(schema)), 2, 4 * MIB)) {
            List<List<Row>> all = shards.images().javaRDD().glom().collect();
            assertEquals(List.of("huge"), all.getFirst().stream().map(r -> r.getString(0)).toList());
            HashSet<String> seen = new HashSet<>();
            long least = Long.MAX_VALUE;
            for (List<Row> shard : all) {
                shard.forEach(r -> assertTrue(seen.add(r.getString(0)), r.toString()));
                if (!shard.isEmpty() && !shard.getFirst().getString(0).equals("huge")) {
                    long bytes = shard.stream().mapToLong(r -> r.getLong(1) + Shards.EACH).sum();
                    assertTrue(bytes <= 4 * MIB + MIB / 2 + Shards.EACH, "a shard of " + bytes + " bytes");
                }
                long before = least;
                shard.forEach(r -> assertTrue(r.getLong(1) <= before, "a larger image follows smaller ones"));
                least = shard.stream().mapToLong(r -> r.getLong(1)).min().orElse(least);
            }
            assertEquals(301, seen.size());
        }
    }

    /** A picture that unpacks to more than is allowed is read by windows, and has the labels that it has when it is decoded. */
    @Test
    void aHugeImageGoesByTiles() throws Exception {
        SparkSession spark = Cluster.two();
        Image sample = Image.read(Path.of("src/main/samples/tissue-1.png"));
        Image wide = Image.blank(700, 450, PixelFormat.GRAY8);
        for (int y = 0; y < wide.height(); y++) {
            for (int x = 0; x < wide.width(); x++) {
                wide.setSample(x, y, 0, sample.sample(x % sample.width(), (y + x / 256 * 37) % sample.height(), 0));
            }
        }
        Path file = temp.resolve("wide.tif");
        ImageIO.write(wide.toBufferedImage(), "tiff", file.toFile());
        String out = temp.resolve("out").toString();
        JobRun run = JobRun.of("segment", "--input", file.toString(), "--out", out, "--backend", "cpu", "--stream-above", "1",
                "--tile", "256");
        assertEquals(0, run.code(), run.err());
        SegmentResult result = spark.read().parquet(out).as(SegmentResult.encoder()).first();
        assertNull(result.getError());
        assertTrue(result.getTiles() > 4, result.getTiles() + " tiles");
        assertEquals(List.of(700, 450), List.of(result.getWidth(), result.getHeight()));
        Path png = temp.resolve("labels.png");
        Files.write(png, result.getLabels());
        try (Device device = Backends.open("cpu", CpuOptions.of().threads(1));
                Weights weights = Kerf.embeddedWeights();
                UNet net = UNet.load(device, weights)) {
            assertTrue(net.tilesExactly());
            int[] expected = net.segment(Image.read(file), SegmentOptions.of()).labels().toArray();
            assertArrayEquals(expected, LabelMap.read(png).toArray());
        }
    }

    @Test
    void memoryOutsideTheHeapIsDeclared() {
        ModelFile large = new ModelFile("sam.pt", "spark://driver:1/files/sam.pt", "0", 900 * MIB);
        SparkConf yarn = new SparkConf(false).set("spark.master", "yarn").set("spark.executor.memory", "4g");
        assertEquals(new MemoryCheck(true, 409 * MIB), MemoryCheck.of(yarn));
        BadInputException refused = assertThrows(BadInputException.class, () -> MemoryCheck.of(yarn).weights(large));
        assertEquals(
                "sam.pt takes 900 MiB outside the heap and the JVM 256, spark.executor.memoryOverhead leaves 409: give --conf "
                        + "spark.executor.memoryOverhead=1156m",
                refused.getMessage());
        MemoryCheck.of(yarn.clone().set("spark.executor.memoryOverhead", "1156m")).weights(large);
        MemoryCheck.of(yarn.clone().set("spark.master", "local[2]")).weights(large);
        assertEquals(new MemoryCheck(false, 384 * MIB), MemoryCheck.of(new SparkConf(false).set("spark.master", "local")));
    }

    @Test
    void optionsAreChecked() {
        KerfOptions options = KerfOptions.of(Task.SEGMENT, Map.of("tile", "512")).with("tile", "off").with("objects",
                "components");
        assertEquals(SegmentOptions.WHOLE, options.settings().tile);
        assertEquals("SEGMENT --objects=components --tile=off", options.asked());
        assertTrue(assertThrows(BadInputException.class, () -> KerfOptions.of(Task.DETECT)).getMessage()
                .contains("needs --weights"));
        for (String[] wrong : new String[][] {{"tile", "-3"}, {"nonsense", "1"}, {"precision", "f8"}, {"outputs", "masks"}}) {
            BadInputException e = assertThrows(BadInputException.class,
                    () -> KerfOptions.of(Task.SEGMENT).with(wrong[0], wrong[1]));
            assertTrue(e.getMessage().contains(wrong[0]), Arrays.toString(wrong) + e.getMessage());
        }
    }
}
