package dev.kerf.medical.dicom;

import dev.kerf.error.BadFileException;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Where the pieces of packed pixels lie, and which are a frame's (PS3.5, A.4). */
final class Fragments {
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int ITEM = 0xE000FFFE;
    private static final int END = 0xE0DDFFFE;

    private final String file;
    private final MemorySegment bytes;
    /** Pieces as places and lengths. */
    private final List<long[]> pieces = new ArrayList<>();
    /** The first piece of each frame, and one past the last. */
    private final int[] first;

    /** Reads where pieces lie; their bytes aren't looked at. */
    Fragments(DicomFile of, Element pixels, int frames) {
        this.file = of.path().toString();
        this.bytes = of.bytes();
        long at = pixels.at();
        long[] table = null;
        while (true) {
            if (bytes.byteSize() - at < 8) {
                throw new BadFileException(file + ": truncated within the packed pixels, at byte " + bytes.byteSize());
            }
            int tag = bytes.get(U32, at);
            long length = Integer.toUnsignedLong(bytes.get(U32, at + 4));
            at += 8;
            if (tag == END) {
                break;
            } else if (tag != ITEM) {
                throw new BadFileException(file + ": damaged: no piece of packed pixels at byte " + (at - 8));
            } else if (length > bytes.byteSize() - at) {
                throw new BadFileException(file + ": truncated: the packed pixels at byte " + at + " say " + length + " bytes, "
                        + (bytes.byteSize() - at) + " are left");
            }
            if (table == null) {
                table = new long[(int) (length / 4)];
                for (int i = 0; i < table.length; i++) {
                    table[i] = Integer.toUnsignedLong(bytes.get(U32, at + 4L * i));
                }
            } else {
                pieces.add(new long[] {at, length});
            }
            at += length;
        }
        this.first = frames(frames, offsets(of.elements(), table == null ? new long[0] : table));
    }

    private static long[] offsets(DataSet d, long[] table) {
        Element extended = d.find(Tag.EXTENDED_OFFSETS.number());
        if (extended == null || extended.value().length == 0) {
            return table;
        }
        long[] out = new long[extended.value().length / 8];
        MemorySegment in = MemorySegment.ofArray(extended.value());
        for (int i = 0; i < out.length; i++) {
            out[i] = in.get(U64, 8L * i);
        }
        return out;
    }

    /** By the table of offsets; without one, a piece is a frame, and all pieces are one frame's if there is one. */
    private int[] frames(int count, long[] offsets) {
        if (count > pieces.size()) {
            throw new BadFileException(
                    file + ": truncated: it says " + count + " frames, the packed pixels are " + pieces.size() + " pieces");
        }
        int[] out = new int[count + 1];
        out[count] = pieces.size();
        if (count == 1) {
            return out;
        }
        if (offsets.length == count && !pieces.isEmpty()) {
            long start = pieces.getFirst()[0] - 8;
            int piece = 0;
            for (int f = 0; f < count; f++) {
                while (piece < pieces.size() && pieces.get(piece)[0] - 8 < start + offsets[f]) {
                    piece++;
                }
                out[f] = piece;
            }
        } else if (pieces.size() == count) {
            for (int f = 0; f < count; f++) {
                out[f] = f;
            }
        } else {
            throw new BadFileException(file + ": its packed pixels are " + pieces.size() + " pieces, but " + count
                    + " frames, and no table says which are which");
        }
        return out;
    }

    /** A frame's bytes. */
    byte[] frame(int frame) {
        if (first[frame] >= first[frame + 1]) {
            throw new BadFileException(file + ": the packed pixels of frame " + (frame + 1) + " are missing");
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int p = first[frame]; p < first[frame + 1]; p++) {
            long[] piece = pieces.get(p);
            out.writeBytes(bytes.asSlice(piece[0], piece[1]).toArray(ValueLayout.JAVA_BYTE));
        }
        return out.toByteArray();
    }
}
