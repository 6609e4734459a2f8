package dev.kerf.graph.onnx;

import dev.kerf.file.AtomicFile;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * One message in protobuf's wire format: fields in the order in which they are added, tensors by reference, so that a
 * model of gigabytes is written without a copy of it in memory. (Encoding: {@code
 * protobuf.dev/programming-guides/encoding}.)
 */
final class ProtoWriter {
    private static final int VARINT = 0;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;

    private final List<MemorySegment> parts = new ArrayList<>();
    private byte[] open = new byte[64];
    private int used;
    private long closed;

    /** A whole number; negative ones take ten bytes. */
    ProtoWriter integer(int field, long value) {
        varint((long) field << 3 | VARINT);
        varint(value);
        return this;
    }

    /** A float32. */
    ProtoWriter real(int field, float value) {
        varint((long) field << 3 | FIXED32);
        int bits = Float.floatToRawIntBits(value);
        for (int i = 0; i < 4; i++) {
            put((byte) (bits >>> 8 * i));
        }
        return this;
    }

    /** UTF-8 text. */
    ProtoWriter text(int field, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        varint((long) field << 3 | BYTES);
        varint(bytes.length);
        for (byte b : bytes) {
            put(b);
        }
        return this;
    }

    /** Bytes that are read only when the whole is written. */
    ProtoWriter bytes(int field, MemorySegment value) {
        varint((long) field << 3 | BYTES);
        varint(value.byteSize());
        append(value);
        return this;
    }

    /** A message within this one; to be finished before it is added. */
    ProtoWriter message(int field, ProtoWriter value) {
        varint((long) field << 3 | BYTES);
        varint(value.size());
        value.parts.forEach(this::append);
        for (int i = 0; i < value.used; i++) {
            put(value.open[i]);
        }
        return this;
    }

    /** Length in bytes of what was added so far. */
    long size() {
        return closed + used;
    }

    /** Writes everything. */
    void writeTo(OutputStream out) throws IOException {
        for (MemorySegment part : parts) {
            AtomicFile.copy(part, out);
        }
        out.write(open, 0, used);
    }

    private void append(MemorySegment part) {
        if (used > 0) {
            parts.add(MemorySegment.ofArray(java.util.Arrays.copyOf(open, used)));
            closed += used;
            used = 0;
        }
        parts.add(part);
        closed += part.byteSize();
    }

    private void varint(long value) {
        long v = value;
        while ((v & ~0x7FL) != 0) {
            put((byte) (v & 0x7F | 0x80));
            v >>>= 7;
        }
        put((byte) v);
    }

    private void put(byte b) {
        if (used == open.length) {
            open = java.util.Arrays.copyOf(open, 2 * used);
        }
        open[used++] = b;
    }
}
