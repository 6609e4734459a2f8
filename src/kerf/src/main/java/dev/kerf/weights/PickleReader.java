package dev.kerf.weights;

import dev.kerf.error.BadFileException;
import dev.kerf.weights.Pickled.Dict;
import dev.kerf.weights.Pickled.Global;
import dev.kerf.weights.Pickled.Items;
import dev.kerf.weights.Pickled.Storage;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads Python pickles of protocols 2 to 5 as data. Opcodes and globals outside the allow-list are refused; a global
 * stands for a rule in {@link PickleGlobals}, and nothing from the file is ever run. Opcodes are those of CPython's
 * {@code pickletools}. Time and memory are linear in the pickle's length.
 */
final class PickleReader {
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble F64_BIG = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final int HIGHEST_PROTOCOL = 5;
    private static final int LONGEST_INTEGER = 64;
    private static final int LONGEST_GLOBAL = 200;
    private static final int LONGEST_MESSAGE = 400;
    private static final Object MARK = new Object();

    private final MemorySegment bytes;
    private final String source;
    private final PickleGlobals globals;
    private final List<Object> stack = new ArrayList<>();
    private final Map<Long, Object> memo = new HashMap<>();
    private final long start;
    private long at;
    private long opAt;
    private int marks;

    /** A reader of the pickle at an offset; errors begin with the source and give places from that offset. */
    PickleReader(MemorySegment bytes, long start, String source) {
        this.bytes = bytes;
        this.start = start;
        this.at = start;
        this.source = source;
        this.globals = new PickleGlobals(this, bytes.byteSize() - start);
    }

    /** Offset just behind the pickle that {@link #read} read. */
    long end() {
        return at;
    }

    /** The storages that the pickle refers to, by key. */
    Map<String, Storage> storages() {
        return globals.storages();
    }

    /** Reads up to the pickle's STOP and returns its value. */
    Object read() {
        while (true) {
            opAt = at;
            int op = u8();
            if (op == '.') {
                Object root = pop();
                if (!stack.isEmpty()) {
                    throw error("STOP leaves " + stack.size() + " values on the stack");
                }
                return root;
            }
            step(op);
        }
    }

    private void step(int op) {
        switch (op) {
            case 0x80 -> {
                int protocol = u8();
                if (protocol > HIGHEST_PROTOCOL) {
                    throw error("protocol " + protocol + ", Kerf reads up to " + HIGHEST_PROTOCOL);
                }
            }
            case 0x95 -> need(i64());
            case '(' -> {
                stack.add(MARK);
                marks++;
            }
            case '0' -> popAny();
            case '1' -> popToMark();
            case '2' -> stack.add(peek());
            case 'N' -> stack.add(null);
            case 0x88 -> stack.add(true);
            case 0x89 -> stack.add(false);
            case 'J' -> stack.add((long) i32());
            case 'K' -> stack.add((long) u8());
            case 'M' -> stack.add((long) (u8() | u8() << 8));
            case 0x8a -> stack.add(integer(u8()));
            case 0x8b -> stack.add(integer(i32()));
            case 'G' -> {
                need(8);
                stack.add(bytes.get(F64_BIG, at));
                at += 8;
            }
            case 'X' -> stack.add(utf8(u32()));
            case 0x8c -> stack.add(utf8(u8()));
            case 0x8d -> stack.add(utf8(i64()));
            case 'U' -> stack.add(python2String(u8()));
            case 'T' -> stack.add(python2String(i32()));
            case 'C' -> stack.add(raw(u8()));
            case 'B' -> stack.add(raw(u32()));
            case 0x8e, 0x96 -> stack.add(raw(i64()));
            case ']', 0x8f -> stack.add(new Items());
            case ')' -> stack.add(new Items(List.of()));
            case '}' -> stack.add(new Dict());
            case 'a' -> {
                Object value = pop();
                list().add(value);
            }
            case 'e', 0x90 -> {
                List<Object> values = popToMark();
                list().addAll(values);
            }
            case 't', 'l', 0x91 -> stack.add(new Items(popToMark()));
            case 0x85 -> tuple(1);
            case 0x86 -> tuple(2);
            case 0x87 -> tuple(3);
            case 's' -> {
                Object value = pop();
                Object key = pop();
                dict().items.put(key, value);
            }
            case 'u' -> {
                List<Object> pairs = popToMark();
                putAll(dict(), pairs);
            }
            case 'd' -> {
                Dict dict = new Dict();
                putAll(dict, popToMark());
                stack.add(dict);
            }
            case 'q' -> memo.put((long) u8(), peek());
            case 'r' -> memo.put(u32(), peek());
            case 0x94 -> memo.put((long) memo.size(), peek());
            case 'h' -> recall(u8());
            case 'j' -> recall(u32());
            case 'c' -> stack.add(globals.find(line(), line()));
            case 0x93 -> {
                Object name = pop();
                Object module = pop();
                if (!(module instanceof String m) || !(name instanceof String n)) {
                    throw error("STACK_GLOBAL without two strings");
                }
                stack.add(globals.find(m, n));
            }
            case 'R', 0x81 -> {
                Object arguments = pop();
                Object function = pop();
                if (!(function instanceof Global global) || !(arguments instanceof Items items)) {
                    throw error("a call of something that isn't a function");
                }
                stack.add(globals.call(global, items.items));
            }
            case 'b' -> {
                Object state = pop();
                globals.build(peek(), state);
            }
            case 'Q' -> stack.add(globals.persistent(pop()));
            default -> throw error("forbidden opcode 0x" + Integer.toHexString(op)
                    + (op > ' ' && op < 0x7F ? " ('" + (char) op + "')" : ""));
        }
    }

