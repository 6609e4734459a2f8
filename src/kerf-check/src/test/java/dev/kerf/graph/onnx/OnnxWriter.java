package dev.kerf.graph.onnx;

import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Small ONNX models, written line by line. */
final class OnnxWriter {
    private final ProtoWriter graph = new ProtoWriter();
    private final List<ProtoWriter> metadata = new ArrayList<>();
    private final int opset;

    OnnxWriter(int opset) {
        this.opset = opset;
    }

    private static ProtoWriter slot(String name, int type, String... dims) {
        ProtoWriter shape = new ProtoWriter();
        for (String d : dims) {
            shape.message(1,
                    d.matches("[0-9]+") ? new ProtoWriter().integer(1, Long.parseLong(d)) : new ProtoWriter().text(2, d));
        }
        ProtoWriter tensor = new ProtoWriter().integer(1, type);
        if (dims.length > 0) {
            tensor.message(2, shape);
        }
        return new ProtoWriter().text(1, name).message(2, new ProtoWriter().message(1, tensor));
    }

    OnnxWriter input(String name, int type, String... dims) {
        graph.message(11, slot(name, type, dims));
        return this;
    }

    OnnxWriter output(String name, int type, String... dims) {
        graph.message(12, slot(name, type, dims));
        return this;
    }

    /** An initializer in raw bytes. */
    OnnxWriter tensor(String name, int type, HostTensor value) {
        ProtoWriter p = new ProtoWriter();
        for (long d : value.shape().dims()) {
            p.integer(1, d);
        }
        graph.message(5, p.integer(2, type).text(8, name).bytes(9, value.data()));
        return this;
    }

    OnnxWriter floats(String name, Shape shape, float... values) {
        return tensor(name, 1, HostTensor.of(shape, values));
    }

    OnnxWriter halves(String name, Shape shape, float... values) {
        return tensor(name, 10, HostTensor.of(shape, values).to(DType.F16));
    }

    OnnxWriter longs(String name, Shape shape, long... values) {
        return tensor(name, 7, HostTensor.of(shape, values));
    }

    /** What the model says beside the graph. */
    OnnxWriter says(String key, String value) {
        metadata.add(OnnxGraph.entry(key, value));
        return this;
    }

    /** An initializer as a message of its own. */
    OnnxWriter tensor(ProtoWriter proto) {
        graph.message(5, proto);
        return this;
    }

    OnnxWriter node(String op, List<String> inputs, List<String> outputs, Attribute... attributes) {
        return named("", op, inputs, outputs, attributes);
    }

    OnnxWriter named(String name, String op, List<String> inputs, List<String> outputs, Attribute... attributes) {
        ProtoWriter p = new ProtoWriter();
        inputs.forEach(i -> p.text(1, i));
        outputs.forEach(o -> p.text(2, o));
        p.text(3, name).text(4, op);
        for (Attribute a : attributes) {
            p.message(5, a.proto());
        }
        graph.message(1, p);
        return this;
    }

    /** The graph as an attribute of a node in another. */
    Attribute attribute(String name) {
        return new Attribute(new ProtoWriter().text(1, name).message(6, graph).integer(20, 5));
    }

    byte[] bytes() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            ProtoWriter model = new ProtoWriter().integer(1, 8).message(7, graph)
                    .message(8, new ProtoWriter().text(1, "").integer(2, opset));
            metadata.forEach(m -> model.message(14, m));
            model.writeTo(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    Path write(Path file) throws IOException {
        return Files.write(file, bytes());
    }
}
