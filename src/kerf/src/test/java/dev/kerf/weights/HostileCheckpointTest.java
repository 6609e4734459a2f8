package dev.kerf.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Checkpoints made to do harm, or at least to confuse: each is refused with one line that says why. */
class HostileCheckpointTest {
    @TempDir
    Path dir;

    private String refusal(Path path) {
        String message = assertThrows(BadFileException.class, () -> Weights.open(path)).getMessage();
        assertTrue(message.startsWith(path.toString()), message);
        assertEquals(1, message.lines().count(), message);
        assertTrue(message.length() < 1000, message);
        return message;
    }

    private String refusal(PickleBytes pickle) {
        return refusal(PickleBytes.zip(dir.resolve("a.pt"), ZipEntry.STORED, pickle.bytes(),
                Map.of("data/0", new byte[40])));
    }

    private void refused(String why, PickleBytes pickle) {
        String message = refusal(pickle);
        assertTrue(message.contains(why), message);
    }

    /** A pickle that sets "w" to a tensor in storage 0, which has 10 float32 elements. */
    private static PickleBytes tensor(long storage, long offset, long[] shape, long... strides) {
        return PickleBytes.begin().op('}').text("w").tensor("0", storage, offset, shape, strides).op('s').op('.');
    }

    @ParameterizedTest
    @CsvSource({"os, system", "posix, system", "nt, system", "subprocess, Popen", "builtins, eval",
        "__builtin__, getattr", "torch.storage, _load_from_bytes", "numpy.core.multiarray, fromstring", "torch, load",
        "collections, namedtuple"})
    void forbiddenGlobalsAreNamedWithTheirPlace(String module, String name) {
        String expected = "archive/data.pkl: forbidden global " + module + "." + name + ", at byte 2 of the pickle";
        refused(expected, PickleBytes.begin().global(module, name).text("touch harm").op(0x85).op('R').op('.'));
        PickleBytes protocol4 = new PickleBytes().op(0x80, 4).text(module).text(name).op(0x93).op('.');
        refused("forbidden global " + module + "." + name, protocol4);
    }

    @ParameterizedTest
    @ValueSource(ints = {'i', 'o', 'P', 'I', 'L', 'F', 'S', 'V', 'p', 'g', 0x82, 0x83, 0x84, 0x92, 0x97, 0x98, 0, 0xFF})
    void forbiddenOpcodesAreNamed(int opcode) {
        refused("forbidden opcode 0x" + Integer.toHexString(opcode), PickleBytes.begin().op(opcode).op('.'));
    }

    @Test
    void allowedNamesCannotBeMisused() {
        refused("a call of torch.FloatStorage", PickleBytes.begin().global("torch", "FloatStorage").op(')').op('R')
                .op('.'));
        refused("a call of torch.float32", PickleBytes.begin().global("torch", "float32").op(')').op('R').op('.'));
        refused("isn't a function", PickleBytes.begin().text("os.system").op(')').op('R').op('.'));
        refused("BUILD on something", PickleBytes.begin().global("collections", "OrderedDict").op('}').op('b').op('.'));
        refused("arguments that it doesn't take",
                PickleBytes.begin().global("torch._utils", "_rebuild_tensor_v2").op(')').op('R').op('.'));
        refused("arguments that it doesn't take", PickleBytes.begin().global("torch._tensor", "_rebuild_from_type_v2")
                .op('(').global("collections", "OrderedDict").op('N').op(')').op('t').op('R').op('.'));
        refused("isn't a storage", PickleBytes.begin().text("storage").op('Q').op('.'));
        refused("whole model with its source", PickleBytes.begin().text("module").op(0x85).op('Q').op('.'));
        refused("element type of torch.ComplexFloatStorage",
                PickleBytes.begin().op('}').text("w").op('(').text("storage").global("torch", "ComplexFloatStorage")
                        .op('.'));
    }

