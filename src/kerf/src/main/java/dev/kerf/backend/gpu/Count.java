package dev.kerf.backend.gpu;

import dev.kerf.backend.gpu.kernel.Sizes;
import dev.kerf.graph.Graph.Value;
import dev.kerf.tensor.Shape;

/**
 * How a kernel tells the valid elements of a dense value: the one at offset e is valid if
 * {@code e / spread % extent < count[e / spread / extent]}.
 *
 * @param count  the counts; null if every element is valid
 * @param extent the capacity
 * @param spread elements of a counted row
 */
record Count(Value count, long extent, long spread) {
    /** The count of a value. */
    static Count of(Value v) {
        if (v.count() == null) {
            return new Count(null, 1, 1);
        }
        Shape s = v.type().shape();
        return new Count(v.count(), s.dim(v.countAxis()), s.product(v.countAxis() + 1, s.rank()));
    }

    /** No count, whatever the value has. */
    static Count none() {
        return new Count(null, 1, 1);
    }

    /** {@code extent} and {@code spread}. */
    Sizes sizes() {
        return Sizes.of().set("extent", extent).set("spread", Math.max(1, spread));
    }

    /** Binds {@code count}, and {@code HAS_COUNT} to whether there is one. */
    KernelCall bind(KernelCall call) {
        call.attribute("HAS_COUNT", count == null ? 0 : 1);
        return count == null ? call.absent("count") : call.tensor("count", count);
    }
}
