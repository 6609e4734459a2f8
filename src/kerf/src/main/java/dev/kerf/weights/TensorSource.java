package dev.kerf.weights;

import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights.TensorInfo;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Named tensors from a file, a formula or memory. May be read by many threads at once. */
interface TensorSource extends AutoCloseable {
    /** What error messages call this source: a file name. */
    String source();

    /** The tensors by name, in the source's order; unmodifiable. */
    Map<String, TensorInfo> tensors();

    /** A tensor by one of these names or by the name that it was stored under, if there is one. */
    default @Nullable TensorInfo find(String name) {
        return tensors().get(name);
    }

    /** What else the source says, unmodifiable. */
    Map<String, String> metadata();

    /** The dense values of a tensor that {@link #find} finds. */
    HostTensor tensor(String name);

    /** Takes the values out of memory where a file has them; they can be read again. */
    default void unload(String name) {
        // Nothing is mapped.
    }

    @Override
    void close();
}
