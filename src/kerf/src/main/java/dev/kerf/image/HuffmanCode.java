package dev.kerf.image;

import java.util.Arrays;

/**
 * A Huffman code as deflate has them (RFC 1951, 3.2.2): of lengths alone, none longer than {@value #LONGEST} bits.
 *
 * @param lengths bits of each symbol's code; 0 for one that doesn't occur
 * @param codes   the codes, their first bit lowest
 */
record HuffmanCode(int[] lengths, int[] codes) {
    static final int LONGEST = 15;
    private static final int SYMBOL_BITS = 9;
    private static final int SYMBOL = (1 << SYMBOL_BITS) - 1;

    /** The code of given lengths. */
    static HuffmanCode of(int[] lengths) {
        int[] next = new int[LONGEST + 2];
        for (int l : lengths) {
            next[l + 1] += l > 0 ? 1 : 0;
        }
        for (int l = 1; l <= LONGEST + 1; l++) {
            next[l] = l == 1 ? 0 : next[l - 1] + next[l] << 1;
        }
        return new HuffmanCode(lengths, codes(lengths, next));
    }

    private static int[] codes(int[] lengths, int[] next) {
        int[] codes = new int[lengths.length];
        for (int i = 0; i < codes.length; i++) {
            int l = lengths[i];
            codes[i] = l == 0 ? 0 : Integer.reverse(next[l]++) >>> Integer.SIZE - l;
        }
        return codes;
    }

    /** The shortest code for symbols that occur so often, up to 512 of them; of two symbols at least. */
    static HuffmanCode ofCounts(int[] counts) {
        long[] order = new long[counts.length];
        int used = 0;
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] > 0) {
                order[used++] = (long) counts[i] << SYMBOL_BITS | i;
            }
        }
        for (int i = 0; used < 2; i++) {
            // Decoders want no code of one symbol: another gets the other bit.
            if (counts[i] == 0) {
                order[used++] = i;
            }
        }
        Arrays.sort(order, 0, used);
        int[] of = depths(order, used);
        int[] lengths = new int[counts.length];
        int at = 0;
        for (int l = of.length - 1; l > 0; l--) {
            for (int k = 0; k < of[l]; k++) {
                lengths[(int) order[at++] & SYMBOL] = l;
            }
        }
        return of(lengths);
    }

    /** How many codes there are of each length, by Huffman's method: the two rarest become one again and again. */
    private static int[] depths(long[] order, int used) {
        int all = 2 * used - 1;
        long[] weight = new long[all];
        int[] parent = new int[all];
        for (int i = 0; i < used; i++) {
            weight[i] = order[i] >> SYMBOL_BITS;
        }
        int leaf = 0;
        int inner = used;
        for (int next = used; next < all; next++) {
            for (int k = 0; k < 2; k++) {
                int rarest = leaf < used && (inner == next || weight[leaf] <= weight[inner]) ? leaf++ : inner++;
                weight[next] += weight[rarest];
                parent[rarest] = next;
            }
        }
        int[] depth = new int[all];
        int[] of = new int[LONGEST + 1];
        for (int i = all - 2; i >= 0; i--) {
            depth[i] = depth[parent[i]] + 1;
            if (i < used) {
                of[Math.min(LONGEST, depth[i])]++;
            }
        }
        return shortened(of);
    }

    /** Where codes were cut to the longest length there are more than fit: shorter ones become longer by a bit until they do. */
    private static int[] shortened(int[] of) {
        int taken = 0;
        for (int l = 1; l <= LONGEST; l++) {
            taken += of[l] << LONGEST - l;
        }
        while (taken > 1 << LONGEST) {
            int l = LONGEST - 1;
            while (of[l] == 0) {
                l--;
            }
            of[LONGEST]--;
            of[l]--;
            of[l + 1] += 2;
            taken--;
        }
        return of;
    }
}
