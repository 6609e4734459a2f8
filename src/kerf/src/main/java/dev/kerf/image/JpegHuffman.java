package dev.kerf.image;

import java.util.Arrays;
import java.util.HexFormat;

/** A Huffman table of JPEG (ITU-T T.81, annex C): codes of one length are consecutive numbers. */
final class JpegHuffman {
    private static final int AHEAD = 9;

    /** The luma and chroma tables of annex K.3, which streams of frames (Motion JPEG) leave out: counts, then symbols. */
    private static final String[] USUAL = {
        "00010501010101010100000000000000" + "000102030405060708090a0b",
        "00030101010101010101010000000000" + "000102030405060708090a0b",
        "0002010303020403050504040000017d" + "01020300041105122131410613516107227114328191a1082342b1c11552d1f0"
                + "24336272820a161718191a25262728292a3435363738393a434445464748494a535455565758595a636465666768696a"
                + "737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5"
                + "c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa",
        "00020102040403040705040400010277" + "0001020311040521310612415107617113223281081442" + "91a1b1c109233352f0"
                + "156272d10a162434e125f11718191a262728292a35363738393a434445464748494a535455565758595a636465666768"
                + "696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2"
                + "c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa"};

    /** Length and symbol of the code that the next nine bits begin with; 0 where it is longer. */
    private final short[] ahead = new short[1 << AHEAD];
    /** Of each length: one past the greatest code, and what to add to a code to find its symbol. */
    private final int[] end = new int[17];
    private final int[] shift = new int[17];
    private final byte[] symbols;

    /**
     * A table as files have it.
     *
     * @param b  holds the table
     * @param at where 16 counts of codes of 1 to 16 bits begin; the symbols follow
     * @throws IllegalArgumentException if there are more codes of a length than it has room for
     */
    JpegHuffman(byte[] b, int at) {
        int n = symbols(b, at);
        symbols = Arrays.copyOfRange(b, at + 16, at + 16 + n);
        int code = 0;
        int k = 0;
        for (int length = 1; length <= 16; length++) {
            shift[length] = k - code;
            int count = b[at + length - 1] & 0xFF;
            for (int i = 0; i < count && length <= AHEAD; i++) {
                int from = code + i << AHEAD - length;
                int to = Math.min(ahead.length, from + (1 << AHEAD - length));
                Arrays.fill(ahead, Math.min(from, to), to, (short) (length << 8 | symbols[k + i] & 0xFF));
            }
            code += count;
            k += count;
            if (code >= 1 << length) {
                throw new IllegalArgumentException("a Huffman table has too many codes of " + length + " bits");
            }
            end[length] = code;
            code <<= 1;
        }
    }

    /** How many symbols the table at a place has. */
    static int symbols(byte[] b, int at) {
        int n = 0;
        for (int i = 0; i < 16; i++) {
            n += b[at + i] & 0xFF;
        }
        return n;
    }

    /** DC tables 0 and 1, AC tables 0 and 1 of annex K.3. */
    static JpegHuffman[] usual() {
        return Arrays.stream(USUAL).map(t -> new JpegHuffman(HexFormat.of().parseHex(t), 0)).toArray(JpegHuffman[]::new);
    }

    /** The next symbol; -1 where the bits are no code. */
    int next(JpegBits in) {
        int next = in.peek();
        int known = ahead[next >>> 16 - AHEAD];
        if (known != 0) {
            in.skip(known >>> 8);
            return known & 0xFF;
        }
        for (int length = AHEAD + 1; length <= 16; length++) {
            int code = next >>> 16 - length;
            if (code < end[length]) {
                in.skip(length);
                return symbols[code + shift[length]] & 0xFF;
            }
        }
        return -1;
    }
}
