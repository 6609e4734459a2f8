package dev.kerf.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.image.ImageInfo.FileType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FilterFunction;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import picocli.CommandLine.Option;

/** Where a job's images are: data sets of {@code path} and {@code length}, or of {@code path} and {@code content}. */
final class Inputs {
    private static final String LENGTH = "length";

    @Option(names = "--input", paramLabel = "URI", description = "A file, a folder or a pattern such as s3a://bucket/2024/*.jpg; may be given several times.")
    private List<String> files = List.of();

    @Option(names = "--recursive", description = "Also looks into folders of --input's folders.")
    private boolean recursive;

    @Option(names = "--table", paramLabel = "URI", description = "Parquet with a column of images' paths, and with --prompts one of prompts.")
    private String table;

    @Option(names = "--shards", paramLabel = "URI", description = "Parquet with columns of paths and of files' contents.")
    private String shards;

    @Option(names = "--path-column", paramLabel = "NAME", defaultValue = "path", description = "The column of paths; path by default.")
    private String pathColumn;

    @Option(names = "--content-column", paramLabel = "NAME", defaultValue = "content", description = "The column of contents; content by default.")
    private String contentColumn;

    @Option(names = "--prompts-column", paramLabel = "NAME", defaultValue = "prompts", description = "The column of prompts: array<array<double>>, an object each, of two numbers (a point), three (and 0 beside the object) or four (a box); or array<struct<points, box>>. prompts by default.")
    private String promptsColumn;

    /** Whether images come with their content, which isn't moved. */
    boolean withContent() {
        return shards != null;
    }

    /**
     * The images.
     *
     * @throws BadInputException if it isn't exactly one sort of input, or a column is missing
     */
    Dataset<Row> read(SparkSession spark, Task task) {
        int sorts = (files.isEmpty() ? 0 : 1) + (table == null ? 0 : 1) + (shards == null ? 0 : 1);
        if (sorts != 1) {
            throw new BadInputException(
                    "images come from one of --input, --table and --shards; " + (sorts == 0 ? "none" : "several")
                            + " of them is given");
        } else if (task == Task.PROMPTS && !files.isEmpty()) {
            throw new BadInputException("prompts come from a column of --table or --shards; --input has none");
        }
        if (!files.isEmpty()) {
            return files(spark);
        }
        Dataset<Row> parquet = parquet(spark, table == null ? shards : table);
        List<Column> wanted = new ArrayList<>(List.of(column(parquet, pathColumn, "--path-column").as("path")));
        if (shards != null) {
            wanted.add(column(parquet, contentColumn, "--content-column").as("content"));
        }
        if (task == Task.PROMPTS) {
            wanted.add(column(parquet, promptsColumn, "--prompts-column").as("prompts"));
        }
        Dataset<Row> chosen = parquet.select(wanted.toArray(Column[]::new));
        return shards != null ? chosen : measured(spark, task == Task.PROMPTS ? chosen : chosen.dropDuplicates("path"));
    }

    private static Column column(Dataset<Row> parquet, String name, String option) {
        if (!Arrays.asList(parquet.columns()).contains(name)) {
            throw new BadInputException(option + " " + name + ": there is no such column; there are "
                    + String.join(", ", parquet.columns()));
        }
        return parquet.col(name);
    }

    private static Dataset<Row> parquet(SparkSession spark, String uri) {
        Path path = ModelFile.path(uri);
        try {
            if (path.getFileSystem(spark.sparkContext().hadoopConfiguration()).globStatus(path) == null) {
                throw new BadFileException(uri + ": there is no such file");
            }
        } catch (IOException e) {
            throw new BadFileException(uri + ": can't be read: " + e.getMessage(), e);
        }
        return spark.read().parquet(path.toString());
    }

    /** Of folders what is named as images are; of all else whatever is named. Spark lists many folders on its executors. */
    private Dataset<Row> files(SparkSession spark) {
        List<String> folders = new ArrayList<>();
        List<String> named = new ArrayList<>();
        for (String uri : files) {
            Path path = ModelFile.path(uri);
            try {
                FileStatus[] found = path.getFileSystem(spark.sparkContext().hadoopConfiguration()).globStatus(path);
                if (found == null || found.length == 0) {
                    throw new BadFileException("--input " + uri + ": there is no such file");
                }
                (Arrays.stream(found).anyMatch(FileStatus::isDirectory) ? folders : named).add(path.toString());
            } catch (IOException e) {
                throw new BadFileException("--input " + uri + ": can't be listed: " + e.getMessage(), e);
            }
        }
        Dataset<Row> all = null;
        if (!folders.isEmpty()) {
            all = listed(spark, folders).filter((FilterFunction<Row>) row -> isImage(row.getString(0)));
        }
        if (!named.isEmpty()) {
            all = all == null ? listed(spark, named) : all.union(listed(spark, named));
        }
        // One listing has a file once; several may meet.
        return files.size() == 1 ? all : all.dropDuplicates("path");
    }

    private Dataset<Row> listed(SparkSession spark, List<String> paths) {
        return spark.read().format("binaryFile").option("recursiveFileLookup", Boolean.toString(recursive))
                .load(paths.toArray(String[]::new)).select(col("path"), col(LENGTH));
    }

    private static boolean isImage(String path) {
        String ending = path.substring(path.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        return FileType.knows(ending);
    }

    /** With the files' sizes, which executors ask for; 0 of what isn't there, which its own row will say. */
    private static Dataset<Row> measured(SparkSession spark, Dataset<Row> paths) {
        if (Arrays.asList(paths.columns()).contains(LENGTH)) {
            return paths;
        }
        Broadcast<SerializableConfiguration> hadoop = JavaSparkContext.fromSparkContext(spark.sparkContext())
                .broadcast(new SerializableConfiguration(spark.sparkContext().hadoopConfiguration()));
        StructType schema = paths.schema()
                .add(new StructField(LENGTH, DataTypes.LongType, false, org.apache.spark.sql.types.Metadata.empty()));
        int columns = paths.columns().length;
        return paths.repartition(spark.sparkContext().defaultParallelism()).mapPartitions(
                (MapPartitionsFunction<Row, Row>) rows -> sized(rows, columns, hadoop),
                Encoders.row(schema));
    }

    private static Iterator<Row> sized(Iterator<Row> rows, int columns, Broadcast<SerializableConfiguration> hadoop) {
        Iterable<Row> all = () -> rows;
        return java.util.stream.StreamSupport.stream(all.spliterator(), false).map(row -> {
            Object[] values = new Object[columns + 1];
            for (int i = 0; i < columns; i++) {
                values[i] = row.get(i);
            }
            values[columns] = length(row.getString(0), hadoop);
            return RowFactory.create(values);
        }).iterator();
    }

    private static long length(String path, Broadcast<SerializableConfiguration> hadoop) {
        try {
            Path file = new Path(path);
            return file.getFileSystem(hadoop.value().value()).getFileStatus(file).getLen();
        } catch (IOException | IllegalArgumentException e) {
            return 0;
        }
    }

    /** Prompts of one image stand in one row: what is done is known by the path. */
    static void requireOneRowEach(Dataset<Row> images) {
        List<Row> twice = images.groupBy("path").count().filter(col("count").gt(lit(1))).limit(1).collectAsList();
        if (!twice.isEmpty()) {
            throw new BadInputException(
                    twice.getFirst().getString(0) + " stands in several rows: give all prompts of an image in one "
                            + "row, as elements of the array");
        }
    }
}
