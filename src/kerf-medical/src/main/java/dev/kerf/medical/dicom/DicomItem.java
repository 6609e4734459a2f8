package dev.kerf.medical.dicom;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/** Elements that are to be written, explicit little endian; they come out in the order of their tags. */
final class DicomItem {
    private static final String LONG = "OB OW SQ UN UC UR UT";

    private final Map<Long, byte[]> elements = new TreeMap<>();

    /** Puts an element in. */
    DicomItem put(int tag, String vr, byte[] value) {
        elements.put(Integer.toUnsignedLong(tag), element(tag, vr, value));
        return this;
    }

    /** An element's bytes, its value filled up to an even length. */
    static byte[] element(int tag, String vr, byte[] value) {
        int length = value.length + value.length % 2;
        byte[] head = head(tag, vr, length);
        byte[] out = new byte[head.length + length];
        System.arraycopy(head, 0, out, 0, head.length);
        System.arraycopy(value, 0, out, head.length, value.length);
        if (length > value.length) {
            out[out.length - 1] = (byte) (vr.equals("UI") || vr.startsWith("O") ? 0 : ' ');
        }
        return out;
    }

    /** What stands before a value of so many bytes; of -1, before one that ends by a mark. */
    static byte[] head(int tag, String vr, long length) {
        boolean wide = LONG.contains(vr);
        ByteBuffer b = ByteBuffer.allocate(wide ? 12 : 8).order(ByteOrder.LITTLE_ENDIAN);
        b.putShort((short) (tag >>> 16)).putShort((short) tag).put(vr.getBytes(StandardCharsets.US_ASCII));
        if (wide) {
            b.putShort((short) 0).putInt((int) length);
        } else {
            b.putShort((short) length);
        }
        return b.array();
    }

    DicomItem text(int tag, String vr, String value) {
        return text(tag, vr, value, StandardCharsets.US_ASCII);
    }

    DicomItem text(int tag, String vr, String value, Charset in) {
        return put(tag, vr, value.getBytes(in));
    }

    /** Numbers of two bytes. */
    DicomItem us(int tag, int... values) {
        ByteBuffer b = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int v : values) {
            b.putShort((short) v);
        }
        return put(tag, "US", b.array());
    }

    /** Numbers of four bytes. */
    DicomItem ul(int tag, int... values) {
        ByteBuffer b = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int v : values) {
            b.putInt(v);
        }
        return put(tag, "UL", b.array());
    }

    /** A tag as a value. */
    DicomItem pointer(int tag, int to) {
        ByteBuffer b = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
        b.putShort((short) (to >>> 16)).putShort((short) to);
        return put(tag, "AT", b.array());
    }

    DicomItem items(int tag, DicomItem... items) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (DicomItem item : items) {
            out.writeBytes(item.asItem());
        }
        return put(tag, "SQ", out.toByteArray());
    }

    /** Its elements as an item of a sequence. */
    byte[] asItem() {
        byte[] body = bytes();
        ByteBuffer b = ByteBuffer.allocate(8 + body.length).order(ByteOrder.LITTLE_ENDIAN);
        return b.putShort((short) 0xFFFE).putShort((short) 0xE000).putInt(body.length).put(body).array();
    }

    /** Its elements. */
    byte[] bytes() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        elements.values().forEach(out::writeBytes);
        return out.toByteArray();
    }
}
