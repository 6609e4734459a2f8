package dev.kerf.image;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Compresses rows of pixels as deflate (RFC 1951), quickly: a repetition is looked for at whole pixels alone and in one place, where the same
 * pixel was last, and all else gets Huffman codes of each block's own. Half the time of zlib's fastest level, or less, for files that
 * are as large to within a few percent. Blocks don't refer to each other.
 */
final class PixelDeflater {
    /** Bytes of a block at most. */
    static final int BLOCK = 1 << 17;
    /** Bytes that have to be there behind a block's, whatever they are. */
    static final int SLACK = Long.BYTES;

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int HASH_BITS = 12;
    private static final int FARTHEST = 1 << 15;
    private static final int SHORTEST = 3;
    private static final int LONGEST = 258;
    private static final int END = 256;
    private static final int HEADER = 1024;
    /** Lengths and distances: their code, the least of each code, and how many bits tell which it is; both less {@link #SHORTEST} and 1. */
    private static final byte[] LENGTH_CODE = new byte[LONGEST - SHORTEST + 1];
    private static final int[] LENGTH_BASE = new int[29];
    private static final int[] LENGTH_BITS = new int[29];
    private static final byte[] DISTANCE_CODE = new byte[FARTHEST];
    private static final int[] DISTANCE_BASE = new int[30];
    private static final int[] DISTANCE_BITS = new int[30];
    /** The code of code lengths is always this one. */
    private static final HuffmanCode OF_LENGTHS;
    private static final int[] ORDER = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

    static {
        fill(LENGTH_CODE, LENGTH_BASE, LENGTH_BITS, 4, 8);
        // The longest has a code of its own, without bits.
        LENGTH_CODE[LONGEST - SHORTEST] = 28;
        LENGTH_BASE[28] = LONGEST - SHORTEST;
        LENGTH_BITS[28] = 0;
        fill(DISTANCE_CODE, DISTANCE_BASE, DISTANCE_BITS, 2, 4);
        int[] lengths = new int[ORDER.length];
        Arrays.fill(lengths, 4);
        for (int rare : new int[] {1, 2, 3, 14, 15, 16}) {
            lengths[rare] = 5;
        }
        OF_LENGTHS = HuffmanCode.of(lengths);
    }

    private static void fill(byte[] code, int[] base, int[] bits, int each, int first) {
        int at = 0;
        for (int c = 0; c < base.length; c++) {
            bits[c] = c < first ? 0 : c / each - 1;
            base[c] = at;
            int end = Math.min(code.length, at + (1 << bits[c]));
            Arrays.fill(code, at, end, (byte) c);
            at = end;
        }
    }

    private final int step;
    private final int[] last = new int[1 << HASH_BITS];
    /** Each a run of bytes (high 32 bits), and a repetition's length (16) and distance (16); the last without. */
    private final long[] pieces = new long[BLOCK / SHORTEST + 2];
    private int count;
    private final int[][] seen = new int[4][256];
    private final int[] literals = new int[286];
    private final int[] distances = new int[30];
    private HuffmanCode literal;
    private HuffmanCode distance;
    private byte[] out = new byte[4 * BLOCK];
    private int size;
    private long bits;
    private int held;

    /** @param unit bytes of a pixel, 1 to 8 */
    PixelDeflater(int unit) {
        step = unit > 4 ? unit / 2 : unit;
    }

    /**
     * Adds a block.
     *
     * @param rows  of a byte and whole pixels each, as many as there are from the array's beginning
     * @param row   bytes of each
     * @param bytes of all, up to {@link #BLOCK}; the array has {@link #SLACK} more
     * @param end   whether it is the last one
     */
    void add(byte[] rows, int row, int bytes, boolean end) {
        find(rows, row, bytes);
        count(rows);
        // A header takes less than two bytes a symbol.
        room((int) (code() / 8) + HEADER);
        header(end);
        body(rows);
        code(literal.codes()[END], literal.lengths()[END]);
        if (end) {
            code(0, -held & 7);
        }
    }

    /** Bits that a block would take, but for its header. */
    long cost(byte[] rows, int row, int bytes) {
        find(rows, row, bytes);
        count(rows);
        return code();
    }

