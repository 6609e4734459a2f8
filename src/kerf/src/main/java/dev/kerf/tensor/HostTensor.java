package dev.kerf.tensor;

import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Objects;

/**
 * A dense, row-major, little-endian tensor in host memory. The memory belongs to whoever made the segment: a mapped file, a
 * Java array, an arena. Element access by {@link #getDouble} converts from any dtype and is meant for tests and tools, not
 * for hot paths.
 *
 * <pre>{@code
 * HostTensor t = HostTensor.of(Shape.of(2, 3), new float[] {1, 2, 3, 4, 5, 6});
 * t.getDouble(4);   // 5.0
 * t.toFloatArray(); // the six values, copied
 * }</pre>
 *
 * @param dtype element type
 * @param shape extents
 * @param data  exactly {@code shape.elements() * dtype.bytes()} bytes
 */
public record HostTensor(DType dtype, Shape shape, MemorySegment data) {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Checks that the memory fits the shape. */
    public HostTensor {
        Objects.requireNonNull(dtype);
        Objects.requireNonNull(shape);
        long expected = shape.bytes(dtype);
        if (data.byteSize() != expected) {
            throw new BadInputException(
                    dtype + "" + shape + " takes " + expected + " bytes, the segment has " + data.byteSize());
        }
    }

    /**
     * The elements.
     *
     * @throws dev.kerf.error.ClosedException if the file of weights or the arena that they are of is closed
     */
    @Override
    public MemorySegment data() {
        return KerfException.usable(data, this);
    }

    /** A zeroed tensor on the Java heap, freed by the garbage collector. */
    public static HostTensor zeros(DType dtype, Shape shape) {
        long bytes = shape.bytes(dtype);
        // A long[] keeps the memory aligned for every dtype; arrays past 2^31 longs go off the heap.
        if (bytes <= (long) Integer.MAX_VALUE * 4) {
            MemorySegment all = MemorySegment.ofArray(new long[(int) ((bytes + 7) / 8)]);
            return new HostTensor(dtype, shape, all.asSlice(0, bytes));
        }
        return new HostTensor(dtype, shape, Arena.ofAuto().allocate(bytes, 64));
    }

    /** A float32 tensor over the given array, not copied. */
    public static HostTensor of(Shape shape, float[] values) {
        return new HostTensor(DType.F32, shape, MemorySegment.ofArray(values));
    }

    /** An int32 tensor over the given array, not copied. */
    public static HostTensor of(Shape shape, int[] values) {
        return new HostTensor(DType.I32, shape, MemorySegment.ofArray(values));
    }

    /** An int64 tensor over the given array, not copied. */
    public static HostTensor of(Shape shape, long[] values) {
        return new HostTensor(DType.I64, shape, MemorySegment.ofArray(values));
    }

    /** An unsigned 8-bit tensor over the given array, not copied. */
    public static HostTensor of(Shape shape, byte[] values) {
        return new HostTensor(DType.U8, shape, MemorySegment.ofArray(values));
    }

    /**
     * Reads NumPy's array file: a {@code .npy} of versions 1.0 to 3.0, or a {@code .npz} that holds one, compressed or not, of
     * at most 2^31 − 17 bytes.
     *
     * <pre>{@code
     * logits.writeNpy(Path.of("logits.npy"));      // numpy.load("logits.npy") gives shape and dtype back
     * HostTensor again = HostTensor.readNpy(Path.of("logits.npy"));
     * }</pre>
     *
     * @throws dev.kerf.error.BadFileException if it can't be read, is damaged or truncated, or holds what a tensor can't:
     *                                         big-endian numbers, Fortran order, structured or complex types, several arrays
     */
    public static HostTensor readNpy(Path file) {
        return Npy.read(file);
    }

    /**
     * Writes NumPy's array file (version 1.0, little-endian, in C order), whole or not at all.
     *
     * @throws BadInputException               if the dtype is BF16, which NumPy has no name for
     * @throws dev.kerf.error.BadFileException if the file can't be written there
     */
    public void writeNpy(Path file) {
        Npy.write(file, this);
    }

    /** Whether a file's name is that of an array's, {@code .npy} or {@code .npz}. */
    public static boolean isNpy(Path file) {
        return Npy.isNpy(file);
    }

    /** Number of elements. */
    public long elements() {
        return shape.elements();
    }

    /**
     * Element {@code i} in row-major order, as a double; unsigned types as their unsigned value, BOOL as 0 or 1.
     *
     * @throws BadInputException if there is no such element
     */
    public double getDouble(long i) {
        check(i);
        return switch (dtype) {
            case F64 -> data().get(F64, i * 8);
            case F32 -> data().get(F32, i * 4);
            case F16 -> Float.float16ToFloat(data().get(I16, i * 2));
            case BF16 -> Float.intBitsToFloat(data().get(I16, i * 2) << 16);
            case U64 -> unsignedToDouble(data().get(I64, i * 8));
            default -> getLong(i);
        };
    }

