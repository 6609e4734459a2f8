package dev.kerf.tornado.kernel.select;

import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Scores as unsigned numbers of the same order (Herf 2001, "Radix tricks"), and counts of their digits. A key is equal for −0
 * and 0, and largest for NaN. Its digits for {@link Digits} are the bits 31 … 21, 20 … 10 and 9 … 0; a row of counts is ROW
 * ints: those of the digits, then how many keys lie above the cut so far, then that cut.
 */
final class Keys {
    static final int BINS = 2048;
    static final int ABOVE = BINS;
    static final int CUT = BINS + 1;
    static final int ROW = BINS + 2;

    private Keys() {
    }

    /** The key of a score whose bits are given. */
    static int of(int bits) {
        int magnitude = bits & 0x7FFFFFFF;
        int key;
        if (magnitude > 0x7F800000) {
            key = -1;
        } else if (magnitude == 0) {
            key = Integer.MIN_VALUE;
        } else if (bits < 0) {
            key = -1 - bits;
        } else {
            key = bits | Integer.MIN_VALUE;
        }
        return key;
    }

    /** 1 if a key is larger than another one: unsigned numbers, compared as signed ones. */
    static int larger(int key, int other) {
        return (key ^ Integer.MIN_VALUE) > (other ^ Integer.MIN_VALUE) ? 1 : 0;
    }

    /** The lowest bit of a pass's digit. */
    static int shift(int pass) {
        return pass == 0 ? 21 : pass == 1 ? 10 : 0;
    }

    /** How many keys of the first {@code parts} parts have a digit; rows of counts lie from {@code from} on. */
    static int counted(IntArray rows, int from, int parts, int digit) {
        int sum = 0;
        for (int j = 0; j < parts; j++) {
            sum += rows.get(from + j * ROW + digit);
        }
        return sum;
    }
}
