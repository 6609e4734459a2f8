package dev.kerf.weights;

import dev.kerf.error.BadInputException;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Pickled.Items;
import dev.kerf.weights.Pickled.NumpyType;
import dev.kerf.weights.Pickled.Storage;
import dev.kerf.weights.Pickled.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * NumPy arrays in a pickle, as their state says: (version, shape, dtype, whether the first axis is the fastest, raw bytes).
 * Arrays of objects or of records are refused.
 */
final class NumpyArrays {
    private static final int HIGHEST_RANK = 64;

    private static final Map<String, DType> TYPES = Map.ofEntries(
            Map.entry("f8", DType.F64), Map.entry("f4", DType.F32), Map.entry("f2", DType.F16),
            Map.entry("i8", DType.I64), Map.entry("i4", DType.I32), Map.entry("i2", DType.I16),
            Map.entry("i1", DType.I8), Map.entry("u8", DType.U64), Map.entry("u4", DType.U32),
            Map.entry("u2", DType.U16), Map.entry("u1", DType.U8), Map.entry("b1", DType.BOOL));

    private final PickleReader reader;
    private final LongConsumer spend;
    private int seen;

    /** @param spend is told the bytes of each array, of which a pickle may make many from one value */
    NumpyArrays(PickleReader reader, LongConsumer spend) {
        this.reader = reader;
        this.spend = spend;
    }

    /** The array that a state describes; its bytes are those of the pickle. Null if it is of texts, times or records. */
    @Nullable
    Tensor tensor(Object state) {
        if (!(state instanceof Items s) || s.items.size() != 5 || !(s.items.get(1) instanceof Items shape)
                || !(s.items.get(2) instanceof NumpyType type) || !(s.items.get(3) instanceof Boolean fortran)) {
            throw reader.error("a NumPy array whose state isn't one");
        }
        if (type.code.matches("[USMmV]\\d+.*")) {
            return null;
        }
        DType dtype = TYPES.get(type.code);
        if (dtype == null || type.bigEndian && dtype.bytes() > 1) {
            throw reader.error("a NumPy array of dtype " + (type.bigEndian ? ">" : "") + type.code
                    + ", which isn't one that Kerf reads");
        }
        long[] dims = dims(shape.items);
        try {
            Shape extents = Shape.of(dims);
            long size = Math.multiplyExact(extents.elements(), dtype.bytes());
            byte[] bytes = bytes(s.items.get(4), size);
            if (bytes.length != size) {
                throw reader.error("a NumPy array of shape " + extents + " and " + bytes.length + " bytes, expected " + size);
            }
            spend.accept(size);
            Storage storage = new Storage("numpy array " + seen++, dtype, extents.elements(), MemorySegment.ofArray(bytes));
            return new Tensor(storage, dtype, 0, extents, fortran ? columnMajor(dims) : extents.strides());
        } catch (BadInputException | ArithmeticException e) {
            throw reader.error("a NumPy array of impossible shape " + Arrays.toString(dims));
        }
    }

    private long[] dims(List<Object> items) {
        if (items.size() > HIGHEST_RANK) {
            throw reader.error("a NumPy array of rank " + items.size());
        }
        return items.stream().mapToLong(d -> {
            if (d instanceof Long l) {
                return l;
            }
            throw reader.error("a NumPy array whose shape isn't one");
        }).toArray();
    }

    /** Python 2 wrote bytes as text: the encoding is that which gives as many bytes as there have to be. */
    private byte[] bytes(Object raw, long size) {
        return switch (raw) {
            case byte[] b -> b;
            case String s when s.length() == size -> s.getBytes(StandardCharsets.ISO_8859_1);
            case String s -> s.getBytes(StandardCharsets.UTF_8);
            case null, default -> throw reader.error("a NumPy array of Python objects");
        };
    }

    private static long[] columnMajor(long[] dims) {
        long[] strides = new long[dims.length];
        long step = 1;
        for (int i = 0; i < dims.length; i++) {
            strides[i] = step;
            step *= dims[i];
        }
        return strides;
    }
}