    /** Adds whole bytes of a number, the highest first, where no block is open. */
    void put(int number, int bytes) {
        room(bytes + Long.BYTES);
        for (int shift = Byte.SIZE * (bytes - 1); shift >= 0; shift -= Byte.SIZE) {
            out[size++] = (byte) (number >> shift);
        }
    }

    /** Bytes that {@link #take} would give. */
    int size() {
        return size;
    }

    /** What was made since the last call; all of it once the last block was added. Valid until the next one. */
    ByteBuffer take() {
        ByteBuffer made = ByteBuffer.wrap(out, 0, size);
        size = 0;
        return made;
    }

    private void find(byte[] data, int row, int bytes) {
        int[] last = this.last;
        long[] pieces = this.pieces;
        Arrays.fill(last, -FARTHEST - 1);
        int step = this.step;
        int mask = step == 3 ? 0xFFFFFF : -1;
        int least = step == 3 ? 3 : 4;
        int n = 0;
        int run = 0;
        for (int y = 0; y < bytes; y += row) {
            int stop = Math.min(bytes, y + row);
            int at = y + 1;
            while (at < stop) {
                int v = (int) INT.get(data, at) & mask;
                int place = v * 0x9E3779B1 >>> Integer.SIZE - HASH_BITS;
                int was = last[place];
                last[place] = at;
                if (at - was > FARTHEST || ((int) INT.get(data, was) & mask) != v || at + least > stop) {
                    at += step;
                    continue;
                }
                int length = length(data, was, at, least, Math.min(LONGEST, stop - at), step);
                pieces[n++] = (long) (at - run) << 32 | length << 16 | at - was - 1;
                at += length;
                run = at;
            }
        }
        pieces[n++] = (long) (bytes - run) << 32;
        count = n;
    }

    /** Whole steps that are the same from both places on; by branches, which don't keep what follows waiting. */
    private static int length(byte[] data, int a, int b, int least, int most, int step) {
        int n = least;
        while (n + Long.BYTES <= most && (long) LONG.get(data, a + n) == (long) LONG.get(data, b + n)) {
            n += Long.BYTES;
        }
        while (n < most && data[a + n] == data[b + n]) {
            n++;
        }
        // A third, as long as it is of so few.
        return step == 3 ? (n * 0xAAAB >>> 17) * 3 : n & -step;
    }

    private void count(byte[] data) {
        for (int[] s : seen) {
            Arrays.fill(s, 0);
        }
        Arrays.fill(literals, 0);
        Arrays.fill(distances, 0);
        // Four, so that equal neighbours don't wait for each other.
        int[] s0 = seen[0];
        int[] s1 = seen[1];
        int[] s2 = seen[2];
        int[] s3 = seen[3];
        int at = 0;
        for (int i = 0; i < count; i++) {
            long piece = pieces[i];
            int stop = at + (int) (piece >>> 32);
            for (; at + 4 <= stop; at += 4) {
                int v = (int) INT.get(data, at);
                s0[v & 0xFF]++;
                s1[v >> 8 & 0xFF]++;
                s2[v >> 16 & 0xFF]++;
                s3[v >>> 24]++;
            }
            for (; at < stop; at++) {
                s0[data[at] & 0xFF]++;
            }
            int length = (int) piece >>> 16;
            if (length > 0) {
                literals[257 + LENGTH_CODE[length - SHORTEST]]++;
                distances[DISTANCE_CODE[(int) piece & 0xFFFF]]++;
                at += length;
            }
        }
        for (int i = 0; i < 256; i++) {
            literals[i] = s0[i] + s1[i] + s2[i] + s3[i];
        }
        literals[END] = 1;
    }

    /** Codes for what was found; returns how many bits it takes with them, without a header. */
    private long code() {
        literal = HuffmanCode.ofCounts(literals);
        distance = HuffmanCode.ofCounts(distances);
        long all = 0;
        for (int i = 0; i < literals.length; i++) {
            all += (long) literals[i] * (literal.lengths()[i] + (i > END ? LENGTH_BITS[i - END - 1] : 0));
        }
        for (int i = 0; i < distances.length; i++) {
            all += (long) distances[i] * (distance.lengths()[i] + DISTANCE_BITS[i]);
        }
        return all;
    }

