package dev.kerf.weights.onnx;

import dev.kerf.error.BadFileException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.function.LongConsumer;

/**
 * One message in protobuf's wire format, read field by field where it lies: nothing is copied but what is asked for, and a
 * message within it is a view of its bytes. (Encoding: {@code protobuf.dev/programming-guides/encoding}.)
 *
 * <pre>{@code
 * ProtoReader p = new ProtoReader(bytes, "net.onnx");
 * while (p.next()) {
 *     switch (p.field()) {
 *         case 1 -> version = p.integer();
 *         case 7 -> graph(p.message());
 *         default -> p.skip();
 *     }
 * }
 * }</pre>
 *
 * <p>What doesn't fit into the bytes that there are is a {@link BadFileException} that says where.
 */
public final class ProtoReader {
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;
    private static final int MOST_VARINT = 10;

    private final MemorySegment bytes;
    private final String source;
    private final long base;
    private long at;
    private int field;
    private int wire;

    /**
     * @param bytes  the message
     * @param source what errors call the file
     */
    public ProtoReader(MemorySegment bytes, String source) {
        this(bytes, source, 0);
    }

    private ProtoReader(MemorySegment bytes, String source, long base) {
        this.bytes = bytes;
        this.source = source;
        this.base = base;
    }

    /** Goes to the next field, which is then to be read by one of the methods below; false at the end. */
    public boolean next() {
        if (at == bytes.byteSize()) {
            return false;
        }
        long tag = varint();
        field = (int) (tag >>> 3);
        wire = (int) (tag & 7);
        if (tag >>> 3 == 0 || tag >>> 32 != 0) {
            throw error("a field of number " + (tag >>> 3));
        }
        return true;
    }

    /** The field's number. */
    public int field() {
        return field;
    }

    /** A whole number. */
    public long integer() {
        require(VARINT, "a whole number");
        return varint();
    }

    /** A float32. */
    public float real() {
        require(FIXED32, "a float32");
        return Float.intBitsToFloat(bytes.get(I32, take(4)));
    }

    /** Bytes, where they lie. */
    public MemorySegment bytes() {
        require(BYTES, "bytes");
        long length = varint();
        return bytes.asSlice(take(length), length);
    }

    /** UTF-8 text; what isn't is replaced. */
    public String text() {
        return new String(bytes().toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    }

    /** The message within this one. */
    public ProtoReader message() {
        MemorySegment slice = bytes();
        return new ProtoReader(slice, source, base + at - slice.byteSize());
    }

    /** Whole numbers of a repeated field: one, or many packed. */
    public void integers(LongConsumer each) {
        if (wire != BYTES) {
            each.accept(integer());
            return;
        }
        ProtoReader packed = message();
        while (packed.at < packed.bytes.byteSize()) {
            each.accept(packed.varint());
        }
    }

    /** Where numbers of a fixed size lie, of a repeated field: one, or many packed. */
    public MemorySegment fixed(int size) {
        if (wire == BYTES) {
            MemorySegment packed = bytes();
            if (packed.byteSize() % size != 0) {
                throw error(packed.byteSize() + " bytes of numbers that take " + size + " each");
            }
            return packed;
        }
        require(size == 4 ? FIXED32 : FIXED64, "a number of " + size + " bytes");
        return bytes.asSlice(take(size), size);
    }

    /** Leaves the field out. */
    public void skip() {
        switch (wire) {
            case VARINT -> varint();
            case FIXED64 -> take(8);
            case BYTES -> bytes();
            case FIXED32 -> take(4);
            default -> throw error("a field of wire type " + wire);
        }
    }

    /** What is wrong at this place of the file. */
    public BadFileException error(String what) {
        return new BadFileException(source + ": is damaged or no ONNX model: " + what + " at byte " + (base + at));
    }

    private void require(int expected, String what) {
        if (wire != expected) {
            throw error("field " + field + " should be " + what + ", has wire type " + wire);
        }
    }

    private long take(long length) {
        if (length < 0 || length > bytes.byteSize() - at) {
            throw error("field " + field + " of " + Long.toUnsignedString(length) + " bytes, where " + (bytes.byteSize() - at)
                    + " are left");
        }
        long start = at;
        at += length;
        return start;
    }

    private long varint() {
        long value = 0;
        for (int i = 0; i < MOST_VARINT; i++) {
            if (at == bytes.byteSize()) {
                throw error("the end in the middle of a number");
            }
            byte b = bytes.get(ValueLayout.JAVA_BYTE, at++);
            value |= (long) (b & 0x7F) << 7 * i;
            if (b >= 0) {
                return value;
            }
        }
        throw error("a number of more than " + MOST_VARINT + " bytes");
    }

    /** Eight bytes of a field's fixed numbers. */
    static long wide(MemorySegment fixed, long index) {
        return fixed.get(I64, index * 8);
    }

    /** Four bytes of a field's fixed numbers, as a float. */
    static float real(MemorySegment fixed, long index) {
        return Float.intBitsToFloat(fixed.get(I32, index * 4));
    }
}
