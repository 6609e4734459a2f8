package dev.kerf.backend.gpu;

import dev.kerf.error.UnsupportedOpException;
import dev.kerf.graph.BoxOp;
import dev.kerf.graph.FrameOp;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.LayoutOp;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MeasureOp;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.plan.Storages;
import java.util.List;

/**
 * From ops to kernels, for every GPU driver. Each family of ops has its rules; a rule looks at a node's op and types and says
 * which launches do it. Memory is planned afterwards: a launch that takes {@code NAME_sn} for an operand can work on part of
 * a larger tensor in place, so that concats and slices cost no copy.
 */
public final class Lowering {
    private Lowering() {}

    /**
     * The launches of a node, in order; none for sources.
     *
     * @throws UnsupportedOpException if there is no kernel for it; names op, dtype and attribute
     */
    public static List<KernelCall> lower(Node node, Target target) {
        return launches(node, target.at(node));
    }

    /** What the kernels can do that a target has for nodes of a graph whose values are all float32. */
    static Storages.Kernels kernels(Target target) {
        return new Storages.Kernels() {
            @Override
            public boolean widens(Node n) {
                return LayoutRules.widens(n, target) || launches(n, target).stream()
                        .filter(c -> !c.argumentsOf(n.output()).isEmpty()).allMatch(KernelCall::widens);
            }

            @Override
            public boolean narrows(Node n) {
                return launches(n, target).stream().allMatch(KernelCall::narrows);
            }
        };
    }

    private static List<KernelCall> launches(Node node, Target target) {
        return switch (node.op()) {
            case SourceOp op -> List.of();
            case PointwiseOp op -> PointwiseRules.lower(op, node, target);
            case MoveOp op -> MoveRules.lower(op, node, target);
            case ReduceOp op -> ReduceRules.lower(op, node, target);
            case SelectOp op -> SelectRules.lower(op, node, target);
            case StateOp op -> StateRules.lower(op, node, target);
            case SpatialOp op -> SpatialRules.lower(op, node, target);
            case LayoutOp op -> LayoutRules.lower(op, node, target);
            case MatrixOp op -> MatrixRules.lower(op, node, target);
            case NormOp op -> NormRules.lower(op, node, target);
            case MeasureOp op -> MeasureRules.lower(op, node, target);
            case FrameOp op -> FrameRules.lower(op, node, target);
            case BoxOp op -> BoxRules.lower(op, node, target);
        };
    }
}
