package dev.kerf.backend.cpu.kernel;

import dev.kerf.graph.TensorType;

/**
 * Where an operand or a result lies: a Java array (float[] for F32, int[] for I32, long[] for I64, short[] for U16 and the
 * other 16-bit types, byte[] for 8-bit ones, double[] for F64), an offset and the distance between items of axis 0, all in
 * elements. Axes from 1 on are dense. Binding an input or a state replaces the array and offset, so kernels read them anew
 * in each task.
 */
public final class Operand {
    private final TensorType type;
    private final Operand count;
    private Operand base;
    private Object array;
    private int offset;
    private int batchStride;

    /**
     * An operand that is yet to be placed.
     *
     * @param count the device-side count of valid rows, or null
     */
    public Operand(TensorType type, Operand count) {
        this(type, count, null, 0, (int) itemElements(type));
    }

    /**
     * A view of another operand, which it follows when that one is placed anew.
     *
     * @param count       the device-side count of valid rows, or null
     * @param base        what it is a view of
     * @param offset      elements from the base's first one
     * @param batchStride elements from one item of axis 0 to the next
     */
    public Operand(TensorType type, Operand count, Operand base, int offset, int batchStride) {
        this.type = type;
        this.count = count;
        this.base = base;
        this.offset = offset;
        this.batchStride = batchStride;
    }

    /** Elements of one item of axis 0; 1 for a scalar. */
    public static long itemElements(TensorType type) {
        int rank = type.shape().rank();
        return rank == 0 ? 1 : type.shape().product(1, rank);
    }

    /** Sets where it lies. */
    public void place(Object newArray, int newOffset, int newBatchStride) {
        base = null;
        array = newArray;
        offset = newOffset;
        batchStride = newBatchStride;
    }

    /** Lies where a dense operand of the same type lies, from now on and wherever that one is placed anew. */
    public void follow(Operand other) {
        place(null, 0, (int) itemElements(type));
        base = other;
    }

    /** dtype and extents; extents are a capacity where there is a {@link #count}. */
    public TensorType type() {
        return type;
    }

    /** The int32 count of valid rows (scalar: of axis 0; (B): of axis 1 for each item of axis 0), or null. */
    public Operand count() {
        return count;
    }

    /** The array of whatever type. */
    public Object array() {
        return base == null ? array : base.array();
    }

    /** The array of an F32 operand. */
    public float[] floats() {
        return (float[]) array();
    }

    /** The array of an I32 operand. */
    public int[] ints() {
        return (int[]) array();
    }

    /** The array of an I64 operand. */
    public long[] longs() {
        return (long[]) array();
    }

    /** The array of a 16-bit operand. */
    public short[] shorts() {
        return (short[]) array();
    }

    /** The array of an 8-bit operand. */
    public byte[] bytes() {
        return (byte[]) array();
    }

    /** Index of the first element in the array. */
    public int offset() {
        return base == null ? offset : base.offset() + offset;
    }

    /** Elements from one item of axis 0 to the next. */
    public int batchStride() {
        return batchStride;
    }

    /** Whether items of axis 0 follow each other without a gap. */
    public boolean dense() {
        return batchStride == itemElements(type) || type.shape().rank() == 0 || type.shape().dim(0) <= 1;
    }
}
