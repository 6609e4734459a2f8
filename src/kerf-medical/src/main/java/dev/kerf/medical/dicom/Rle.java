package dev.kerf.medical.dicom;

import dev.kerf.error.BadFileException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** DICOM's run lengths (PS3.5, annex G): the bytes of samples apart, the highest first, each coded as PackBits. */
final class Rle {
    private static final int HEADER = 64;
    /** Two bytes stand for 128 at most. */
    private static final int MOST_REPEATED = 64;
    private static final int MOST_SEGMENTS = 15;

    private Rle() {}

    /** Samples of a frame, interleaved. */
    static int[] decode(String file, byte[] packed, PixelForm form) {
        int wanted = form.samples() * form.bytes();
        if (packed.length < HEADER) {
            throw new BadFileException(
                    file + ": truncated: run lengths of " + packed.length + " bytes, which begin with " + HEADER);
        }
        ByteBuffer header = ByteBuffer.wrap(packed).order(ByteOrder.LITTLE_ENDIAN);
        int segments = header.getInt(0);
        if (segments != wanted || segments > MOST_SEGMENTS) {
            throw new BadFileException(
                    file + ": damaged: run lengths in " + Integer.toUnsignedString(segments) + " parts, " + wanted
                            + " are expected");
        }
        if ((long) form.count() * form.bytes() > MOST_REPEATED * (long) packed.length) {
            throw new BadFileException(file + ": truncated: run lengths of " + packed.length + " bytes can't hold a frame of "
                    + form.columns() + "x" + form.rows() + " pixels");
        }
        int[] out = new int[form.count()];
        for (int s = 0; s < segments; s++) {
            long start = Integer.toUnsignedLong(header.getInt(4 + 4 * s));
            long end = s + 1 < segments ? Integer.toUnsignedLong(header.getInt(8 + 4 * s)) : packed.length;
            if (start < HEADER || start > end || end > packed.length) {
                throw new BadFileException(
                        file + ": damaged: run lengths from byte " + start + " to " + end + " of " + packed.length);
            }
            segment(file, packed, (int) start, (int) end, out, s / form.bytes(), form.samples(),
                    8 * (form.bytes() - 1 - s % form.bytes()));
        }
        return out;
    }

    private static void segment(String file, byte[] in, int start, int end, int[] out, int sample, int samples, int shift) {
        int at = start;
        int to = sample;
        while (to < out.length && at < end) {
            int code = in[at++];
            int count = code >= 0 ? code + 1 : code == -128 ? 0 : 1 - code;
            for (int i = 0; i < count && to < out.length; i++, to += samples) {
                int from = code >= 0 ? at + i : at;
                if (from >= end) {
                    throw new BadFileException(file + ": damaged: a run of pixels goes past its part's end");
                }
                out[to] |= (in[from] & 0xFF) << shift;
            }
            at += code >= 0 ? count : code == -128 ? 0 : 1;
        }
        if (to < out.length) {
            throw new BadFileException(file + ": truncated: run lengths of fewer pixels than a frame has");
        }
    }
}
