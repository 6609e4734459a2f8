package dev.kerf.check.oracle;

import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;

/**
 * A tensor of the oracle: every element as a double, whatever its dtype (integers are exact up to 2^53).
 *
 * @param type  dtype and extents
 * @param count the count of valid rows, or null
 * @param v     row-major elements
 */
record Wide(TensorType type, Wide count, double[] v) {
    static Wide zeros(TensorType type, Wide count) {
        return new Wide(type, count, new double[Math.toIntExact(type.shape().elements())]);
    }

    static Wide of(HostTensor t, Wide count) {
        Wide w = zeros(new TensorType(t.dtype(), t.shape()), count);
        for (int i = 0; i < w.v.length; i++) {
            w.v[i] = t.getDouble(i);
        }
        return w;
    }

    HostTensor toHost(DType floats) {
        DType dtype = type.dtype() == DType.F32 ? floats : type.dtype();
        HostTensor t = HostTensor.zeros(dtype, type.shape());
        for (int i = 0; i < v.length; i++) {
            t.setDouble(i, v[i]);
        }
        return t;
    }

    int rank() {
        return type.shape().rank();
    }

    int dim(int axis) {
        return type.shape().size(axis);
    }

    /** The axis that the count counts along; −1 without. */
    int countAxis() {
        return count == null ? -1 : count.rank();
    }

    /** How many of the elements along {@code axis} are valid for the row whose first element is {@code first}. */
    int valid(int axis, int first) {
        if (countAxis() != axis) {
            return dim(axis);
        }
        long item = type.shape().product(axis, rank());
        int n = (int) count.v[item == 0 ? 0 : (int) (first / item)];
        return Math.clamp(n, 0, dim(axis));
    }

    /** Whether element {@code i} lies in a valid row. */
    boolean isValid(int i) {
        int axis = countAxis();
        if (axis < 0) {
            return true;
        }
        int inner = (int) type.shape().product(axis + 1, rank());
        return i / inner % dim(axis) < valid(axis, i);
    }
}
