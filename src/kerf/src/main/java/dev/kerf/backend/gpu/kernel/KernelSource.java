package dev.kerf.backend.gpu.kernel;

import dev.kerf.error.UnsupportedOpException;
import java.util.HashSet;
import java.util.Set;

/** The text of a kernel with everything that it includes, for compilers that see no files. */
public final class KernelSource {
    /** The definition that says how {@code real} is stored, as {@link dev.kerf.backend.Precision.Storage#code}. */
    public static final String STORAGE = "KERF_STORAGE";

    /**
     * The attribute by which a kernel asks how factors are multiplied, as {@link dev.kerf.backend.Precision.Arithmetic#code};
     * other kernels multiply in float32.
     */
    public static final String ARITHMETIC = "KERF_ARITHMETIC";

    /** The attribute that says whether a kernel writes float32, and adds it, while its operands are stored in 16 bits. */
    public static final String WIDE = "WIDE";

    /** The attribute that says whether a kernel reads float32 while its result is stored in 16 bits. */
    public static final String NARROW = "NARROW";

    /** The definition that says how many bytes of LOCAL memory a group gets at launch. */
    public static final String DYNAMIC_LOCAL = "KERF_DYNAMIC_LOCAL";

    private KernelSource() {}

    /**
     * The source of a kernel with its includes in place, each file once; {@code dialect.h} comes first in any case.
     *
     * @param compiler what reads it
     * @throws UnsupportedOpException if that compiler doesn't read the kernel's dialect
     */
    public static String of(String kernel, Dialect compiler) {
        Manifest m = Manifest.of(kernel);
        if (!m.dialect().readBy(compiler)) {
            throw new UnsupportedOpException(
                    "kernel " + kernel + " is written in " + m.dialect() + ", which no compiler of " + compiler + " reads");
        }
        StringBuilder out = new StringBuilder();
        Set<String> seen = new HashSet<>();
        append("dialect.h", seen, out);
        append(m.file(), seen, out);
        return out.toString();
    }

    /** Whether anything of a kernel is a file of the user's: no code that ships is of it then. */
    public static boolean own(String kernel) {
        if (KernelFiles.folder().isEmpty()) {
            return false;
        }
        Manifest m = Manifest.of(kernel);
        Set<String> files = new HashSet<>();
        append("dialect.h", files, new StringBuilder());
        append(m.file(), files, new StringBuilder());
        files.add("manifest/" + (m.variantOf().isEmpty() ? kernel : m.variantOf()) + ".json");
        files.add("variants/" + kernel + ".json");
        return files.stream().anyMatch(KernelFiles::own);
    }

    private static void append(String file, Set<String> seen, StringBuilder out) {
        if (!seen.add(file)) {
            return;
        }
        out.append("#line 1 \"").append(file).append("\"\n");
        int line = 0;
        for (String text : KernelFiles.read(file).lines().toList()) {
            line++;
            if (text.startsWith("#include \"")) {
                append(included(text.substring("#include \"".length(), text.lastIndexOf('"')), file), seen, out);
                out.append("#line ").append(line + 1).append(" \"").append(file).append("\"\n");
            } else {
                out.append(text).append('\n');
            }
        }
    }

    /** A header beside the file that includes it, else of {@code kernels/}. */
    private static String included(String header, String by) {
        String beside = by.substring(0, by.lastIndexOf('/') + 1) + header;
        return KernelFiles.exists(beside) ? beside : header;
    }
}
