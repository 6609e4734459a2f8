package dev.kerf.image;

import java.util.Arrays;

/** One component of a JPEG picture: its blocks, its samples, and those at the picture's full size. */
final class JpegComponent {
    /** Bits behind the point of the transform's constants, and of what is between its two passes. */
    private static final int POINT = 13;
    private static final int BETWEEN = 2;

    final int id;
    final int h;
    final int v;
    final int table;
    int[] quantisation;
    JpegHuffman dc;
    JpegHuffman ac;
    int lastDc;
    /** Of all blocks, 64 each in natural order; of progressive pictures alone. */
    short[] coefficients;
    /** The bit down to which each coefficient in zigzag order is known; -1 for none. */
    final byte[] known = new byte[64];
    private int width;
    private int height;
    private int blocksWide;
    private int blocksHigh;
    private int wider;
    private int higher;
    private byte[] samples;
    private final int[] work = new int[64];
    private int[] near;

    JpegComponent(int id, int h, int v, int table) {
        this.id = id;
        this.h = h;
        this.v = v;
        this.table = table;
        Arrays.fill(known, (byte) -1);
    }

    /** Makes room for the component of a picture whose largest factors are given. */
    void allocate(int pictureWidth, int pictureHeight, int mostH, int mostV, boolean progressive) {
        width = Math.ceilDiv(pictureWidth * h, mostH);
        height = Math.ceilDiv(pictureHeight * v, mostV);
        blocksWide = Math.ceilDiv(pictureWidth, 8 * mostH) * h;
        blocksHigh = Math.ceilDiv(pictureHeight, 8 * mostV) * v;
        wider = mostH % h == 0 ? mostH / h : 0;
        higher = mostV % v == 0 ? mostV / v : 0;
        samples = new byte[Math.multiplyExact(64, blocksWide * blocksHigh)];
        coefficients = progressive ? new short[samples.length] : null;
        near = new int[width];
    }

    /** Whether its samples are a whole number of the picture's pixels apart. */
    boolean fits() {
        return wider > 0 && higher > 0;
    }

    /** Blocks in a row of a scan of this component alone. */
    int ownBlocksWide() {
        return Math.ceilDiv(width, 8);
    }

    /** Rows of blocks in a scan of this component alone. */
    int ownBlocksHigh() {
        return Math.ceilDiv(height, 8);
    }

    /** Where a block's coefficients begin. */
    int block(int x, int y) {
        return 64 * (y * blocksWide + x);
    }

    /** Turns the coefficients that a progressive picture's scans gathered into samples. */
    void transformAll() {
        if (coefficients == null) {
            return;
        }
        int[] block = new int[64];
        for (int i = 0; i < blocksWide * blocksHigh; i++) {
            boolean any = false;
            for (int k = 0; k < 64; k++) {
                int place = JpegScan.ZIGZAG[k];
                int c = coefficients[64 * i + place];
                block[place] = c * quantisation[k];
                any |= k > 0 && c != 0;
            }
            transform(block, any, i % blocksWide, i / blocksWide);
        }
        coefficients = null;
    }

    /**
     * The inverse cosine transform of 8×8 values by Loeffler, Ligtenberg and Moschytz (1989) in integers, with the
     * rounding of the reference implementation's accurate one, so that the samples are the same.
     *
     * @param any whether any value but the first isn't 0
     */
    void transform(int[] block, boolean any, int x, int y) {
        int stride = 8 * blocksWide;
        int to = 8 * (y * stride + x);
        if (!any) {
            byte flat = sample((block[0] << BETWEEN) + 16 >> 5);
            for (int row = 0; row < 8; row++, to += stride) {
                Arrays.fill(samples, to, to + 8, flat);
            }
            return;
        }
        for (int i = 0; i < 8; i++) {
            pass(block, i, 8, POINT - BETWEEN);
        }
        for (int row = 0; row < 8; row++, to += stride) {
            pass(work, 8 * row, 1, POINT + BETWEEN + 3);
            for (int i = 0; i < 8; i++) {
                samples[to + i] = sample(work[8 * row + i]);
            }
        }
    }

