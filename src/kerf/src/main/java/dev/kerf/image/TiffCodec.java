package dev.kerf.image;

import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/** How the bytes of a strip or tile are packed (TIFF 6.0, sections 9, 13 and 14; Adobe's technical notes 1 to 3). */
enum TiffCodec {
    NONE(1, 1), RUNS(2, 0), FAX3(3, 0), FAX4(4, 0), LZW(5, 2560), JPEG(7, 8192), DEFLATE(8, 1032), ADOBE_DEFLATE(32946,
            1032), PACK_BITS(32773, 64);

    private final int number;
    private final int best;

    TiffCodec(int number, int best) {
        this.number = number;
        this.best = best;
    }

    /** The codec of the tag Compression, if it is one of them. */
    static @Nullable TiffCodec of(long number) {
        return Arrays.stream(values()).filter(c -> c.number == number).findFirst().orElse(null);
    }

    /** The most bytes that one byte can stand for, given those of a row: a fax code of one bit can be all of that. */
    double best(long row) {
        return isFax() ? 8.0 * row : best;
    }

    /** Whether it packs rows of black and white. */
    boolean isFax() { return best == 0; }

    /**
     * Unpacks until the bytes to be filled are; what follows is left.
     *
     * @return how many were filled
     */
    int decode(byte[] in, byte[] out) throws DataFormatException {
        return switch (this) {
            case NONE -> {
                System.arraycopy(in, 0, out, 0, Math.min(in.length, out.length));
                yield Math.min(in.length, out.length);
            }
            case LZW -> lzw(in, out);
            case PACK_BITS -> packBits(in, out);
            case DEFLATE, ADOBE_DEFLATE -> inflate(in, out);
            default -> throw new IllegalStateException(this + " isn't about bytes");
        };
    }

    private static int inflate(byte[] in, byte[] out) throws DataFormatException {
        try (Inflater inflater = new Inflater()) {
            inflater.setInput(in);
            int done = 0;
            int n;
            do {
                n = inflater.inflate(out, done, out.length - done);
                done += n;
            } while (n > 0 && done < out.length);
            return done;
        }
    }

    private static int packBits(byte[] in, byte[] out) {
        int done = 0;
        for (int at = 0; at < in.length && done < out.length; at++) {
            int n = in[at];
            if (n >= 0) {
                int copied = Math.min(Math.min(n + 1, in.length - at - 1), out.length - done);
                System.arraycopy(in, at + 1, out, done, copied);
                done += copied;
                at += n + 1;
            } else if (n > -128 && at + 1 < in.length) {
                int to = Math.min(out.length, done + 1 - n);
                Arrays.fill(out, done, to, in[++at]);
                done = to;
            }
        }
        return done;
    }

    /** Codes of 9 to 12 bits, highest first, that grow one code earlier than they must. */
    private static int lzw(byte[] in, byte[] out) throws DataFormatException {
        int[] start = new int[4096];
        int[] length = new int[4096];
        int size = 258;
        int width = 9;
        int last = -1;
        int done = 0;
        long bit = 0;
        while (done < out.length && bit + width <= 8L * in.length) {
            int code = 0;
            for (int need = width; need > 0;) {
                int free = 8 - (int) (bit & 7);
                int n = Math.min(need, free);
                code = code << n | in[(int) (bit >> 3)] >> free - n & (1 << n) - 1;
                bit += n;
                need -= n;
            }
            if (code == 257) {
                break;
            } else if (code == 256) {
                size = 258;
                width = 9;
                last = -1;
                continue;
            } else if (code > size || code == size && last < 0 || code >= 258 && last < 0) {
                throw new DataFormatException("code " + code + " where " + size + " are known");
            }
            // Strings are pieces of what has been written: the last one and a byte more is the new one.
            int from = done;
            int n = code < 256 ? 1 : code < size ? length[code] : length(last, length) + 1;
            int source = code < 256 ? -1 : code < size ? start[code] : from - length(last, length);
            for (int i = 0; i < n && done < out.length; i++) {
                out[done++] = source < 0 ? (byte) code : out[source + i];
            }
            if (last >= 0 && size < 4096) {
                start[size] = from - length(last, length);
                length[size] = length(last, length) + 1;
                size++;
                if (size == (1 << width) - 1 && width < 12) {
                    width++;
                }
            }
            last = code;
        }
        return done;
    }

    private static int length(int code, int[] length) {
        return code < 256 ? 1 : length[code];
    }
}
