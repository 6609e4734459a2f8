package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.tensor.Shape;

/**
 * How the matrices in the last two axes of an operand lie, for each matrix of a product whose leading axes broadcast.
 *
 * @param rank    axes of the operand
 * @param swapped whether the matrix is given transposed
 * @param stored  columns as stored: elements from row to row, unless the operand is a single matrix with a stride
 * @param item    for each matrix of the product the index along axis 0
 * @param rest    for each matrix of the product the elements from there on
 */
record Matrices(int rank, boolean swapped, int stored, int[] item, int[] rest) {
    /**
     * Lays the matrices of an operand under those of a product.
     *
     * @param shape   of the operand
     * @param product of the product
     */
    static Matrices of(Shape shape, Shape product, boolean swapped) {
        int lead = product.rank() - 2;
        int count = Math.toIntExact(product.product(0, lead));
        int skip = product.rank() - shape.rank();
        int[] item = new int[count];
        int[] rest = new int[count];
        for (int b = 0; b < count; b++) {
            int left = b;
            for (int axis = lead - 1; axis >= 0; axis--) {
                int i = (int) (left % product.dim(axis));
                left /= (int) product.dim(axis);
                int own = axis - skip;
                if (own < 0 || shape.dim(own) == 1) {
                    continue;
                }
                if (own == 0) {
                    item[b] = i;
                } else {
                    rest[b] += Math.toIntExact(i * shape.product(own + 1, shape.rank()));
                }
            }
        }
        return new Matrices(shape.rank(), swapped, Math.toIntExact(shape.dim(-1)), item, rest);
    }

    /** Index of a matrix's first element. */
    int start(Operand o, int matrix) {
        return o.offset() + item[matrix] * o.batchStride() + rest[matrix];
    }

    /** Which of the matrices of a dense operand it is. */
    int number(int matrix, Shape shape) {
        long from = rank == 2 ? 0 : item[matrix] * shape.product(1, rank) + rest[matrix];
        return Math.toIntExact(from / Math.max(1, shape.product(rank - 2, rank)));
    }

    /** Elements from row to row of the matrix that is meant. */
    int rowStep(Operand o) {
        return swapped ? 1 : storedStep(o);
    }

    /** Elements from column to column of it. */
    int colStep(Operand o) {
        return swapped ? storedStep(o) : 1;
    }

    private int storedStep(Operand o) {
        return rank == 2 ? o.batchStride() : stored;
    }

    /** Whether all matrices of the product take the same one. */
    boolean shared() {
        for (int b = 1; b < item.length; b++) {
            if (item[b] != item[0] || rest[b] != rest[0]) {
                return false;
            }
        }
        return true;
    }
}
