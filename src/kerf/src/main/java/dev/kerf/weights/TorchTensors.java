package dev.kerf.weights;

import dev.kerf.error.BadInputException;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Pickled.Dict;
import dev.kerf.weights.Pickled.Global;
import dev.kerf.weights.Pickled.Items;
import dev.kerf.weights.Pickled.Storage;
import dev.kerf.weights.Pickled.Tensor;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Tensors as PyTorch's pickles describe them: a storage by a persistent id, a view of it by {@code _rebuild_tensor} and
 * its successors. Whatever of the description changes values is followed or refused by name.
 */
final class TorchTensors {
    private static final int HIGHEST_RANK = 64;

    /** Storage classes by name; the module is torch, torch.cuda or torch.storage. */
    private static final Map<String, DType> STORAGES = Map.ofEntries(
            Map.entry("DoubleStorage", DType.F64), Map.entry("FloatStorage", DType.F32),
            Map.entry("HalfStorage", DType.F16), Map.entry("BFloat16Storage", DType.BF16),
            Map.entry("LongStorage", DType.I64), Map.entry("IntStorage", DType.I32),
            Map.entry("ShortStorage", DType.I16), Map.entry("CharStorage", DType.I8),
            Map.entry("ByteStorage", DType.U8), Map.entry("BoolStorage", DType.BOOL),
            Map.entry("UntypedStorage", DType.U8));

    private static final Map<String, DType> DTYPES = Map.ofEntries(
            Map.entry("float64", DType.F64), Map.entry("float32", DType.F32), Map.entry("float16", DType.F16),
            Map.entry("bfloat16", DType.BF16), Map.entry("int64", DType.I64), Map.entry("int32", DType.I32),
            Map.entry("int16", DType.I16), Map.entry("int8", DType.I8), Map.entry("uint64", DType.U64),
            Map.entry("uint32", DType.U32), Map.entry("uint16", DType.U16), Map.entry("uint8", DType.U8),
            Map.entry("bool", DType.BOOL));

    /** The dtypes that PyTorch itself has no minus for. */
    private static final Set<DType> WITHOUT_MINUS = Set.of(DType.BOOL, DType.U16, DType.U32, DType.U64);

    /** Classes whose tensors are no more than their values; another one may keep its values elsewhere. */
    private static final Set<String> CLASSES = Set.of("torch.Tensor", "torch.nn.parameter.Parameter");

    private final PickleReader reader;
    private final Map<String, Storage> storages = new HashMap<>();

    TorchTensors(PickleReader reader) {
        this.reader = reader;
    }

    /** The storages that the pickle referred to so far, by key. */
    Map<String, Storage> storages() {
        return storages;
    }

    static boolean isStorage(String module, String name) {
        return STORAGES.containsKey(name)
                && (module.equals("torch") || module.equals("torch.cuda") || module.equals("torch.storage"));
    }

    static boolean isDType(String module, String name) {
        return module.equals("torch") && DTYPES.containsKey(name);
    }

    /** A persistent id: the tuple ('storage', class, key, location, number of elements). */
    Storage persistent(Object id) {
        if (id instanceof Items tuple && tuple.items.size() >= 5 && "storage".equals(tuple.items.get(0))
                && tuple.items.get(1) instanceof Global type && isStorage(type.module(), type.name())
                && tuple.items.get(2) instanceof String key && tuple.items.get(4) instanceof Long elements
                && elements >= 0 && elements <= Long.MAX_VALUE / 8) {
            if (tuple.items.size() > 5 && tuple.items.get(5) != null) {
                throw reader.error("storage " + key
                        + " is a view of another, as PyTorch before 0.4 wrote; save it anew");
            }
            Storage storage = new Storage(key, STORAGES.get(type.name()), elements);
            storages.putIfAbsent(key, storage);
            return storage;
        }
        if (id instanceof Items tuple && !tuple.items.isEmpty() && "module".equals(tuple.items.get(0))) {
            throw reader.error("the checkpoint holds a whole model with its source; save its state_dict() instead");
        }
        throw reader.error("a persistent id that isn't a storage");
    }