    /** An error at the opcode being read. */
    BadFileException error(String wrong) {
        return error(wrong, "");
    }

    /** An error at the opcode being read, with what to do about it. */
    BadFileException error(String wrong, String advice) {
        // Names in the message come from the file and may be anything.
        String clean = wrong.replaceAll("\\p{Cntrl}", "?");
        String brief = clean.length() > LONGEST_MESSAGE ? clean.substring(0, LONGEST_MESSAGE) + "…" : clean;
        return new BadFileException(source + ": " + brief + ", at byte " + (opAt - start) + " of the pickle"
                + (advice.isEmpty() ? "" : "; " + advice));
    }

    private Object pop() {
        Object value = popAny();
        if (value == MARK) {
            throw error("a mark where a value belongs");
        }
        return value;
    }

    private Object popAny() {
        if (stack.isEmpty()) {
            throw error("the stack is empty");
        }
        Object value = stack.removeLast();
        if (value == MARK) {
            marks--;
        }
        return value;
    }

    private Object peek() {
        if (stack.isEmpty() || stack.getLast() == MARK) {
            throw error("the stack is empty");
        }
        return stack.getLast();
    }

    private List<Object> popToMark() {
        if (marks == 0) {
            throw error("there is no mark on the stack");
        }
        int from = stack.size() - 1;
        while (stack.get(from) != MARK) {
            from--;
        }
        List<Object> above = stack.subList(from + 1, stack.size());
        List<Object> values = new ArrayList<>(above);
        above.clear();
        stack.removeLast();
        marks--;
        return values;
    }

    private void tuple(int n) {
        List<Object> values = new ArrayList<>(n);
        for (int i = 0; i < n; i++) {
            values.addFirst(pop());
        }
        stack.add(new Items(values));
    }

    private List<Object> list() {
        if (!(peek() instanceof Items items)) {
            throw error("an element for something that isn't a list");
        }
        // Empty tuples are the only fixed lists.
        if (items.items instanceof ArrayList<Object> list) {
            return list;
        }
        throw error("an element for a tuple");
    }

    private Dict dict() {
        if (peek() instanceof Dict dict) {
            return dict;
        }
        throw error("an item for something that isn't a dictionary");
    }

    private void putAll(Dict dict, List<Object> pairs) {
        if (pairs.size() % 2 != 0) {
            throw error("a key without a value");
        }
        for (int i = 0; i < pairs.size(); i += 2) {
            dict.items.put(pairs.get(i), pairs.get(i + 1));
        }
    }

    private void recall(long index) {
        if (!memo.containsKey(index)) {
            throw error("memo " + index + " was never set");
        }
        stack.add(memo.get(index));
    }

    private Object integer(int length) {
        if (length < 0 || length > LONGEST_INTEGER) {
            throw error("an integer of " + length + " bytes");
        }
        byte[] little = raw(length);
        byte[] big = new byte[length];
        for (int i = 0; i < length; i++) {
            big[i] = little[length - 1 - i];
        }
        BigInteger value = length == 0 ? BigInteger.ZERO : new BigInteger(big);
        return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value;
    }

    private String utf8(long length) {
        byte[] text = raw(length);
        String decoded = decode(text);
        if (decoded == null) {
            throw error("a string that isn't valid UTF-8");
        }
        return decoded;
    }

    /** Python 2 kept text and bytes in one type. */
    private String python2String(long length) {
        byte[] text = raw(length);
        String decoded = decode(text);
        return decoded != null ? decoded : new String(text, StandardCharsets.ISO_8859_1);
    }

    private static String decode(byte[] text) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(text)).toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }

    private String line() {
        long from = at;
        while (u8() != '\n') {
            if (at - from > LONGEST_GLOBAL) {
                throw error("a global's name of over " + LONGEST_GLOBAL + " bytes");
            }
        }
        byte[] text = bytes.asSlice(from, at - 1 - from).toArray(ValueLayout.JAVA_BYTE);
        return new String(text, StandardCharsets.UTF_8);
    }

    private byte[] raw(long length) {
        need(length);
        if (length > Integer.MAX_VALUE - 8) {
            throw error("a value of " + length + " bytes");
        }
        byte[] out = bytes.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
        at += length;
        return out;
    }

    private int u8() {
        need(1);
        return Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, at++));
    }

    private int i32() {
        need(4);
        at += 4;
        return bytes.get(I32, at - 4);
    }

    private long u32() {
        return Integer.toUnsignedLong(i32());
    }

    private long i64() {
        need(8);
        at += 8;
        return bytes.get(I64, at - 8);
    }

    private void need(long length) {
        if (length < 0) {
            throw error("a negative length");
        }
        if (length > bytes.byteSize() - at) {
            throw new BadFileException(source + ": the data ends at byte " + (bytes.byteSize() - start)
                    + " of the pickle, which goes on: it was cut off");
        }
    }
}
