package dev.kerf.backend.gpu;

import java.util.HashSet;
import java.util.Set;

/** The text of a kernel with everything that it includes, for compilers that see no files. */
public final class KernelSource {
    /** The definition that says how {@code real} is stored, as {@link dev.kerf.backend.Storage#code}. */
    public static final String STORAGE = "KERF_STORAGE";

    private KernelSource() {}

    /** {@code kernels/NAME.cl} with its includes in place, each file once; {@code dialect.h} comes first in any case. */
    public static String of(String kernel) {
        StringBuilder out = new StringBuilder();
        Set<String> seen = new HashSet<>();
        append("dialect.h", seen, out);
        append(kernel + ".cl", seen, out);
        return out.toString();
    }

    private static void append(String file, Set<String> seen, StringBuilder out) {
        if (!seen.add(file)) {
            return;
        }
        out.append("#line 1 \"").append(file).append("\"\n");
        int line = 0;
        for (String text : Manifest.resource(file).lines().toList()) {
            line++;
            if (text.startsWith("#include \"")) {
                append(text.substring("#include \"".length(), text.lastIndexOf('"')), seen, out);
                out.append("#line ").append(line + 1).append(" \"").append(file).append("\"\n");
            } else {
                out.append(text).append('\n');
            }
        }
    }
}
