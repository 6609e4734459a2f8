package dev.kerf.check.ptx.machine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * {@code wgmma}: products of four warps, 64 × 16 by 16 × N, each warp's 16 rows in its registers and the columns in shared memory. A
 * product runs on after it was begun. Here it is done when it is awaited, as late as may be; its columns are looked at when it begins,
 * too, and must be the same then. Until then its sums are NaN.
 *
 * <p>Columns are found as the hardware finds them (PTX ISA, "Matrix descriptor" and "Strides"): chunk c of column n lies at
 * {@code start + n / 8 · stride + n % 8 · 128 + 16 c}, of which bits 4 to 6 are turned by bits 7 to 9; where rows go across, term k of column
 * n at {@code start + n / 64 · leading + k / 8 · stride + k % 8 · 128 + 2 · (n % 64)}, turned likewise.
 */
final class GroupProducts {
    private static final int ROWS = 16;
    private static final int DEPTH = 16;
    private static final int CHUNK = 16;
    private static final long SWIZZLE_128 = 1;

    /**
     * A product under way.
     *
     * @param type    of its factors
     * @param rows    the warp's rows, 16 of {@link #DEPTH}
     * @param places  where each column's terms lie, {@link #DEPTH} of one, then those of the next
     * @param chunks  where the chunks lie that these are in
     * @param seen    a digest of the columns when it began
     * @param results slots of its sums
     */
    private record Product(Type type, double[] rows, int[] places, int[] chunks, int seen, int[] results) {}

    /** A warp's products that are under way, and by slots the sums that they add to and how many products do. */
    static final class Pending {
        private final List<Product> products = new ArrayList<>();
        private final List<Integer> ends = new ArrayList<>();
        private final float[][] sums;
        private final int[] adding;
        private boolean begun;

        /** None yet, of a warp with so many slots for float32. */
        Pending(int slots) {
            sums = new float[slots][];
            adding = new int[slots];
        }

        /** Forgets all of them. */
        void drop() {
            products.clear();
            ends.clear();
            Arrays.fill(adding, 0);
            begun = false;
        }

        private void await(Warp w, int keep) {
            begun = false;
            int done = ends.size() <= keep ? 0 : ends.get(ends.size() - 1 - keep);
            for (Product p : products.subList(0, done)) {
                multiply(w, p);
            }
            products.subList(0, done).clear();
            ends.removeIf(e -> e <= done);
            ends.replaceAll(e -> e - done);
            for (Product p : products) {
                for (int d : p.results) {
                    Arrays.fill(w.f[d], Float.NaN);
                }
            }
        }

        /** The sums so far stay aside while products that add to them are under way. */
        private void multiply(Warp w, Product p) {
            check(w, p.chunks);
            if (digest(w.block.shared, p.chunks) != p.seen) {
                throw new Fault(Rule.RACE, "columns of a product were written while it was under way");
            }
            byte[] bytes = w.block.shared.bytes;
            double[] right = w.block.right;
            for (int j = 0; j < p.results.length / 4; j++) {
                for (int n = 0; n < 8; n++) {
                    for (int k = 0; k < DEPTH; k++) {
                        int at = p.places[(j * 8 + n) * DEPTH + k];
                        right[k * 8 + n] = Tensors.number((short) DeviceMemory.SHORT.get(bytes, at), 0, p.type);
                    }
                }
                product(w, p, j);
            }
            for (int d : p.results) {
                adding[d]--;
            }
        }

        /** Eight columns of it. */
        private void product(Warp w, Product p, int j) {
            double[] sum = w.block.sum;
            for (int r = 0; r < 4; r++) {
                float[] before = sums[p.results[4 * j + r]];
                for (int t = 0; t < 32; t++) {
                    sum[Tensors.place(t, r)] = before[t];
                }
            }
            Tensors.multiply(p.rows, w.block.right, sum, DEPTH);
            for (int r = 0; r < 4; r++) {
                float[] after = sums[p.results[4 * j + r]];
                float[] to = w.f[p.results[4 * j + r]];
                for (int t = 0; t < 32; t++) {
                    to[t] = Tensors.rounded(sum[Tensors.place(t, r)], w.block.truncating);
                    after[t] = to[t];
                }
            }
        }
    }

    private GroupProducts() {}

    /** An instruction of this family; null if it is none. */
    static Op of(Operands o, Statement s, int index) {
        return switch (s.parts().get(1)) {
            case "fence" -> (w, m) -> w.products.begun = true;
            case "commit_group" -> (w, m) -> w.products.ends.add(w.products.products.size());
            case "wait_group" -> {
                int keep = (int) Operands.number(s.operand(0));
                yield (w, m) -> w.products.await(w, keep);
            }
            case "mma_async" -> product(o, s, index);
            default -> null;
        };
    }

