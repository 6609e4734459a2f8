package dev.kerf.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pickles of NumPy arrays by name, as Detectron2's model zoo has them. */
class NumpyPickleTest {
    private static final float[] VALUES = {1.5f, -2, 0, 3.25f, 1e-40f, -7};

    @TempDir
    private Path dir;

    private static byte[] little(float... values) {
        ByteBuffer b = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float v : values) {
            b.putFloat(v);
        }
        return b.array();
    }

    /** How raw bytes stand in the pickle. */
    private enum Raw {
        /** Opcode BINBYTES, protocol 3 and later. */
        BYTES,
        /** Python 3's way in protocol 2: text and its encoding. */
        ENCODED,
        /** Python 2's strings. */
        STRING
    }

    /** Leaves an array on the stack. */
    private static PickleBytes array(PickleBytes p, String code, String order, boolean fortran, Raw how, byte[] raw,
            long... dims) {
        p.global("numpy.core.multiarray", "_reconstruct").global("numpy", "ndarray").integer(0).op(0x85).op('U', 1, 'b')
                .op(0x87).op('R');
        p.op('(').integer(1).longs(dims);
        p.global("numpy", "dtype").text(code).integer(0).integer(1).op(0x87).op('R');
        p.op('(').integer(3).text(order).op('N').op('N').op('N').integer(-1).integer(-1).integer(0).op('t').op('b');
        p.op(fortran ? 0x88 : 0x89);
        switch (how) {
            case BYTES -> p.op('B').int32(raw.length).raw(raw);
            case STRING -> p.op('T').int32(raw.length).raw(raw);
            case ENCODED -> p.global("_codecs", "encode").text(new String(raw, StandardCharsets.ISO_8859_1)).text("latin1")
                    .op(0x86).op('R');
        }
        return p.op('t').op('b');
    }

    private Path zoo(PickleBytes model) throws IOException {
        Path file = dir.resolve("model_final.pkl");
        Files.write(file, model.bytes());
        return file;
    }

    /** {"model": {name: array}, "__author__": …}. */
    private static PickleBytes begin() {
        return PickleBytes.begin().op('}').text("model").op('}');
    }

    private static PickleBytes end(PickleBytes p) {
        return p.op('s').text("__author__").text("a test").op('s').op('.');
    }

    @Test
    void arraysOfAModelZoo() throws IOException {
        for (Raw how : Raw.values()) {
            PickleBytes p = begin().text("roi_heads.box_head.fc1.weight");
            array(p, "f4", "<", false, how, little(VALUES), 2, 3).op('s').text("turned");
            array(p, "f4", "<", true, how, little(VALUES), 2, 3).op('s').text("count");
            array(p, "i8", "<", false, how, new byte[] {(byte) 0xC3, (byte) 0xA9, 0, 0, 0, 0, 0, 0}).op('s');
            try (Weights w = Weights.open(zoo(end(p)))) {
                assertArrayEquals(VALUES, w.tensor("roi_heads.box_head.fc1.weight", Shape.of(2, 3)).toFloatArray());
                assertArrayEquals(new float[] {1.5f, 0, 1e-40f, -2, 3.25f, -7}, w.tensor("turned").toFloatArray());
                assertEquals(0xA9C3, w.tensor("count", Shape.of()).getLong(0));
                assertEquals("a test", w.metadata().get("__author__"));
            }
        }
    }

    /** Texts and records beside the weights aren't tensors, and don't spoil the file. */
    @Test
    void arraysOfOtherThingsArePassedOver() throws IOException {
        PickleBytes p = begin().text("names");
        array(p, "U2", "<", false, Raw.BYTES, new byte[16], 2).op('s').text("w");
        array(p, "f4", "<", false, Raw.BYTES, new byte[] {0, 0, (byte) 0xC0, 0x3F}, 1).op('s');
        try (Weights w = Weights.open(zoo(end(p)))) {
            assertEquals(List.of("w"), w.names());
            assertEquals(1.5, w.tensor("w").getDouble(0));
        }
    }

    @Test
    void importedAsSafetensors() throws IOException {
        PickleBytes p = begin().text("w");
        array(p, "f8", "<", false, Raw.BYTES, new byte[] {0, 0, 0, 0, 0, 0, (byte) 0xF8, 0x3F}, 1).op('s');
        Path target = dir.resolve("model.safetensors");
        Safetensors.importFrom(zoo(end(p)), target, Optional.of(DType.F32));
        try (Weights w = Weights.open(target)) {
            HostTensor t = w.tensor("w", Shape.of(1));
            assertEquals(DType.F32, t.dtype());
            assertEquals(1.5, t.getDouble(0));
        }
    }

    private void refused(String why, PickleBytes array) throws IOException {
        Path file = zoo(end(array.op('s')));
        String message = assertThrows(BadFileException.class, () -> Weights.open(file)).getMessage();
        assertTrue(message.startsWith(file.toString()) && message.contains(why), message);
    }

    @Test
    void whatIsNoArrayIsRefused() throws IOException {
        refused("of dtype O8", array(begin().text("w"), "O8", "|", false, Raw.BYTES, new byte[8], 1));
        refused("of dtype >f4", array(begin().text("w"), "f4", ">", false, Raw.BYTES, new byte[4], 1));
        refused("12 bytes, expected 16", array(begin().text("w"), "f4", "<", false, Raw.BYTES, new byte[12], 4));
        refused("impossible shape", array(begin().text("w"), "f4", "<", false, Raw.BYTES, new byte[4], -1));
        refused("impossible shape",
                array(begin().text("w"), "f4", "<", false, Raw.BYTES, new byte[4], 1L << 40, 1L << 40));
        refused("arguments that it doesn't take", begin().text("w").global("numpy.core.multiarray", "_reconstruct")
                .global("collections", "OrderedDict").op(0x85).op('R'));
        refused("whose state isn't one", begin().text("w").global("numpy.core.multiarray", "_reconstruct")
                .global("numpy", "ndarray").op(0x85).op('R').op('N').op('b'));
        refused("isn't a function of the allow-list", begin().text("w").global("numpy", "ndarray").op(')').op('R'));
    }
}
