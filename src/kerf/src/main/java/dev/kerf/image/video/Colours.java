package dev.kerf.image.video;

import dev.kerf.image.Image;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A picture in at most 256 colours. One that has no more keeps them exactly. Others go by median cut (Heckbert, "Color image
 * quantization for frame buffer display", 1982) over colours of 5 bits a channel: the box that holds most, weighted by its
 * extent, is cut at its median until there are 256; each pixel gets the mean of its box.
 *
 * @param palette 1 to 256 colours 0xRRGGBB
 * @param indices of the pixels, rows from the top
 */
record Colours(int[] palette, byte[] indices) {
    private static final int MOST = 256;
    private static final int CELLS = 1 << 15;

    /** Of packed RGB8. */
    static Colours of(Image rgb) {
        byte[] pixels = rgb.data().asSlice(0, 3L * rgb.width() * rgb.height()).toArray(ValueLayout.JAVA_BYTE);
        Colours exact = exact(pixels);
        return exact != null ? exact : cut(pixels);
    }

    private static int colour(byte[] pixels, int i) {
        return (pixels[3 * i] & 0xFF) << 16 | (pixels[3 * i + 1] & 0xFF) << 8 | pixels[3 * i + 2] & 0xFF;
    }

    private static int cell(int colour) {
        return colour >> 9 & 0x7C00 | colour >> 6 & 0x3E0 | colour >> 3 & 0x1F;
    }

    /** None if there are too many. Colours stand in the palette in the order in which they are met. */
    private static @Nullable Colours exact(byte[] pixels) {
        int[] slots = new int[1024];
        Arrays.fill(slots, -1);
        int[] palette = new int[MOST];
        int size = 0;
        byte[] indices = new byte[pixels.length / 3];
        for (int i = 0; i < indices.length; i++) {
            int colour = colour(pixels, i);
            int slot = colour * 0x9E3779B1 >>> 22;
            while (slots[slot] >= 0 && palette[slots[slot]] != colour) {
                slot = slot + 1 & slots.length - 1;
            }
            if (slots[slot] < 0) {
                if (size == MOST) {
                    return null;
                }
                slots[slot] = size;
                palette[size++] = colour;
            }
            indices[i] = (byte) slots[slot];
        }
        return new Colours(Arrays.copyOf(palette, size), indices);
    }

    private static Colours cut(byte[] pixels) {
        int[] counts = new int[CELLS];
        int n = pixels.length / 3;
        for (int i = 0; i < n; i++) {
            counts[cell(colour(pixels, i))]++;
        }
        int[] used = IntStream.range(0, CELLS).filter(c -> counts[c] > 0).toArray();
        List<Box> boxes = new ArrayList<>(List.of(Box.of(used, 0, used.length, counts)));
        while (boxes.size() < MOST) {
            Box widest = boxes.getFirst();
            for (Box b : boxes) {
                widest = b.weight() > widest.weight() ? b : widest;
            }
            if (widest.extent() == 0) {
                break;
            }
            boxes.remove(widest);
            boxes.addAll(widest.cut(used, counts));
        }
        byte[] box = new byte[CELLS];
        for (int b = 0; b < boxes.size(); b++) {
            for (int k = boxes.get(b).from; k < boxes.get(b).to; k++) {
                box[used[k]] = (byte) b;
            }
        }
        return mean(pixels, box, boxes.size());
    }

    private static Colours mean(byte[] pixels, byte[] box, int size) {
        long[][] sums = new long[4][size];
        byte[] indices = new byte[pixels.length / 3];
        for (int i = 0; i < indices.length; i++) {
            indices[i] = box[cell(colour(pixels, i))];
            int b = indices[i] & 0xFF;
            for (int c = 0; c < 3; c++) {
                sums[c][b] += pixels[3 * i + c] & 0xFF;
            }
            sums[3][b]++;
        }
        int[] palette = new int[size];
        for (int b = 0; b < size; b++) {
            for (int c = 0; c < 3; c++) {
                palette[b] = palette[b] << 8 | (int) ((sums[c][b] + sums[3][b] / 2) / sums[3][b]);
            }
        }
        return new Colours(palette, indices);
    }

    /** The cells from one place in the array to another, with the channel in which they extend most: 10, 5 or 0 bits up. */
    private record Box(int from, int to, long pixels, int shift, int extent) {
        static Box of(int[] cells, int from, int to, int[] counts) {
            long pixels = 0;
            int[] low = {31, 31, 31};
            int[] high = new int[3];
            for (int k = from; k < to; k++) {
                pixels += counts[cells[k]];
                for (int c = 0; c < 3; c++) {
                    int v = cells[k] >> 5 * c & 31;
                    low[c] = Math.min(low[c], v);
                    high[c] = Math.max(high[c], v);
                }
            }
            int widest = 0;
            for (int c = 1; c < 3; c++) {
                widest = high[c] - low[c] > high[widest] - low[widest] ? c : widest;
            }
            return new Box(from, to, pixels, 5 * widest, high[widest] - low[widest]);
        }

        double weight() {
            return (double) pixels * extent;
        }

        /** Two boxes with about as many pixels, neither without cells. */
        List<Box> cut(int[] cells, int[] counts) {
            long[] keyed = new long[to - from];
            for (int k = 0; k < keyed.length; k++) {
                keyed[k] = (long) (cells[from + k] >> shift & 31) << 32 | cells[from + k];
            }
            Arrays.sort(keyed);
            long sum = 0;
            int middle = from;
            for (int k = 0; k < keyed.length; k++) {
                cells[from + k] = (int) keyed[k];
                if (2 * sum < pixels) {
                    middle = from + k + 1;
                }
                sum += counts[cells[from + k]];
            }
            middle = Math.clamp(middle, from + 1, to - 1);
            return List.of(of(cells, from, middle, counts), of(cells, middle, to, counts));
        }
    }
}
