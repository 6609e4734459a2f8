package dev.kerf.graph;

import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.List;

/**
 * Normalisations. Statistics are float32 or wider whatever the storage precision; where squares add up to more than float32
 * can hold, a result is NaN.
 */
public sealed interface NormOp extends Op {
    @Override
    default boolean keepsCount(int operand, TensorType type, int axis) {
        return true;
    }

    /**
     * e^x / Σ e^x along one axis, with the largest x subtracted first. Operand: x. A count of x limits the sum when it counts
     * along that axis.
     *
     * @param axis from 0
     */
    record Softmax(int axis) implements NormOp {
        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 1 && in.getFirst().dtype() == DType.F32, this, in, "takes one float32 operand");
            Op.require(axis >= 0 && axis < in.getFirst().shape().rank(), this, in, "no such axis");
            return List.of(in.getFirst());
        }
    }

    /**
     * (x − mean) / sqrt(var + eps) · weight + bias along one axis, population variance (Ba et al. 2016). The last axis is
     * {@code torch.nn.LayerNorm}; axis 1 of (N, C, H, W) is SAM's LayerNorm2d. Operands: x, weight (C), bias (C).
     *
     * @param axis from 0
     * @param eps  added to the variance (torch: 1e-5; SAM: 1e-6)
     */
    record LayerNorm(int axis, double eps) implements NormOp {
        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 3, this, in, "takes x, weight, bias");
            Shape x = in.getFirst().shape();
            Op.require(axis >= 0 && axis < x.rank(), this, in, "no such axis");
            channels(this, in, x.dim(axis));
            return List.of(in.getFirst());
        }
    }

    /**
     * (x − mean) / sqrt(var + eps) · weight + bias with given statistics, for each channel of axis 1. Operands: x, weight (C),
     * bias (C), mean (C), var (C). Fusion folds it into a convolution before it where there is one.
     *
     * @param eps added to the variance (torch: 1e-5; FrozenBatchNorm2d of torchvision's v1 detectors: 0)
     */
    record BatchNorm(double eps) implements NormOp {
        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 5, this, in, "takes x, weight, bias, mean, var");
            Op.require(in.getFirst().shape().rank() >= 2, this, in, "x needs a channel axis");
            channels(this, in, in.getFirst().shape().dim(1));
            return List.of(in.getFirst());
        }
    }

    /**
     * Normalisation over the channels of each group and all positions, population variance (Wu and He 2018); with as many
     * groups as channels it is instance norm. Operands: x (N, C, …), weight (C), bias (C).
     *
     * @param groups divides C
     * @param eps    added to the variance (torch: 1e-5)
     */
    record GroupNorm(int groups, double eps) implements NormOp {
        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 3, this, in, "takes x, weight, bias");
            Shape x = in.getFirst().shape();
            Op.require(x.rank() >= 2 && groups >= 1 && x.dim(1) % groups == 0, this, in,
                    "groups must divide the channels");
            channels(this, in, x.dim(1));
            return List.of(in.getFirst());
        }
    }

    private static void channels(Op op, List<TensorType> in, long c) {
        Op.require(in.stream().allMatch(t -> t.dtype() == DType.F32), op, in, "operands must be float32");
        Op.require(in.stream().skip(1).allMatch(t -> t.shape().equals(Shape.of(c))), op, in,
                "weight and bias must be (" + c + ")");
    }
}
