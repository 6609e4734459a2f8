package dev.kerf.cli.bench;

import dev.kerf.cli.option.ModelPart;
import dev.kerf.cli.option.PictureSize;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.Graph;
import dev.kerf.json.Json;
import dev.kerf.model.unet.UNet;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A graph to be measured, told in words, so that another process can make it.
 *
 * @param what      {@link #NETWORK}, {@link #OP} or {@link #KERNEL}
 * @param model     the network, or the one whose op it is; null for a kernel
 * @param op        which op, as {@link NetworkOps} or {@link KernelCase} names it; null for a network
 * @param weights   file of the network; null for those that travel with the program
 * @param size      of images; null for a kernel
 * @param batch     images at a time
 * @param imageSize side of the square that SAM 2 sees images at; for a kernel its images' side
 */
record Workload(String what, ModelPart model, String op, Path weights, PictureSize size, int batch, int imageSize) {
    /** A whole network, or a part that runs on its own. */
    static final String NETWORK = "network";
    /** One op of a network, at the shape that it has there. */
    static final String OP = "op";
    /** One op, at a shape that shows what a kernel can do. */
    static final String KERNEL = "kernel";

    private static final Map<Workload, Map<String, NetworkOps.One>> OPS = new HashMap<>();

    /** What engines are compared by, where a graph has it; else by its first output of float32. */
    private static final List<String> COMPARED = List.of("vision_features", "low_res_masks", "memory_features", "scores");

    /**
     * A graph, and its weights.
     *
     * @param weights null if it has none
     * @param kept    whether they are in memory and will be asked for again; else they are closed with this
     */
    record Opened(Graph graph, Weights weights, boolean kept) implements AutoCloseable {
        /** The output that engines are compared by; null if there is none of float32. */
        String compared() {
            return COMPARED.stream().filter(graph.outputs()::containsKey).findFirst()
                    .orElseGet(() -> graph.outputs().entrySet().stream()
                            .filter(o -> o.getValue().type().dtype() == dev.kerf.tensor.DType.F32)
                            .map(java.util.Map.Entry::getKey).findFirst().orElse(null));
        }

        @Override
        public void close() {
            if (weights != null && !kept) {
                weights.close();
            }
        }
    }

    /** As reports say it: rows and columns, and the side that SAM 2 sees them at where that isn't the usual one. */
    String sizeText() {
        return size == null ? null : size + (model.kind().name().startsWith("sam") && imageSize != 1024 ? "@" + imageSize : "");
    }

    String name() {
        return op == null ? model.name() : op;
    }

    /**
     * The graph, and numbers for its weights.
     *
     * @throws BadInputException if a size or batch is out of range, or there are no such weights
     */
    Opened open() {
        if (what.equals(KERNEL)) {
            KernelCase c = KernelCase.all(imageSize).stream().filter(k -> k.name().equals(op)).findFirst().orElseThrow();
            return new Opened(c.graph(), c.weights(), true);
        }
        if (what.equals(OP)) {
            NetworkOps.One one = ops().get(op);
            return new Opened(one.graph(), one.weights(), true);
        }
        Weights file = model.open(weights);
        try {
            return new Opened(model.graph(file, batch, size, imageSize), file, false);
        } catch (RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    /** The network's ops, which are asked for one after the other: those of the last network are kept. */
    private Map<String, NetworkOps.One> ops() {
        Workload network = new Workload(NETWORK, model, null, weights, size, batch, imageSize);
        synchronized (OPS) {
            if (!OPS.containsKey(network)) {
                try (Opened opened = network.open()) {
                    Map<String, NetworkOps.One> all = NetworkOps.of(opened.graph());
                    OPS.clear();
                    OPS.put(network, all);
                }
            }
            return OPS.get(network);
        }
    }

    /** Largest relative L2 difference of two engines' results in float32: what these weights make of its own error, doubled. */
    double tolerance() {
        return model == null || !what.equals(NETWORK)
                ? 1e-3
                : model.kind() == UNet.KIND ? 1e-4 : model.name().equals("maskrcnn") ? 1e-2 : 1e-3;
    }

    Json json() {
        return Json.object().put("what", what).put("model", model == null ? null : model.name()).put("op", op)
                .put("weights", weights == null ? null : weights.toString())
                .put("height", size == null ? null : size.height()).put("width", size == null ? null : size.width())
                .put("batch", batch).put("image_size", imageSize);
    }

    static Workload of(Json j) {
        return new Workload(j.at("what").asString(),
                j.at("model").isNull() ? null : ModelPart.of(j.at("model").asString()),
                j.at("op").isNull() ? null : j.at("op").asString(),
                j.at("weights").isNull() ? null : Path.of(j.at("weights").asString()),
                j.at("height").isNull() ? null : new PictureSize(j.at("height").asInt(), j.at("width").asInt()),
                j.at("batch").asInt(), j.at("image_size").asInt());
    }
}