    private static Op product(Operands o, Statement s, int index) {
        List<String> p = s.parts();
        Type type = Type.of(p.getLast());
        if (!s.opcode().startsWith("wgmma.mma_async.sync.aligned.m64n") || !p.get(4).endsWith("k16")
                || Type.of(p.get(5)) != Type.F32
                || type != Type.F16 && type != Type.BF16 || !p.get(6).equals(p.get(7)) || s.operands().size() != 7
                || !s.operands().subList(4, 6).equals(List.of("1", "1"))) {
            return null;
        }
        int columns = Integer.parseInt(p.get(4).substring("m64n".length(), p.get(4).length() - "k16".length()));
        int[] d = Statement.elements(s.operand(0)).stream().mapToInt(r -> o.write(Type.Bank.FLOAT, r)).toArray();
        int[] a = Statement.elements(s.operand(1)).stream().mapToInt(o::ints).toArray();
        int b = o.longs(s.operand(2));
        int add = o.predicate(s.operand(3));
        boolean across = s.operand(6).equals("1");
        if (a.length != 4 || d.length != columns / 2) {
            return null;
        }
        return (w, m) -> {
            Tensors.all(w, m);
            if (!w.products.begun) {
                throw new Fault(Rule.UNFENCED, "registers of a product are used");
            }
            double[] rows = new double[ROWS * DEPTH];
            for (int t = 0; t < 32; t++) {
                for (int r = 0; r < 4; r++) {
                    for (int h = 0; h < 2; h++) {
                        rows[((t >> 2) + (r & 1) * 8) * DEPTH + (t & 3) * 2 + (r >> 1) * 8 + h] = Tensors.number(w.i[a[r]][t],
                                h, type);
                    }
                }
            }
            int[] places = places(w.l[b], columns, across, w.block.shared.size);
            int[] chunks = chunks(places);
            check(w, chunks);
            w.block.shared.seen(chunks, CHUNK);
            if (w.block.counting) {
                Traffic.columns(w.block.counts, index, columns * DEPTH * 2);
            }
            for (int r : d) {
                if (w.products.adding[r]++ == 0) {
                    float[] sums = new float[32];
                    for (int t = 0; t < 32; t++) {
                        sums[t] = (w.p[add] >>> t & 1) != 0 ? w.f[r][t] : 0;
                    }
                    w.products.sums[r] = sums;
                }
                Arrays.fill(w.f[r], Float.NaN);
            }
            w.products.products.add(new Product(type, rows, places, chunks, digest(w.block.shared, chunks), d));
        };
    }

    /** Where the terms of columns lie that a descriptor tells of, the same in all lanes. */
    private static int[] places(long[] descriptors, int columns, boolean across, int size) {
        long d = descriptors[0];
        if (Arrays.stream(descriptors).anyMatch(x -> x != d) || d >>> 62 != SWIZZLE_128 || (d >>> 49 & 7) != 0) {
            throw new Fault(Rule.MISALIGNED,
                    "descriptor " + Long.toHexString(d) + " isn't one of rows of 128 bytes, mixed, at 1024");
        }
        int start = (int) (d & 0x3FFF) << 4;
        int leading = (int) (d >>> 16 & 0x3FFF) << 4;
        int stride = (int) (d >>> 32 & 0x3FFF) << 4;
        int[] at = new int[columns * DEPTH];
        for (int n = 0; n < columns; n++) {
            for (int k = 0; k < DEPTH; k++) {
                int plain = start + (across
                        ? n / 64 * leading + k / 8 * stride + k % 8 * 128 + n % 64 * 2
                        : n / 8 * stride + n % 8 * 128 + k * 2);
                int place = plain ^ (plain >> 7 & 7) << 4;
                if (place + 2 > size) {
                    throw SharedAccess.bad(Rule.OUTSIDE_MEMORY, 2, place, 0);
                }
                at[n * DEPTH + k] = place;
            }
        }
        return at;
    }

    /** Of places of 2 bytes those where chunks begin. */
    private static int[] chunks(int[] places) {
        int[] chunks = new int[places.length * 2 / CHUNK];
        int found = 0;
        for (int at : places) {
            if (at % CHUNK == 0) {
                chunks[found++] = at;
            }
        }
        return chunks;
    }

    private static void check(Warp w, int[] chunks) {
        int[] at = new int[32];
        for (int from = 0; from < chunks.length; from += 32) {
            int some = Math.min(32, chunks.length - from);
            System.arraycopy(chunks, from, at, 0, some);
            w.block.shared.read(w, some == 32 ? -1 : (1 << some) - 1, at, CHUNK);
        }
    }

    private static int digest(SharedMemory shared, int[] chunks) {
        int h = 1;
        for (int at : chunks) {
            for (int k = 0; k < CHUNK; k += Integer.BYTES) {
                h = h * 31 + (int) DeviceMemory.INT.get(shared.bytes, at + k);
            }
        }
        return h;
    }
}
