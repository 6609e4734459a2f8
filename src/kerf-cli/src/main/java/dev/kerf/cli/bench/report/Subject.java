package dev.kerf.cli.bench.report;

import dev.kerf.json.Json;

/**
 * What a row measures. Rows of two reports belong together where these are equal.
 *
 * @param what      {@code network}, {@code op} (with a shape that a network has it in) or {@code kernel} (with a shape of its own)
 * @param name      of the network's part, such as {@code sam2-encoder}; of the op with its operands' shapes
 * @param size      rows and columns of images; null where there are none
 * @param batch     images that it takes at a time
 * @param precision how numbers are stored and multiplied
 * @param engine    what runs it: a device of Kerf such as {@code opencl:0}, or a peer such as {@code onnxruntime}
 * @param threads   that it may use on the host's processors
 * @param callers   threads that ask for runs at once
 */
public record Subject(
        String what, String name, String size, int batch, String precision, String engine, int threads, int callers) {
    /** This by another engine. */
    public Subject by(String other) {
        return new Subject(what, name, size, batch, precision, other, threads, callers);
    }

    /** What is run, without what runs it. */
    public String work() {
        return name + (size == null ? "" : " " + size) + (batch == 1 ? "" : ", batch " + batch)
                + (precision.equals("float32") ? "" : ", " + precision)
                + (callers == 1 ? "" : ", " + callers + " callers");
    }

    /** One line, such as {@code unet 512x512, cpu:0, 2 threads}. */
    @Override
    public String toString() {
        return work() + ", " + engine + ", " + threads + (threads == 1 ? " thread" : " threads");
    }

    /** Puts the members into an object. */
    public Json into(Json json) {
        return json.put("what", what).put("name", name).put("size", size).put("batch", batch).put("precision", precision)
                .put("engine", engine).put("threads", threads).put("callers", callers);
    }

    /** Reads what {@link #into} wrote. */
    public static Subject of(Json json) {
        return new Subject(json.at("what").asString(), json.at("name").asString(),
                json.at("size").isNull() ? null : json.at("size").asString(), json.at("batch").asInt(),
                json.at("precision").asString(), json.at("engine").asString(), json.at("threads").asInt(),
                json.at("callers").asInt());
    }
}
