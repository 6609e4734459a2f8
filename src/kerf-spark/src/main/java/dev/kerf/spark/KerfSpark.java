package dev.kerf.spark;

import dev.kerf.error.BadInputException;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Segmentation of data sets of images.
 *
 * <pre>{@code
 * Dataset<Row> images = spark.read().format("binaryFile").load("s3a://archive/2024/*.jpg").select("path", "length");
 * KerfSpark.segment(images, KerfOptions.of(Task.SEGMENT)).write().parquet("s3a://archive/labels");
 *
 * KerfSpark.register(spark, KerfOptions.of(Task.SEGMENT));
 * spark.sql("select path, kerf_segment(content).objects from images");
 * }</pre>
 *
 * <p>Each executor opens one device, loads the network once for all its tasks, and keeps both until it ends: a GPU that Spark gave to the
 * task ({@code spark.executor.resource.gpu.amount}), else what {@code backend} says. Weights are handed out by Spark's file server.
 */
public final class KerfSpark {
    /** The function of SQL that {@link #register} adds. */
    public static final String FUNCTION = "kerf_segment";

    private KerfSpark() {}

    /**
     * Takes each row's image through a network. Rows of the result come in the order of the input's; what they hold beside the image is
     * {@link SegmentResult}'s, and to be joined by path where more is wanted.
     *
     * @param images  columns {@code path}, or {@code content}, the file's bytes, or both: the content is taken where there is a column of
     *                that name, and executors read the path where there is none; for {@link Task#PROMPTS} also {@code prompts}, an array of
     *                points and boxes: {@code array<array<double>>} or {@code array<struct<points, box>>}
     * @throws BadInputException if there are no such columns, or the options make no sense together
     * @throws dev.kerf.error.BadFileException if the weights can't be read
     */
    public static Dataset<SegmentResult> segment(Dataset<Row> images, KerfOptions options) {
        return rows(images, options, ModelFile.publish(images.sparkSession(), options.settings().weights), null)
                .as(SegmentResult.encoder());
    }

    /** The same as rows, with PNGs in a folder. */
    static Dataset<Row> rows(Dataset<Row> images, KerfOptions options, ModelFile model, String png) {
        SparkSession spark = images.sparkSession();
        List<String> present = Arrays.asList(images.columns());
        var columns = new SegmentFunction.Columns(one(present, "path"), one(present, "content"), one(present, "prompts"));
        if (columns.path() == null && columns.content() == null) {
            throw new BadInputException("images have a column path or content; these have " + String.join(", ", present));
        }
        if (options.task() == Task.PROMPTS && columns.prompts() == null) {
            throw new BadInputException("the task prompts needs a column prompts; there are " + String.join(", ", present));
        }
        Broadcast<SerializableConfiguration> hadoop = JavaSparkContext.fromSparkContext(spark.sparkContext())
                .broadcast(new SerializableConfiguration(spark.sparkContext().hadoopConfiguration()));
        return images.mapPartitions(new SegmentFunction(model, options, columns, png, hadoop),
                Encoders.row(ResultSchema.RESULT));
    }

    private static String one(List<String> present, String name) {
        return present.contains(name) ? name : null;
    }

    /**
     * Adds the function {@value #FUNCTION} to SQL: of a file's bytes, or of its path, what {@link SegmentResult} holds, as a structure;
     * null of null. An image that fails has its {@code error}.
     *
     * @throws BadInputException for {@link Task#PROMPTS}, whose prompts a function of one column doesn't get
     * @throws dev.kerf.error.BadFileException if the weights can't be read
     */
    public static void register(SparkSession spark, KerfOptions options) {
        spark.udf().register(FUNCTION, function(spark, options), ResultSchema.RESULT);
    }

    /** As {@link #register} adds it. */
    static ImageFunction function(SparkSession spark, KerfOptions options) {
        if (options.task() == Task.PROMPTS) {
            throw new BadInputException(
                    "the function " + FUNCTION + " takes an image alone; for prompts use KerfSpark.segment");
        }
        Broadcast<SerializableConfiguration> hadoop = JavaSparkContext.fromSparkContext(spark.sparkContext())
                .broadcast(new SerializableConfiguration(spark.sparkContext().hadoopConfiguration()));
        return new ImageFunction(ModelFile.publish(spark, options.settings().weights), options, hadoop);
    }
}
