package dev.kerf.spark;

import java.util.Iterator;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Takes a partition's images through the executor's network: rows of a path or content to rows of {@link ResultSchema#RESULT}.
 *
 * @param model   the network's file
 * @param options what is asked
 * @param columns where rows have what
 * @param png     the folder for PNGs; null for none
 * @param hadoop  the driver's settings of file systems
 */
record SegmentFunction(ModelFile model, KerfOptions options, Columns columns, String png,
        Broadcast<SerializableConfiguration> hadoop) implements MapPartitionsFunction<Row, Row> {
    /**
     * Columns of the input.
     *
     * @param path    of paths; null if there is none
     * @param content of files' bytes; null if there is none
     * @param prompts of prompts; null if there is none
     */
    record Columns(String path, String content, String prompts) implements java.io.Serializable {
        static final Columns USUAL = new Columns("path", "content", "prompts");

        private String path(Row row) {
            return path == null ? null : row.getAs(path);
        }

        Sight read(ImageReader reader, Row row) {
            String name = path(row);
            try {
                byte[] bytes = content == null ? null : row.getAs(content);
                return reader.read(name, bytes,
                        prompts == null ? java.util.List.of() : PromptColumn.read(row.getAs(prompts), name));
            } catch (dev.kerf.error.BadInputException e) {
                return ImageReader.failed(name, java.util.List.of(), System.nanoTime(), e.getMessage());
            }
        }
    }

    @Override
    public Iterator<Row> call(Iterator<Row> rows) {
        Configuration conf = hadoop.value().value();
        ImageReader reader = new ImageReader(conf, (long) options.settings().streamAbove << 20);
        // A partition without rows needs no device.
        return rows.hasNext()
                ? new Pipeline(rows, row -> columns.read(reader, row), model, options,
                        png == null ? null : new PngFolder(png, conf))
                : rows;
    }
}
