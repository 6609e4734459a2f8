package dev.kerf.weights;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.file.MappedFile;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Pickled.Storage;
import dev.kerf.weights.Pickled.Tensor;
import dev.kerf.weights.Weights.TensorInfo;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A file written by PyTorch's {@code torch.save}, of the zip kind (since 1.6) or the older kind of pickles in a row, or a
 * pickle of NumPy arrays by name, as Detectron2's model zoo has them.
 * Its pickle is read as data by an allow-list of opcodes and globals; nothing from the file is ever run, and a name
 * outside the list is an error. Tensor values are read in place; a tensor whose strides aren't dense, or that PyTorch still had to
 * negate, is copied when asked for.
 *
 * <p>The named tensors are those of the dictionary under a usual key ({@code state_dict}, {@code model}, {@code net},
 * {@code model_ema} …), or else of the top level itself; dictionaries within are joined by dots. Prefixes that all names
 * have from what held the model, such as {@code module.} from {@code DataParallel}, are dropped: see {@link Weights#open}.
 * Numbers, strings and short lists beside the tensors are metadata; a script's arguments, paths and dates are passed over.
 *
 * <p>The object owns the mapped file as {@link Safetensors} does, and may be read by many threads at once.
 *
 * <pre>{@code
 * try (TorchCheckpoint checkpoint = TorchCheckpoint.open(Path.of("unet.pt"))) {
 *     HostTensor w = checkpoint.tensor("inc.double_conv.0.weight");
 * }
 * }</pre>
 */
final class TorchCheckpoint implements TensorSource {
    /** Tensors may share storages and repeat elements, in all up to this multiple of the storages and a constant. */
    private static final int EXPANSION = 4;

    private static final long FREE_EXPANSION = 64L << 20;

    private final MappedFile file;
    private final Map<String, Tensor> values;
    private final Map<String, String> stored;
    private final Map<String, TensorInfo> tensors;
    private final Map<String, String> metadata;
    private final TorchStorages storages;

    private TorchCheckpoint(MappedFile file) {
        this.file = file;
        this.storages = TorchStorages.read(file.bytes(), source());
        StateDict dict = storages.dict();
        this.values = dict.tensors();
        this.metadata = Collections.unmodifiableMap(dict.metadata());
        Map<String, TensorInfo> infos = new LinkedHashMap<>();
        this.stored = ModelNames.of(values.keySet(), source());
        stored.forEach((name, there) -> infos.put(name, info(name, values.get(there))));
        this.tensors = Collections.unmodifiableMap(infos);
        check();
    }

    /**
     * Opens a checkpoint and checks that each of its tensors lies within the file.
     *
     * @throws BadFileException if the file is missing, cut off, damaged, or names something outside the allow-list
     */
    public static TorchCheckpoint open(Path path) {
        MappedFile file = MappedFile.open(path);
        try {
            return new TorchCheckpoint(file);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    @Override
    public String source() {
        return file.path().toString();
    }

    @Override
    public Map<String, TensorInfo> tensors() {
        return tensors;
    }

    @Override
    public @Nullable TensorInfo find(String name) {
        Tensor t = value(name);
        return t == null ? null : info(name, t);
    }

    @Override
    public Map<String, String> metadata() {
        return metadata;
    }

    /**
     * The dense values of a tensor: a read-only view of the file where they lie densely and unpacked in it, a copy
     * otherwise.
     *
     * @throws BadInputException                 if the checkpoint has no tensor of that name
     * @throws dev.kerf.error.ClosedException if this object is closed
     */
    @Override
    public HostTensor tensor(String name) {
        Tensor t = value(name);
        if (t == null) {
            throw new BadInputException(source() + ": has no tensor " + Names.quoted(name));
        }
        file.bytes();
        if (t.shape().elements() == 0) {
            return HostTensor.zeros(t.dtype(), t.shape());
        }
        MemorySegment inline = t.storage().inline();
        MemorySegment storage = inline == null ? storages.bytes(t.storage(), name) : inline;
        return TensorValues.dense(storage, t);
    }

    @Override
    public void unload(String name) {
        Tensor t = value(name);
        if (t != null && t.storage().inline() == null && t.shape().elements() > 0) {
            MappedFile.unload(storages.bytes(t.storage(), name));
        }
    }

    /** Unmaps the file. Closing twice does nothing. */
    @Override
    public void close() {
        file.close();
    }

    private Tensor value(String name) {
        return values.get(stored.getOrDefault(name, name));
    }

    private static TensorInfo info(String name, Tensor t) {
        return new TensorInfo(name, t.dtype(), t.shape());
    }

    private void check() {
        Map<Storage, Long> storageBytes = new LinkedHashMap<>();
        long total = 0;
        for (Map.Entry<String, Tensor> entry : values.entrySet()) {
            Tensor t = entry.getValue();
            if (t.storage().inline() == null) {
                storages.check(t.storage(), entry.getKey());
            }
            storageBytes.put(t.storage(), t.storage().elements() * t.storage().dtype().bytes());
            long bytes = t.shape().elements() * t.dtype().bytes();
            total = total + bytes < 0 ? Long.MAX_VALUE : total + bytes;
        }
        long held = storageBytes.values().stream().mapToLong(Long::longValue).sum();
        if (total > held * EXPANSION + FREE_EXPANSION) {
            throw new BadFileException(source() + ": its tensors take " + total + " bytes, but only " + held
                    + " are stored: refused as a trap");
        }
    }
}
