package dev.kerf.image.video;

import dev.kerf.error.BadFileException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a Y4M file stores pixels: its {@code C} tag.
 *
 * @param tag      as it stands in the file
 * @param acrossX  luma columns to a chroma column; 0 where there is no chroma
 * @param acrossY  luma rows to a chroma row; 0 where there is no chroma
 * @param bits     of a sample, 8 to 16
 * @param centredX whether a chroma column lies in the middle of its luma columns, rather than on the first
 * @param centredY whether a chroma row lies in the middle of its luma rows, rather than on the first
 * @param alpha    whether a fourth plane follows
 */
record Yuv(String tag, int acrossX, int acrossY, int bits, boolean centredX, boolean centredY, boolean alpha) {
    private static final Pattern TAG = Pattern
            .compile("(420|422|444|440|411|410|mono)(jpeg|mpeg2|paldv|alpha)?(?:p?(9|10|12|14|16))?");

    /**
     * Reads a tag, such as {@code 420mpeg2}, {@code 422p10} or {@code mono}.
     *
     * @param file for messages
     */
    static Yuv of(String tag, String file) {
        Matcher m = TAG.matcher(tag);
        if (!m.matches()) {
            throw new BadFileException(file + ": Y4M: its pixels are 'C" + tag
                    + "'; 420, 422, 444, 440, 411, 410 and mono of 8 to 16 bits can be read");
        }
        String kind = m.group(1);
        int x = switch (kind) {
            case "444", "440" -> 1;
            case "411", "410" -> 4;
            case "mono" -> 0;
            default -> 2;
        };
        int y = switch (kind) {
            case "420", "440" -> 2;
            case "410" -> 4;
            case "mono" -> 0;
            default -> 1;
        };
        String place = m.group(2) == null ? "" : m.group(2);
        // Without a word on it 4:2:0 is JPEG's, in the middle both ways; the others are MPEG-2's, on the first column.
        boolean middle = kind.equals("420") && (place.isEmpty() || place.equals("jpeg"));
        int bits = m.group(3) == null ? 8 : Integer.parseInt(m.group(3));
        return new Yuv(tag, x, y, bits, middle, !place.equals("paldv"), place.equals("alpha"));
    }

    /** Bytes of a sample. */
    int sampleBytes() {
        return bits > 8 ? 2 : 1;
    }

    /** Columns of the chroma planes. */
    int chromaWidth(int width) {
        return acrossX == 0 ? 0 : (width + acrossX - 1) / acrossX;
    }

    /** Rows of the chroma planes. */
    int chromaHeight(int height) {
        return acrossY == 0 ? 0 : (height + acrossY - 1) / acrossY;
    }

    /** Bytes of a frame's planes. */
    long frameBytes(int width, int height) {
        long luma = (long) width * height;
        long samples = luma * (alpha ? 2 : 1) + 2L * chromaWidth(width) * chromaHeight(height);
        return samples * sampleBytes();
    }
}
