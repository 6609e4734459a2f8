package dev.kerf.medical.dicom;

import java.nio.ByteBuffer;

/** Values by a table, in place of slope and intercept (PS3.3 C.11.1.1). */
final class ModalityLut {
    private final int first;
    private final int[] table;

    private ModalityLut(int first, int[] table) {
        this.first = first;
        this.table = table;
    }

    /** That of a file; null where it has none. */
    static ModalityLut of(DataSet file) {
        if (!file.has(Tag.MODALITY_LUT)) {
            return null;
        }
        DataSet d = file.item(Tag.MODALITY_LUT);
        double[] said = d.numbers(Tag.LUT_DESCRIPTOR, 3);
        Element data = d.find(Tag.LUT_DATA.number());
        if (said.length == 0 || data == null) {
            throw file.bad(Tag.MODALITY_LUT, "has no table in it");
        }
        int entries = said[0] == 0 ? 65536 : (int) said[0];
        boolean wide = data.value().length >= 2 * entries;
        if (!wide && data.value().length < entries) {
            throw d.bad(Tag.LUT_DATA, "has " + data.value().length + " bytes for " + entries + " values");
        }
        ByteBuffer b = ByteBuffer.wrap(data.value()).order(data.order());
        int[] table = new int[entries];
        for (int i = 0; i < entries; i++) {
            table[i] = wide ? Short.toUnsignedInt(b.getShort(2 * i)) : Byte.toUnsignedInt(b.get(i));
        }
        // Where stored numbers have a sign, the first may be below 0.
        boolean signed = file.number(Tag.SIGNED, 0) == 1;
        return new ModalityLut(signed ? (short) said[1] : (int) said[1], table);
    }

    /** The value of a stored number; those before the first and past the last have theirs. */
    double of(double stored) {
        return table[(int) Math.clamp(stored - first, 0, table.length - 1)];
    }
}