    /**
     * Element {@code i} in row-major order, as a long; a floating-point one is rounded towards zero.
     *
     * @throws BadInputException if there is no such element
     */
    public long getLong(long i) {
        check(i);
        return switch (dtype) {
            case F64, F32, F16, BF16 -> (long) getDouble(i);
            case I64, U64 -> data().get(I64, i * 8);
            case I32 -> data().get(I32, i * 4);
            case U32 -> Integer.toUnsignedLong(data().get(I32, i * 4));
            case I16 -> data().get(I16, i * 2);
            case U16 -> Short.toUnsignedLong(data().get(I16, i * 2));
            case I8 -> data().get(ValueLayout.JAVA_BYTE, i);
            case U8, BOOL -> Byte.toUnsignedLong(data().get(ValueLayout.JAVA_BYTE, i));
        };
    }

    /**
     * Sets element {@code i}, rounding to the nearest value of the dtype (half to even); integers saturate and NaN becomes 0.
     *
     * @throws BadInputException if there is no such element, or the memory can't be written to
     */
    public void setDouble(long i, double value) {
        check(i);
        MemorySegment out = KerfException.writable(data, this);
        switch (dtype) {
            case F64 -> out.set(F64, i * 8, value);
            case F32 -> out.set(F32, i * 4, (float) value);
            case F16 -> out.set(I16, i * 2, Float.floatToFloat16((float) value));
            case BF16 -> out.set(I16, i * 2, toBFloat16((float) value));
            case I64, U64 -> out.set(I64, i * 8, (long) Math.rint(value));
            case I32 -> out.set(I32, i * 4, (int) clamp(value, Integer.MIN_VALUE, Integer.MAX_VALUE));
            case U32 -> out.set(I32, i * 4, (int) clamp(value, 0, 0xFFFF_FFFFL));
            case I16 -> out.set(I16, i * 2, (short) clamp(value, Short.MIN_VALUE, Short.MAX_VALUE));
            case U16 -> out.set(I16, i * 2, (short) clamp(value, 0, 0xFFFF));
            case I8 -> out.set(ValueLayout.JAVA_BYTE, i, (byte) clamp(value, Byte.MIN_VALUE, Byte.MAX_VALUE));
            case U8 -> out.set(ValueLayout.JAVA_BYTE, i, (byte) clamp(value, 0, 255));
            case BOOL -> out.set(ValueLayout.JAVA_BYTE, i, (byte) (value != 0 ? 1 : 0));
        }
    }

    /**
     * The values as float32, copied.
     *
     * @throws BadInputException if one array can't hold them: over 2^31 − 1
     */
    public float[] toFloatArray() {
        if (elements() > Integer.MAX_VALUE) {
            throw new BadInputException("one array can't hold the " + elements() + " elements of " + this);
        }
        float[] out = new float[(int) elements()];
        if (dtype == DType.F32) {
            MemorySegment.copy(data(), F32, 0, out, 0, out.length);
        } else {
            for (int i = 0; i < out.length; i++) {
                out[i] = (float) getDouble(i);
            }
        }
        return out;
    }

    /** The same values in another dtype, copied; this tensor itself when it already has it. */
    public HostTensor to(DType target) {
        if (target == dtype) {
            return this;
        }
        HostTensor out = zeros(target, shape);
        boolean integers = !dtype.floating() && !target.floating();
        for (long i = 0, n = elements(); i < n; i++) {
            if (integers && target.bytes() == 8) {
                out.data.set(I64, i * 8, getLong(i));
            } else {
                out.setDouble(i, getDouble(i));
            }
        }
        return out;
    }

    /** The same memory under another shape of as many elements. */
    public HostTensor reshape(Shape to) {
        return new HostTensor(dtype, to, data);
    }

    /** The upper half of a float32, rounded to nearest, ties to even; NaN stays NaN. */
    public static short toBFloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits >>> 16) | 0x40);
        }
        return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
    }

    private void check(long i) {
        if (i < 0 || i >= elements()) {
            throw new BadInputException("element " + i + " of " + this);
        }
    }

    private static double unsignedToDouble(long v) {
        return v >= 0 ? v : ((v >>> 1) | (v & 1)) * 2.0;
    }

    private static long clamp(double value, long low, long high) {
        double r = Math.rint(value);
        return r != r ? 0 : r <= low ? low : r >= high ? high : (long) r;
    }

    /** Dtype and shape, such as {@code F32[1, 3, 512, 512]}; not the values. */
    @Override
    public String toString() {
        return dtype.toString() + shape;
    }
}
