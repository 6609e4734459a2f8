package dev.kerf.weights;

import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Pickled.Dict;
import dev.kerf.weights.Pickled.Global;
import dev.kerf.weights.Pickled.Items;
import dev.kerf.weights.Pickled.NumpyArray;
import dev.kerf.weights.Pickled.NumpyType;
import dev.kerf.weights.Pickled.Storage;
import dev.kerf.weights.Pickled.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The globals that a checkpoint's pickle may name, and what each does here: tensors and storages become descriptions of
 * themselves, Python's own containers become plain ones. To read another kind of pickle, add its globals and their
 * rules.
 */
final class PickleGlobals {
    private static final int HIGHEST_RANK = 64;
    private static final long FREE_COPIES = 1 << 20;
    private static final int COPIES_PER_BYTE = 16;

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

    private static final Set<String> BUILTINS = Set.of(
            "dict", "list", "tuple", "set", "frozenset", "int", "float", "str", "bool", "bytes", "bytearray",
            "complex");

    private static final Set<String> OTHERS = Set.of(
            "collections.OrderedDict", "collections.defaultdict", "collections.Counter",
            "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3",
            "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
            "torch._tensor._rebuild_from_type_v2", "torch.Tensor", "torch.nn.parameter.Parameter",
            "torch.Size", "torch.device", "_codecs.encode", "numpy.dtype",
            "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.ndarray",
            "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct");

    private final PickleReader reader;
    private final Map<String, Storage> storages = new HashMap<>();
    private final NumpyArrays arrays;
    private long copiesLeft;

    /** Rules for one pickle; what they copy is bounded by a multiple of its length. */
    PickleGlobals(PickleReader reader, long pickleLength) {
        this.reader = reader;
        this.arrays = new NumpyArrays(reader);
        this.copiesLeft = FREE_COPIES + pickleLength * COPIES_PER_BYTE;
    }

    /** The storages that the pickle referred to so far, by key. */
    Map<String, Storage> storages() {
        return storages;
    }

    /** The global of that name, if it is allowed. */
    Global find(String module, String name) {
        boolean builtin = module.equals("builtins") || module.equals("__builtin__");
        boolean allowed = builtin ? BUILTINS.contains(name) : OTHERS.contains(module + "." + name)
                || module.equals("torch") && DTYPES.containsKey(name) || isStorage(module, name);
        if (allowed) {
            return new Global(builtin ? "builtins" : module, name);
        }
        if (module.startsWith("torch") && name.endsWith("Storage")) {
            throw reader.error("element type of " + module + "." + name + " isn't one that Kerf reads");
        }
        throw reader.error("forbidden global " + module + "." + name,
                "Kerf reads tensors and plain values and runs nothing from a file; of a model, save the state_dict()");
    }

    private static boolean isStorage(String module, String name) {
        return STORAGES.containsKey(name)
                && (module.equals("torch") || module.equals("torch.cuda") || module.equals("torch.storage"));
    }

    /** What calling a global with these arguments gives. */
    Object call(Global global, List<Object> args) {
        return switch (global.toString()) {
            case "collections.OrderedDict", "collections.Counter", "builtins.dict" -> dict(global, args, 0);
            case "collections.defaultdict" -> dict(global, args, 1);
            case "builtins.list", "builtins.tuple", "builtins.set", "builtins.frozenset", "torch.Size" ->
                args.isEmpty() ? new Items() : new Items(copy(items(global, args, 0)));
            case "builtins.int", "builtins.float", "builtins.str", "builtins.bool", "torch.device" ->
                    plain(global, args);
            case "builtins.complex" -> "complex";
            case "builtins.bytes", "builtins.bytearray", "_codecs.encode" -> encode(global, args);
            case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2" -> tensor(global, args, null);
            case "torch._utils._rebuild_tensor_v3" -> tensor(global, args, dtype(global, argument(global, args, 6)));
            case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state" ->
                argument(global, args, 0) instanceof Tensor t ? t : bad(global);
            case "torch._tensor._rebuild_from_type_v2" -> argument(global, args, 0) instanceof Global function
                    && function.name().startsWith("_rebuild_tensor") ? call(function, items(global, args, 2))
                    : bad(global);
            case "numpy.dtype" -> argument(global, args, 0) instanceof String code ? new NumpyType(code) : bad(global);
            case "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar" -> scalar(global, args);
            case "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct" ->
                argument(global, args, 0) instanceof Global type && type.toString().equals("numpy.ndarray")
                        ? new NumpyArray() : bad(global);
            default -> throw reader.error("a call of " + global + ", which isn't a function of the allow-list");
        };
    }

