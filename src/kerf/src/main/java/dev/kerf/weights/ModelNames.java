package dev.kerf.weights;

import dev.kerf.error.BadFileException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The names that a model itself gives its tensors, without those of what held it when they were saved.
 *
 * <p>{@code _orig_mod} ({@code torch.compile}) and the like are dropped wherever they stand; {@code module.}
 * (DataParallel), {@code model.}, {@code net.} and {@code network.} (an attribute of a trainer's) where all names begin so, also several in
 * turn: {@code module._orig_mod.net.outc.conv.weight} becomes {@code outc.conv.weight}. {@code model.0.conv.weight} stays:
 * a number isn't what a model calls its parts, so {@code model} is its own. The counter {@code n_averaged} beside names
 * in {@code module.}, as AveragedModel keeps it, isn't a tensor of the model and is left out.
 */
final class ModelNames {
    private static final Pattern WITHIN = Pattern.compile(
            "(?<![^.])(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\\.(?=.)", Pattern.DOTALL);
    private static final String DATA_PARALLEL = "module.";
    private static final List<String> AROUND = List.of(DATA_PARALLEL, "model.", "net.", "network.");
    private static final String COUNTER = "n_averaged";
    private static final int DEEPEST = 8;

    private ModelNames() {}

    /**
     * The model's name of each tensor to its name in the source, in the same order.
     *
     * @throws BadFileException if two tensors come to have the same name
     */
    static Map<String, String> of(Collection<String> stored, String source) {
        Map<String, String> out = new LinkedHashMap<>();
        for (String from : stored) {
            String name = WITHIN.matcher(from).replaceAll("");
            if (out.putIfAbsent(name, from) != null) {
                throw new BadFileException(source + ": two tensors are named " + Names.quoted(name));
            }
        }
        for (int depth = 0; depth < DEEPEST; depth++) {
            String prefix = around(out.keySet());
            if (prefix.isEmpty()) {
                break;
            }
            Map<String, String> inner = new LinkedHashMap<>();
            out.remove(COUNTER);
            out.forEach((name, from) -> inner.put(name.substring(prefix.length()), from));
            out = inner;
        }
        return out;
    }

    /** The prefix that all names have, but for the counter beside them; empty if there is none. */
    private static String around(Collection<String> names) {
        List<String> own = new ArrayList<>(names);
        List<String> prefixes = own.remove(COUNTER) ? List.of(DATA_PARALLEL) : AROUND;
        return prefixes.stream()
                .filter(prefix -> !own.isEmpty() && own.stream().allMatch(name -> isAround(prefix, name)))
                .findFirst()
                .orElse("");
    }

    private static boolean isAround(String prefix, String name) {
        return name.startsWith(prefix) && name.length() > prefix.length()
                && (prefix.equals(DATA_PARALLEL) || !Character.isDigit(name.charAt(prefix.length())));
    }
}
