package dev.kerf.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * A folder of results, and which images are done in it: those of a path that a row of the same network has. What the network was asked for
 * stands beside them, so that results of other options don't come between them.
 *
 * @param folder its URI
 * @param done   columns path and error, a row an image; null if there is nothing yet
 */
record Results(String folder, Dataset<Row> done) {
    /** Spark takes files that begin so for none of its own. */
    private static final String ASKED = "_kerf-options";

    /**
     * Opens a folder, or makes it.
     *
     * @throws BadInputException if it holds results of another network or other options
     */
    static Results of(SparkSession spark, String folder, KerfOptions options, ModelFile model) {
        Path asked = new Path(folder, ASKED);
        String line = model.sha256() + " " + options.asked();
        try {
            FileSystem files = asked.getFileSystem(spark.sparkContext().hadoopConfiguration());
            if (files.exists(asked)) {
                try (InputStream in = files.open(asked)) {
                    String there = new String(in.readAllBytes(), StandardCharsets.UTF_8);
                    if (!there.equals(line)) {
                        throw new BadInputException("--out " + folder + " holds results of another network or other options ("
                                + there.substring(there.indexOf(' ') + 1) + "): give another folder");
                    }
                }
            } else {
                try (OutputStream out = files.create(asked, false)) {
                    out.write(line.getBytes(StandardCharsets.UTF_8));
                }
            }
            boolean any = false;
            for (var status : files.listStatus(new Path(folder))) {
                any |= status.getPath().getName().endsWith(".parquet");
            }
            return new Results(folder, any
                    ? spark.read().schema(ResultSchema.RESULT).parquet(folder).select("path", "error")
                    : null);
        } catch (IOException e) {
            throw new BadFileException("--out " + folder + ": can't be written: " + e.getMessage(), e);
        }
    }

    /** The images that aren't done. */
    Dataset<Row> without(Dataset<Row> images) {
        return done == null
                ? images
                : images.join(done.select(col("path").as("there")), col("path").equalTo(col("there")), "left_anti");
    }

    /** How many of the images are done, and how many of those failed. */
    ShardTally tally(Dataset<Row> images) {
        if (done == null) {
            return new ShardTally(0, 0, null);
        }
        Row sums = done.join(images.select(col("path").as("wanted")), col("path").equalTo(col("wanted")), "left_semi")
                .agg(count(lit(1)), count("error"), min("error")).first();
        return new ShardTally(sums.getLong(0), sums.getLong(1), sums.getString(2));
    }
}
