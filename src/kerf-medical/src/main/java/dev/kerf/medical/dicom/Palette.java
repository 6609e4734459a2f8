package dev.kerf.medical.dicom;

import java.nio.ByteOrder;

/** Colours by number (PS3.3 C.7.6.3.1.5 and C.7.6.3.1.6), 0 to 255 of red, green and blue. */
final class Palette {
    private static final Tag[] DESCRIPTORS = {Tag.RED_DESCRIPTOR, Tag.GREEN_DESCRIPTOR, Tag.BLUE_DESCRIPTOR};
    private static final Tag[] DATA = {Tag.RED, Tag.GREEN, Tag.BLUE};

    private Palette() {}

    /** For each colour the number of the first entry, and the entries. */
    static double[][] of(DataSet d) {
        double[][] out = new double[3][];
        for (int c = 0; c < 3; c++) {
            double[] said = d.numbers(DESCRIPTORS[c], 3);
            Element data = d.find(DATA[c].number());
            if (said.length == 0 || data == null) {
                throw d.bad(DATA[c], "is missing, by which colours are told (palettes in segments aren't read)");
            }
            int entries = said[0] == 0 ? 65536 : (int) said[0];
            int first = (short) said[1];
            byte[] bytes = data.value();
            boolean wide = said[2] == 16 && bytes.length >= 2 * entries;
            if (!wide && bytes.length < entries) {
                throw d.bad(DATA[c], "has " + bytes.length + " bytes for " + entries + " colours");
            }
            double[] table = new double[entries + 1];
            table[0] = first;
            boolean little = data.order() == ByteOrder.LITTLE_ENDIAN;
            for (int i = 0; i < entries; i++) {
                // Of 16 bits the upper eight.
                table[i + 1] = Byte.toUnsignedInt(wide ? bytes[2 * i + (little ? 1 : 0)] : bytes[i]);
            }
            out[c] = table;
        }
        return out;
    }

    /** A number's colour; those before the first and past the last have theirs. */
    static double at(double[][] palette, int colour, double number) {
        double[] table = palette[colour];
        return table[(int) Math.clamp(number - table[0], 0, table.length - 2) + 1];
    }
}
