package dev.kerf.backend.gpu.kernel;

import dev.kerf.tensor.HostTensor;
import java.util.function.UnaryOperator;

/**
 * How a weight lies in device memory. Packed once for each key and shared by all executables over the same weights.
 *
 * <pre>{@code new Packing("conv/16/", w -> panels(w, 16))}</pre>
 *
 * @param key  names layout and algorithm, with the parameters that it depends on
 * @param pack makes the layout from the dense float32 tensor; the result's dtype stays float32
 */
public record Packing(String key, UnaryOperator<HostTensor> pack) {
    /** Dense and row-major, as in the graph. */
    public static final Packing DENSE = new Packing("dense", w -> w);
}
