package dev.kerf.image;

import dev.kerf.error.BadFileException;
import dev.kerf.image.ImageInfo.FileType;
import java.util.Arrays;

/**
 * Decodes JPEG (ITU-T T.81 with the conventions of JFIF, EXIF and Adobe): baseline, extended and progressive of 8 bits with
 * Huffman codes, to the samples that libjpeg gives. Strict: damage is an error, never a picture that is partly made up; what
 * is superfluous is passed over. Our own rather than the JDK's, which reports damage while it holds up the garbage collector
 * (under the serial and the parallel one for ever), loads AWT, and stumbles over metadata.
 */
final class JpegDecoder implements ImageDecoder {
    /** A block of 64 pixels takes at least a bit in a scan; sub-sampled components leave room for a factor. */
    private static final double BEST = 64.0 * 8 * 16;
    /** More than any encoder makes; each costs time whatever its length. */
    private static final int MOST_SCANS = 100;

    private final String name;
    private final byte[] file;
    private final int[][] quantisation = new int[4][];
    private final JpegHuffman[] tables = new JpegHuffman[8];
    private int width;
    private int height;
    private JpegComponent[] components;
    private boolean progressive;
    private int interval;
    private int orientation;
    private int adobeTransform = -1;
    private boolean jfif;

    JpegDecoder(String name, byte[] file) {
        this.name = name;
        this.file = file;
        JpegHuffman[] usual = JpegHuffman.usual();
        for (int i = 0; i < 4; i++) {
            tables[i / 2 * 4 + i % 2] = usual[i];
        }
    }

    @Override
    public ImageInfo info() {
        read(false);
        return described();
    }

    @Override
    public Image decode(boolean indices) {
        read(true);
        byte[] out = new byte[(int) described().decodedBytes()];
        int[][] rows = new int[components.length][width];
        boolean ycc = isYcc();
        for (int y = 0; y < height; y++) {
            row(y, rows, ycc);
            int at = y * width * Math.min(3, rows.length);
            for (int x = 0; x < width; x++) {
                int ink = rows.length == 4 ? light(rows[3][x]) : 255;
                for (int c = 0; c < Math.min(3, rows.length); c++) {
                    out[at++] = (byte) (rows.length < 4 ? rows[c][x] : (light(rows[c][x]) * ink + 127) / 255);
                }
            }
        }
        return Orientation.apply(described().orientation(), Image.of(width, height,
                components.length == 1 ? PixelFormat.GRAY8 : PixelFormat.RGB8, out));
    }

    /**
     * The samples without regard to what the file says of their colours, as TIFF wants them.
     *
     * @param ycc whether to turn luma and chroma into red, green and blue
     * @param w   columns that are expected
     * @param h   rows that are expected; there may be more
     * @param n   components that are expected
     * @return interleaved
     */
    byte[] samples(boolean ycc, int w, int h, int n) {
        read(false);
        if (width != w || height < h || components.length != n) {
            throw bad("it is " + width + "x" + height + " pixels of " + components.length + " components where " + w + "x"
                    + h + " of " + n + " are to be");
        }
        components = null;
        read(true);
        int[][] rows = new int[n][width];
        byte[] out = new byte[Math.multiplyExact(w * n, h)];
        for (int y = 0, at = 0; y < h; y++) {
            row(y, rows, ycc && n == 3);
            for (int x = 0; x < width; x++) {
                for (int c = 0; c < n; c++) {
                    out[at++] = (byte) rows[c][x];
                }
            }
        }
        return out;
    }

    private ImageInfo described() {
        PixelFormat format = components.length == 1 ? PixelFormat.GRAY8 : PixelFormat.RGB8;
        ImageInfo info = new ImageInfo(FileType.JPEG, width, height, format, 1).oriented(Math.max(1, orientation));
        info.checkSize(name);
        return info;
    }

    /** With an Adobe marker inks are stored inverted: 255 is no ink. */
    private int light(int stored) {
        return adobeTransform >= 0 ? stored : 255 - stored;
    }

