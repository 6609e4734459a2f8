package dev.kerf.weights;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Writes pickles opcode by opcode, and the containers around them, for tests. */
final class PickleBytes {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /** A pickle of protocol 2, so far empty. */
    static PickleBytes begin() {
        return new PickleBytes().op(0x80, 2);
    }

    PickleBytes op(int... bytes) {
        for (int b : bytes) {
            out.write(b);
        }
        return this;
    }

    PickleBytes op(char opcode) {
        return op((int) opcode);
    }

    PickleBytes text(String s) {
        byte[] utf8 = s.getBytes(StandardCharsets.UTF_8);
        return op('X').int32(utf8.length).raw(utf8);
    }

    PickleBytes integer(long value) {
        ByteBuffer b = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value);
        return op(0x8a, 8).raw(b.array());
    }

    PickleBytes global(String module, String name) {
        return op('c').raw((module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
    }

    PickleBytes int32(int value) {
        return raw(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
    }

    PickleBytes raw(byte[] bytes) {
        out.writeBytes(bytes);
        return this;
    }

    PickleBytes longs(long... values) {
        op('(');
        for (long v : values) {
            integer(v);
        }
        return op('t');
    }

    PickleBytes storage(String type, String key, long elements) {
        return op('(').text("storage").global("torch", type).text(key).text("cpu").integer(elements).op('t').op('Q');
    }

    /** Leaves a float32 tensor on the stack. */
    PickleBytes tensor(String key, long storageElements, long offset, long[] shape, long[] strides) {
        return global("torch._utils", "_rebuild_tensor_v2").op('(')
                .storage("FloatStorage", key, storageElements).integer(offset).longs(shape).longs(strides)
                .op(0x89).global("collections", "OrderedDict").op(')').op('R')
                .op('t').op('R');
    }

    /** A whole pickle {name: float32 tensor of the given elements in storage "0"}. */
    static byte[] oneTensor(String name, long elements) {
        return begin().op('}').text(name).tensor("0", elements, 0, new long[] {elements}, new long[] {1}).op('s')
                .op('.')
                .bytes();
    }

    byte[] bytes() {
        return out.toByteArray();
    }

    /** A checkpoint archive/data.pkl and the other entries, stored or deflated. */
    static Path zip(Path path, int method, byte[] pickle, Map<String, byte[]> others) {
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(path))) {
            put(zip, method, "archive/data.pkl", pickle);
            for (Map.Entry<String, byte[]> other : others.entrySet()) {
                put(zip, method, "archive/" + other.getKey(), other.getValue());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return path;
    }

    private static void put(ZipOutputStream zip, int method, String name, byte[] content) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(method);
        CRC32 crc = new CRC32();
        crc.update(content);
        entry.setCrc(crc.getValue());
        entry.setSize(content.length);
        if (method == ZipEntry.STORED) {
            entry.setCompressedSize(content.length);
        }
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }
}
