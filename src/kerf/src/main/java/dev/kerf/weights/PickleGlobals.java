package dev.kerf.weights;

import dev.kerf.weights.Pickled.Dict;
import dev.kerf.weights.Pickled.Global;
import dev.kerf.weights.Pickled.Items;
import dev.kerf.weights.Pickled.NumpyArray;
import dev.kerf.weights.Pickled.NumpyType;
import dev.kerf.weights.Pickled.Opaque;
import dev.kerf.weights.Pickled.Storage;
import dev.kerf.weights.Pickled.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The globals that a checkpoint's pickle may name, and what each does here: tensors and storages become descriptions of
 * themselves, Python's own containers become plain ones. To read another kind of pickle, add its globals and their
 * rules.
 */
final class PickleGlobals {
    private static final long FREE_COPIES = 1 << 20;
    private static final int COPIES_PER_BYTE = 16;

    private static final Set<String> BUILTINS = Set.of(
            "dict", "list", "tuple", "set", "frozenset", "int", "float", "str", "bool", "bytes", "bytearray",
            "complex", "range", "xrange", "slice", "Ellipsis", "NotImplemented");

    /** Classes of what training scripts keep beside the weights; their objects are passed over. */
    private static final Set<String> OPAQUE = Set.of("builtins.range", "builtins.xrange", "builtins.slice",
            "argparse.Namespace", "types.SimpleNamespace", "torch.torch_version.TorchVersion",
            "pathlib.Path", "pathlib.PosixPath", "pathlib.WindowsPath", "pathlib.PurePosixPath",
            "pathlib.PureWindowsPath", "pathlib._local.Path", "pathlib._local.PosixPath", "pathlib._local.WindowsPath",
            "pathlib._local.PurePosixPath", "pathlib._local.PureWindowsPath",
            "datetime.datetime", "datetime.date", "datetime.time", "datetime.timedelta", "datetime.timezone",
            "decimal.Decimal", "fractions.Fraction", "uuid.UUID", "torch.serialization._get_layout",
            "collections.UserDict", "UserDict.UserDict", "UserDict.IterableUserDict", "collections.ChainMap");

    /** Dictionaries that also have their entries as attributes: hyperparameters and configurations. */
    private static final Set<String> ATTRIBUTE_DICTS = Set.of(
            "pytorch_lightning.utilities.parsing.AttributeDict", "lightning.pytorch.utilities.parsing.AttributeDict",
            "lightning_fabric.utilities.data.AttributeDict", "lightning.fabric.utilities.data.AttributeDict",
            "yacs.config.CfgNode", "fvcore.common.config.CfgNode", "detectron2.config.config.CfgNode", "easydict.EasyDict",
            "addict.addict.Dict", "munch.Munch", "mmcv.utils.config.ConfigDict", "mmengine.config.config.ConfigDict");

    private static final Set<String> OTHERS = Set.of(
            "collections.OrderedDict", "collections.defaultdict", "collections.Counter", "collections.deque",
            "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3",
            "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
            "torch._tensor._rebuild_from_type_v2", "torch.Tensor", "torch.nn.parameter.Parameter",
            "torch.Size", "torch.device", "_codecs.encode", "numpy.dtype",
            "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.ndarray",
            "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct");

    private final PickleReader reader;
    private final TorchTensors tensors;
    private final NumpyArrays arrays;
    private long copiesLeft;

    /** Rules for one pickle; what they copy is bounded by a multiple of its length. */
    PickleGlobals(PickleReader reader, long pickleLength) {
        this.reader = reader;
        this.tensors = new TorchTensors(reader);
        this.arrays = new NumpyArrays(reader, this::spend);
        this.copiesLeft = FREE_COPIES + pickleLength * COPIES_PER_BYTE;
    }

    /** The storages that the pickle referred to so far, by key. */
    Map<String, Storage> storages() {
        return tensors.storages();
    }

    /** The storage that a persistent id stands for. */
    Storage persistent(Object id) {
        return tensors.persistent(id);
    }

    /** The global of that name, if it is allowed. */
    Global find(String module, String name) {
        boolean builtin = module.equals("builtins") || module.equals("__builtin__");
        boolean allowed = builtin
                ? BUILTINS.contains(name)
                : allowed(module + "." + name)
                        || TorchTensors.isDType(module, name) || TorchTensors.isStorage(module, name);
        if (allowed) {
            return new Global(builtin ? "builtins" : module, name);
        }
        if (module.startsWith("torch") && name.endsWith("Storage")) {
            throw reader.error("element type of " + module + "." + name + " isn't one that Kerf reads");
        }
        throw reader.error("forbidden global " + module + "." + name,
                "Kerf reads tensors and plain values and runs nothing from a file; of a model, save the state_dict()");
    }

