package dev.kerf.image.gif;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * GIF's LZW (GIF 89a specification, appendix F): codes of growing width, lowest bit first, with a code that clears the table
 * and one that ends the data.
 */
public final class GifCodes {
    private static final int MOST = 1 << 12;

    private GifCodes() {
    }

    /**
     * Decodes pixels.
     *
     * @param bits   of a pixel, as stored before the codes
     * @param in     the codes; read to its end and closed
     * @param pixels to be filled
     * @return what is wrong with the codes, if anything is
     */
    public static @Nullable String decode(int bits, InputStream in, byte[] pixels) throws IOException {
        if (bits < 2 || bits > 8) {
            return "has pixels of " + bits + " bits; 2 to 8 are possible";
        }
        int clear = 1 << bits;
        int[] before = new int[MOST];
        byte[] value = new byte[MOST];
        byte[] stack = new byte[MOST + 1];
        int size = clear + 2;
        int width = bits + 1;
        int last = -1;
        int buffer = 0;
        int held = 0;
        int done = 0;
        while (done < pixels.length) {
            while (held < width) {
                int b = in.read();
                if (b < 0) {
                    return "ends after " + done + " of " + pixels.length + " pixels";
                }
                buffer |= b << held;
                held += 8;
            }
            int code = buffer & (1 << width) - 1;
            buffer >>>= width;
            held -= width;
            if (code == clear) {
                size = clear + 2;
                width = bits + 1;
                last = -1;
                continue;
            } else if (code == clear + 1) {
                return "ends after " + done + " of " + pixels.length + " pixels";
            } else if (code > size || code == size && (last < 0 || size == MOST) || last < 0 && code > clear) {
                return "has code " + code + " where " + size + " are known";
            }
            // A code that is just being made stands for the last string and its first pixel again.
            int walk = code == size ? last : code;
            int depth = code == size ? 1 : 0;
            for (; walk >= clear; walk = before[walk]) {
                stack[depth++] = value[walk];
            }
            stack[depth++] = (byte) walk;
            if (code == size) {
                stack[0] = (byte) walk;
            }
            while (depth > 0 && done < pixels.length) {
                pixels[done++] = stack[--depth];
            }
            if (last >= 0 && size < MOST) {
                before[size] = last;
                value[size++] = (byte) walk;
                if (size == 1 << width && width < 12) {
                    width++;
                }
            }
            last = code;
        }
        in.close();
        return null;
    }

    /** Encodes pixels, each less than 256, as 8-bit ones: the size byte, the sub-blocks and the one that ends them. */
    public static void encode(byte[] pixels, OutputStream out) throws IOException {
        int clear = 256;
        int[] next = new int[MOST << 1];
        int[] keys = new int[MOST << 1];
        Arrays.fill(keys, -1);
        Blocks codes = new Blocks(out);
        out.write(8);
        int width = 9;
        int size = clear + 2;
        codes.write(clear, width);
        int prefix = pixels[0] & 0xFF;
        for (int i = 1; i < pixels.length; i++) {
            int key = prefix << 8 | pixels[i] & 0xFF;
            int slot = (key * 0x9E3779B1) >>> 19;
            while (keys[slot] >= 0 && keys[slot] != key) {
                slot = slot + 1 & keys.length - 1;
            }
            if (keys[slot] == key) {
                prefix = next[slot];
                continue;
            }
            codes.write(prefix, width);
            prefix = pixels[i] & 0xFF;
            if (size < MOST) {
                keys[slot] = key;
                next[slot] = size;
                // The decoder is one entry behind, so a code of the new width can only come after the next.
                if (size == 1 << width) {
                    width++;
                }
                size++;
            } else {
                codes.write(clear, width);
                Arrays.fill(keys, -1);
                size = clear + 2;
                width = 9;
            }
        }
        codes.write(prefix, width);
        codes.write(clear + 1, size == 1 << width && width < 12 ? width + 1 : width);
        codes.end();
    }

    /** Codes as sub-blocks of up to 255 bytes. */
    private static final class Blocks {
        private final OutputStream out;
        private final byte[] block = new byte[255];
        private int filled;
        private int buffer;
        private int held;

        Blocks(OutputStream out) {
            this.out = out;
        }

        void write(int code, int width) throws IOException {
            buffer |= code << held;
            held += width;
            while (held >= 8) {
                put();
            }
        }

        private void put() throws IOException {
            block[filled++] = (byte) buffer;
            buffer >>>= 8;
            held = Math.max(0, held - 8);
            if (filled == block.length) {
                flush();
            }
        }

        private void flush() throws IOException {
            out.write(filled);
            out.write(block, 0, filled);
            filled = 0;
        }

        void end() throws IOException {
            if (held > 0) {
                put();
            }
            if (filled > 0) {
                flush();
            }
            out.write(0);
        }
    }
}
