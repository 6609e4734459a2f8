package dev.kerf.weights.onnx;

import java.util.List;
import java.util.Map;

/**
 * A node of a model, as its file has it.
 *
 * @param name       its own, or one made of its operator and position where it has none
 * @param domain     whose operator it is; "" for ONNX's own
 * @param op         the operator, such as {@code Conv}
 * @param inputs     names of values; "" for one that is left out
 * @param outputs    names of values; "" for one that nobody reads
 * @param attributes by name
 */
public record OnnxNode(String name, String domain, String op, List<String> inputs, List<String> outputs,
        Map<String, OnnxAttribute> attributes) {
    /** Copies the collections. */
    public OnnxNode {
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
        attributes = Map.copyOf(attributes);
    }

    /** The operator with its domain on one line, such as {@code Conv} or {@code com.microsoft.FusedConv}. */
    public String kind() {
        return OnnxFile.line(domain.isEmpty() ? op : domain + "." + op);
    }
}
