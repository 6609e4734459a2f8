package dev.kerf.graph.onnx;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Which operator is recorded by which rule. */
final class OnnxRules {
    private static final Map<String, Rule> ALL = all();

    private OnnxRules() {}

    private static Map<String, Rule> all() {
        Map<String, Rule> all = new TreeMap<>();
        List.of(ShapeRules.rules(), PointwiseRules.rules(), ActivationRules.rules(), MoveRules.rules(), GatherRules.rules(),
                ScatterRules.rules(),
                SpatialRules.rules(), ResizeRules.rules(), NormRules.rules(), MatrixRules.rules(), ReduceRules.rules(),
                QuantRules.rules(), DetectorRules.rules(), SampleRules.rules())
                .forEach(all::putAll);
        return Collections.unmodifiableMap(all);
    }

    /** By the operator's name, with its domain where that isn't ONNX's own. */
    static Map<String, Rule> byOperator() {
        return ALL;
    }
}
