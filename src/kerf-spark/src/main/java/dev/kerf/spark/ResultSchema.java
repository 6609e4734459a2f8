package dev.kerf.spark;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** The columns of results, as {@link SegmentResult} and {@link FoundObject} describe them. */
final class ResultSchema {
    static final StructType OBJECT = struct(
            field("category", DataTypes.IntegerType, false),
            field("className", DataTypes.StringType, true),
            field("score", DataTypes.DoubleType, true),
            field("rle", DataTypes.StringType, true),
            field("polygons", DataTypes.createArrayType(DataTypes.createArrayType(DataTypes.IntegerType, false), false), true),
            field("area", DataTypes.LongType, true),
            field("bbox", DataTypes.createArrayType(DataTypes.DoubleType, false), true),
            field("centroidX", DataTypes.DoubleType, true),
            field("centroidY", DataTypes.DoubleType, true));

    static final StructType RESULT = struct(
            field("path", DataTypes.StringType, true),
            field("bytes", DataTypes.LongType, false),
            field("width", DataTypes.IntegerType, false),
            field("height", DataTypes.IntegerType, false),
            field("labels", DataTypes.BinaryType, true),
            field("objects", DataTypes.createArrayType(OBJECT, false), true),
            field("model", DataTypes.StringType, false),
            field("modelSha256", DataTypes.StringType, false),
            field("device", DataTypes.StringType, false),
            field("tiles", DataTypes.IntegerType, false),
            field("decodeMs", DataTypes.DoubleType, false),
            field("networkMs", DataTypes.DoubleType, false),
            field("encodeMs", DataTypes.DoubleType, false),
            field("png", DataTypes.StringType, true),
            field("error", DataTypes.StringType, true));

    private ResultSchema() {}

    private static StructField field(String name, DataType type, boolean nullable) {
        return DataTypes.createStructField(name, type, nullable);
    }

    private static StructType struct(StructField... fields) {
        return DataTypes.createStructType(new ArrayList<>(List.of(fields)));
    }
}
