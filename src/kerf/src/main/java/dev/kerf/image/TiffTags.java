package dev.kerf.image;

/** Looks up tags in the first directory of a TIFF structure (TIFF 6.0, section 2), which EXIF uses too. */
final class TiffTags {
    private static final int SHORT = 3;

    private TiffTags() {
    }

    /**
     * The 16-bit values of a tag; none where the structure lacks it or makes no sense.
     *
     * @param b    holds the structure
     * @param from where it begins: the byte-order mark, from which its offsets count
     * @param to   where it ends
     */
    static int[] shorts(byte[] b, int from, int to, int tag) {
        if (to - from < 8) {
            return new int[0];
        }
        boolean little = b[from] == 'I';
        long directory = from + number(b, from + 4, 4, little);
        if (directory + 2 > to) {
            return new int[0];
        }
        int entries = (int) number(b, (int) directory, 2, little);
        for (long e = directory + 2; entries > 0 && e + 12 <= to; e += 12, entries--) {
            int at = (int) e;
            if (number(b, at, 2, little) != tag || number(b, at + 2, 2, little) != SHORT) {
                continue;
            }
            long count = number(b, at + 4, 4, little);
            long values = count <= 2 ? at + 8 : from + number(b, at + 8, 4, little);
            if (values + 2 * count > to) {
                return new int[0];
            }
            int[] out = new int[(int) count];
            for (int i = 0; i < out.length; i++) {
                out[i] = (int) number(b, (int) values + 2 * i, 2, little);
            }
            return out;
        }
        return new int[0];
    }

    private static long number(byte[] b, int at, int bytes, boolean little) {
        long v = 0;
        for (int i = 0; i < bytes; i++) {
            v = v << 8 | b[at + (little ? bytes - 1 - i : i)] & 0xFF;
        }
        return v;
    }
}
