package dev.kerf.image;

/** The bits of a JPEG scan (ITU-T T.81, F.2.2.5), highest first; zeros behind their end, which is the next marker. */
final class JpegBits {
    private final byte[] file;
    private int at;
    private boolean ended;
    private long buffer;
    private int held;
    private int padding;

    JpegBits(byte[] file, int from) {
        this.file = file;
        this.at = from;
    }

    /** The next 16 bits, which stay. */
    int peek() {
        if (held < 16) {
            fill();
        }
        return (int) (buffer >>> held - 16) & 0xFFFF;
    }

    /** Passes bits that were looked at. */
    void skip(int n) {
        held -= n;
    }

    /** The next 0 to 16 bits as a number. */
    int take(int n) {
        int v = peek() >>> 16 - n;
        held -= n;
        return v;
    }

    /** The next n bits as a signed number of that magnitude (F.2.2.1). */
    int signed(int n) {
        int v = take(n);
        return n > 0 && v < 1 << n - 1 ? v - (1 << n) + 1 : v;
    }

    /** Whether more was taken than there is. */
    boolean overrun() {
        return padding > held;
    }

    private void fill() {
        while (held <= 48) {
            int b = 0;
            if (!ended) {
                ended = at >= file.length;
                b = ended ? 0 : file[at] & 0xFF;
                if (b == 0xFF) {
                    int next = at + 1 < file.length ? file[at + 1] & 0xFF : 0xD9;
                    if (next == 0xFF) {
                        at++;
                        continue;
                    }
                    ended = next != 0;
                    at += ended ? 0 : 1;
                }
            }
            if (ended) {
                b = 0;
                padding += 8;
            } else {
                at++;
            }
            buffer = buffer << 8 | b;
            held += 8;
        }
    }

    /** Drops what is left before the next marker, which is returned, and goes behind it; -1 at the file's end. */
    int marker() {
        held = 0;
        padding = 0;
        ended = false;
        while (at + 1 < file.length) {
            int b = file[at + 1] & 0xFF;
            if (file[at] == -1 && b != 0 && b != 0xFF) {
                at += 2;
                return b;
            }
            at++;
        }
        at = file.length;
        return -1;
    }

    /** Goes over a segment. */
    void pass(int bytes) {
        at += bytes;
    }

    /** Where the byte behind the last marker is. */
    int position() {
        return at;
    }
}