    /**
     * Sets an object's state; only what a container or tensor may have besides its values, which Kerf has no use for.
     */
    void build(Object object, Object state) {
        switch (object) {
            case Dict _, Items _, Tensor _ -> { }
            case NumpyType type -> type.bigEndian =
                    state instanceof Items s && s.items.size() > 1 && ">".equals(s.items.get(1));
            case NumpyArray array -> array.tensor = arrays.tensor(state);
            case null, default -> throw reader.error("BUILD on something that isn't a container or tensor");
        }
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

    private Tensor tensor(Global global, List<Object> args, DType dtype) {
        if (!(argument(global, args, 0) instanceof Storage storage)
                || !(argument(global, args, 1) instanceof Long offset) || offset < 0) {
            return bad(global);
        }
        long[] dims = longs(global, args, 2);
        long[] strides = longs(global, args, 3);
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
        } catch (IllegalArgumentException | ArithmeticException e) {
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

    private long[] longs(Global global, List<Object> args, int index) {
        List<Object> items = items(global, args, index);
        if (items.size() > HIGHEST_RANK) {
            throw reader.error("a tensor of rank " + items.size());
        }
        long[] out = new long[items.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = items.get(i) instanceof Long l ? l : this.<Long>bad(global);
        }
        return out;
    }

    private DType dtype(Global global, Object value) {
        return value instanceof Global type && DTYPES.containsKey(type.name()) ? DTYPES.get(type.name()) : bad(global);
    }

    private Dict dict(Global global, List<Object> args, int from) {
        Dict out = new Dict();
        if (args.size() <= from) {
            return out;
        }
        if (args.get(from) instanceof Dict other) {
            spend(other.items.size());
            out.items.putAll(other.items);
            return out;
        }
        List<Object> pairs = items(global, args, from);
        spend(pairs.size());
        for (Object pair : pairs) {
            if (!(pair instanceof Items p) || p.items.size() != 2) {
                return bad(global);
            }
            out.items.put(p.items.get(0), p.items.get(1));
        }
        return out;
    }

    private Object plain(Global global, List<Object> args) {
        Object value = argument(global, args, 0);
        return value instanceof String || value instanceof Number || value instanceof Boolean ? value : bad(global);
    }

    private byte[] encode(Global global, List<Object> args) {
        return switch (args.isEmpty() ? "" : args.get(0)) {
            case byte[] b -> b;
            case String s -> {
                spend(s.length());
                yield s.getBytes(StandardCharsets.ISO_8859_1);
            }
            case null, default -> bad(global);
        };
    }

    /** A NumPy scalar as a Java number; of kinds other than integers, floats and booleans as its dtype's name. */
    private Object scalar(Global global, List<Object> args) {
        if (!(argument(global, args, 0) instanceof NumpyType type)
                || !(argument(global, args, 1) instanceof byte[] raw)) {
            return bad(global);
        }
        ByteBuffer value = ByteBuffer.wrap(raw).order(type.bigEndian ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
        return switch (type.code + ":" + raw.length) {
            case "f8:8" -> value.getDouble();
            case "f4:4" -> (double) value.getFloat();
            case "f2:2" -> (double) Float.float16ToFloat(value.getShort());
            case "i8:8" -> value.getLong();
            case "i4:4" -> (long) value.getInt();
            case "i2:2" -> (long) value.getShort();
            case "i1:1" -> (long) value.get();
            case "u4:4" -> Integer.toUnsignedLong(value.getInt());
            case "u2:2" -> (long) Short.toUnsignedInt(value.getShort());
            case "u1:1" -> (long) Byte.toUnsignedInt(value.get());
            case "b1:1" -> value.get() != 0;
            default -> "numpy." + type.code;
        };
    }

    private Object argument(Global global, List<Object> args, int index) {
        return index < args.size() ? args.get(index) : bad(global);
    }

    private List<Object> items(Global global, List<Object> args, int index) {
        return argument(global, args, index) instanceof Items items ? items.items : bad(global);
    }

    private List<Object> copy(List<Object> items) {
        spend(items.size());
        return new ArrayList<>(items);
    }

    /** A few bytes of pickle may ask for the same copy again and again; this bounds what all of them take. */
    private void spend(long n) {
        copiesLeft -= n;
        if (copiesLeft < 0) {
            throw reader.error("the pickle unpacks to many times its size");
        }
    }

    private <T> T bad(Global global) {
        throw reader.error("a call of " + global + " with arguments that it doesn't take");
    }
}
