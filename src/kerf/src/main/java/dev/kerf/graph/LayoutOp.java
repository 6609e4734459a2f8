package dev.kerf.graph;

import dev.kerf.graph.SpatialOp.Conv2d;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * Ops of images that lie otherwise than they were recorded, and of products whose columns or rows are taken in another order: made when a
 * graph is compiled ({@link dev.kerf.graph.plan.Layouts}), for back ends that have kernels for them; never recorded.
 */
public sealed interface LayoutOp extends Op {
    /**
     * A matrix product whose rows, as rows of the result's shape, are turned as {@link MatrixOp.Rotary} says. Operands: the
     * product's, then cosines and sines.
     *
     * @param product without residual and activation
     * @param shape   of the result, (…, L, 2P)
     */
    record Turned(MatrixOp.MatMul product, Shape shape) implements LayoutOp {
        /** How many operands the product has. */
        public int operands() {
            return product.bias() ? 3 : 2;
        }

        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == operands() + 2, this, in, "takes the product's operands, cosines and sines");
            Op.require(!product.residual() && product.activation() == Op.Activation.NONE, this, in, "more than a product");
            TensorType y = product.infer(in.subList(0, operands())).getFirst();
            Op.require(y.shape().elements() == shape.elements(), this, in, "the result can't have the shape " + shape);
            return new MatrixOp.Rotary().infer(List.of(y.as(shape), in.get(operands()), in.get(operands() + 1)));
        }
    }

    /**
     * A matrix product that reads rows where they lie. Operands: the product's, A and the residual as they are before the moves; the
     * residual may be stored in fewer bits than the result.
     *
     * @param product one with A as it is, and one matrix B for all of its items
     * @param left    moves of whole rows that make the product's A: windows cut out of a grid, zeros around it; none where it lies so
     * @param added   likewise of the residual, without zeros
     */
    record Moved(MatrixOp.MatMul product, List<MoveOp> left, List<MoveOp> added) implements LayoutOp {
        /** Copies the lists. */
        public Moved {
            left = List.copyOf(left);
            added = List.copyOf(added);
        }

        /** The types of the product's operands, float32 however they are stored, for those of this op's. */
        public List<TensorType> recorded(List<TensorType> stored) {
            Op.require(!stored.isEmpty(), this, stored, "takes the product's operands");
            List<TensorType> types = new ArrayList<>(stored);
            types.replaceAll(t -> t.as(DType.F32));
            types.set(0, after(left, types.getFirst()));
            if (product.residual()) {
                types.set(types.size() - 1, after(added, types.getLast()));
            }
            return types;
        }

        private static TensorType after(List<MoveOp> moves, TensorType type) {
            TensorType at = type;
            for (MoveOp m : moves) {
                at = m.infer(List.of(at)).getFirst();
            }
            return at;
        }

        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(!product.transposeA() && (product.residual() || added.isEmpty()), this, in, "no rows to move");
            return product.infer(recorded(in));
        }

        @Override
        public String kind() {
            return product.kind();
        }
    }

    /**
     * An image in another layout. Operand: x, an image in the layout {@code from}.
     *
     * @param from     how it lies
     * @param to       how it shall lie
     * @param channels of the image, without what fills them up
     */
    record Reorder(ImageLayout from, ImageLayout to, int channels) implements LayoutOp {
        @Override
        public boolean keepsCount(int operand, TensorType type, int axis) {
            return axis == 0;
        }

        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 1 && in.getFirst().shape().rank() == 4, this, in, "takes one image");
            Shape image = from.image(in.getFirst().shape(), channels);
            Op.require(from.stored(image).equals(in.getFirst().shape()), this, in, "the image doesn't lie so");
            return List.of(in.getFirst().as(to.stored(image)));
        }
    }

    /**
     * An op of images that lie in layouts of their own. Operands: the image, or the images that a concat of channels would make
     * it of, then the op's other operands as it states them; a residual lies as the result.
     *
     * @param op       what is computed
     * @param in       how the images that it reads lie
     * @param out      how its result, and what is added to it, lies
     * @param channels of each image
     */
    record InLayout(SpatialOp op, ImageLayout in, ImageLayout out, List<Integer> channels) implements LayoutOp {
        /** Copies the list. */
        public InLayout {
            channels = List.copyOf(channels);
        }

        @Override
        public boolean keepsCount(int operand, TensorType type, int axis) {
            return op.keepsCount(operand, type, axis);
        }

        @Override
        public List<TensorType> infer(List<TensorType> stored) {
            return op.infer(recorded(stored)).stream()
                    .map(t -> new TensorType(stored.getFirst().dtype(), out.stored(t.shape()))).toList();
        }

        /** The types of the op's operands as it states them, float32 however they are stored, for those of this op's. */
        public List<TensorType> recorded(List<TensorType> stored) {
            Op.require(stored.size() >= channels.size() && !channels.isEmpty(), this, stored,
                    "an image for each of its channels");
            Shape first = in.image(stored.getFirst().shape(), channels.getFirst());
            for (int i = 0; i < channels.size(); i++) {
                Shape image = in.image(stored.get(i).shape(), channels.get(i));
                Op.require(in.stored(image).equals(stored.get(i).shape()) && image.dim(0) == first.dim(0)
                        && image.dim(2) == first.dim(2) && image.dim(3) == first.dim(3), this, stored,
                        "image " + i + " doesn't lie so, or is of another size");
            }
            List<TensorType> types = new ArrayList<>(stored.subList(channels.size() - 1, stored.size()));
            long all = channels.stream().mapToLong(Integer::longValue).sum();
            types.set(0, stored.getFirst().as(Shape.of(first.dim(0), all, first.dim(2), first.dim(3))));
            if (op instanceof Conv2d c && c.residual()) {
                types.set(types.size() - 1,
                        types.getLast().as(out.image(types.getLast().shape(), types.get(1).shape().dim(0))));
            }
            types.replaceAll(t -> t.as(DType.F32));
            return types;
        }

        @Override
        public String kind() {
            return op.kind();
        }
    }
}
