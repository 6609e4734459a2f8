package dev.kerf.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import dev.kerf.error.KerfException;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SafetensorsTest {
    @TempDir
    Path dir;

    /** A file with the given header text, padded not at all, and the given number of data bytes 0, 1, 2, … */
    private Path file(String header, int dataBytes) {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer all = ByteBuffer.allocate(8 + text.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        all.putLong(text.length).put(text);
        for (int i = 0; i < dataBytes; i++) {
            all.put((byte) i);
        }
        return write(all.array());
    }

    private Path write(byte[] bytes) {
        try {
            return Files.write(dir.resolve("t.safetensors"), bytes);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static String refusal(Path path) {
        String message = assertThrows(BadFileException.class, () -> Safetensors.open(path).close()).getMessage();
        assertTrue(message.startsWith(path.toString()), message);
        assertEquals(1, message.lines().count(), message);
        return message;
    }

    private static byte[] bytes(HostTensor t) {
        return t.data().toArray(ValueLayout.JAVA_BYTE);
    }

    @ParameterizedTest
    @EnumSource(DType.class)
    void everyDtypeRoundTrips(DType dtype) {
        HostTensor tensor = HostTensor.zeros(dtype, Shape.of(2, 3));
        byte[] values = new byte[6 * dtype.bytes()];
        new Random(dtype.ordinal()).nextBytes(values);
        if (dtype == DType.BOOL) {
            values = new byte[] {0, 1, 1, 0, 1, 0};
        }
        tensor.data().copyFrom(MemorySegment.ofArray(values));
        Path path = dir.resolve("t.safetensors");
        Safetensors.write(path, Map.of("x", tensor), Map.of());
        try (Safetensors read = Safetensors.open(path)) {
            HostTensor x = read.tensor("x");
            assertEquals(dtype, x.dtype());
            assertEquals(Shape.of(2, 3), x.shape());
            assertArrayEquals(values, bytes(x));
            assertTrue(x.data().isReadOnly());
        }
    }

    @Test
    void orderMetadataAndAlignmentAreKept() throws IOException {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        tensors.put("bytes", HostTensor.of(Shape.of(3), new byte[] {1, 2, 3}));
        tensors.put("empty", HostTensor.of(Shape.of(0, 5), new float[0]));
        tensors.put("scalar", HostTensor.of(Shape.of(), new long[] {42}));
        tensors.put("naïve \"name\"", HostTensor.of(Shape.of(2), new float[] {1.5f, -2}));
        Path path = dir.resolve("t.safetensors");
        Safetensors.write(path, tensors, Map.of("classes", "a,b"));
        try (Safetensors read = Safetensors.open(path)) {
            assertEquals(List.copyOf(tensors.keySet()), read.names());
            assertEquals(Map.of("classes", "a,b"), read.metadata());
            assertEquals(42, read.tensor("scalar").getLong(0));
            assertEquals(-2, read.tensor("naïve \"name\"").getDouble(1));
            assertEquals(0, read.tensor("empty").elements());
            for (TensorInfo info : read.tensors().values()) {
                assertEquals(0, read.tensor(info.name()).data().address() % info.dtype().bytes(), info.name());
            }
        }
        ByteBuffer raw = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(0, raw.getLong(0) % 8);
        try (Stream<Path> files = Files.list(dir)) {
            assertEquals(List.of(path), files.toList(), "no temporary file is left");
        }
    }

    @Test
    void unalignedTensorsInOtherPeoplesFilesAreRead() {
        Path path = file("{\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                + "\"i\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[1,5]}}   ", 5);
        try (Safetensors read = Safetensors.open(path)) {
            assertEquals(0x04030201, read.tensor("i").getLong(0));
        }
    }

    @Test
    void headerOrderMayDifferFromDataOrder() {
        Path path = file("{\"z\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]},"
                + "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 3);
        try (Safetensors read = Safetensors.open(path)) {
            assertEquals(List.of("z", "a"), read.names());
            assertEquals(2, read.tensor("z").getLong(1));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{\"w\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}} | 3 | the file ends at byte 64, tensor \"w\" ",
        "{\"w\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}} | 5 | 1 bytes follow tensor \"w\"",
        "{\"w\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[1,5]}} | 5 | hole of 1 bytes between the header",
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,4]}} | 4 | takes 16 bytes, but its",
        "{\"w\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,0]}} | 4 | expected [begin, end]",
        "{\"w\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,2,4]}} | 4 | expected [begin, end]",
        "{\"w\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[-4,0]}} | 4 | expected [begin, end]",
        "{\"w\":{\"dtype\":\"U8\",\"shape\":[-4],\"data_offsets\":[0,4]}} | 4 | impossible shape [-4]",
        "{\"w\":{\"dtype\":\"U8\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,4]}} | 4 | impossible shape",
        "{\"w\":{\"dtype\":\"F64\",\"shape\":[2305843009213693952],\"data_offsets\":[0,4]}} | 4 | impossible shape",
        "{\"w\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,18446744073709551616]}} | 4 | $.w.data_offsets[1]",
        "{\"w\":{\"dtype\":\"F8_E4M3\",\"shape\":[4],\"data_offsets\":[0,4]}} | 4 | has element type \"F8_E4M3\"",
        "{\"w\":{\"dtype\":\"U8\",\"shape\":[4.5],\"data_offsets\":[0,4]}} | 4 | $.w.shape[0]: expected an integer",
        "{\"w\":{\"dtype\":\"U8\",\"data_offsets\":[0,4]}} | 4 | has no member \"shape\"",
        "{\"w\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4],\"x\":1}} | 4 | unknown member \"x\"",
        "{\"w\":[]} | 4 | $.w: expected an object",
        "{\"__metadata__\":{\"a\":1}} | 0 | $.__metadata__.a: expected a string",
        "{\"w\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"w\":1} | 1 | duplicate key \"w\"",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],"
                + "\"data_offsets\":[1,3]}} | 3 | tensor \"b\" at data offset 1 overlaps tensor \"a\", which ends at 2",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"b\":{\"dtype\":\"U8\",\"shape\":[1],"
                + "\"data_offsets\":[2,3]}} | 3 | hole of 1 bytes between tensor \"a\"",
        "{\"w\":{\"dtype\":\"U8\" | 0 | malformed JSON at line 1, column 19",
        "{\"a\\nb\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}} | 0 | tensor \"a?b\" needs",
        "{\"a\\nb\":{\"dtype\":\"U8\",\"shape\":1,\"data_offsets\":[0,1]}} | 0 | $.a?b.shape: expected an array",
        "[] | 0 | doesn't begin with '{'",
        "`` | 0 | doesn't begin with '{'",
    })
    void malformedHeadersAreRefused(String header, int dataBytes, String message) {
        String refusal = refusal(file(header, dataBytes));
        assertTrue(refusal.contains(message), refusal);
    }

    @Test
    void headerLengthsAreBounded() {
        byte[] bytes = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(9).array();
        assertTrue(refusal(write(bytes)).contains("the file ends at byte 16, its header needs up to 17"));
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(Safetensors.MAX_HEADER + 1);
        assertTrue(refusal(write(bytes)).contains("over the bound of 100000000"));
        ByteBuffer.wrap(bytes).putLong(-1);
        assertTrue(refusal(write(bytes)).contains("header length 18446744073709551615"));
        assertTrue(refusal(write(new byte[0])).contains("is 0 bytes long"));
        assertTrue(refusal(dir.resolve("absent.safetensors")).contains("no such file"));
        assertTrue(refusal(dir).contains("is a directory"));
    }

    @Test
    void everyPrefixOfAFileIsRefused() throws IOException {
        Path path = dir.resolve("t.safetensors");
        Safetensors.write(path, Map.of("w", HostTensor.of(Shape.of(3), new float[] {1, 2, 3})), Map.of("k", "v"));
        byte[] whole = Files.readAllBytes(path);
        for (int n = 0; n < whole.length; n++) {
            refusal(write(Arrays.copyOf(whole, n)));
        }
    }

    @Test
    void damagedFilesRaiseOnlyOurErrors() throws IOException {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        tensors.put("a.weight", HostTensor.of(Shape.of(2, 2), new float[] {1, 2, 3, 4}));
        tensors.put("b", HostTensor.of(Shape.of(3), new byte[] {1, 2, 3}));
        Path path = dir.resolve("t.safetensors");
        Safetensors.write(path, tensors, Map.of("k", "v"));
        byte[] whole = Files.readAllBytes(path);
        Random random = new Random(2);
        int refused = 0;
        for (int n = 0; n < 1500; n++) {
            byte[] bytes = whole.clone();
            for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            try (Safetensors read = Safetensors.open(write(bytes))) {
                read.names().forEach(read::tensor);
            } catch (KerfException e) {
                refused++;
            }
        }
        assertTrue(refused > 500 && refused < 1500, "some pass, most don't; refused " + refused);
    }

    @Test
    void useAfterCloseIsAnError() {
        Path path = dir.resolve("t.safetensors");
        Safetensors.write(path, Map.of("w", HostTensor.of(Shape.of(1), new float[] {1})), Map.of());
        Safetensors read = Safetensors.open(path);
        HostTensor w = read.tensor("w");
        assertThrows(BadInputException.class, () -> read.tensor("v"));
        read.close();
        read.close();
        assertThrows(ClosedException.class, () -> read.tensor("w"));
        assertThrows(ClosedException.class, () -> w.getDouble(0));
    }

    @Test
    void aFileThatCannotBeWrittenLeavesNothing() throws IOException {
        Map<String, HostTensor> one = Map.of("w", HostTensor.of(Shape.of(1), new float[] {1}));
        BadFileException e = assertThrows(BadFileException.class,
                () -> Safetensors.write(dir.resolve("absent/t.safetensors"), one, Map.of()));
        assertTrue(e.getMessage().contains("doesn't exist"), e.getMessage());
        assertThrows(BadInputException.class,
                () -> Safetensors.write(dir.resolve("t"), Map.of("__metadata__", one.get("w")), Map.of()));
        Path taken = Files.createDirectories(dir.resolve("taken/inside")).getParent();
        assertThrows(BadFileException.class, () -> Safetensors.write(taken, one, Map.of()));
        try (Stream<Path> files = Files.list(dir)) {
            assertEquals(List.of(taken), files.toList());
        }
    }
}
