package dev.kerf.backend.gpu.cuda;

import dev.kerf.error.BadFileException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * The kernels' code as it is shipped: {@code kernels/ptx/ARCHITECTURE/NAME.ptx}, of the architectures that the device
 * runs the one nearest to it first; what is of a later PTX version than the driver takes is passed over. A file holds PTX modules, before each a line {@code // kerf NAME=VALUE …} for each
 * set of definitions that it serves.
 */
final class ShippedImages {
    /** What stands before the definitions that a module serves. */
    static final String MARK = "// kerf ";

    private static final String FOLDER = "/dev/kerf/kernels/ptx/";

    private ShippedImages() {}

    /** Definitions as files and messages name them: by name, {@code A=1 B=2}. */
    static String key(Map<String, String> definitions) {
        List<String> words = new ArrayList<>();
        new TreeMap<>(definitions).forEach((name, value) -> words.add(name + "=" + value));
        return String.join(" ", words);
    }

    /** Code of a kernel with exactly these definitions that the driver loads; empty if none is shipped. */
    static Optional<KernelImages.Image> find(String kernel, Map<String, String> definitions, KernelImages.Chip chip) {
        return find(kernel, definitions, chip, ShippedImages::read);
    }

    /** The same of other files: {@code ARCHITECTURE/NAME.ptx} to its text, or null. */
    static Optional<KernelImages.Image> find(String kernel, Map<String, String> definitions, KernelImages.Chip chip,
            UnaryOperator<String> files) {
        for (String architecture : architectures(chip)) {
            String file = architecture + "/" + kernel + ".ptx";
            String text = files.apply(file);
            String module = text == null ? null : module(text, key(definitions));
            if (module != null && PtxVersion.of(module) <= PtxVersion.ofDriver(chip.driver())) {
                byte[] bytes = module.getBytes(StandardCharsets.US_ASCII);
                return Optional.of(new KernelImages.Image(bytes, "kernels/ptx/" + file));
            }
        }
        return Optional.empty();
    }

    /** Code for {@code a} runs on its own architecture alone, other code on all later ones too. */
    private static List<String> architectures(KernelImages.Chip chip) {
        List<String> all = new ArrayList<>();
        if (chip.major() == 9 && chip.minor() == 0) {
            all.add("sm_90a");
        }
        if (chip.major() >= 8) {
            all.add("sm_80");
        }
        if (chip.major() > 7 || chip.major() == 7 && chip.minor() >= 5) {
            all.add("sm_75");
        }
        return all;
    }

    private static String read(String file) {
        try (InputStream in = ShippedImages.class.getResourceAsStream(FOLDER + file)) {
            return in == null ? null : new String(in.readAllBytes(), StandardCharsets.US_ASCII);
        } catch (IOException e) {
            throw new BadFileException("kernels/ptx/" + file + " can't be read (" + e + ")", e);
        }
    }

    /** The module that follows the line of a set, or null. */
    private static String module(String text, String key) {
        int line = text.indexOf("\n" + MARK + key + "\n");
        if (line < 0) {
            return null;
        }
        int from = text.indexOf("\n.version", line) + 1;
        int to = text.indexOf(MARK, from);
        return text.substring(from, to < 0 ? text.length() : to);
    }
}
