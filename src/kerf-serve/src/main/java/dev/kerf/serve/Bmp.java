package dev.kerf.serve;

import dev.kerf.image.Image;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A picture as a Windows bitmap of 24 bits, rows from the top down: nothing is compressed, so that it is there at once. */
final class Bmp {
    private static final int HEAD = 54;
    private static final int INFO = 40;

    private Bmp() {}

    /** The file of an RGB8 picture. */
    static byte[] of(Image rgb) {
        int row = 3 * rgb.width();
        int padded = (row + 3) / 4 * 4;
        byte[] file = new byte[Math.addExact(HEAD, Math.multiplyExact(padded, rgb.height()))];
        ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).put((byte) 'B').put((byte) 'M').putInt(file.length).putInt(0)
                .putInt(HEAD).putInt(INFO).putInt(rgb.width()).putInt(-rgb.height()).putShort((short) 1).putShort((short) 24)
                .putInt(0).putInt(file.length - HEAD);
        for (int y = 0; y < rgb.height(); y++) {
            int to = HEAD + y * padded;
            MemorySegment.copy(rgb.data(), ValueLayout.JAVA_BYTE, y * rgb.rowStride(), file, to, row);
            for (int x = to; x < to + row; x += 3) {
                byte red = file[x];
                file[x] = file[x + 2];
                file[x + 2] = red;
            }
        }
        return file;
    }
}
