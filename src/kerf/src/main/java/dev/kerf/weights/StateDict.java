package dev.kerf.weights;

import dev.kerf.error.BadFileException;
import dev.kerf.json.Json;
import dev.kerf.weights.Pickled.Dict;
import dev.kerf.weights.Pickled.Items;
import dev.kerf.weights.Pickled.NumpyArray;
import dev.kerf.weights.Pickled.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The named tensors in what a checkpoint's pickle holds, and the plain values beside them.
 *
 * <p>A training script's checkpoint is a dictionary with the state dict under one of {@link #KEYS}, beside an epoch, an
 * optimizer and the like; a bare state dict is one at the top level. Dictionaries within it are joined by dots.
 */
record StateDict(Map<String, Tensor> tensors, Map<String, String> metadata) {
    /** Where a state dict is looked for, in this order, averages of the weights last; then at the top level. */
    static final List<String> KEYS = List.of("state_dict", "model_state_dict", "model_state", "model", "net", "network",
            "network_weights", "checkpoint", "module", "params", "state_dict_ema", "ema_state_dict", "model_ema", "ema_model",
            "ema", "params_ema");

    private static final int DEEPEST = 16;
    /** What an entry takes beside its name. */
    private static final int ENTRY = 16;
    /** Names may repeat the prefixes of dictionaries that hold them, in all up to this multiple of the pickle and a constant. */
    private static final int EXPANSION = 4;
    private static final long FREE_EXPANSION = 1 << 20;
    private static final int MOST_METADATA = 1000;
    private static final int LONGEST_LIST = 64;
    private static final int LONGEST_TEXT = 1000;

    /** Finds the state dict in the value of a pickle of that many bytes. */
    static StateDict in(Object root, String source, long pickleBytes) {
        if (!(root instanceof Dict top)) {
            throw new BadFileException(source + ": holds " + kind(root) + ", expected a dictionary of tensors by name");
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        Descent walk = new Descent(source, pickleBytes);
        Dict dict = top;
        for (int depth = 0; depth < DEEPEST; depth++) {
            collectMetadata(dict, metadata);
            Dict inner = inner(dict, walk);
            if (inner == null) {
                break;
            }
            dict = inner;
        }
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        walk.flatten(dict, "", 0, tensors);
        if (tensors.isEmpty()) {
            throw new BadFileException(source + ": holds no tensors by name; its top level has the keys " + keys(top));
        }
        return new StateDict(tensors, metadata);
    }

    /** The dictionary under one of the keys, if it holds tensors; one of settings may have the same name. */
    private static Dict inner(Dict dict, Descent walk) {
        for (String key : KEYS) {
            if (dict.items.get(key) instanceof Dict inner && walk.findsTensor(inner, 0)) {
                return inner;
            }
        }
        return null;
    }

    /** Goes through dictionaries; all that it does for one pickle is bounded by a multiple of the pickle's length. */
    private static final class Descent {
        private final String source;
        private long left;

        Descent(String source, long pickleBytes) {
            this.source = source;
            this.left = FREE_EXPANSION + EXPANSION * pickleBytes;
        }

        boolean findsTensor(Dict dict, int depth) {
            for (Map.Entry<Object, Object> entry : dict.items.entrySet()) {
                enter(depth, ENTRY);
                if (entry.getValue() instanceof Dict inner
                        ? findsTensor(inner, depth + 1)
                        : named(entry.getKey()) && tensor(entry.getValue()) instanceof Tensor) {
                    return true;
                }
            }
            return false;
        }

        /** Adds the tensors below a dictionary by dotted name. */
        void flatten(Dict dict, String prefix, int depth, Map<String, Tensor> out) {
            dict.items.forEach((key, value) -> {
                if (!named(key)) {
                    return;
                }
                enter(depth, ENTRY + prefix.length() + (key instanceof String s ? s.length() : 0));
                if (value instanceof Dict inner) {
                    flatten(inner, prefix + key + ".", depth + 1, out);
                } else if (tensor(value) instanceof Tensor tensor && out.put(prefix + key, tensor) != null) {
                    throw new BadFileException(source + ": two tensors are named " + Names.quoted(prefix + key));
                }
            });
        }

        private void enter(int depth, long taken) {
            left -= taken;
            if (depth > DEEPEST || left < 0) {
                throw new BadFileException(source + ": its dictionaries are nested too deeply, or hold themselves or one long "
                        + "name again and again");
            }
        }

        private static boolean named(Object key) {
            return key instanceof String || key instanceof Long;
        }
    }

    private static Object tensor(Object value) {
        return value instanceof NumpyArray array ? array.tensor : value;
    }

    private static void collectMetadata(Dict dict, Map<String, String> metadata) {
        dict.items.forEach((key, value) -> {
            if (key instanceof String name && name.length() <= LONGEST_TEXT && metadata.size() < MOST_METADATA) {
                String text = text(value);
                if (text != null && text.length() <= LONGEST_TEXT) {
                    metadata.put(name, text);
                }
            }
        });
    }

    /** A plain value, or a short list of plain values as JSON; none for anything else. */
    private static @Nullable String text(Object value) {
        if (!(value instanceof Items list)) {
            return plain(value) ? String.valueOf(value) : null;
        }
        if (list.items.size() > LONGEST_LIST || !list.items.stream().allMatch(StateDict::plain)) {
            return null;
        }
        List<Object> elements = new ArrayList<>();
        for (Object element : list.items) {
            elements.add(element instanceof Double d && !Double.isFinite(d) ? d.toString() : element);
        }
        return Json.of(elements).toString();
    }

    private static boolean plain(Object value) {
        return value instanceof String s && s.length() <= LONGEST_TEXT || value instanceof Number
                || value instanceof Boolean;
    }

    private static String kind(Object root) {
        return switch (root) {
            case Tensor _ -> "a single tensor without a name";
            case Items list -> "a list of " + list.items.size();
            case null -> "nothing";
            default -> "a plain value";
        };
    }

    private static String keys(Dict dict) {
        List<String> keys = dict.items.keySet().stream()
                .limit(8)
                .map(key -> key instanceof String s && s.length() > 40 ? s.substring(0, 40) + "…" : String.valueOf(key))
                .toList();
        return keys.toString().replaceAll("\\p{Cntrl}", "?");
    }
}
