package dev.kerf.spark;

import dev.kerf.error.BadInputException;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.util.SerializableConfiguration;

/** {@value KerfSpark#FUNCTION} of one image, by its content or its path. */
record ImageFunction(ModelFile model, KerfOptions options,
        Broadcast<SerializableConfiguration> hadoop) implements UDF1<Object, Row> {
    @Override
    public Row call(Object image) {
        return switch (image) {
            case null -> null;
            case byte[] content -> one(null, content);
            case String path -> one(path, null);
            default -> throw new BadInputException(KerfSpark.FUNCTION + " takes a file's bytes or its path");
        };
    }

    private Row one(String path, byte[] content) {
        ImageReader reader = new ImageReader(hadoop.value().value(), (long) options.settings().streamAbove << 20);
        Iterator<Row> single = List.of(RowFactory.create(path, content)).iterator();
        return new Pipeline(single, row -> reader.read(row.getString(0), row.getAs(1), List.of()), model, options, null).next();
    }
}
