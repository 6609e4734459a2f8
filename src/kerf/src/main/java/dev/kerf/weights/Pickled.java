package dev.kerf.weights;

import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a pickle may hold once read, beside null, String, Long, BigInteger, Double, Boolean and byte[]. Containers
 * compare by identity, since a pickle may make them contain themselves.
 */
final class Pickled {
    private Pickled() {}

    /** A dictionary of any kind, in the order of its entries. */
    static final class Dict {
        final Map<Object, Object> items = new LinkedHashMap<>();
    }

    /** A list, tuple or set. */
    static final class Items {
        final List<Object> items;

        Items(List<Object> items) {
            this.items = items;
        }

        Items() {
            this(new ArrayList<>());
        }
    }

    /** A name from the allow-list: a function or class that the reader itself stands in for, or a dtype. */
    record Global(String module, String name) {
        @Override
        public String toString() {
            return module + "." + name;
        }
    }

    /** An object of a class that Kerf knows and has no use for: nothing is made of what the file says of it. */
    record Opaque(Global type) {}

    /** A NumPy dtype, such as {@code f8}. */
    static final class NumpyType {
        final String code;
        boolean bigEndian;

        NumpyType(String code) {
            this.code = code;
        }
    }

    /** A NumPy array; without a tensor until its state is set, or if it holds no numbers. */
    static final class NumpyArray {
        @Nullable
        Tensor tensor;
    }

    /**
     * A block of memory that tensors view, named by a key; untyped storages count as U8.
     *
     * @param inline its bytes if the pickle itself holds them, as it does those of NumPy arrays
     */
    record Storage(String key, DType dtype, long elements, @Nullable MemorySegment inline) {
        Storage(String key, DType dtype, long elements) {
            this(key, dtype, elements, null);
        }
    }

    /**
     * A view of a storage; offset and strides in elements.
     *
     * @param negated whether its values are those of the storage with the other sign
     */
    record Tensor(Storage storage, DType dtype, long offset, Shape shape, long[] strides, boolean negated) {
        Tensor(Storage storage, DType dtype, long offset, Shape shape, long[] strides) {
            this(storage, dtype, offset, shape, strides, false);
        }

        Tensor negative() {
            return new Tensor(storage, dtype, offset, shape, strides, !negated);
        }
    }
}