    /**
     * A tensor: (storage, offset, size, stride), then for {@code _v2} and {@code _v3} (…, requires_grad, hooks), for
     * {@code _v3} the dtype too, and last, where there is any, the metadata.
     */
    Tensor rebuild(Call call) {
        boolean typed = call.global().name().endsWith("_v3");
        Tensor tensor = tensor(call, typed ? dtype(call, 6) : null);
        int metadata = typed ? 7 : 6;
        return call.args().size() > metadata && call.at(metadata) != null ? withMetadata(tensor, call.at(metadata)) : tensor;
    }

    /** A tensor of a class: what the call of a function gives. */
    Tensor ofType(Global type, Call call) {
        if (!CLASSES.contains(type.toString()) || !call.global().name().startsWith("_rebuild_tensor")) {
            throw reader.error("a tensor of class " + type + " made by " + call.global() + ", which Kerf doesn't read");
        }
        return rebuild(call);
    }

    /** The tensor itself: attributes don't change it, and a state that would set its values is refused. */
    Tensor withState(Tensor tensor, Object state) {
        List<Object> parts = state instanceof Items items && items.items.size() == 2
                ? items.items
                : Collections.singletonList(state);
        for (Object part : parts) {
            if (part != null && !(part instanceof Dict)) {
                throw reader.error("a tensor whose values are set by its state, as early PyTorch wrote; save it anew");
            }
            if (part instanceof Dict attributes && attributes.items.containsKey("data")) {
                throw reader.error("a tensor whose values are set by its attribute data");
            }
        }
        return tensor;
    }

    /** PyTorch negates and conjugates lazily: the metadata may ask for what the values don't have yet. */
    private Tensor withMetadata(Tensor tensor, Object metadata) {
        if (!(metadata instanceof Dict flags)) {
            throw reader.error("a tensor whose metadata isn't a dictionary");
        }
        for (Object flag : flags.items.keySet()) {
            if (!"neg".equals(flag) || WITHOUT_MINUS.contains(tensor.dtype())) {
                throw reader.error("a " + tensor.dtype() + " tensor with the metadata " + flag + ", which Kerf doesn't read",
                        "save tensor.resolve_conj().resolve_neg().clone()");
            }
        }
        return flags.items.isEmpty() ? tensor : tensor.negative();
    }

    private Tensor tensor(Call call, DType dtype) {
        if (!(call.at(0) instanceof Storage storage)
                || !(call.at(1) instanceof Long offset) || offset < 0) {
            return call.bad();
        }
        long[] dims = longs(call, 2);
        long[] strides = longs(call, 3);
        try {
            DType type = dtype == null ? storage.dtype() : dtype;
            Shape shape = Shape.of(dims);
            Math.multiplyExact(shape.elements(), type.bytes());
            if (strides.length != dims.length || shape.elements() > 0 && !fits(storage, type, offset, dims, strides)) {
                throw reader.error("a tensor of shape " + shape + " with strides " + Arrays.toString(strides)
                        + " at offset " + offset + " lies outside its storage " + storage.key() + " of "
                        + storage.elements() + " elements");
            }
            return new Tensor(storage, type, offset, shape, strides);
        } catch (BadInputException | ArithmeticException e) {
            throw reader.error("a tensor of impossible shape " + Arrays.toString(dims));
        }
    }

    private static boolean fits(Storage storage, DType type, long offset, long[] dims, long[] strides) {
        long last = offset;
        for (int i = 0; i < dims.length; i++) {
            if (strides[i] < 0) {
                return false;
            }
            last = Math.addExact(last, Math.multiplyExact(dims[i] - 1, strides[i]));
        }
        long bytes = Math.multiplyExact(Math.addExact(last, 1), type.bytes());
        return bytes <= Math.multiplyExact(storage.elements(), storage.dtype().bytes());
    }

    private long[] longs(Call call, int index) {
        List<Object> items = call.items(index);
        if (items.size() > HIGHEST_RANK) {
            throw reader.error("a tensor of rank " + items.size());
        }
        long[] out = new long[items.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = items.get(i) instanceof Long l ? l : call.<Long>bad();
        }
        return out;
    }

    private static DType dtype(Call call, int index) {
        return call.at(index) instanceof Global type && isDType(type.module(), type.name())
                ? DTYPES.get(type.name())
                : call.bad();
    }
}
