import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
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
            write(folder.resolve(name + ".java"), source(name, size[0], size[1], Math.min(size[0], 4)));
        }
        write(folder.resolve("Tile12x2Halves.java"), halves());
    }

    /** What is as it was isn't compiled again. */
    private static void write(Path file, String source) throws IOException {
        if (!Files.exists(file) || !Files.readString(file).equals(source)) {
            Files.writeString(file, source);
        }
    }

    private static String source(String name, int rows, int vectors, int group) {
        String loop = """
                            for (int v = from; v < to; v += %d) {
                                %%s(a, %s, b, %s, off, n, c, ci + v * L, pitch);
                            }
                """.formatted(vectors, list(rows / group, ", ", "ai + %d * step"),
                list(vectors, ", ", "base + starts[v + %d]"));
        List<Row> all = IntStream.range(0, rows).mapToObj(r -> new Row(r, r / group, r % group)).toList();
        return source(name, rows + " rows by " + vectors + " vectors", loop,
                put -> method(put, all, all, vectors, group, Set.of()));
    }

    /**
     * 12 rows by 2 vectors in two passes of six rows, for 16 registers: a group of four rows and two rows of the middle group each. 12
     * sums, two vectors and two coefficients fill the registers, and the JIT compiler, which reads as many coefficients as it likes
     * before the first is used, would put a sum into memory for every term: so there are fences, no instructions, that no reading
     * passes, and rows of both groups in turn. Where vectors lie in pairs no table is read: 31 instructions a term for 36.
     */
    private static String halves() {
        String loop = """
                            for (int v = from; v < to; v += 2) {
                                int b0 = base + starts[v];
                                int b1 = base + starts[v + 1];
                                int p = ci + v * L;
                                %1$s(a, ai, ai + step, b, b0, b1, off, n, c, p, p + 4 * pitch, pitch);
                                %1$s(a, ai + 2 * step, ai + step + 2, b, b0, b1, off, n, c, p + 8 * pitch, p + 6 * pitch, pitch);
                            }
                """;
        String pairs = """
                            for (int v = from; v < to; v += 2) {
                                int b0 = base + starts[v];
                                int p = ci + v * L;
                                %1$sPairs(a, ai, ai + step, b, b0, n, c, p, p + 4 * pitch, pitch);
                                %1$sPairs(a, ai + 2 * step, ai + step + 2, b, b0, n, c, p + 8 * pitch, p + 6 * pitch, pitch);
                            }
                """;
        String either = "            if (offsets.pairs()) {\n" + pairs.indent(4) + "            } else {\n" + loop.indent(4)
                + "            }\n";
        List<Row> all = IntStream.range(0, 6).mapToObj(r -> new Row(r, r / 4, r % 4)).toList();
        return source("Tile12x2Halves", "12 rows by 2 vectors, six rows at a time", either,
                put -> method(put, all, order(all, 4, 0, 5, 1, 2, 3), 2, 4, Set.of(2, 4))
                        + method(put + "Pairs", all, order(all, 0, 4, 1, 5, 2, 3), 2, 4, Set.of(1, 3)));
    }

    private static List<Row> order(List<Row> rows, int... numbers) {
        return IntStream.of(numbers).mapToObj(rows::get).toList();
    }

    /** @param loop over vectors, calling {@code %s} */
    private static String source(String name, String what, String loop, UnaryOperator<String> methods) {
        String put = methods.apply("tile");
        return """
                package dev.kerf.backend.cpu.dense;
                %s
                import jdk.incubator.vector.FloatVector;
                import jdk.incubator.vector.VectorSpecies;

                /** %s. Written by TileSources. */
                final class %s implements Tile {
                    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
                    private static final int L = S.length();

                    @Override
                    public void sweep(
                            float[] a, int ai, int step, float[] b, int base, int[] starts, int from, int to, Offsets offsets, int n, float[] c,
                            int ci, int pitch, boolean add) {
                        int[] off = offsets.table();
                        if (add) {
                %s        } else {
                %s        }
                    }
                %s%s}
                """
                .formatted(put.contains("VarHandle") ? "\nimport java.lang.invoke.VarHandle;" : "", what, name,
                        loop.formatted("tileAdd"), loop.formatted("tile"), put, methods.apply("tileAdd"));
    }

    /** A row of a tile: which, and where its coefficients lie. */
    private record Row(int number, int group, int place) {}

    /**
     * A tile's loop over terms.
     *
     * @param rows   as they are put down; where there are fences those of each group at a place of their own
     * @param read   the same as their coefficients are read
     * @param fences before which of these there is one
     */
    private static String method(String name, List<Row> rows, List<Row> read, int vectors, int group, Set<Integer> fences) {
        boolean pairs = name.endsWith("Pairs");
        int groups = rows.getLast().group() + 1;
        int places = fences.isEmpty() ? 1 : groups;
        StringBuilder s = new StringBuilder("\n    private static void " + name + "(float[] a, "
                + list(groups, ", ", "int a%d") + ", float[] b, "
                + (pairs ? "int b0" : list(vectors, ", ", "int b%d") + ", int[] off")
                + ", int n, float[] c, " + list(places, ", ", "int c%d") + ", int pitch) {\n");
        for (Row r : rows) {
            for (int v = 0; v < vectors; v++) {
                s.append("        FloatVector s%d_%d = %s;\n".formatted(r.number(), v,
                        r.number() + v == 0 ? "FloatVector.zero(S)" : "s0_0"));
            }
        }
        s.append("        for (int k = 0; k < n; k++) {\n");
        s.append("            int o = %s;\n".formatted(pairs ? "b0 + 2 * L * k" : "off[k]"));
        s.append(list(vectors, "", "            FloatVector x%1$d = FloatVector.fromArray(S, b, "
                + (pairs ? "o + %1$d * L" : "b%1$d + o") + ");\n"));
        s.append("            int w = %d * k;\n            FloatVector f;\n".formatted(group));
        for (int i = 0; i < read.size(); i++) {
            Row r = read.get(i);
            s.append(fences.contains(i) ? "            VarHandle.loadLoadFence();\n" : "");
            s.append("            f = FloatVector.broadcast(S, a[a%d + w + %d]);\n".formatted(r.group(), r.place()));
            for (int v = 0; v < vectors; v++) {
                s.append("            s%1$d_%2$d = f.fma(x%2$d, s%1$d_%2$d);\n".formatted(r.number(), v));
            }
        }
        s.append("        }\n");
        for (Row r : rows) {
            boolean first = places > 1 ? r.place() == 0 : r.number() == 0;
            s.append(first
                    ? "        %sp = c%d;\n".formatted(r.number() == 0 ? "int " : "", places > 1 ? r.group() : 0)
                    : "        p += pitch;\n");
            for (int v = 0; v < vectors; v++) {
                String at = "c, p + " + v + " * L";
                String sum = "s%d_%d".formatted(r.number(), v);
                s.append("        "
                        + (name.startsWith("tileAdd") ? "FloatVector.fromArray(S, " + at + ").add(" + sum + ")" : sum)
                        + ".intoArray(" + at + ");\n");
            }
        }
        return s.append("    }\n").toString();
    }

    /** A pattern of 0, 1, 2 … up to n. */
    private static String list(int n, String between, String pattern) {
        return IntStream.range(0, n).mapToObj(pattern::formatted).collect(Collectors.joining(between));
    }
}
