package dev.kerf.backend.cpu.light;

import dev.kerf.tensor.Shape;
import java.util.Arrays;

/**
 * How operands are read along a result in row-major order: adjacent axes along which every operand steps evenly are merged;
 * the last of those left is the row.
 */
final class Traversal {
    private final int[] dims;
    private final int[][] strides;

    private Traversal(int[] dims, int[][] strides) {
        this.dims = dims;
        this.strides = strides;
    }

    /** Operands that broadcast to the result. */
    static Traversal broadcast(Shape result, Shape... operands) {
        long[][] s = new long[operands.length][];
        for (int i = 0; i < s.length; i++) {
            s[i] = operands[i].stridesTo(result);
        }
        return of(result, s);
    }

    /** Operands with the given strides along the result's axes. */
    static Traversal of(Shape result, long[]... operandStrides) {
        int[] dims = new int[Math.max(1, result.rank())];
        int[][] strides = new int[operandStrides.length][dims.length];
        int n = 0;
        for (int axis = 0; axis < result.rank(); axis++) {
            int d = result.size(axis);
            if (d == 1) {
                continue;
            }
            boolean merge = n > 0;
            for (int i = 0; merge && i < strides.length; i++) {
                merge = strides[i][n - 1] == operandStrides[i][axis] * d;
            }
            int to = merge ? n - 1 : n++;
            dims[to] = merge ? dims[to] * d : d;
            for (int i = 0; i < strides.length; i++) {
                strides[i][to] = (int) operandStrides[i][axis];
            }
        }
        if (n == 0) {
            dims[0] = 1;
            n = 1;
        }
        int kept = n;
        return new Traversal(Arrays.copyOf(dims, n),
                Arrays.stream(strides).map(s -> Arrays.copyOf(s, kept)).toArray(int[][]::new));
    }

    /** Elements of a row. */
    int row() {
        return dims[dims.length - 1];
    }

    /** Step of an operand along a row. */
    int step(int operand) {
        return strides[operand][dims.length - 1];
    }

    /** Merged axes. */
    int rank() {
        return dims.length;
    }

    int dim(int axis) {
        return dims[axis];
    }

    int stride(int operand, int axis) {
        return strides[operand][axis];
    }

    /** Where an operand is read for an element of the result, from the operand's first element. */
    int at(int operand, int element) {
        int rest = element;
        int at = 0;
        int[] s = strides[operand];
        for (int axis = dims.length - 1; axis > 0; axis--) {
            int d = dims[axis];
            int q = rest / d;
            at += (rest - q * d) * s[axis];
            rest = q;
        }
        return at + rest * s[0];
    }
}
