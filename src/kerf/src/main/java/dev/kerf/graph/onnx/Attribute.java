package dev.kerf.graph.onnx;

import dev.kerf.graph.SpatialOp.Window2d;

/**
 * An attribute of an ONNX node, encoded.
 *
 * @param proto an {@code AttributeProto}
 */
record Attribute(ProtoWriter proto) {
    private static final int NAME = 1;
    private static final int TYPE = 20;

    /** A whole number. */
    static Attribute of(String name, long value) {
        return new Attribute(new ProtoWriter().text(NAME, name).integer(3, value).integer(TYPE, 2));
    }

    /** A float32. */
    static Attribute of(String name, float value) {
        return new Attribute(new ProtoWriter().text(NAME, name).real(2, value).integer(TYPE, 1));
    }

    /** Text. */
    static Attribute of(String name, String value) {
        return new Attribute(new ProtoWriter().text(NAME, name).text(4, value).integer(TYPE, 3));
    }

    /** Whole numbers. */
    static Attribute of(String name, long... values) {
        ProtoWriter p = new ProtoWriter().text(NAME, name);
        for (long v : values) {
            p.integer(8, v);
        }
        return new Attribute(p.integer(TYPE, 7));
    }

    /** A window's strides. */
    static Attribute strides(Window2d w) {
        return of("strides", w.strideH(), w.strideW());
    }

    /** A window's dilations. */
    static Attribute dilations(Window2d w) {
        return of("dilations", w.dilationH(), w.dilationW());
    }

    /** A window's padding in ONNX's order. */
    static Attribute pads(Window2d w) {
        return of("pads", w.padTop(), w.padLeft(), w.padBottom(), w.padRight());
    }
}
