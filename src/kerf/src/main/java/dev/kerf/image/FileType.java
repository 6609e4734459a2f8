package dev.kerf.image;

import org.jspecify.annotations.Nullable;

/** The image file formats that can be read, told apart by their first bytes and never by a file's name. */
public enum FileType {
    /** Portable Network Graphics. */
    PNG,
    /** JPEG, baseline or progressive, 8 bit. */
    JPEG,
    /** Windows bitmap. */
    BMP,
    /** Tagged Image File Format, BigTIFF too. */
    TIFF,
    /** Graphics Interchange Format; of several frames the first, on the whole screen. */
    GIF;

    /** The format that a file of these first bytes has, if it is one of them. */
    static @Nullable FileType sniff(byte[] b) {
        if (starts(b, 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n')) {
            return PNG;
        } else if (starts(b, 0xFF, 0xD8, 0xFF)) {
            return JPEG;
        } else if (starts(b, 'I', 'I', 42, 0) || starts(b, 'M', 'M', 0, 42) || starts(b, 'I', 'I', 43, 0, 8, 0)
                || starts(b, 'M', 'M', 0, 43, 0, 8)) {
            return TIFF;
        } else if (starts(b, 'G', 'I', 'F', '8')) {
            return GIF;
        } else if (starts(b, 'B', 'M')) {
            return BMP;
        }
        return null;
    }

    private static boolean starts(byte[] b, int... magic) {
        if (b.length < magic.length) {
            return false;
        }
        for (int i = 0; i < magic.length; i++) {
            if ((b[i] & 0xFF) != magic[i]) {
                return false;
            }
        }
        return true;
    }
}
