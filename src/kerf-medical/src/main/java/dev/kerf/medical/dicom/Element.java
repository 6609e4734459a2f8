package dev.kerf.medical.dicom;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * An element of a data set.
 *
 * @param tag    its number
 * @param vr     what it holds, two letters
 * @param at     where its value lies in the file
 * @param length of the value; -1 where it isn't said (sequences and packed pixels)
 * @param value  the value's bytes; none of sequences and pixels
 * @param order  of binary numbers
 * @param items  of a sequence
 */
record Element(int tag, String vr, long at, long length, byte[] value, ByteOrder order, List<DataSet> items) {
    /** As text, without what fills it up. */
    String text() {
        String s = new String(value, StandardCharsets.ISO_8859_1);
        int end = s.length();
        while (end > 0 && (s.charAt(end - 1) == ' ' || s.charAt(end - 1) == 0)) {
            end--;
        }
        return s.substring(0, end).strip();
    }

    /**
     * As numbers.
     *
     * @throws NumberFormatException if they are none
     */
    double[] numbers() {
        int size = switch (vr) {
            case "US", "SS", "OW" -> 2;
            case "UL", "SL", "FL", "AT", "OF", "OL" -> 4;
            case "FD", "SV", "UV", "OD", "OV" -> 8;
            case "OB", "UN" -> 1;
            default -> 0;
        };
        if (size == 0) {
            String text = text();
            if (text.isEmpty()) {
                return new double[0];
            }
            String[] parts = text.split("\\\\", -1);
            double[] out = new double[parts.length];
            for (int i = 0; i < out.length; i++) {
                out[i] = Double.parseDouble(parts[i].strip());
            }
            return out;
        }
        ByteBuffer b = ByteBuffer.wrap(value).order(order);
        double[] out = new double[value.length / size];
        for (int i = 0; i < out.length; i++) {
            out[i] = switch (vr) {
                case "SS" -> b.getShort(2 * i);
                case "US", "OW" -> Short.toUnsignedInt(b.getShort(2 * i));
                case "SL" -> b.getInt(4 * i);
                case "FL", "OF" -> b.getFloat(4 * i);
                case "FD", "OD" -> b.getDouble(8 * i);
                case "SV", "UV", "OV" -> b.getLong(8 * i);
                case "OB", "UN" -> Byte.toUnsignedInt(value[i]);
                default -> Integer.toUnsignedLong(b.getInt(4 * i));
            };
        }
        return out;
    }
}