    @Test
    void brokenStacksAreRefused() {
        refused("the stack is empty", PickleBytes.begin().op('.'));
        refused("STOP leaves 1 values", PickleBytes.begin().op('}').op('}').op('.'));
        refused("there is no mark", PickleBytes.begin().op('t').op('.'));
        refused("a mark where a value", PickleBytes.begin().op('(').op('.'));
        refused("memo 7 was never set", PickleBytes.begin().op('h', 7).op('.'));
        refused("a key without a value", PickleBytes.begin().op('}').op('(').text("a").op('u').op('.'));
        refused("isn't a dictionary", PickleBytes.begin().text("a").text("b").text("c").op('s').op('.'));
        refused("isn't a list", PickleBytes.begin().text("a").text("b").op('a').op('.'));
        refused("an element for a tuple", PickleBytes.begin().op(')').text("b").op('a').op('.'));
        refused("an integer of -1 bytes", PickleBytes.begin().op(0x8b).int32(-1).op('.'));
        refused("a negative length", PickleBytes.begin().op('T').int32(-1).op('.'));
        refused("it was cut off", PickleBytes.begin().op('X').int32(-1).op('.'));
        refused("isn't valid UTF-8", PickleBytes.begin().op(0x8c, 1, 0xFF).op('.'));
        refused("protocol 6", new PickleBytes().op(0x80, 6).op('.'));
        refused("a global's name of over", PickleBytes.begin().op('c').raw(new byte[1000]).op('.'));
    }

    @Test
    void tensorsOutsideTheirStorageAreRefused() {
        refused("lies outside its storage 0 of 10 elements", tensor(10, 0, new long[] {11}, 1));
        refused("lies outside its storage", tensor(10, 5, new long[] {6}, 1));
        refused("lies outside its storage", tensor(10, 0, new long[] {2, 5}, 6, 1));
        refused("lies outside its storage", tensor(10, 0, new long[] {2}, -1));
        refused("lies outside its storage", tensor(10, 0, new long[] {2}));
        refused("impossible shape", tensor(10, 0, new long[] {-1}, 1));
        refused("impossible shape", tensor(10, 0, new long[] {1L << 40, 1L << 40}, 0, 0));
        refused("impossible shape", tensor(10, 0, new long[] {1L << 62}, 0));
        refused("impossible shape", tensor(10, 0, new long[] {3}, Long.MAX_VALUE));
        refused("impossible shape", tensor(10, Long.MAX_VALUE, new long[] {1}, 1));
        refused("arguments that it doesn't take", tensor(10, -1, new long[] {1}, 1));
        refused("a tensor of rank 100", tensor(10, 0, new long[100], new long[100]));
        refused("has 40 bytes, the pickle says 44", tensor(11, 0, new long[] {11}, 1));
        refused("has 40 bytes, the pickle says 36", tensor(9, 0, new long[] {9}, 1));
        refused("refused as a trap", tensor(10, 0, new long[] {1L << 40}, 0));
        refused("a persistent id that isn't a storage", tensor(-1, 0, new long[] {1}, 1));
        refused("zip entry \"archive/data/7\" of tensor \"w\" is missing", PickleBytes.begin().op('}').text("w")
                .tensor("7", 10, 0, new long[] {10}, new long[] {1}).op('s').op('.'));
    }

    /** A pickle with a tensor of five elements and what a test adds behind its hooks. */
    private static PickleBytes described(String function, String storage, Consumer<PickleBytes> metadata) {
        PickleBytes pickle = PickleBytes.begin().op('}').text("w").global("torch._utils", function).op('(')
                .storage(storage, "0", 40).integer(0).longs(5).longs(1)
                .op(0x89).global("collections", "OrderedDict").op(')').op('R');
        metadata.accept(pickle);
        return pickle.op('t').op('R').op('s').op('.');
    }

