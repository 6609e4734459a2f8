package dev.kerf.weights.onnx;

import java.util.List;
import java.util.Map;

/**
 * A model's graph, or one in a node of it, as its file has it.
 *
 * @param nodes        in the file's order
 * @param initializers tensors that the file gives, by name
 * @param inputs       what it takes; in old models its initializers, too
 * @param outputs      what it gives
 */
public record OnnxNodes(List<OnnxNode> nodes, Map<String, OnnxTensor> initializers, List<Slot> inputs, List<Slot> outputs) {
    /**
     * What is said of an input or output.
     *
     * @param name  its name
     * @param type  element type by its number in {@code TensorProto.DataType}; 0 where it isn't said or isn't a tensor
     * @param dims  extents: a number, a symbol or, where nothing is said, ""; null where not even their number is
     */
    public record Slot(String name, int type, List<String> dims, boolean ranked) {
        /** Copies the list. */
        public Slot {
            dims = List.copyOf(dims);
        }
    }
}
