package dev.kerf.image;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
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

    private final MemorySegment file;
    private final ByteOrder order;
    private final Map<Integer, Entry> entries = new HashMap<>();
    private long bytes;
    private long next;
    private boolean damaged;

    /** Values of one type at a place in the file. */
    private record Entry(int type, long count, long at) {}

    private TiffDirectory(MemorySegment file, ByteOrder order) {
        this.file = file;
        this.order = order;
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
            TiffDirectory d = new TiffDirectory(file, order);
            if (!d.read(at, big)) {
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
        }
        return found;
    }

    private boolean read(long at, boolean big) {
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
        Entry e = entries.get(tag);
        boolean whole = e != null && e.type != 2 && e.type != 5 && (e.type < 10 || e.type == 13 || e.type > 15);
        if (!whole || e.count > Integer.MAX_VALUE / 8) {
            return new long[0];
        }
        long[] out = new long[(int) Math.min(most, e.count)];
        for (int i = 0; i < out.length; i++) {
            out[i] = number(file, order, e.at + (long) i * BYTES[e.type], BYTES[e.type]);
        }
        return out;
    }

    /** The first number of a tag, or another if it has none. */
    long number(int tag, long otherwise) {
        long[] first = numbers(tag, 1);
        return first.length > 0 ? first[0] : otherwise;
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