    @Test
    void descriptionsThatWouldChangeValuesAreRefusedByName() {
        refused("a F32 tensor with the metadata conj, which Kerf doesn't read", described("_rebuild_tensor_v2", "FloatStorage",
                p -> p.op('}').text("neg").op(0x88).op('s').text("conj").op(0x88).op('s')));
        refused("a F32 tensor with the metadata later, which", described("_rebuild_tensor_v2", "FloatStorage",
                p -> p.op('}').text("later").op(0x88).op('s')));
        refused("a F64 tensor with the metadata conj, which", described("_rebuild_tensor_v3", "UntypedStorage",
                p -> p.global("torch", "float64").op('}').text("conj").op(0x88).op('s')));
        refused("a BOOL tensor with the metadata neg, which", described("_rebuild_tensor_v2", "BoolStorage",
                p -> p.op('}').text("neg").op(0x88).op('s')));
        refused("metadata isn't a dictionary", described("_rebuild_tensor_v2", "FloatStorage", p -> p.op(0x88)));
        refused("values are set by its state", PickleBytes.begin().op('}').text("w")
                .tensor("0", 10, 0, new long[] {10}, new long[] {1}).longs(1, 2, 3, 4).op('b').op('s').op('.'));
        refused("values are set by its attribute data", PickleBytes.begin().op('}').text("w")
                .tensor("0", 10, 0, new long[] {10}, new long[] {1}).op('}').text("data").integer(1).op('s').op('b')
                .op('s').op('.'));
        refused("a tensor of class torch.Size made by torch._utils._rebuild_tensor_v2", PickleBytes.begin()
                .global("torch._tensor", "_rebuild_from_type_v2").op('(').global("torch._utils", "_rebuild_tensor_v2")
                .global("torch", "Size").op(')').op('}').op('t').op('R').op('.'));
    }

    @Test
    void objectsBesideTheWeightsAreNeitherRunNorTakenForTensors() {
        refused("a tensor of class argparse.Namespace", PickleBytes.begin()
                .global("torch._tensor", "_rebuild_from_type_v2").op('(').global("torch._utils", "_rebuild_tensor_v2")
                .global("argparse", "Namespace").op(')').op('}').op('t').op('R').op('.'));
        refused("isn't a dictionary", PickleBytes.begin().global("argparse", "Namespace").op(')').op(0x81)
                .text("a").text("b").op('s').op('.'));
        refused("holds no tensors by name", PickleBytes.begin().op('}').text("args").global("argparse", "Namespace").op(')')
                .op(0x81).op('}').text("w").tensor("0", 10, 0, new long[] {10}, new long[] {1}).op('s').op('b').op('s')
                .op('.'));
        refused("forbidden global argparse._sys", PickleBytes.begin().global("argparse", "_sys").op('.'));
        refused("forbidden global pathlib.os.system", new PickleBytes().op(0x80, 4).text("pathlib").text("os.system")
                .op(0x93).op('.'));
    }

    @Test
    void picklesWithoutNamedTensorsAreRefused() {
        refused("holds a list of 0, expected a dictionary", PickleBytes.begin().op(']').op('.'));
        refused("holds nothing", PickleBytes.begin().op('N').op('.'));
        refused("holds no tensors by name; its top level has the keys [epoch]",
                PickleBytes.begin().op('}').text("epoch").integer(3).op('s').op('.'));
        refused("holds a single tensor without a name",
                PickleBytes.begin().tensor("0", 10, 0, new long[] {10}, new long[] {1}).op('.'));
        PickleBytes twice = PickleBytes.begin().op('}').text("a.b").tensor("0", 10, 0, new long[] {10}, new long[] {1})
                .op('s').text("a").op('}').text("b").tensor("0", 10, 0, new long[] {10}, new long[] {1}).op('s').op('s')
                .op('.');
        refused("two tensors are named \"a.b\"", twice);
    }

    @Test
    void settingsUnderAKeyOfAStateDictAreNotTakenForIt() {
        PickleBytes pickle = PickleBytes.begin().op('}').text("model").op('}').text("depth").integer(4).op('s').op('s')
                .text("weights").op('}').text("w").tensor("0", 10, 0, new long[] {10}, new long[] {1}).op('s').op('s')
                .op('.');
        Path path = PickleBytes.zip(dir.resolve("a.pt"), ZipEntry.STORED, pickle.bytes(), Map.of("data/0", new byte[40]));
        try (Weights weights = Weights.open(path)) {
            assertEquals(List.of("weights.w"), weights.names());
        }
    }

    @Test
    void containersThatHoldThemselvesAreRefused() {
        refused("hold themselves", PickleBytes.begin().op('}').op('q', 0).text("a").op('h', 0).op('s').op('.'));
        refused("hold themselves", PickleBytes.begin().op('}').op('q', 0).text("model").op('h', 0).op('s')
                .text("a").op('h', 0).op('s').op('.'));
        // Ten levels of ten references each: small in the file, 10^10 entries when spread out.
        PickleBytes levels = PickleBytes.begin().op('}').op('q', 0);
        for (int level = 1; level <= 10; level++) {
            levels.op('}');
            for (int i = 0; i < 10; i++) {
                levels.text("k" + i).op('h', level - 1).op('s');
            }
            levels.op('q', level);
        }
        levels.op('q', 99).op('0');
        for (int level = 1; level < 10; level++) {
            levels.op('0');
        }
        refused("hold themselves", levels.op('0').op('h', 99).op('.'));
    }

