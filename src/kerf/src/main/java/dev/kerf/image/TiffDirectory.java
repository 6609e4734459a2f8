package dev.kerf.image;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The tags of one directory of a TIFF structure, classic (TIFF 6.0, section 2) or BigTIFF, of either byte order. EXIF is such
 * a structure too.
 */
final class TiffDirectory {
    /** Bytes of a value of each type from 1; 0 for those that are no type. */
    private static final int[] BYTES = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};
    private static final int PRIVATE = 32768;
    private static final int SUB_DIRECTORIES = 330;
    private static final int MOST_CHILDREN = 1000;

    private final MemorySegment file;
    private final ByteOrder order;
    private final boolean big;
    private final Map<Integer, Entry> entries = new HashMap<>();
    private long bytes;
    private long next;
    private boolean damaged;

    /** Values of one type at a place in the file. */
    private record Entry(int type, long count, long at) {}

    private TiffDirectory(MemorySegment file, ByteOrder order, boolean big) {
        this.file = file;
        this.order = order;
        this.big = big;
    }

    /**
     * The directories of a structure that begins with the segment, up to one that makes no sense.
     *
     * @param most how many are wanted
     */
    static List<TiffDirectory> of(MemorySegment file, int most) {
        List<TiffDirectory> found = new ArrayList<>();
        if (file.byteSize() < 8 || file.get(ValueLayout.JAVA_BYTE, 0) != file.get(ValueLayout.JAVA_BYTE, 1)) {
            return found;
        }
        ByteOrder order = file.get(ValueLayout.JAVA_BYTE, 0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
        boolean big = number(file, order, 2, 2) == 43;
        long at = big && file.byteSize() >= 16 ? number(file, order, 8, 8) : number(file, order, 4, 4);
        Set<Long> seen = new HashSet<>();
        long bytes = 0;
        while (at > 0 && found.size() < most && seen.add(at)) {
            TiffDirectory d = new TiffDirectory(file, order, big);
            if (!d.read(at)) {
                break;
            }
            found.add(d);
            bytes += d.bytes;
            if (bytes > file.byteSize()) {
                // They lie on each other: any number of them would fit.
                d.damaged = true;
                break;
            }
            at = d.next;
            // One that was there already would come for ever.
            d.damaged |= at > 0 && seen.contains(at);
        }
        return found;
    }

    /**
     * The directories that this one's tag SubIFDs names, each with those that follow it.
     *
     * @param seen places of directories that aren't read again; more are added
     */
    List<TiffDirectory> children(Set<Long> seen) {
        List<TiffDirectory> found = new ArrayList<>();
        for (long first : numbers(SUB_DIRECTORIES, MOST_CHILDREN)) {
            long at = first;
            TiffDirectory d = new TiffDirectory(file, order, big);
            while (at > 0 && found.size() < MOST_CHILDREN && seen.add(at) && d.read(at)) {
                found.add(d);
                at = d.next;
                d = new TiffDirectory(file, order, big);
            }
        }
        return found;
    }

    private boolean read(long at) {
        int head = big ? 8 : 2;
        int size = big ? 20 : 12;
        if (at > file.byteSize() - head) {
            return false;
        }
        long n = number(file, order, at, head);
        if (n == 0) {
            return false;
        }
        long from = at + head;
        for (long i = 0; i < n && from <= file.byteSize() - size; i++, from += size) {
            int tag = (int) number(file, order, from, 2);
            int type = (int) number(file, order, from + 2, 2);
            long count = number(file, order, from + 4, big ? 8 : 4);
            int bytes = type < BYTES.length ? BYTES[type] : 0;
            int inline = big ? 8 : 4;
            long value = from + (big ? 12 : 8);
            boolean fits = bytes > 0 && count >= 0 && count <= file.byteSize() / bytes;
            long place = fits && count * bytes > inline ? number(file, order, value, inline) : value;
            fits &= place >= 0 && place <= file.byteSize() - count * bytes;
            if (fits) {
                entries.putIfAbsent(tag, new Entry(type, count, place));
            }
            damaged |= !fits && bytes > 0 && tag < PRIVATE;
        }
        bytes = from - at;
        damaged |= from < at + head + size * (n & 0xFFFFFF);
        next = from <= file.byteSize() - (big ? 8 : 4) ? number(file, order, from, big ? 8 : 4) : 0;
        return true;
    }

    private static long number(MemorySegment b, ByteOrder order, long at, int bytes) {
        return switch (bytes) {
            case 1 -> b.get(ValueLayout.JAVA_BYTE, at) & 0xFF;
            case 2 -> b.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order), at) & 0xFFFF;
            case 4 -> b.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(order), at) & 0xFFFFFFFFL;
            default -> b.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(order), at);
        };
    }

    /** Whether values of a tag of the standard's own are missing from the file, or it lies on another directory. */
    boolean isDamaged() {
        return damaged;
    }

    ByteOrder order() {
        return order;
    }

    MemorySegment file() {
        return file;
    }

    /** The whole numbers of a tag, of whatever width; none where it is missing or holds something else. */
    long[] numbers(int tag) {
        return numbers(tag, Integer.MAX_VALUE / 8);
    }

    private long[] numbers(int tag, int most) {
        long[] out = new long[Math.min(most, count(tag))];
        for (int i = 0; i < out.length; i++) {
            out[i] = number(tag, i);
        }
        return out;
    }

    /** How many whole numbers a tag has. */
    int count(int tag) {
        Entry e = entries.get(tag);
        boolean whole = e != null && e.type != 2 && e.type != 5 && (e.type < 10 || e.type == 13 || e.type > 15);
        return whole && e.count <= Integer.MAX_VALUE / 8 ? (int) e.count : 0;
    }

    /** One of a tag's whole numbers, which are {@link #count} and stay in the file. */
    long number(int tag, int i) {
        Entry e = entries.get(tag);
        return number(file, order, e.at + (long) i * BYTES[e.type], BYTES[e.type]);
    }

    /** A tag's numbers, whole or floats; none where it is missing or holds something else. */
    double[] doubles(int tag) {
        Entry e = entries.get(tag);
        if (e == null || e.type != 11 && e.type != 12 || e.count > Integer.MAX_VALUE / 8) {
            return Arrays.stream(numbers(tag)).asDoubleStream().toArray();
        }
        double[] out = new double[(int) e.count];
        for (int i = 0; i < out.length; i++) {
            long bits = number(file, order, e.at + (long) i * BYTES[e.type], BYTES[e.type]);
            out[i] = e.type == 12 ? Double.longBitsToDouble(bits) : Float.intBitsToFloat((int) bits);
        }
        return out;
    }

    /** The first number of a tag, or another if it has none. */
    long first(int tag, long otherwise) {
        return count(tag) > 0 ? number(tag, 0) : otherwise;
    }

    /** The fraction that a tag's first value is; NaN if it has none. */
    double rational(int tag) {
        Entry e = entries.get(tag);
        return e == null || e.type != 5 || e.count < 1
                ? Double.NaN
                : (double) number(file, order, e.at, 4) / number(file, order, e.at + 4, 4);
    }

    /** A tag's bytes; none where it is missing. */
    byte[] bytes(int tag) {
        Entry e = entries.get(tag);
        return e == null
                ? new byte[0]
                : file.asSlice(e.at, e.count * BYTES[e.type]).toArray(ValueLayout.JAVA_BYTE);
    }

    /** A tag's text without the zero at its end; empty where it is missing. */
    String text(int tag) {
        return new String(bytes(tag), StandardCharsets.ISO_8859_1).split("\0", 2)[0];
    }
}
