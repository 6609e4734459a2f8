package dev.kerf.medical.dicom;

import dev.kerf.error.BadFileException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/** Reads a data set's elements (PS3.5, chapter 7): those that are wanted are kept, all others passed over. */
final class DicomParser {
    private static final long UNDEFINED = 0xFFFFFFFFL;
    private static final int ITEM = 0xFFFEE000;
    private static final int ITEM_END = 0xFFFEE00D;
    private static final int SEQUENCE_END = 0xFFFEE0DD;
    /** Deeper than any real data set nests. */
    private static final int DEEPEST = 16;
    /** A longer value that is wanted holds no number or word that is. */
    private static final long LONGEST = 1 << 20;
    /** What has a length of four bytes where the representation is explicit. */
    private static final String LONG = "OB OD OF OL OV OW SQ SV UC UN UR UT UV";
    private static final String ALL = LONG + " AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US";

    private final String file;
    private final MemorySegment bytes;
    private final IntPredicate wanted;

    /**
     * Of a file's bytes.
     *
     * @param wanted tells which tags are kept
     */
    DicomParser(String file, MemorySegment bytes, IntPredicate wanted) {
        this.file = file;
        this.bytes = bytes;
        this.wanted = wanted;
    }

    /** How numbers are coded, and whether elements say what they hold. */
    record Coding(boolean explicit, ByteOrder order) {
        int tag(MemorySegment b, long at) {
            return number16(b, at) << 16 | number16(b, at + 2);
        }

        int number16(MemorySegment b, long at) {
            return Short.toUnsignedInt(b.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order), at));
        }

        long number32(MemorySegment b, long at) {
            return Integer.toUnsignedLong(b.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(order), at));
        }
    }

    /** Reads the elements of a range up to its end or to one past a tag; returns where it stopped. */
    long read(DataSet into, long start, long end, Coding coding, long lastTag) {
        return read(into, start, end, coding, lastTag, 0);
    }

    private long read(DataSet into, long start, long end, Coding coding, long lastTag, int depth) {
        long at = start;
        while (at < end) {
            need(at, 8, end);
            int tag = coding.tag(bytes, at);
            if (tag == ITEM_END && depth > 0) {
                return at + 8;
            } else if (Integer.toUnsignedLong(tag) > lastTag) {
                return at;
            }
            at = element(into, tag, at, end, coding, depth);
        }
        return at;
    }

    private long element(DataSet into, int tag, long start, long end, Coding coding, int depth) {
        String vr;
        long length;
        long at;
        if (coding.explicit) {
            vr = "" + (char) bytes.get(ValueLayout.JAVA_BYTE, start + 4) + (char) bytes.get(ValueLayout.JAVA_BYTE, start + 5);
            if (!vr.matches("[A-Z]{2}") || !ALL.contains(vr)) {
                throw new BadFileException(file + ": damaged: the element " + Tag.text(tag) + " at byte " + start
                        + " doesn't say what it holds");
            }
            boolean wide = LONG.contains(vr);
            need(start, wide ? 12 : 8, end);
            length = wide ? coding.number32(bytes, start + 8) : coding.number16(bytes, start + 6);
            at = start + (wide ? 12 : 8);
        } else {
            Tag known = Tag.of(tag);
            vr = known == null ? "UN" : known.vr();
            length = coding.number32(bytes, start + 4);
            at = start + 8;
        }
        boolean pixels = tag == Tag.PIXELS.number();
        if (length != UNDEFINED && length > end - at) {
            throw new BadFileException(
                    file + ": truncated or damaged: the element " + Tag.text(tag) + " at byte " + start + " says "
                            + length + " bytes, " + (end - at) + " are left");
        }
        if (pixels && depth == 0) {
            into.put(new Element(tag, vr, at, length == UNDEFINED ? -1 : length, new byte[0], coding.order, List.of()));
            // What follows them isn't wanted.
            return end;
        }
        boolean keep = wanted.test(tag);
        if (length == UNDEFINED || vr.equals("SQ") && keep) {
            // An unknown one without a length is a sequence in the coding that has no representations.
            Coding inner = vr.equals("UN") && coding.explicit ? new Coding(false, ByteOrder.LITTLE_ENDIAN) : coding;
            List<DataSet> items = new ArrayList<>();
            long next = items(items, keep, at, length == UNDEFINED ? end : at + length, inner, length == UNDEFINED, depth + 1);
            if (keep) {
                into.put(new Element(tag, "SQ", at, -1, new byte[0], coding.order, items));
            }
            return next;
        }
        if (keep && length <= LONGEST) {
            byte[] value = bytes.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
            into.put(new Element(tag, vr, at, length, value, coding.order, List.of()));
        }
        return at + length;
    }

    private long items(List<DataSet> into, boolean keep, long start, long end, Coding coding, boolean open, int depth) {
        if (depth > DEEPEST) {
            throw new BadFileException(
                    file + ": damaged: sequences within sequences, more than " + DEEPEST + " deep, at byte " + start);
        }
        long at = start;
        while (at < end) {
            need(at, 8, end);
            int tag = coding.tag(bytes, at);
            long length = coding.number32(bytes, at + 4);
            at += 8;
            if (tag == SEQUENCE_END) {
                return at;
            } else if (tag != ITEM) {
                throw new BadFileException(file + ": damaged: " + Tag.text(tag) + " at byte " + (at - 8)
                        + " where an item of a sequence is to be");
            } else if (length != UNDEFINED && length > end - at) {
                throw new BadFileException(file + ": truncated or damaged: the item at byte " + (at - 8) + " says " + length
                        + " bytes, " + (end - at) + " are left");
            }
            DataSet item = new DataSet(file);
            if (keep || length == UNDEFINED) {
                at = read(item, at, length == UNDEFINED ? end : at + length, coding, 0xFFFFFFFFL, depth);
            } else {
                at += length;
            }
            if (keep) {
                into.add(item);
            }
        }
        if (open) {
            throw new BadFileException(file + ": truncated: a sequence that begins at byte " + start + " doesn't end");
        }
        return at;
    }

    private void need(long at, int count, long end) {
        if (end - at < count) {
            throw new BadFileException(file + ": truncated: it ends within an element, at byte " + end);
        }
    }
}
