package dev.kerf.medical.dicom;

import dev.kerf.error.BadFileException;
import java.nio.ByteOrder;

/** How a file's elements and pixels are coded (PS3.5, annex A). */
enum TransferSyntax {
    IMPLICIT("1.2.840.10008.1.2"), EXPLICIT("1.2.840.10008.1.2.1"), DEFLATED("1.2.840.10008.1.2.1.99"), BIG(
            "1.2.840.10008.1.2.2"), RLE(
                    "1.2.840.10008.1.2.5"), JPEG("1.2.840.10008.1.2.4.50"), JPEG_EXTENDED(
                            "1.2.840.10008.1.2.4.51"), JPEG_LOSSLESS(
                                    "1.2.840.10008.1.2.4.57"), JPEG_LOSSLESS_FIRST("1.2.840.10008.1.2.4.70");

    private final String uid;

    TransferSyntax(String uid) {
        this.uid = uid;
    }

    String uid() {
        return uid;
    }

    /**
     * The syntax of a UID.
     *
     * @throws BadFileException if it isn't read, with what to do
     */
    static TransferSyntax of(String file, String uid) {
        for (TransferSyntax t : values()) {
            if (t.uid.equals(uid)) {
                return t;
            }
        }
        String known = uid.matches("[0-9.]{1,64}") ? uid : "no UID";
        String how = switch (known) {
            case "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81" -> "JPEG-LS; convert it by 'dcmdjpls IN OUT'";
            case "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.92", "1.2.840.10008.1.2.4.93",
                    "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203" ->
                "JPEG 2000; convert it by 'gdcmconv --raw IN OUT'";
            case "1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.101", "1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.103",
                    "1.2.840.10008.1.2.4.107", "1.2.840.10008.1.2.4.108" ->
                "a video; take its frames out by ffmpeg";
            default -> "not read; convert it by 'gdcmconv --raw IN OUT' or 'dcmdjpeg IN OUT'";
        };
        throw new BadFileException(file + ": its transfer syntax " + known + " is " + how);
    }

    ByteOrder order() {
        return this == BIG ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
    }

    boolean explicit() {
        return this != IMPLICIT;
    }

    /** Whether frames are packed one by one. */
    boolean encapsulated() {
        return ordinal() >= RLE.ordinal();
    }

    boolean lossless() {
        return this == JPEG_LOSSLESS || this == JPEG_LOSSLESS_FIRST;
    }
}