    /** Eight values a step apart, transformed into the work space and rounded by so many bits. */
    private void pass(int[] in, int at, int step, int bits) {
        // Even part: a rotation by 6/16 of a half turn (cos 0.541196100, sums 0.765366865, 1.847759065).
        int rotated = (in[at + 2 * step] + in[at + 6 * step]) * 4433;
        int even2 = rotated - in[at + 6 * step] * 15137;
        int even3 = rotated + in[at + 2 * step] * 6270;
        int even0 = in[at] + in[at + 4 * step] << POINT;
        int even1 = in[at] - in[at + 4 * step] << POINT;
        int a0 = even0 + even3;
        int a3 = even0 - even3;
        int a1 = even1 + even2;
        int a2 = even1 - even2;
        // Odd part, figure 1 of the paper backwards.
        int i7 = in[at + 7 * step];
        int i5 = in[at + 5 * step];
        int i3 = in[at + 3 * step];
        int i1 = in[at + step];
        int both = (i7 + i3 + i5 + i1) * 9633; // 1.175875602
        int z1 = -(i7 + i1) * 7373; // 0.899976223
        int z2 = -(i5 + i3) * 20995; // 2.562915447
        int z3 = both - (i7 + i3) * 16069; // 1.961570560
        int z4 = both - (i5 + i1) * 3196; // 0.390180644
        int b0 = i7 * 2446 + z1 + z3; // 0.298631336
        int b1 = i5 * 16819 + z2 + z4; // 2.053119869
        int b2 = i3 * 25172 + z2 + z3; // 3.072711026
        int b3 = i1 * 12299 + z1 + z4; // 1.501321110
        int half = 1 << bits - 1;
        work[at] = a0 + b3 + half >> bits;
        work[at + 7 * step] = a0 - b3 + half >> bits;
        work[at + step] = a1 + b2 + half >> bits;
        work[at + 6 * step] = a1 - b2 + half >> bits;
        work[at + 2 * step] = a2 + b1 + half >> bits;
        work[at + 5 * step] = a2 - b1 + half >> bits;
        work[at + 3 * step] = a3 + b0 + half >> bits;
        work[at + 4 * step] = a3 - b0 + half >> bits;
    }

    private static byte sample(int centred) {
        return (byte) Math.clamp(centred + 128, 0, 255);
    }

    /**
     * A row of the picture: samples at half the density are mixed 3 : 1 with their neighbours, as libjpeg does, others
     * repeated.
     */
    void row(int y, int n, int[] out) {
        boolean between = higher == 2 && (wider == 1 || wider == 2 && width > 2);
        int source = y / higher;
        int beside = between ? Math.clamp(source + (y % 2 == 0 ? -1 : 1), 0, height - 1) : source;
        int at = source * 8 * blocksWide;
        int other = beside * 8 * blocksWide;
        for (int i = 0; i < width; i++) {
            int s = samples[at + i] & 0xFF;
            near[i] = between ? 3 * s + (samples[other + i] & 0xFF) : s;
        }
        if (wider == 2 && width > 2) {
            for (int x = 0; x < n; x++) {
                int i = x / 2;
                int to = Math.clamp(x % 2 == 0 ? i - 1 : i + 1, 0, width - 1);
                int half = between ? (x % 2 == 0 ? 8 : 7) : x % 2 == 0 ? 1 : 2;
                out[x] = 3 * near[i] + near[to] + half >> (between ? 4 : 2);
            }
        } else {
            int half = y % 2 == 0 ? 1 : 2;
            for (int x = 0; x < n; x++) {
                int v = near[x / wider];
                out[x] = between ? v + half >> 2 : v;
            }
        }
    }
}