    /** Reads the segments up to the first scan, or all of them with the scans. */
    private void read(boolean pixels) {
        JpegBits in = new JpegBits(file, 2);
        int scans = 0;
        while (true) {
            int marker = in.marker();
            if (marker < 0 && scans == 0) {
                throw bad("truncated after " + file.length + " bytes, before the picture");
            } else if (marker == 0xD9 && scans == 0) {
                throw bad("there is no picture in it");
            } else if (allKnown(marker)) {
                break;
            } else if (marker == 0xD9 || marker < 0) {
                throw bad("truncated: a part of the picture is missing");
            } else if (marker > 0x01 && marker < 0xC0) {
                throw bad("damaged: an unknown marker at byte " + (in.position() - 2));
            } else if (marker == 0x01 || marker >= 0xD0 && marker <= 0xD8) {
                continue;
            }
            int at = in.position();
            int length = at + 2 > file.length ? 0 : int16(at);
            if (length < 2 || at + length > file.length) {
                throw bad("truncated: the segment at byte " + (at - 2) + " needs " + length + " bytes, the file ends at "
                        + file.length);
            }
            in.pass(length);
            if (marker != 0xDA) {
                segment(marker, at + 2, length - 2);
            } else if (components == null) {
                throw bad("the picture's size is missing");
            } else if (!pixels) {
                return;
            } else if (++scans > MOST_SCANS) {
                throw bad("it has more than " + MOST_SCANS + " scans");
            } else {
                if (scans == 1) {
                    allocate();
                }
                scan(in, at + 2, length - 2);
            }
        }
        for (JpegComponent c : components) {
            c.transformAll();
        }
    }

    /** Whether the picture is complete at its end marker or, where no scan can refine it, at the file's end. */
    private boolean allKnown(int marker) {
        return (marker == 0xD9 || marker < 0 && !progressive) && components != null
                && Arrays.stream(components).allMatch(c -> c.known[0] >= 0);
    }

    private void allocate() {
        described().check(name, file.length, BEST, progressive ? 5 : 3);
        int h = most(false);
        int v = most(true);
        for (JpegComponent c : components) {
            c.allocate(width, height, h, v, progressive);
            if (!c.fits()) {
                throw bad("the sizes of its components are no multiples of each other, which can't be read");
            }
        }
    }

    private int most(boolean vertical) {
        return Arrays.stream(components).mapToInt(c -> vertical ? c.v : c.h).max().orElseThrow();
    }

