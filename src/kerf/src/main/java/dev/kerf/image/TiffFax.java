package dev.kerf.image;

import java.util.Arrays;
import java.util.zip.DataFormatException;

/** Unpacks rows of black and white runs as fax machines send them (ITU-T T.4 and T.6; TIFF 6.0, sections 10 and 11). */
final class TiffFax {
    /** Codes of runs of 0 to 63, then of 64, 128 … 1728, each with a one before it, in hexadecimal (T.4, tables 2 and 3). */
    private static final int[] WHITE = table(
            "135 47 17 18 1b 1c 1e 1f 33 34 27 28 48 43 74 75 6a 6b a7 8c 88 97 83 84 a8 ab 93 a4 98 102 "
                    + "103 11a 11b 112 113 114 115 116 117 128 129 12a 12b 12c 12d 104 105 10a 10b 152 153 154 155 "
                    + "124 125 158 159 15a 15b 14a 14b 132 133 134 3b 32 57 b7 136 137 164 165 168 167 2cc 2cd 2d2 "
                    + "2d3 2d4 2d5 2d6 2d7 2d8 2d9 2da 2db 298 299 29a 58 29b");
    private static final int[] BLACK = table(
            "437 a 7 6 b 13 12 23 45 44 84 85 87 104 107 218 417 418 408 867 868 86c 837 828 817 818 10ca "
                    + "10cb 10cc 10cd 1068 1069 106a 106b 10d2 10d3 10d4 10d5 10d6 10d7 106c 106d 10da 10db 1054 "
                    + "1055 1056 1057 1064 1065 1052 1053 1024 1037 1038 1027 1028 1058 1059 102b 102c 105a 1066 "
                    + "1067 40f 10c8 10c9 105b 1033 1034 1035 206c 206d 204a 204b 204c 204d 2072 2073 2074 2075 "
                    + "2076 2077 2052 2053 2054 2055 205a 205b 2064 2065");
    private static final int LONGEST = 13;

    private final byte[] in;
    private final int width;
    private long bit;
    /** Where the colour changes in the row above and in this one, the first time to black; the width behind the last. */
    private int[] above;
    private int[] row;
    private int changes;

    private TiffFax(byte[] in, int width) {
        this.in = in;
        this.width = width;
        above = new int[width + 4];
        row = new int[width + 4];
        Arrays.fill(above, width);
    }

    private static int[] table(String codes) {
        int[] out = new int[1 << LONGEST];
        // Those of 1792, 1856 … 2560 are the same for either colour (table 3b).
        String[] all = (codes + " 808 80c 80d 1012 1013 1014 1015 1016 1017 101c 101d 101e 101f").split(" ");
        for (int i = 0; i < all.length; i++) {
            int code = Integer.parseInt(all[i], 16);
            int length = 31 - Integer.numberOfLeadingZeros(code);
            int from = (code & (1 << length) - 1) << LONGEST - length;
            Arrays.fill(out, from, from + (1 << LONGEST - length), length << 16 | (i < 64 ? i : (i - 63) * 64));
        }
        return out;
    }

    /**
     * Fills rows of bits, 1 for black.
     *
     * @param compression the tag's value, 2 to 4
     * @param mixed       whether rows of method 3 may refer to the row above
     */
    static void decode(byte[] in, byte[] out, int width, int rows, int compression, boolean mixed)
            throws DataFormatException {
        TiffFax fax = new TiffFax(in, width);
        int rowBytes = (width + 7) / 8;
        for (int y = 0; y < rows; y++) {
            boolean refers = compression == 4;
            if (compression == 2) {
                fax.bit = (fax.bit + 7) / 8 * 8;
            } else if (compression == 3) {
                fax.endOfLine();
                refers = mixed && fax.take(1) == 0;
            }
            fax.changes = 0;
            if (refers) {
                fax.twoDimensional();
            } else {
                fax.runs();
            }
            if (fax.bit > 8L * in.length) {
                throw new DataFormatException("the pixels end in row " + y + " of " + rows);
            }
            fax.paint(out, y * rowBytes);
        }
    }

    private int peek(int n) {
        int v = 0;
        for (long i = bit; i < bit + n; i++) {
            v = v << 1 | (i < 8L * in.length ? in[(int) (i >> 3)] >> 7 - (int) (i & 7) & 1 : 0);
        }
        return v;
    }

    private int take(int n) {
        int v = peek(n);
        bit += n;
        return v;
    }

    /** Passes eleven or more zeros and a one, if they come; some writers leave them out. */
    private void endOfLine() {
        if (peek(11) == 0) {
            while (bit < 8L * in.length && take(1) == 0) {
                continue;
            }
        }
    }

    private int run(boolean black) throws DataFormatException {
        int all = 0;
        int part;
        do {
            int found = (black ? BLACK : WHITE)[peek(LONGEST)];
            if (found == 0) {
                throw new DataFormatException("bits that are no code of a run");
            }
            bit += found >> 16;
            part = found & 0xFFFF;
            all += part;
        } while (part >= 64 && all <= width);
        return all;
    }

    private void change(int at) throws DataFormatException {
        if (at < 0 || at > width || changes > 0 && at < row[changes - 1] || changes > width) {
            throw new DataFormatException("a run that ends at column " + at + " of " + width);
        }
        row[changes++] = at;
    }

    private void runs() throws DataFormatException {
        int at = 0;
        for (boolean black = false; at < width; black = !black) {
            at += run(black);
            change(at);
        }
    }

    private void twoDimensional() throws DataFormatException {
        int at = -1;
        int next = 0;
        while (at < width) {
            boolean black = changes % 2 == 1;
            // The first change above that lies to the right and is to the other colour.
            next = Math.max(0, next - 2);
            while (next % 2 != changes % 2 || above[next] <= at && above[next] < width) {
                next++;
            }
            int b1 = above[next];
            if (take(1) == 1) {
                at = b1;
                change(at);
            } else if (peek(2) == 1) {
                bit += 2;
                int first = Math.max(0, at) + run(black);
                change(first);
                at = first + run(!black);
                change(at);
            } else if (peek(3) == 1) {
                bit += 3;
                at = above[next + 1];
            } else {
                // One, two or three columns to the right (…1) or the left (…0) of the change above.
                int zeros = 0;
                while (zeros < 6 && peek(zeros + 1) == 0) {
                    zeros++;
                }
                int distance = zeros == 0 ? 1 : zeros - 1;
                if (zeros == 1 || zeros == 2 || zeros > 4) {
                    throw new DataFormatException("bits that are no code of a change");
                }
                bit += zeros + 1;
                at = b1 + (take(1) == 1 ? distance : -distance);
                change(at);
            }
        }
    }

    private void paint(byte[] out, int from) {
        Arrays.fill(row, changes, row.length, width);
        for (int i = 0; i + 1 <= changes; i += 2) {
            for (int x = row[i]; x < row[i + 1]; x++) {
                out[from + (x >> 3)] |= (byte) (0x80 >> (x & 7));
            }
        }
        int[] swap = above;
        above = row;
        row = swap;
    }
}
