package dev.kerf.weights;

import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights.TensorInfo;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A source's tensors by other names than it has them; {@code stored} is its own name of each. */
record Renamed(TensorSource from, Map<String, String> stored, Map<String, TensorInfo> tensors) implements TensorSource {
    /** The tensors by the names that a model gives them, as {@link ModelNames} says. */
    static TensorSource byModel(TensorSource from) {
        Map<String, String> stored;
        try {
            stored = ModelNames.of(from.tensors().keySet(), from.source());
        } catch (RuntimeException e) {
            from.close();
            throw e;
        }
        if (stored.keySet().equals(from.tensors().keySet())) {
            return from;
        }
        Map<String, TensorInfo> tensors = new LinkedHashMap<>();
        stored.forEach((name, there) -> {
            TensorInfo info = from.tensors().get(there);
            tensors.put(name, new TensorInfo(name, info.dtype(), info.shape()));
        });
        return new Renamed(from, stored, Collections.unmodifiableMap(tensors));
    }

    @Override
    public @Nullable TensorInfo find(String name) {
        TensorInfo own = tensors.get(name);
        return own == null ? from.find(name) : own;
    }

    @Override
    public String source() {
        return from.source();
    }

    @Override
    public Map<String, String> metadata() {
        return from.metadata();
    }

    @Override
    public HostTensor tensor(String name) {
        return from.tensor(stored.getOrDefault(name, name));
    }

    @Override
    public void unload(String name) {
        from.unload(stored.getOrDefault(name, name));
    }

    @Override
    public void close() {
        from.close();
    }
}