    @Test
    void copiesAreBounded() {
        PickleBytes bomb = PickleBytes.begin().op('(')
                .global("_codecs", "encode").op('q', 0)
                .text("x".repeat(1_000_000)).text("latin1").op(0x86).op('q', 1);
        for (int i = 0; i < 100_000; i++) {
            bomb.op('h', 0).op('h', 1).op('R');
        }
        refused("unpacks to many times its size", bomb.op('t').op('.'));
    }

    @Test
    void namesFromTheFileCannotSpoilTheMessage() {
        PickleBytes odd = new PickleBytes().op(0x80, 4).text("os\n\u001b[31m" + "x".repeat(100_000)).text("system")
                .op(0x93);
        refused("forbidden global os??[31mxxx", odd.op('.'));
        refused("zip entry \"archive/data/?\" of tensor \"a?b\" is missing", PickleBytes.begin().op('}').text("a\nb")
                .tensor("\n", 10, 0, new long[] {10}, new long[] {1}).op('s').op('.'));
    }

    @Test
    void zipBombsAreRefused() throws IOException {
        byte[] zeros = new byte[64 << 20];
        Path bomb = PickleBytes.zip(dir.resolve("bomb.pt"), ZipEntry.DEFLATED,
                PickleBytes.oneTensor("w", zeros.length / 4), Map.of("data/0", zeros));
        String message = refusal(bomb);
        assertTrue(message.contains("archive/data/0 claims to unpack from ") && message.contains("zip bomb"), message);

        // The sizes in the directory say 40 bytes, the packed data holds more: only what is claimed is ever unpacked.
        Path lying = PickleBytes.zip(dir.resolve("lying.pt"), ZipEntry.DEFLATED, PickleBytes.oneTensor("w", 10),
                Map.of("data/0", new byte[4000]));
        byte[] bytes = Files.readAllBytes(lying);
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int directory = file.getInt(bytes.length - 22 + 16);
        int second = directory + 46 + file.getShort(directory + 28) + file.getShort(directory + 30);
        assertEquals(4000, file.getInt(second + 24));
        file.putInt(second + 24, 40);
        Files.write(lying, bytes);
        try (Weights weights = Weights.open(lying)) {
            String more = assertThrows(BadFileException.class, () -> weights.tensor("w")).getMessage();
            assertTrue(more.contains("unpacks to more than the 40 bytes it claims"), more);
        }
    }

    @Test
    void manySmallEntriesAreAZipBombToo() throws IOException {
        // Each is under the bound of a single entry; a hundred of them would take 100 MiB from 100 KiB.
        Map<String, byte[]> entries = new LinkedHashMap<>();
        PickleBytes pickle = PickleBytes.begin().op('}');
        byte[] zeros = new byte[1 << 20];
        for (int i = 0; i < 100; i++) {
            entries.put("data/" + i, zeros);
            pickle.text("w" + i).tensor("" + i, 1 << 18, 0, new long[] {1 << 18}, new long[] {1}).op('s');
        }
        Path bomb = PickleBytes.zip(dir.resolve("bombs.pt"), ZipEntry.DEFLATED, pickle.op('.').bytes(), entries);
        assertTrue(Files.size(bomb) < 200_000);
        String message = refusal(bomb);
        assertTrue(message.matches(".*claim to unpack from \\d+ to 1048\\d+ bytes in all: refused as a zip bomb"), message);
        Path whole = PickleBytes.zip(dir.resolve("whole.pt"), ZipEntry.STORED, pickle.bytes(), entries);
        try (Weights weights = Weights.open(whole)) {
            assertEquals(100, weights.names().size());
        }
    }

