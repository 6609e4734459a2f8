package dev.kerf.weights;

import dev.kerf.error.BadFileException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * The central directory of a zip file in memory (PKWARE's APPNOTE 4.3, with zip64), so that stored entries can be read
 * where they lie. Every range is checked against the file.
 */
final class ZipDirectory {
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final int LOCAL = 0x04034b50;
    private static final int CENTRAL = 0x02014b50;
    private static final int END = 0x06054b50;
    private static final int END64 = 0x06064b50;
    private static final int LOCATOR64 = 0x07064b50;
    private static final int END_BYTES = 22;
    private static final int LOCATOR64_BYTES = 20;
    private static final int END64_BYTES = 56;
    private static final int CENTRAL_BYTES = 46;
    private static final int LOCAL_BYTES = 30;
    private static final long IN_ZIP64 = 0xFFFF_FFFFL;

    private static final int DEFLATED = 8;
    /** Weights hardly compress; an entry past both bounds, or all of them past their sum, are there to fill the memory. */
    private static final long SMALL = 1 << 20;
    private static final int HIGHEST_RATIO = 20;

    private final MemorySegment file;
    private final String source;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /** One member: where its bytes lie and how long they are packed and unpacked. */
    record Entry(String name, int method, long begin, long packed, long length) {}

    private ZipDirectory(MemorySegment file, String source) {
        this.file = file;
        this.source = source;
    }

    /** The directory of a file, or nothing when its end isn't there: the file was cut off. */
    static Optional<ZipDirectory> read(MemorySegment file, String source) {
        ZipDirectory directory = new ZipDirectory(file, source);
        long end = directory.findEnd();
        if (end < 0) {
            return Optional.empty();
        }
        directory.readEntries(end);
        return Optional.of(directory);
    }

    /** The members by name, in the directory's order. */
    Map<String, Entry> entries() {
        return Collections.unmodifiableMap(entries);
    }

    /** A member's bytes: in place when stored, unpacked otherwise. */
    MemorySegment bytes(Entry entry) {
        MemorySegment packed = file.asSlice(entry.begin, entry.packed);
        return entry.method == DEFLATED ? inflate(entry, packed) : packed;
    }

    /** The end record is the last thing in the file, but for a comment whose length it gives. */
    private long findEnd() {
        long size = file.byteSize();
        for (long at = size - END_BYTES; at >= Math.max(0, size - END_BYTES - 0xFFFF); at--) {
            if (u32(at) == END && at + END_BYTES + u16(at + 20) == size) {
                return at;
            }
        }
        return -1;
    }

    private void readEntries(long end) {
        long count = u16(end + 10);
        long length = Integer.toUnsignedLong(u32(end + 12));
        long begin = Integer.toUnsignedLong(u32(end + 16));
        if (end >= LOCATOR64_BYTES && u32(end - LOCATOR64_BYTES) == LOCATOR64) {
            long end64 = file.get(I64, end - LOCATOR64_BYTES + 8);
            if (end64 < 0 || end64 > end - END64_BYTES || u32(end64) != END64) {
                throw error("the zip64 directory's end isn't at byte " + end64);
            }
            count = file.get(I64, end64 + 32);
            length = file.get(I64, end64 + 40);
            begin = file.get(I64, end64 + 48);
        }
        if (begin < 0 || length < 0 || begin > end || length > end - begin || count < 0
                || count > length / CENTRAL_BYTES) {
            throw error("the zip directory of " + count + " entries and " + length + " bytes can't lie at byte "
                    + begin);
        }
        long at = begin;
        long stop = begin + length;
        for (long i = 0; i < count; i++) {
            at = readEntry(at, stop, begin);
        }
        long packed = 0;
        long unpacked = 0;
        for (Entry entry : entries.values()) {
            packed += entry.packed;
            if (packed > begin) {
                throw error("zip entries overlap: together they take more than the " + begin + " bytes that hold them");
            }
            unpacked += entry.length;
        }
        if (unpacked > SMALL + HIGHEST_RATIO * packed) {
            throw error("the zip entries claim to unpack from " + packed + " to " + unpacked
                    + " bytes in all: refused as a zip bomb");
        }
    }

    private long readEntry(long at, long stop, long dataEnd) {
        if (stop - at < CENTRAL_BYTES || u32(at) != CENTRAL) {
            throw error("the zip directory is damaged at byte " + at);
        }
        int nameLength = u16(at + 28);
        int extraLength = u16(at + 30);
        long next = at + CENTRAL_BYTES + nameLength + extraLength + u16(at + 32);
        if (next > stop) {
            throw error("the zip directory is damaged at byte " + at);
        }
        String name = text(at + CENTRAL_BYTES, nameLength);
        long[] sizes = {
            Integer.toUnsignedLong(u32(at + 24)),
            Integer.toUnsignedLong(u32(at + 20)),
            Integer.toUnsignedLong(u32(at + 42))
        };
        readZip64(at + CENTRAL_BYTES + nameLength, extraLength, sizes);
        int method = u16(at + 10);
        if ((u16(at + 8) & 1) != 0 || method != 0 && method != DEFLATED) {
            throw error("zip entry " + name + " is encrypted or packed by method " + method
                    + "; PyTorch stores entries as is");
        }
        Entry entry = new Entry(name, method, dataBegin(name, sizes[2], dataEnd), sizes[1], sizes[0]);
        if (entry.packed < 0 || entry.packed > dataEnd - entry.begin || entry.length < 0
                || method == 0 && entry.length != entry.packed) {
            throw error("zip entry " + name + " of " + entry.packed + " bytes at byte " + entry.begin
                    + " runs past the entries' end at " + dataEnd);
        }
        if (entry.length > SMALL && entry.length / HIGHEST_RATIO > entry.packed) {
            throw error("zip entry " + name + " claims to unpack from " + entry.packed + " to " + entry.length
                    + " bytes: refused as a zip bomb");
        }
        if (entries.put(name, entry) != null) {
            throw error("two zip entries are named " + name);
        }
        return next;
    }

    /** Sizes past 32 bits are in an extra field, those that are marked, in this order: unpacked, packed, offset. */
    private void readZip64(long at, int length, long[] sizes) {
        long stop = at + length;
        while (stop - at >= 4) {
            long fieldEnd = at + 4 + u16(at + 2);
            if (u16(at) == 1) {
                long value = at + 4;
                for (int i = 0; i < sizes.length; i++) {
                    if (sizes[i] == IN_ZIP64 && value + 8 <= Math.min(fieldEnd, stop)) {
                        sizes[i] = file.get(I64, value);
                        value += 8;
                    }
                }
            }
            at = fieldEnd;
        }
    }

    /** Where an entry's bytes begin: behind the local header, whose name and extra field have lengths of their own. */
    private long dataBegin(String name, long local, long dataEnd) {
        if (local < 0 || local > dataEnd - LOCAL_BYTES || u32(local) != LOCAL) {
            throw error("zip entry " + name + " isn't at byte " + local + ", where the directory says");
        }
        long begin = local + LOCAL_BYTES + u16(local + 26) + u16(local + 28);
        if (begin > dataEnd) {
            throw error("zip entry " + name + " at byte " + local + " runs past the entries' end at " + dataEnd);
        }
        return begin;
    }

    private MemorySegment inflate(Entry entry, MemorySegment packed) {
        if (entry.length > Integer.MAX_VALUE - 8 || entry.packed > Integer.MAX_VALUE - 8) {
            throw error("zip entry " + entry.name + " is packed and over 2 GiB; store it unpacked");
        }
        byte[] out = new byte[(int) entry.length];
        Inflater inflater = new Inflater(true);
        try {
            inflater.setInput(packed.toArray(ValueLayout.JAVA_BYTE));
            int n = 0;
            while (n < out.length) {
                int got = inflater.inflate(out, n, out.length - n);
                if (got == 0) {
                    throw error("zip entry " + entry.name + " ends after " + n + " of " + out.length + " bytes");
                }
                n += got;
            }
            if (inflater.inflate(new byte[1]) != 0) {
                throw error("zip entry " + entry.name + " unpacks to more than the " + out.length + " bytes it claims");
            }
        } catch (DataFormatException e) {
            throw new BadFileException(source + ": zip entry " + entry.name + " is damaged (" + e.getMessage() + ")",
                    e);
        } finally {
            inflater.end();
        }
        return MemorySegment.ofArray(out);
    }

    private String text(long at, int length) {
        byte[] bytes = file.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
        return new String(bytes, StandardCharsets.UTF_8).replaceAll("\\p{Cntrl}", "?");
    }

    private int u16(long at) {
        return Short.toUnsignedInt(file.get(U16, at));
    }

    private int u32(long at) {
        return file.get(U32, at);
    }

    private BadFileException error(String wrong) {
        return new BadFileException(source + ": " + wrong);
    }
}
