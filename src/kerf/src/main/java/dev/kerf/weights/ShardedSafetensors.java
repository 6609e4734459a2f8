package dev.kerf.weights;

import dev.kerf.error.BadFileException;
import dev.kerf.json.Json;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights.TensorInfo;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Safetensors files that together hold one model, by their index {@code NAME.safetensors.index.json}: an object whose
 * {@code weight_map} says for each tensor which file beside the index has it (as Hugging Face's libraries write it).
 */
final class ShardedSafetensors implements TensorSource {
    private final Path index;
    private final Map<String, Safetensors> shards = new LinkedHashMap<>();
    private final Map<String, Safetensors> places = new LinkedHashMap<>();
    private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    private ShardedSafetensors(Path index) {
        this.index = index;
    }

    /**
     * Opens an index and all its files.
     *
     * @throws BadFileException if one of them is missing or malformed, or they don't belong together
     */
    static ShardedSafetensors open(Path index) {
        ShardedSafetensors out = new ShardedSafetensors(index);
        try {
            out.read(Json.read(index));
            return out;
        } catch (RuntimeException e) {
            out.close();
            throw e;
        }
    }

    private void read(Json json) {
        if (json.find("weight_map").isEmpty()) {
            throw new BadFileException(index + ": is JSON without a weight_map: not an index of safetensors files");
        }
        json.at("weight_map").members().forEach((name, file) -> {
            Safetensors shard = shards.computeIfAbsent(file.asString(), _ -> Safetensors.open(beside(file)));
            TensorInfo info = shard.tensors().get(name);
            if (info == null) {
                throw new BadFileException(shard.source() + ": has no tensor " + Names.quoted(name) + ", which " + index
                        + " says it has");
            }
            places.put(name, shard);
            tensors.put(name, info);
        });
        for (Safetensors shard : shards.values()) {
            for (String name : shard.names()) {
                if (places.get(name) != shard) {
                    throw new BadFileException(shard.source() + ": has the tensor " + Names.quoted(name) + ", of which "
                            + index + " says nothing: they don't belong together");
                }
            }
            metadata.putAll(shard.metadata());
        }
    }

    /** A file that the index names; only one beside it, so that an index can't lead elsewhere. */
    private Path beside(Json file) {
        String name = file.asString();
        if (!name.matches("[^/\\\\\\p{Cntrl}]+\\.safetensors")) {
            throw file.error("is " + Names.quoted(name) + ", expected the name of a .safetensors file beside the index");
        }
        return index.resolveSibling(name);
    }

    @Override
    public String source() {
        return index.toString();
    }

    @Override
    public Map<String, TensorInfo> tensors() {
        return Collections.unmodifiableMap(tensors);
    }

    @Override
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(metadata);
    }

    @Override
    public HostTensor tensor(String name) {
        return places.get(name).tensor(name);
    }

    @Override
    public void unload(String name) {
        places.get(name).unload(name);
    }

    /** Unmaps all files. */
    @Override
    public void close() {
        shards.values().forEach(Safetensors::close);
    }
}