    private static boolean allowed(String name) {
        return OTHERS.contains(name) || OPAQUE.contains(name) || ATTRIBUTE_DICTS.contains(name);
    }

    /** What calling a global with these arguments gives. */
    Object call(Global global, List<Object> args) {
        Call call = new Call(reader, global, args);
        return switch (global.toString()) {
            case "collections.OrderedDict", "collections.Counter", "builtins.dict" -> dict(call, 0);
            case "collections.defaultdict" -> dict(call, 1);
            case "builtins.list", "builtins.tuple", "builtins.set", "builtins.frozenset", "collections.deque", "torch.Size" ->
                args.isEmpty() ? new Items() : new Items(copy(call.items(0)));
            case "builtins.int", "builtins.float", "builtins.str", "builtins.bool", "torch.device" -> plain(call);
            case "builtins.complex" -> "complex";
            case "builtins.bytes", "builtins.bytearray", "_codecs.encode" -> encode(call);
            case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3" ->
                tensors.rebuild(call);
            case "torch._utils._rebuild_parameter" -> call.at(0) instanceof Tensor t ? t : call.bad();
            case "torch._utils._rebuild_parameter_with_state" -> call.at(0) instanceof Tensor t
                    ? tensors.withState(t, call.at(3))
                    : call.bad();
            case "torch._tensor._rebuild_from_type_v2" -> call.at(0) instanceof Global function
                    && call.at(1) instanceof Global type
                            ? tensors.withState(tensors.ofType(type, new Call(reader, function, call.items(2))), call.at(3))
                            : call.bad();
            case "numpy.dtype" -> call.at(0) instanceof String code ? new NumpyType(code) : call.bad();
            case "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar" -> scalar(call);
            case "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct" ->
                call.at(0) instanceof Global type && type.toString().equals("numpy.ndarray")
                        ? new NumpyArray()
                        : call.bad();
            case String name when OPAQUE.contains(name) -> new Opaque(global);
            case String name when ATTRIBUTE_DICTS.contains(name) -> dict(call, 0);
            default -> throw reader.error("a call of " + global + ", which isn't a function of the allow-list");
        };
    }

    /**
     * Sets an object's state; only what a container or tensor may have besides its values, which Kerf has no use for.
     */
    void build(Object object, Object state) {
        switch (object) {
            case Dict _,Items _,Opaque _ -> {}
            case Tensor tensor -> tensors.withState(tensor, state);
            case NumpyType type ->
                type.bigEndian = state instanceof Items s && s.items.size() > 1 && ">".equals(s.items.get(1));
            case NumpyArray array -> array.tensor = arrays.tensor(state);
            case null, default -> throw reader.error("BUILD on something that isn't a container or tensor");
        }
    }

    private Dict dict(Call call, int from) {
        Dict out = new Dict();
        if (call.args().size() <= from) {
            return out;
        }
        if (call.at(from) instanceof Dict other) {
            spend(other.items.size());
            out.items.putAll(other.items);
            return out;
        }
        List<Object> pairs = call.items(from);
        spend(pairs.size());
        for (Object pair : pairs) {
            if (!(pair instanceof Items p) || p.items.size() != 2) {
                return call.bad();
            }
            out.items.put(p.items.get(0), p.items.get(1));
        }
        return out;
    }

    private Object plain(Call call) {
        Object value = call.at(0);
        return value instanceof String || value instanceof Number || value instanceof Boolean ? value : call.bad();
    }

    private byte[] encode(Call call) {
        return switch (call.args().isEmpty() ? "" : call.at(0)) {
            case byte[] b -> b;
            case String s -> {
                spend(s.length());
                yield s.getBytes(StandardCharsets.ISO_8859_1);
            }
            case null, default -> call.bad();
        };
    }

    /** A NumPy scalar as a Java number; of kinds other than integers, floats and booleans as its dtype's name. */
    private Object scalar(Call call) {
        if (!(call.at(0) instanceof NumpyType type)
                || !(call.at(1) instanceof byte[] raw)) {
            return call.bad();
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
}
