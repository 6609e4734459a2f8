package dev.kerf.check;

import dev.kerf.graph.SourceOp.WeightExpr;
import dev.kerf.json.Json;
import dev.kerf.model.sam2.network.Sam2Config;
import dev.kerf.model.sam2.network.Sam2Graphs;
import dev.kerf.model.sam2.network.SamConfig;
import dev.kerf.model.sam2.network.SamGraphs;
import dev.kerf.weights.Weights;
import java.util.List;

/**
 * Every size of SAM, SAM 2 and EdgeTAM with weights by a formula of the tensors' names: as large and as fast as the published ones,
 * for measurements. What comes out means nothing.
 *
 * <pre>{@code
 * try (Weights weights = UntrainedSam.HUGE.weights()) { … } // 641 million numbers, made as they are asked for
 * }</pre>
 */
public enum UntrainedSam {
    /** SAM, the first. */
    BASE("vit-b", new SamConfig(SamConfig.Size.BASE, 64, 1024), null),
    /** SAM, the first. */
    LARGE("vit-l", new SamConfig(SamConfig.Size.LARGE, 64, 1024), null),
    /** SAM, the first. */
    HUGE("vit-h", new SamConfig(SamConfig.Size.HUGE, 64, 1024), null),
    /** SAM 2.1. */
    SECOND_TINY("tiny", null, second(Sam2Config.Size.TINY)),
    /** SAM 2.1. */
    SECOND_SMALL("small", null, second(Sam2Config.Size.SMALL)),
    /** SAM 2.1. */
    SECOND_BASE_PLUS("base+", null, second(Sam2Config.Size.BASE_PLUS)),
    /** SAM 2.1. */
    SECOND_LARGE("large", null, second(Sam2Config.Size.LARGE)),
    /** EdgeTAM. */
    EDGETAM("edgetam", null, new Sam2Config(Sam2Config.Size.EDGE, Sam2Config.Version.V2_0, 1024, true, true, 8));

    private final String label;
    private final SamConfig first;
    private final Sam2Config second;

    UntrainedSam(String label, SamConfig first, Sam2Config second) {
        this.label = label;
        this.first = first;
        this.second = second;
    }

    private static Sam2Config second(Sam2Config.Size size) {
        return new Sam2Config(size, Sam2Config.Version.V2_1, 1024, true, true, 8);
    }

    /** What users call it: {@code vit-h}, {@code base+}. */
    public String label() {
        return label;
    }

    /** Its weights, to be closed. */
    public Weights weights() {
        List<WeightExpr.Tensor> tensors = first != null ? SamGraphs.tensors(first) : Sam2Graphs.tensors(second);
        Json listed = Json.object();
        tensors.forEach(t -> listed.put(t.name(), Json.object().put("shape", Json.of(t.shape().dims()))
                .put("middle", t.name().endsWith("running_var") ? 1 : 0).put("scale", scale(t.name(), t.shape().dims()))));
        return Weights.formula(Json.object().put("format", 1).put("tensors", listed), "untrained " + label);
    }

    /** Such that numbers neither vanish nor grow from layer to layer. */
    private static double scale(String name, long[] dims) {
        if (dims.length == 1) {
            return name.endsWith("weight") ? 1 : name.endsWith("running_var") ? 0.5 : 0.05;
        }
        long in = 1;
        for (int i = 1; i < dims.length; i++) {
            in *= dims[i];
        }
        return Math.min(0.5, Math.sqrt(3.0 / in));
    }
}
