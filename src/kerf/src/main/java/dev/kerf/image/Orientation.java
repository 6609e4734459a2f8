package dev.kerf.image;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** The orientation that a camera notes in a picture (EXIF 2.32, tag 0x0112): how to turn the stored rows upright. */
final class Orientation {
    private static final int TAG = 0x0112;

    private Orientation() {
    }

    /**
     * The orientation in a TIFF structure, as EXIF and TIFF files have it; 1 where it says none or makes no sense.
     *
     * @param b    holds the structure
     * @param from where it begins: the byte-order mark, from which its offsets count
     * @param to   where it ends
     */
    static int fromExif(byte[] b, int from, int to) {
        List<TiffDirectory> first = TiffDirectory.of(MemorySegment.ofArray(b).asSlice(from, to - from), 1);
        return first.isEmpty() ? 1 : of(first.getFirst());
    }

    /** The orientation that a directory says; 1 where it says none or makes no sense. */
    static int of(TiffDirectory tags) {
        long found = tags.first(TAG, 1);
        return found >= 1 && found <= 8 ? (int) found : 1;
    }

    /** The picture upright; itself for orientation 1. Width and height are swapped by 5 to 8. */
    static Image apply(int orientation, Image stored) {
        if (orientation == 1) {
            return stored;
        }
        boolean turned = orientation >= 5;
        int w = turned ? stored.height() : stored.width();
        int h = turned ? stored.width() : stored.height();
        Image out = Image.blank(w, h, stored.format());
        boolean right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
        boolean below = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
        int pixel = stored.format().pixelBytes();
        for (int y = 0; y < h; y++) {
            for (int x = 0; x < w; x++) {
                int column = turned ? y : x;
                int row = turned ? x : y;
                int sx = right ? stored.width() - 1 - column : column;
                int sy = below ? stored.height() - 1 - row : row;
                MemorySegment.copy(stored.data(), sy * stored.rowStride() + (long) sx * pixel,
                        out.data(), y * out.rowStride() + (long) x * pixel, pixel);
            }
        }
        return out;
    }
}
