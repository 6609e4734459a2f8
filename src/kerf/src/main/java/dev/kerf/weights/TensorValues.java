package dev.kerf.weights;

import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Pickled.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** The values of a view of a storage. */
final class TensorValues {
    private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private TensorValues() {}

    /** The values, row by row: a read-only view where they lie so in the storage, a copy otherwise. */
    static HostTensor dense(MemorySegment storage, Tensor t) {
        int size = t.dtype().bytes();
        if (!t.negated() && isDense(t.shape(), t.strides())) {
            MemorySegment data = storage.asSlice(t.offset() * size, t.shape().elements() * size);
            return new HostTensor(t.dtype(), t.shape(), data.asReadOnly());
        }
        HostTensor out = HostTensor.zeros(t.dtype(), t.shape());
        copyStrided(storage, t, out.data());
        if (t.negated()) {
            negate(out);
        }
        return out;
    }

    private static boolean isDense(Shape shape, long[] strides) {
        long[] expected = shape.strides();
        for (int i = 0; i < strides.length; i++) {
            if (shape.dim(i) != 1 && strides[i] != expected[i]) {
                return false;
            }
        }
        return true;
    }

    private static void copyStrided(MemorySegment storage, Tensor t, MemorySegment out) {
        int size = t.dtype().bytes();
        int rank = t.shape().rank();
        long[] dims = t.shape().dims();
        long[] index = new long[rank];
        long from = t.offset();
        for (long i = 0, n = t.shape().elements(); i < n; i++) {
            MemorySegment.copy(storage, from * size, out, i * size, size);
            for (int d = rank - 1; d >= 0; d--) {
                from += t.strides()[d];
                if (++index[d] < dims[d]) {
                    break;
                }
                from -= t.strides()[d] * dims[d];
                index[d] = 0;
            }
        }
    }

    /** As PyTorch does it: a float's sign bit, the two's complement of an integer, whether it has a sign or not. */
    private static void negate(HostTensor t) {
        MemorySegment data = t.data();
        for (long i = 0, at = 0, n = t.elements(); i < n; i++, at += t.dtype().bytes()) {
            switch (t.dtype()) {
                case F64 -> data.set(I64, at, data.get(I64, at) ^ Long.MIN_VALUE);
                case F32 -> data.set(I32, at, data.get(I32, at) ^ Integer.MIN_VALUE);
                case F16, BF16 -> data.set(I16, at, (short) (data.get(I16, at) ^ Short.MIN_VALUE));
                case I64, U64 -> data.set(I64, at, -data.get(I64, at));
                case I32, U32 -> data.set(I32, at, -data.get(I32, at));
                case I16, U16 -> data.set(I16, at, (short) -data.get(I16, at));
                case I8, U8, BOOL -> data.set(ValueLayout.JAVA_BYTE, at, (byte) -data.get(ValueLayout.JAVA_BYTE, at));
            }
        }
    }
}