    @Test
    void oneLongNameCannotBeMadeManyTimes() {
        // 20,000 tensors in a dictionary whose own name has 100,000 letters: 2 GB of names from 200 kB.
        PickleBytes pickle = PickleBytes.begin().op('}').text("x".repeat(100_000)).op('}')
                .tensor("0", 10, 0, new long[] {10}, new long[] {1}).op('q', 1).op('0').op('(');
        for (int i = 0; i < 20_000; i++) {
            pickle.text("" + i).op('h', 1);
        }
        refused("hold themselves or one long name again and again", pickle.op('u').op('s').op('.'));
    }

    @Test
    void oneValueCannotBecomeManyArrays() {
        PickleBytes pickle = PickleBytes.begin().op('}').global("numpy.core.multiarray", "_reconstruct").op('q', 1).op('0')
                .global("numpy", "ndarray").op('q', 2).op('0').global("numpy", "dtype").text("f4").op(0x85).op('R').op('q', 3)
                .op('0').op('(').integer(1).longs(25_000).op('h', 3).op(0x89).op('T').int32(100_000)
                .raw("x".repeat(100_000).getBytes(StandardCharsets.US_ASCII)).op('t').op('q', 4).op('0');
        for (int i = 0; i < 5000; i++) {
            pickle.text("a" + i).op('h', 1).op('h', 2).op(0x85).op('R').op('h', 4).op('b').op('s');
        }
        refused("unpacks to many times its size", pickle.op('.'));
    }

    @Test
    void overlappingZipEntriesAreRefused() throws IOException {
        Path path = PickleBytes.zip(dir.resolve("a.pt"), ZipEntry.STORED, PickleBytes.oneTensor("w", 1000),
                Map.of("data/0", new byte[4000], "data/1", new byte[4000]));
        byte[] bytes = Files.readAllBytes(path);
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int first = file.getInt(bytes.length - 22 + 16);
        int second = first + 46 + file.getShort(first + 28) + file.getShort(first + 30);
        // Both storages get the place of the pickle: each fits, together they don't.
        int third = second + 46 + file.getShort(second + 28) + file.getShort(second + 30);
        file.putInt(second + 42, 0).putInt(third + 42, 0);
        file.putInt(first + 20, 4000).putInt(first + 24, 4000);
        Files.write(path, bytes);
        assertTrue(refusal(path).contains("zip entries overlap"));
    }

    @Test
    void compressedCheckpointsAreRead() {
        byte[] values = ByteBuffer.allocate(40).order(ByteOrder.LITTLE_ENDIAN).putFloat(36, 1.5f).array();
        Path path = PickleBytes.zip(dir.resolve("a.pt"), ZipEntry.DEFLATED, PickleBytes.oneTensor("w", 10),
                Map.of("data/0", values, "byteorder", "little".getBytes(StandardCharsets.UTF_8)));
        try (Weights weights = Weights.open(path)) {
            assertEquals(1.5, weights.tensor("w").getDouble(9));
            assertTrue(weights.tensor("w").data().isReadOnly());
        }
    }

    @Test
    void otherKindsOfArchiveAreNamed() throws IOException {
        byte[] pickle = PickleBytes.oneTensor("w", 10);
        assertTrue(refusal(PickleBytes.zip(dir.resolve("a.pt"), ZipEntry.STORED, pickle,
                Map.of("data/0", new byte[40], "constants.pkl", pickle))).contains("is a TorchScript program"));
        assertTrue(refusal(PickleBytes.zip(dir.resolve("a.pt"), ZipEntry.STORED, pickle,
                Map.of("data/0", new byte[40], "byteorder", "big".getBytes(StandardCharsets.UTF_8))))
                .contains("big-endian"));
        assertTrue(refusal(Files.write(dir.resolve("a.pt"), pickle)).contains("is a pickle, but not one of PyTorch's"));
        byte[] tar = new byte[1024];
        System.arraycopy("ustar".getBytes(StandardCharsets.UTF_8), 0, tar, 257, 5);
        assertTrue(refusal(Files.write(dir.resolve("a.pt"), tar)).contains("is a tar archive"));
        byte[] emptyZip = ByteBuffer.allocate(22).order(ByteOrder.LITTLE_ENDIAN).putInt(0x06054b50).array();
        assertTrue(refusal(Files.write(dir.resolve("a.pt"), emptyZip)).contains("zip archive without a data.pkl"));
    }
}
