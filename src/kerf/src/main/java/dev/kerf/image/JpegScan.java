package dev.kerf.image;

import java.util.Arrays;

/**
 * Decodes the scans of a sequential or progressive JPEG picture with Huffman codes (ITU-T T.81, annexes F and G).
 *
 * @param parts       components that it holds
 * @param first       first coefficient in zigzag order; 0 to 63 of a sequential picture
 * @param last        last one
 * @param high        bit that earlier scans got to; 0 if this is the first
 * @param low         lowest bit that this one has
 * @param progressive whether coefficients gather over several scans
 * @param interval    MCUs between restarts, or 0
 */
record JpegScan(JpegComponent[] parts, int first, int last, int high, int low, boolean progressive, int interval) {
    /** Where in a block the k-th coefficient of the zigzag stands (figure A.6). */
    static final int[] ZIGZAG = {
        0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
        28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61,
        54, 47, 55, 62, 63};

    /** What is wrong with the scan. */
    static final class Damage extends Exception {
        private static final long serialVersionUID = 1L;

        Damage(String what) {
            super(what, null, false, false);
        }
    }

    /** Refuses a scan for which a table is missing or which doesn't follow on those before it; notes what it brings. */
    void check() throws Damage {
        int blocks = 0;
        for (JpegComponent c : parts) {
            if (c.dc == null && first == 0 || c.ac == null && last > 0 || c.quantisation == null) {
                throw new Damage("a table is missing");
            }
            blocks += c.h * c.v;
            for (int k = first; k >= 0 && k <= last && k < 64; k++) {
                if (progressive && Math.max(0, c.known[k]) != high || first > 0 && c.known[0] < 0) {
                    throw new Damage("scans don't follow on each other");
                }
                c.known[k] = (byte) low;
            }
        }
        boolean order = first >= 0 && last >= first && last < 64 && low < 14 && (high == 0 || high == low + 1);
        if (!order || parts.length > 1 && blocks > 10 || progressive && (first == 0) != (last == 0)
                || first > 0 && parts.length > 1) {
            throw new Damage("a scan of coefficients " + first + " to " + last + ", bits " + high + " to " + low);
        }
    }

    /** Decodes all blocks; sequential ones become samples at once, progressive ones stay coefficients. */
    void decode(JpegBits in, int mcusWide, int mcusHigh) throws Damage {
        boolean alone = parts.length == 1;
        int wide = alone ? parts[0].ownBlocksWide() : mcusWide;
        int high = alone ? parts[0].ownBlocksHigh() : mcusHigh;
        Run run = new Run(in);
        int restart = 0;
        for (int mcu = 0; mcu < wide * high; mcu++) {
            if (interval > 0 && mcu > 0 && mcu % interval == 0) {
                int marker = in.marker();
                if (marker != 0xD0 + (restart++ & 7)) {
                    throw new Damage("a restart marker is missing");
                }
                run.restart();
            }
            int x = mcu % wide;
            int y = mcu / wide;
            for (JpegComponent c : parts) {
                for (int i = 0; i < (alone ? 1 : c.h * c.v); i++) {
                    run.block(c, alone ? x : x * c.h + i % c.h, alone ? y : y * c.v + i / c.h);
                }
            }
            if (in.overrun()) {
                throw new Damage("the pixels end in row " + y + " of " + high + " rows of blocks");
            }
        }
    }

    /** The state between blocks. */
    private final class Run {
        private final JpegBits in;
        private final int[] block = new int[64];
        private int emptyBlocks;

        Run(JpegBits in) {
            this.in = in;
            restart();
        }

        void restart() {
            emptyBlocks = 0;
            for (JpegComponent c : parts) {
                c.lastDc = 0;
            }
        }

        void block(JpegComponent c, int x, int y) throws Damage {
            if (!progressive) {
                c.transform(block, sequential(c), x, y);
                return;
            }
            int at = c.block(x, y);
            if (first == 0 && high == 0) {
                c.coefficients[at] = (short) (dc(c) << low);
            } else if (first == 0) {
                c.coefficients[at] |= (short) (in.take(1) << low);
            } else if (emptyBlocks > 0 && high == 0) {
                emptyBlocks--;
            } else if (high == 0) {
                firstAc(c, at);
            } else {
                refineAc(c, at);
            }
        }

        private int dc(JpegComponent c) throws Damage {
            int bits = symbol(c.dc);
            if (bits > 15) {
                throw new Damage("a difference of " + bits + " bits");
            }
            c.lastDc += in.signed(bits);
            return c.lastDc;
        }

        private int symbol(JpegHuffman table) throws Damage {
            int s = table.next(in);
            if (s < 0) {
                throw new Damage("bits that are no code");
            }
            return s;
        }

        /** Fills the block with values, quantisation undone; returns whether any but the first isn't 0. */
        private boolean sequential(JpegComponent c) throws Damage {
            Arrays.fill(block, 0);
            block[0] = dc(c) * c.quantisation[0];
            boolean any = false;
            for (int k = 1; k < 64; k++) {
                int s = symbol(c.ac);
                if ((s & 15) == 0) {
                    if (s != 0xF0) {
                        break;
                    }
                    k += 15;
                    continue;
                }
                k = within(k + (s >> 4));
                block[ZIGZAG[k]] = in.signed(s & 15) * c.quantisation[k];
                any = true;
            }
            return any;
        }

        private int within(int k) throws Damage {
            if (k > last) {
                throw new Damage("more coefficients than a block has");
            }
            return k;
        }

        private void firstAc(JpegComponent c, int at) throws Damage {
            for (int k = first; k <= last; k++) {
                int s = symbol(c.ac);
                int run = s >> 4;
                if ((s & 15) != 0) {
                    k = within(k + run);
                    c.coefficients[at + ZIGZAG[k]] = (short) (in.signed(s & 15) << low);
                } else if (run == 15) {
                    k += 15;
                } else {
                    emptyBlocks = (1 << run) + in.take(run) - 1;
                    return;
                }
            }
        }

        /** One more bit of those that aren't 0 yet known, and new ones of magnitude 1 among the zeros (G.1.2.3). */
        private void refineAc(JpegComponent c, int at) throws Damage {
            int k = first;
            if (emptyBlocks == 0) {
                for (; k <= last; k++) {
                    int s = symbol(c.ac);
                    int run = s >> 4;
                    int fresh = 0;
                    if ((s & 15) != 0) {
                        fresh = in.take(1) == 1 ? 1 << low : -1 << low;
                    } else if (run < 15) {
                        emptyBlocks = (1 << run) + in.take(run);
                        break;
                    }
                    for (; k <= last; k++) {
                        int place = at + ZIGZAG[k];
                        if (c.coefficients[place] != 0) {
                            refine(c, place);
                        } else if (run-- == 0) {
                            c.coefficients[place] = (short) fresh;
                            break;
                        }
                    }
                    if (fresh != 0) {
                        within(k);
                    }
                }
            }
            if (emptyBlocks > 0) {
                for (; k <= last; k++) {
                    if (c.coefficients[at + ZIGZAG[k]] != 0) {
                        refine(c, at + ZIGZAG[k]);
                    }
                }
                emptyBlocks--;
            }
        }

        private void refine(JpegComponent c, int place) {
            int v = c.coefficients[place];
            if (in.take(1) == 1 && (v & 1 << low) == 0) {
                c.coefficients[place] += (short) (v > 0 ? 1 << low : -1 << low);
            }
        }
    }
}
