package dev.kerf.tensor;

import dev.kerf.error.BadInputException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The extents of a tensor, outermost first; rank 0 is a scalar. Immutable. An extent may be 0.
 *
 * <pre>{@code
 * Shape image = Shape.of(1, 3, 512, 512); // (N, C, H, W)
 * image.dim(-1);                          // 512
 * image.elements();                       // 786432
 * }</pre>
 */
public final class Shape {
    private static final Shape SCALAR = new Shape(new long[0]);

    private final long[] dims;
    private final long elements;

    private Shape(long[] dims) {
        long n = 1;
        for (long d : dims) {
            if (d < 0) {
                throw new BadInputException("negative extent in shape " + Arrays.toString(dims));
            }
            if (d > 0 && n > Long.MAX_VALUE / d) {
                throw new BadInputException("shape " + Arrays.toString(dims) + " has more than 2^63 - 1 elements");
            }
            n *= d;
        }
        this.dims = dims;
        this.elements = n;
    }

    /**
     * A shape of the given extents.
     *
     * @throws BadInputException if one is negative, or the number of elements passes 2^63 − 1
     */
    public static Shape of(long... dims) {
        return dims.length == 0 ? SCALAR : new Shape(dims.clone());
    }

    /** Number of dimensions. */
    public int rank() {
        return dims.length;
    }

    /** Extent of one dimension; negative counts from the end, as in NumPy. */
    public long dim(int axis) {
        return dims[axis(axis)];
    }

    /**
     * The same extent as an {@code int}.
     *
     * @throws BadInputException if it is none
     */
    public int size(int axis) {
        long extent = dim(axis);
        if (extent > Integer.MAX_VALUE) {
            throw new BadInputException("axis " + axis + " of shape " + this + " is larger than 2^31 - 1");
        }
        return (int) extent;
    }

    /** The axis as a number from 0; a negative one counts from the end. */
    public int axis(int axis) {
        int a = axis < 0 ? axis + dims.length : axis;
        if (a < 0 || a >= dims.length) {
            throw new BadInputException("axis " + axis + " of shape " + this);
        }
        return a;
    }

    /** Number of elements; 1 for a scalar. */
    public long elements() {
        return elements;
    }

    /**
     * Bytes of a dense tensor of this shape.
     *
     * @throws BadInputException if they pass 2^63 − 1
     */
    public long bytes(DType dtype) {
        if (elements > Long.MAX_VALUE / dtype.bytes()) {
            throw new BadInputException(dtype + "" + this + " takes more than 2^63 - 1 bytes");
        }
        return elements * dtype.bytes();
    }

    /** A copy of the extents. */
    public long[] dims() {
        return dims.clone();
    }

    /** This shape with one extent replaced. */
    public Shape with(int axis, long extent) {
        long[] d = dims.clone();
        d[axis(axis)] = extent;
        return new Shape(d);
    }

    /** Row-major strides, in elements. */
    public long[] strides() {
        long[] s = new long[dims.length];
        long step = 1;
        for (int i = dims.length - 1; i >= 0; i--) {
            s[i] = step;
            step *= dims[i];
        }
        return s;
    }

    /**
     * Strides, in elements, that read a dense tensor of this shape as if it had the shape {@code to}, which it broadcasts to:
     * 0 along broadcast axes.
     *
     * @throws BadInputException if that has fewer axes
     */
    public long[] stridesTo(Shape to) {
        if (to.rank() < rank()) {
            throw new BadInputException(this + " doesn't broadcast to " + to);
        }
        long[] dense = strides();
        long[] out = new long[to.rank()];
        for (int i = 1; i <= rank(); i++) {
            out[to.rank() - i] = dim(-i) == 1 ? 0 : dense[rank() - i];
        }
        return out;
    }

    /**
     * Product of the extents from {@code from} (inclusive) to {@code to} (exclusive); 1 when empty.
     *
     * @throws BadInputException if there are no such axes
     */
    public long product(int from, int to) {
        if (from < to && (from < 0 || to > dims.length)) {
            throw new BadInputException("axes " + from + " to " + (to - 1) + " of shape " + this);
        }
        long n = 1;
        for (int i = from; i < to; i++) {
            n *= dims[i];
        }
        return n;
    }

    @Override
    public boolean equals(@Nullable Object o) {
        return o instanceof Shape s && Arrays.equals(dims, s.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    /** The extents as {@code [1, 3, 512, 512]}. */
    @Override
    public String toString() {
        return Arrays.toString(dims);
    }
}
