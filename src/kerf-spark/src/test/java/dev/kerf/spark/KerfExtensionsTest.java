package dev.kerf.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadInputException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The function as a session has it that nobody but its settings told of Kerf, in one process. */
class KerfExtensionsTest {
    @TempDir
    private Path temp;

    @Test
    void sqlHasTheFunctionByASettingAlone() {
        JobRun.pictures(temp, 3, 64);
        SparkSession spark = Cluster.fresh("local[2]", Map.of("spark.sql.extensions", KerfExtensions.class.getName(),
                "spark.kerf.backend", "cpu", "spark.kerf.objects", "components"));
        try {
            spark.read().format("binaryFile").load(temp.toString()).createOrReplaceTempView("images");
            List<Row> byContent = spark.sql("select s.error, s.width, size(s.objects), s.labels"
                    + " from (select path, kerf_segment(content) s from images) order by path").collectAsList();
            List<Row> byPath = spark.sql("select s.error, s.width, size(s.objects), s.labels"
                    + " from (select path, kerf_segment(path) s from images) order by path").collectAsList();
            assertEquals(3, byContent.size());
            for (int i = 0; i < 3; i++) {
                assertNull(byContent.get(i).get(0));
                assertEquals(64, byContent.get(i).getInt(1));
                assertTrue(byContent.get(i).getInt(2) > 2, "its objects are components");
                assertEquals(found(byContent.get(i)), found(byPath.get(i)));
            }
            assertTrue(spark.sql("describe function kerf_segment").collectAsList().toString().contains("What a network finds"));

            spark.sql("set spark.kerf.objects=classes");
            assertTrue(spark.sql("select size(kerf_segment(content).objects) from images").collectAsList().stream()
                    .allMatch(r -> r.getInt(0) <= 2), "what is set counts from then on");
            assertNull(spark.sql("select kerf_segment(cast(null as binary))").collectAsList().getFirst().get(0));

            spark.sql("set spark.kerf.task=guess");
            BadInputException task = assertThrows(BadInputException.class,
                    () -> spark.sql("select kerf_segment(content) from images"));
            assertTrue(
                    task.getMessage().contains("spark.kerf.task=guess: expected one of [segment, detect, panoptic, prompts]"),
                    task.getMessage());
            BadInputException two = assertThrows(BadInputException.class,
                    () -> spark.sql("select kerf_segment(content, 2) from images"));
            assertTrue(two.getMessage().contains("not 2 arguments"), two.getMessage());
        } finally {
            spark.stop();
        }
    }

    private static List<Object> found(Row row) {
        return List.of(row.getInt(1), row.getInt(2), java.util.Arrays.hashCode((byte[]) row.get(3)));
    }
}
