package dev.kerf.medical.dicom;

import dev.kerf.error.BadFileException;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * The parts of a frame of lossless JPEG (T.81, annex H): where a frame begins anew after so many rows, each part is a frame of its own,
 * since nothing of the rows before counts, and the plug-in that decodes them doesn't begin anew by itself.
 *
 * @param rows  of each part, the last may have fewer
 * @param parts frames, from the top
 */
record LosslessFrame(int rows, List<byte[]> parts) {
    private static final int SIZE = 0xC3;
    private static final int SCAN = 0xDA;
    private static final int INTERVAL = 0xDD;
    private static final int FIRST_RESTART = 0xD0;
    private static final int LAST_RESTART = 0xD7;
    private static final int END = 0xD9;

    /**
     * Takes a frame apart, before anything is allocated for its pixels.
     *
     * @throws BadFileException if it is of another size than the data set says, or too short for it
     */
    static LosslessFrame of(String file, byte[] frame, PixelForm form) {
        int size = -1;
        int interval = 0;
        int at = 2;
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (at + 9 < frame.length && (frame[at] & 0xFF) == 0xFF && (frame[at + 1] & 0xFF) != SCAN) {
            int marker = frame[at + 1] & 0xFF;
            int length = marker == 0xFF ? 1 : Math.min(2 + number(frame, at + 2), frame.length - at);
            if (marker == SIZE) {
                size = 2 + head.size();
                check(file, frame, at, form);
            }
            if (marker == INTERVAL) {
                interval = number(frame, at + 4);
            } else if (marker != 0xFF) {
                head.write(frame, at, length);
            }
            at += length;
        }
        if (size < 0 || at + 4 >= frame.length || (frame[at + 1] & 0xFF) != SCAN) {
            throw new BadFileException(file + ": damaged: a frame that is to be lossless JPEG isn't");
        }
        int scan = Math.min(2 + number(frame, at + 2), frame.length - at);
        head.write(frame, at, scan);
        if (interval % form.columns() != 0) {
            throw new BadFileException(
                    file + ": a lossless JPEG frame begins anew within a row, which isn't read; convert it by"
                            + " 'dcmdjpeg IN OUT'");
        }
        int rows = interval == 0 ? form.rows() : interval / form.columns();
        List<byte[]> parts = parts(file, frame, at + scan, head.toByteArray(), size, rows, form.rows());
        if (parts.size() != (form.rows() + rows - 1) / rows) {
            throw new BadFileException(
                    file + ": truncated or damaged: a lossless JPEG frame of " + parts.size() + " parts of " + rows
                            + " rows, " + form.rows() + " rows are to be");
        }
        return new LosslessFrame(rows, parts);
    }

    private static int number(byte[] in, int at) {
        return (in[at] & 0xFF) << 8 | in[at + 1] & 0xFF;
    }

    /** Each sample takes a bit at least. */
    private static void check(String file, byte[] frame, int at, PixelForm form) {
        int rows = number(frame, at + 5);
        int columns = number(frame, at + 7);
        if (rows != form.rows() || columns != form.columns() || form.count() > 8L * frame.length) {
            throw new BadFileException(
                    file + ": truncated or damaged: a lossless JPEG frame of " + columns + "x" + rows + " pixels in "
                            + frame.length + " bytes where " + form.columns() + "x" + form.rows() + " are to be");
        }
    }

    private static List<byte[]> parts(String file, byte[] frame, int start, byte[] head, int size, int rows, int all) {
        List<byte[]> out = new ArrayList<>();
        int from = start;
        for (int at = start; at + 1 < frame.length; at++) {
            int marker = (frame[at] & 0xFF) == 0xFF ? frame[at + 1] & 0xFF : 0;
            if (marker == END || marker >= FIRST_RESTART && marker <= LAST_RESTART) {
                int left = all - out.size() * rows;
                if (left <= 0) {
                    break;
                }
                ByteArrayOutputStream part = new ByteArrayOutputStream(2 + head.length + at - from + 2);
                part.writeBytes(new byte[] {(byte) 0xFF, (byte) 0xD8});
                part.write(head, 0, head.length);
                part.write(frame, from, at - from);
                part.writeBytes(new byte[] {(byte) 0xFF, (byte) END});
                byte[] bytes = part.toByteArray();
                bytes[size + 5] = (byte) (Math.min(rows, left) >> 8);
                bytes[size + 6] = (byte) Math.min(rows, left);
                out.add(bytes);
                from = at + 2;
                if (marker == END) {
                    return out;
                }
            }
        }
        throw new BadFileException(file + ": truncated: a lossless JPEG frame doesn't end");
    }
}
