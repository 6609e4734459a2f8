package dev.kerf.medical.dicom;

import dev.kerf.error.BadFileException;

/**
 * How a file's pixels are stored (PS3.3 C.7.6.3).
 *
 * @param rows       of a frame
 * @param columns    of a frame
 * @param frames     how many there are
 * @param samples    of a pixel: 1 or 3
 * @param allocated  bits of a sample: 8, 16 or 32
 * @param stored     bits that count
 * @param high       the highest of them
 * @param signed     whether samples may be less than 0
 * @param planar     whether each colour's samples come together
 * @param colours    what they mean
 */
record PixelForm(int rows, int columns, int frames, int samples, int allocated, int stored, int high, boolean signed,
        boolean planar,
        Colours colours) {
    private static final long MOST_PIXELS = 1L << 28;
    private static final int MOST_FRAMES = 1 << 24;

    /** What samples mean. */
    enum Colours {
        MONOCHROME1, MONOCHROME2, PALETTE_COLOR, RGB, YBR_FULL, YBR_FULL_422;

        int samples() {
            return ordinal() < RGB.ordinal() ? 1 : 3;
        }
    }

    /**
     * Of a data set that has pixels.
     *
     * @throws BadFileException if it makes no sense or isn't read
     */
    static PixelForm of(DataSet d) {
        int rows = d.whole(Tag.ROWS, 1, 65535, 0);
        int columns = d.whole(Tag.COLUMNS, 1, 65535, 0);
        if ((long) rows * columns > MOST_PIXELS) {
            throw d.bad(Tag.ROWS, "by columns are " + rows + "x" + columns + " pixels; " + MOST_PIXELS + " at most are read");
        }
        if (d.find(Tag.FLOAT_PIXELS.number()) != null || d.find(Tag.DOUBLE_PIXELS.number()) != null) {
            throw new BadFileException(
                    d.file() + ": its pixels are floating-point numbers, which aren't read; convert it to NIfTI");
        }
        int allocated = d.whole(Tag.BITS_ALLOCATED, 1, 64, 0);
        if (allocated != 8 && allocated != 16 && allocated != 32) {
            throw d.bad(Tag.BITS_ALLOCATED, "is " + allocated + "; 8, 16 and 32 are read");
        }
        int stored = d.whole(Tag.BITS_STORED, 1, allocated, allocated);
        int high = d.whole(Tag.HIGH_BIT, stored - 1, allocated - 1, stored - 1);
        boolean signed = d.whole(Tag.SIGNED, 0, 1, 0) == 1;
        Colours colours = colours(d);
        int samples = d.whole(Tag.SAMPLES, 1, 4, colours.samples());
        if (samples != colours.samples()) {
            throw d.bad(Tag.SAMPLES, "is " + samples + ", but the photometric interpretation has " + colours.samples());
        }
        if (samples == 3 && allocated != 8) {
            throw d.bad(Tag.BITS_ALLOCATED, "is " + allocated + " for colours; 8 is read");
        }
        boolean planar = samples == 3 && d.whole(Tag.PLANAR, 0, 1, 0) == 1;
        return new PixelForm(rows, columns, d.whole(Tag.FRAMES, 1, MOST_FRAMES, 1), samples, allocated, stored, high, signed,
                planar,
                colours);
    }

    private static Colours colours(DataSet d) {
        String said = d.text(Tag.PHOTOMETRIC).replace(' ', '_');
        for (Colours c : Colours.values()) {
            if (c.name().equals(said)) {
                return c;
            }
        }
        throw d.bad(Tag.PHOTOMETRIC, (said.matches("[A-Z0-9_]{1,16}") ? "is " + said : "is missing or damaged")
                + "; MONOCHROME1, MONOCHROME2, PALETTE COLOR, RGB, YBR_FULL and YBR_FULL_422 are read");
    }

    /** Samples of a frame. */
    int count() {
        return rows * columns * samples;
    }

    /** Bytes of a sample. */
    int bytes() {
        return allocated / 8;
    }

    /** Bytes of a frame that isn't packed. */
    long frameBytes() {
        long pixels = (long) rows * columns;
        // Of two pixels side by side the colour is stored once.
        return colours == Colours.YBR_FULL_422 ? pixels * 2 : pixels * samples * bytes();
    }

    /** A stored sample as a number: the bits that count, with their sign. */
    double value(int raw) {
        if (stored == 32) {
            return signed ? raw : Integer.toUnsignedLong(raw);
        }
        int shifted = raw >>> high + 1 - stored & (1 << stored) - 1;
        return signed && shifted >> stored - 1 != 0 ? shifted - (1L << stored) : shifted;
    }
}
