package dev.kerf.image;

import java.util.Arrays;

/**
 * Turns the differences that a row is stored as into the samples themselves: horizontal (TIFF 6.0, section 14) and floating-point ones
 * (Adobe's technical note 3).
 *
 * @param number of the tag Predictor: 1 for none, 2 or 3
 * @param bands  samples of a pixel that lie beside each other
 * @param bits   of a sample
 * @param little the file's byte order
 */
record TiffPredictor(int number, int bands, int bits, boolean little) {
    /** A row of {@code n} bytes at a place, in place. */
    void undo(byte[] b, int at, int n) {
        int step = bands * (number == 3 ? 1 : bits / 8);
        if (number == 2 && bits > 8) {
            int size = bits / 8;
            for (int i = at + step; i < at + n; i += size) {
                for (int k = 0, carry = 0; k < size; k++) {
                    int place = little ? i + k : i + size - 1 - k;
                    carry += (b[place] & 0xFF) + (b[place - step] & 0xFF);
                    b[place] = (byte) carry;
                    carry >>= 8;
                }
            }
            return;
        }
        for (int i = at + step; i < at + n; i++) {
            b[i] += b[i - step];
        }
        if (number == 3) {
            // All highest bytes of the row stand first, then all next ones; whatever the file's byte order.
            byte[] planes = Arrays.copyOfRange(b, at, at + n);
            int size = bits / 8;
            int samples = n / size;
            for (int i = 0; i < n; i++) {
                int k = little ? size - 1 - i % size : i % size;
                b[at + i] = planes[k * samples + i / size];
            }
        }
    }
}
