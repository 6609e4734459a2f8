package dev.kerf.metrics;

import dev.kerf.error.BadInputException;
import java.io.ByteArrayOutputStream;

/** Integers in as few bytes as they need, seven bits in each, the lowest first (LEB128); negative ones between the others (zigzag). */
final class CountBytes {
    private static final int BITS = 7;
    private static final int MORE = 1 << BITS;

    private CountBytes() {}

    /** Writes. */
    static final class Out {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        void add(long v) {
            unsigned(v << 1 ^ v >> Long.SIZE - 1);
        }

        /** The bits from the sign on, so that what float32 or small fractions leave 0 takes no bytes. */
        void score(double v) {
            unsigned(Long.reverse(Double.doubleToRawLongBits(v)));
        }

        void unsigned(long v) {
            long left = v;
            while ((left & -MORE) != 0) {
                bytes.write((int) (left & MORE - 1 | MORE));
                left >>>= BITS;
            }
            bytes.write((int) left);
        }

        /** By char, so that any name comes back. */
        void text(String s) {
            unsigned(s.length());
            s.chars().forEach(this::unsigned);
        }

        void bytes(byte[] b) {
            unsigned(b.length);
            bytes.writeBytes(b);
        }

        byte[] toBytes() {
            return bytes.toByteArray();
        }
    }

    /** Reads; {@link BadInputException} where it can't. */
    static final class In {
        private final byte[] bytes;
        private int at;

        In(byte[] bytes) {
            this.bytes = bytes;
        }

        long next() {
            long v = unsigned();
            return v >>> 1 ^ -(v & 1);
        }

        double score() {
            return Double.longBitsToDouble(Long.reverse(unsigned()));
        }

        long unsigned() {
            long v = 0;
            for (int shift = 0; at < bytes.length && shift < Long.SIZE; shift += BITS) {
                byte b = bytes[at++];
                v |= (long) (b & MORE - 1) << shift;
                if (b >= 0) {
                    return v;
                }
            }
            throw damaged();
        }

        /** How many of something follow, at least a byte each. */
        int count() {
            long n = unsigned();
            if (n < 0 || n > bytes.length - at) {
                throw damaged();
            }
            return (int) n;
        }

        String text() {
            char[] chars = new char[count()];
            for (int i = 0; i < chars.length; i++) {
                chars[i] = (char) unsigned();
            }
            return new String(chars);
        }

        byte[] bytes() {
            byte[] out = new byte[count()];
            System.arraycopy(bytes, at, out, 0, out.length);
            at += out.length;
            return out;
        }

        /** Nothing must be left. */
        void end() {
            if (at != bytes.length) {
                throw damaged();
            }
        }

        BadInputException damaged() {
            return new BadInputException("the " + bytes.length + " bytes of a tally are damaged at byte " + at);
        }
    }
}