    private void room(int bytes) {
        if (out.length - size < bytes) {
            out = Arrays.copyOf(out, Math.max(2 * out.length, size + bytes));
        }
    }

    private void body(byte[] data) {
        int[] codes = new int[256];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = literal.codes()[i] << 4 | literal.lengths()[i];
        }
        int[] lengths = new int[LENGTH_CODE.length];
        for (int i = 0; i < lengths.length; i++) {
            int c = LENGTH_CODE[i];
            int own = literal.lengths()[257 + c];
            lengths[i] = (literal.codes()[257 + c] | i - LENGTH_BASE[c] << own) << 5 | own + LENGTH_BITS[c];
        }
        int[] distances = new int[DISTANCE_BASE.length];
        for (int i = 0; i < distances.length; i++) {
            distances[i] = distance.codes()[i] << 4 | distance.lengths()[i];
        }
        byte[] out = this.out;
        int size = this.size;
        long bits = this.bits;
        int held = this.held;
        int at = 0;
        for (int i = 0; i < count; i++) {
            long piece = pieces[i];
            int stop = at + (int) (piece >>> 32);
            for (; at + 3 <= stop; at += 3) {
                int v = (int) INT.get(data, at);
                int a = codes[v & 0xFF];
                int b = codes[v >> 8 & 0xFF];
                int c = codes[v >> 16 & 0xFF];
                int first = a & 15;
                int two = first + (b & 15);
                bits |= (a >>> 4 | (long) (b >>> 4) << first | (long) (c >>> 4) << two) << held;
                held += two + (c & 15);
                LONG.set(out, size, bits);
                size += held >>> 3;
                bits >>>= held & ~7;
                held &= 7;
            }
            for (; at < stop; at++) {
                int a = codes[data[at] & 0xFF];
                bits |= (long) (a >>> 4) << held;
                held += a & 15;
            }
            int length = (int) piece >>> 16;
            LONG.set(out, size, bits);
            size += held >>> 3;
            bits >>>= held & ~7;
            held &= 7;
            if (length > 0) {
                int l = lengths[length - SHORTEST];
                int far = (int) piece & 0xFFFF;
                int c = DISTANCE_CODE[far];
                int d = distances[c];
                long both = d >>> 4 | far - DISTANCE_BASE[c] << (d & 15);
                bits |= (l >>> 5 | both << (l & 31)) << held;
                held += (l & 31) + (d & 15) + DISTANCE_BITS[c];
                LONG.set(out, size, bits);
                size += held >>> 3;
                bits >>>= held & ~7;
                held &= 7;
                at += length;
            }
        }
        this.size = size;
        this.bits = bits;
        this.held = held;
    }

    private void header(boolean end) {
        code(end ? 1 : 0, 1);
        code(2, 2);
        code(literals.length - 257, 5);
        code(distances.length - 1, 5);
        code(ORDER.length - 4, 4);
        for (int symbol : ORDER) {
            code(OF_LENGTHS.lengths()[symbol], 3);
        }
        int[] all = Arrays.copyOf(literal.lengths(), literals.length + distances.length);
        System.arraycopy(distance.lengths(), 0, all, literals.length, distances.length);
        for (int i = 0; i < all.length;) {
            int zeros = 0;
            while (i + zeros < all.length && zeros < 138 && all[i + zeros] == 0) {
                zeros++;
            }
            int symbol = zeros >= 11 ? 18 : zeros >= 3 ? 17 : all[i];
            code(OF_LENGTHS.codes()[symbol], OF_LENGTHS.lengths()[symbol]);
            if (zeros >= 3) {
                code(zeros - (zeros >= 11 ? 11 : 3), zeros >= 11 ? 7 : 3);
            }
            i += zeros >= 3 ? zeros : 1;
        }
    }

    private void code(int code, int length) {
        bits |= (long) code << held;
        held += length;
        LONG.set(out, size, bits);
        size += held >>> 3;
        bits >>>= held & ~7;
        held &= 7;
    }
}
