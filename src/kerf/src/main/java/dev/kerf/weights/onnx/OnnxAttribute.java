package dev.kerf.weights.onnx;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An attribute of a node: of its parts those count that its type has.
 *
 * @param type     1 float, 2 integer, 3 text, 4 tensor, 5 graph, 6 floats, 7 integers, 8 texts; others are kept by their number
 * @param integer  of type 2
 * @param real     of type 1
 * @param text     of type 3
 * @param tensor   of type 4
 * @param graph    of type 5
 * @param integers of type 7
 * @param reals    of type 6
 * @param texts    of type 8
 */
public record OnnxAttribute(int type, long integer, float real, String text, @Nullable OnnxTensor tensor,
        @Nullable OnnxNodes graph, List<Long> integers, List<Float> reals, List<String> texts) {
    /** A float. */
    public static final int REAL = 1;
    /** A whole number. */
    public static final int INTEGER = 2;
    /** Text. */
    public static final int TEXT = 3;
    /** A tensor. */
    public static final int TENSOR = 4;
    /** A graph. */
    public static final int GRAPH = 5;
    /** Floats. */
    public static final int REALS = 6;
    /** Whole numbers. */
    public static final int INTEGERS = 7;
    /** Texts. */
    public static final int TEXTS = 8;

    /** Copies the lists. */
    public OnnxAttribute {
        integers = List.copyOf(integers);
        reals = List.copyOf(reals);
        texts = List.copyOf(texts);
    }

    /** A whole number. */
    public static OnnxAttribute of(long value) {
        return new OnnxAttribute(INTEGER, value, 0, "", null, null, List.of(), List.of(), List.of());
    }

    /** A float. */
    public static OnnxAttribute of(float value) {
        return new OnnxAttribute(REAL, 0, value, "", null, null, List.of(), List.of(), List.of());
    }

    /** Text. */
    public static OnnxAttribute of(String value) {
        return new OnnxAttribute(TEXT, 0, 0, value, null, null, List.of(), List.of(), List.of());
    }
}
