package dev.kerf.check.ptx.machine;

import java.util.Arrays;

/** What requests to memory cost: sectors of 32 bytes in global memory, wavefronts over the 32 banks of shared memory. */
final class Traffic {
    private static final int SECTOR = 5;
    private static final int WAVE_BYTES = 128;

    private Traffic() {}

    /** A request to read global memory at these places of one allocation. */
    static void global(Counts c, int index, int[] at, int lanes, int bytes) {
        request(c, index, at, lanes, bytes);
    }

    /** A request to write it. */
    static void written(Counts c, int index, int[] at, int lanes, int bytes) {
        int found = request(c, index, at, lanes, bytes);
        for (int k = 0; k < found; k++) {
            c.partial += c.filled[k] < 1 << SECTOR ? 1 : 0;
        }
    }

    private static int request(Counts c, int index, int[] at, int lanes, int bytes) {
        int found = 0;
        int[] seen = c.seen;
        int[] filled = c.filled;
        for (int m = lanes; m != 0; m &= m - 1) {
            int t = Integer.numberOfTrailingZeros(m);
            for (int sector = at[t] >> SECTOR; sector <= at[t] + bytes - 1 >> SECTOR; sector++) {
                int k = found - 1;
                while (k >= 0 && seen[k] != sector) {
                    k--;
                }
                if (k < 0) {
                    k = found++;
                    seen[k] = sector;
                    filled[k] = 0;
                }
                filled[k] += bytes;
            }
        }
        c.sectors[index] += found;
        c.bytes[index] += (long) Integer.bitCount(lanes) * bytes;
        return found;
    }

    /**
     * A request to shared memory: a wavefront serves each bank once, all lanes that want the same word of it together. Accesses of 8
     * bytes are served by half warps, of 16 bytes by quarters.
     */
    static void shared(Counts c, int index, int[] at, int lanes, int bytes) {
        int shift = bytes <= 4 ? 2 : bytes == 8 ? 3 : 4;
        int together = WAVE_BYTES >> shift;
        int waves = 0;
        for (int from = 0; from < 32; from += together) {
            int part = lanes & (together == 32 ? -1 : (1 << together) - 1 << from);
            if (part != 0) {
                waves += apart(c.units, at, part, shift, together) ? 1 : conflicting(at, part, bytes);
            }
        }
        c.waves[index] += waves;
        c.leastWaves[index] += Math.max(1, (Integer.bitCount(lanes) * bytes + WAVE_BYTES - 1) / WAVE_BYTES);
    }

    /** A warp's part of the bytes that a product of four warps reads. */
    static void columns(Counts c, int index, int bytes) {
        int waves = bytes / WAVE_BYTES / 4;
        c.waves[index] += waves;
        c.leastWaves[index] += waves;
    }

    /** Whether lanes want different banks or the same numbers of them; they lie at multiples of their size. */
    private static boolean apart(int[] units, int[] at, int part, int shift, int together) {
        Arrays.fill(units, 0, together, -1);
        for (int m = part; m != 0; m &= m - 1) {
            int unit = at[Integer.numberOfTrailingZeros(m)] >> shift;
            int bank = unit & together - 1;
            if (units[bank] >= 0 && units[bank] != unit) {
                return false;
            }
            units[bank] = unit;
        }
        return true;
    }

    /** How often the busiest bank is wanted. */
    private static int conflicting(int[] at, int part, int bytes) {
        int[] words = new int[32];
        int n = 0;
        for (int m = part; m != 0; m &= m - 1) {
            int t = Integer.numberOfTrailingZeros(m);
            for (int k = 0; k < Math.max(4, bytes); k += 4) {
                int word = at[t] + k >> 2;
                boolean had = false;
                for (int q = 0; q < n && !had; q++) {
                    had = words[q] == word;
                }
                if (!had) {
                    words[n++] = word;
                }
            }
        }
        return busiest(words, n);
    }

    private static int busiest(int[] words, int n) {
        long[] load = new long[4]; // a byte a bank
        int most = 0;
        for (int q = 0; q < n; q++) {
            int bank = words[q] & 31;
            load[bank >> 3] += 1L << (bank & 7) * 8;
            most = Math.max(most, (int) (load[bank >> 3] >>> (bank & 7) * 8) & 0xFF);
        }
        return most;
    }
}