    private void segment(int marker, int at, int length) {
        if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC) {
            frame(marker, at, length);
        } else if (marker == 0xC4) {
            huffman(at, at + length);
        } else if (marker == 0xDB) {
            quantisation(at, at + length);
        } else if (marker == 0xDD && length >= 2) {
            interval = int16(at);
        } else if (marker == 0xE0 && length >= 5 && text(at, "JFIF\0")) {
            jfif = true;
        } else if (marker == 0xE1 && length >= 14 && text(at, "Exif\0\0") && orientation == 0) {
            // Of several the first holds: others continue it or were left behind by an editor.
            orientation = Orientation.fromExif(file, at + 6, at + length);
        } else if (marker == 0xEE && length >= 12 && text(at, "Adobe")) {
            adobeTransform = file[at + 11] & 0xFF;
        }
    }

    private void huffman(int from, int to) {
        for (int at = from; at < to; at += 17 + JpegHuffman.symbols(file, at + 1)) {
            int which = file[at] & 0xFF;
            if (at + 17 > to || at + 17 + JpegHuffman.symbols(file, at + 1) > to || (which & 0xEC) != 0) {
                throw bad("damaged: a Huffman table at byte " + at);
            }
            try {
                tables[which >> 4 << 2 | which & 3] = new JpegHuffman(file, at + 1);
            } catch (IllegalArgumentException e) {
                throw bad("damaged: " + e.getMessage());
            }
        }
    }

    private void quantisation(int from, int to) {
        int bytes;
        for (int at = from; at < to; at += 1 + 64 * bytes) {
            bytes = (file[at] & 0xF0) == 0 ? 1 : 2;
            if (at + 1 + 64 * bytes > to || (file[at] & 0xEC) != 0) {
                throw bad("damaged: a quantisation table at byte " + at);
            }
            int[] table = new int[64];
            for (int k = 0; k < 64; k++) {
                table[k] = bytes == 1 ? file[at + 1 + k] & 0xFF : int16(at + 1 + 2 * k);
            }
            quantisation[file[at] & 3] = table;
        }
    }

    private void frame(int marker, int at, int length) {
        if (components != null) {
            throw bad("there is a second picture's header");
        } else if (marker > 0xC2) {
            throw bad("it is " + (marker == 0xC3 ? "lossless" : marker >= 0xC9 ? "arithmetic-coded" : "hierarchical")
                    + "; baseline and progressive JPEG can be read");
        } else if (length < 6 || length < 6 + 3 * (file[at + 5] & 0xFF)) {
            throw bad("the frame header is too short");
        } else if (file[at] != 8) {
            throw bad("it has " + file[at] + " bits per sample; 8 can be read");
        }
        progressive = marker == 0xC2;
        height = int16(at + 1);
        width = int16(at + 3);
        int n = file[at + 5];
        if (n != 1 && n != 3 && n != 4) {
            throw bad("it has " + n + " components; 1, 3 and 4 can be read");
        }
        components = new JpegComponent[n];
        for (int i = 0; i < n; i++) {
            int c = at + 6 + 3 * i;
            int h = file[c + 1] >> 4 & 15;
            int v = file[c + 1] & 15;
            if (h < 1 || h > 4 || v < 1 || v > 4) {
                throw bad("damaged: component " + i + " has sampling factors " + h + "x" + v + "; 1 to 4 are possible");
            }
            components[i] = new JpegComponent(file[c] & 0xFF, n == 1 ? 1 : h, n == 1 ? 1 : v, file[c + 2] & 3);
        }
    }

    private void scan(JpegBits in, int at, int length) {
        int n = file[at];
        if (n < 1 || n > 4 || length < 4 + 2 * n) {
            throw bad("damaged: a scan's header");
        }
        JpegComponent[] parts = new JpegComponent[n];
        for (int i = 0; i < n; i++) {
            int id = file[at + 1 + 2 * i] & 0xFF;
            int which = file[at + 2 + 2 * i];
            JpegComponent c = Arrays.stream(components).filter(k -> k.id == id).findFirst().orElse(null);
            if (c == null || Arrays.asList(parts).contains(c) || (which & 0xCC) != 0) {
                throw bad("damaged: a scan of component " + id);
            }
            parts[i] = c;
            c.dc = tables[which >> 4 & 3];
            c.ac = tables[4 | which & 3];
            c.quantisation = c.quantisation == null ? quantisation[c.table] : c.quantisation;
        }
        int end = at + 1 + 2 * n;
        JpegScan scan = progressive
                ? new JpegScan(parts, file[end], file[end + 1], file[end + 2] >> 4 & 15,
                        file[end + 2] & 15, true, interval)
                : new JpegScan(parts, 0, 63, 0, 0, false, interval);
        try {
            scan.check();
            scan.decode(in, Math.ceilDiv(width, 8 * most(false)), Math.ceilDiv(height, 8 * most(true)));
        } catch (JpegScan.Damage e) {
            throw bad("truncated or damaged: " + e.getMessage());
        }
    }

    /** Whether the components are luma and chroma, by the rules that libjpeg goes by. */
    private boolean isYcc() {
        if (components.length != 3) {
            return components.length == 4 && adobeTransform == 2;
        } else if (jfif || adobeTransform >= 0) {
            return jfif || adobeTransform != 0;
        }
        return !(components[0].id == 'R' && components[1].id == 'G' && components[2].id == 'B');
    }

    /** A row of each component; luma and chroma turned into red, green and blue, or the inks of their complements. */
    private void row(int y, int[][] rows, boolean ycc) {
        for (int i = 0; i < rows.length; i++) {
            components[i].row(y, width, rows[i]);
        }
        int flip = rows.length == 4 ? 255 : 0;
        for (int x = 0; ycc && x < width; x++) {
            // ITU-R 601 with full range, in 16-bit fixed point as libjpeg has it (JFIF 1.02, page 4).
            int luma = rows[0][x];
            int cb = rows[1][x] - 128;
            int cr = rows[2][x] - 128;
            rows[0][x] = flip ^ clip(luma + ((91881 * cr + 32768) >> 16));
            rows[1][x] = flip ^ clip(luma + ((-22554 * cb - 46802 * cr + 32768) >> 16));
            rows[2][x] = flip ^ clip(luma + ((116130 * cb + 32768) >> 16));
        }
    }

    private static int clip(int v) {
        return v < 0 ? 0 : Math.min(v, 255);
    }

    private boolean text(int at, String s) {
        for (int i = 0; i < s.length(); i++) {
            if (file[at + i] != s.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private int int16(int at) {
        return (file[at] & 0xFF) << 8 | file[at + 1] & 0xFF;
    }

    private BadFileException bad(String what) {
        return new BadFileException(name + ": JPEG: " + what);
    }
}
