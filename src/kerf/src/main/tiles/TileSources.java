import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * First step of the build: {@code TileSources FOLDER} writes the sources of the CPU back end's tiles, {@code Tile12x2} for one of
 * 12 × 2 sums, whose rows have their coefficients in groups of four. The JIT compiler keeps vectors in registers as
 * local variables of one method alone, so that a tile's sums can be neither an array nor a loop; written by hand, each size
 * would be the same hundred lines. That of two rows and one vector reads
 *
 * <pre>{@code
 * private static void tile(float[] a, int a0, float[] b, int b0, int[] off, int n, float[] c, int c0, int pitch) {
 *     FloatVector s00 = FloatVector.zero(S);
 *     FloatVector s10 = s00;
 *     for (int k = 0; k < n; k++) {
 *         int o = off[k];
 *         FloatVector x0 = FloatVector.fromArray(S, b, b0 + o);
 *         int w = 2 * k;
 *         FloatVector f = FloatVector.broadcast(S, a[a0 + w]);
 *         s00 = f.fma(x0, s00);
 *         f = FloatVector.broadcast(S, a[a0 + w + 1]);
 *         s10 = f.fma(x0, s10);
 *     }
 *     int p = c0;
 *     s00.intoArray(c, p);
 *     p += pitch;
 *     s10.intoArray(c, p);
 * }
 * }</pre>
 *
 * and {@code tileAdd} adds to what is in c; it is a method of its own so that each is compiled sooner.
 */
public final class TileSources {
    private TileSources() {}

    /** One argument, the root of the sources. */
    public static void main(String[] args) throws IOException {
        Path folder = Files.createDirectories(Path.of(args[0], "dev/kerf/backend/cpu/dense"));
        int[][] sizes = {{12, 2}, {8, 2}, {4, 2}, {1, 4}};
        for (int[] size : sizes) {
            String name = "Tile" + size[0] + "x" + size[1];
            String source = source(name, size[0], size[1], Math.min(size[0], 4));
            Path file = folder.resolve(name + ".java");
            // What is as it was isn't compiled again.
            if (!Files.exists(file) || !Files.readString(file).equals(source)) {
                Files.writeString(file, source);
            }
        }
    }

    private static String source(String name, int rows, int vectors, int group) {
        return """
                package dev.kerf.backend.cpu.dense;

                import jdk.incubator.vector.FloatVector;
                import jdk.incubator.vector.VectorSpecies;

                /** %d rows by %d vectors. Written by TileSources. */
                final class %s implements Tile {
                    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
                    private static final int L = S.length();

                    @Override
                    public void sweep(
                            float[] a, int ai, int step, float[] b, int base, int[] starts, int from, int to, int[] off, int n, float[] c,
                            int ci, int pitch, boolean add) {
                        if (add) {
                            for (int v = from; v < to; v += %2$d) {
                                tileAdd(%4$s);
                            }
                        } else {
                            for (int v = from; v < to; v += %2$d) {
                                tile(%4$s);
                            }
                        }
                    }
                %5$s%6$s}
                """
                .formatted(rows, vectors, name, "a, " + list(rows / group, ", ", "ai + %d * step") + ", b, "
                        + list(vectors, ", ", "base + starts[v + %d]") + ", off, n, c, ci + v * L, pitch",
                        method("tile", rows, vectors, group), method("tileAdd", rows, vectors, group));
    }

    private static String method(String name, int rows, int vectors, int group) {
        StringBuilder s = new StringBuilder("\n    private static void " + name + "(float[] a, "
                + list(rows / group, ", ", "int a%d")
                + ", float[] b, " + list(vectors, ", ", "int b%d") + ", int[] off, int n, float[] c, int c0, int pitch) {\n");
        for (int r = 0; r < rows; r++) {
            for (int v = 0; v < vectors; v++) {
                s.append(
                        "        FloatVector s%d_%d = %s;\n".formatted(r, v, r + v == 0 ? "FloatVector.zero(S)" : "s0_0"));
            }
        }
        s.append("        for (int k = 0; k < n; k++) {\n            int o = off[k];\n");
        s.append(list(vectors, "", "            FloatVector x%1$d = FloatVector.fromArray(S, b, b%1$d + o);\n"));
        s.append("            int w = %d * k;\n            FloatVector f;\n".formatted(group));
        for (int r = 0; r < rows; r++) {
            s.append("            f = FloatVector.broadcast(S, a[a%d + w + %d]);\n".formatted(r / group, r % group));
            for (int v = 0; v < vectors; v++) {
                s.append("            s%1$d_%2$d = f.fma(x%2$d, s%1$d_%2$d);\n".formatted(r, v));
            }
        }
        s.append("        }\n        int p = c0;\n");
        for (int r = 0; r < rows; r++) {
            for (int v = 0; v < vectors; v++) {
                String at = "c, p + " + v + " * L";
                String sum = "s%d_%d".formatted(r, v);
                s.append("        " + (name.equals("tile") ? sum : "FloatVector.fromArray(S, " + at + ").add(" + sum + ")")
                        + ".intoArray(" + at + ");\n");
            }
            s.append(r < rows - 1 ? "        p += pitch;\n" : "");
        }
        return s.append("    }\n").toString();
    }

    /** A pattern of 0, 1, 2 … up to n. */
    private static String list(int n, String between, String pattern) {
        return IntStream.range(0, n).mapToObj(pattern::formatted).collect(Collectors.joining(between));
    }
}
