package dev.kerf.medical;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.error.KerfException;
import dev.kerf.medical.dicom.DicomSeries;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** DICOM files that are damaged, or lie, or aren't read: one line that says what and where, and nothing of the patient. */
class DicomBadTest {
    private static final Path FILES = Path.of("src/kerf-medical/src/test/resources/dev/kerf/medical/dicom");

    @TempDir
    private Path dir;

    private static void readAll(Path file) {
        for (DicomSeries series : DicomSeries.among(List.of(file), file.toString(), _ -> {})) {
            try (Volume volume = series.open()) {
                for (int k = 0; k < volume.grid().slices(); k++) {
                    volume.read(Axis.Z, 0, k);
                }
            }
        }
    }

    private void refused(String name, byte[] bytes, String... texts) throws IOException {
        Path file = Files.write(dir.resolve(name), bytes);
        String said = assertThrows(BadFileException.class, () -> readAll(file)).getMessage();
        assertEquals(1, said.lines().count(), said);
        assertTrue(said.contains(file.toString()), said);
        assertFalse(said.contains("SECRET") || said.contains("1970"), said);
        for (String text : texts) {
            assertTrue(said.contains(text), said);
        }
    }

    private static byte[] bytes(String name) throws IOException {
        return Files.readAllBytes(FILES.resolve(name));
    }

    /** Where an element of explicit little endian begins. */
    private static int find(byte[] in, int tag) {
        ByteBuffer b = ByteBuffer.wrap(in).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 132; i < in.length - 8; i++) {
            if (b.getShort(i) == (short) (tag >>> 16) && b.getShort(i + 2) == (short) tag && in[i + 4] >= 'A') {
                return i;
            }
        }
        throw new AssertionError("no such element");
    }

    private static byte[] with(String name, int tag, int value) throws IOException {
        byte[] b = bytes(name);
        ByteBuffer.wrap(b).order(ByteOrder.LITTLE_ENDIAN).putShort(find(b, tag) + 8, (short) value);
        return b;
    }

    @Test
    void syntaxesThatArentReadAreNamed() throws IOException {
        refused("a.dcm", bytes("bad/jpeg2000.dcm"), "1.2.840.10008.1.2.4.90", "JPEG 2000", "gdcmconv");
        byte[] other = bytes("bad/jpeg2000.dcm");
        String text = new String(other, StandardCharsets.ISO_8859_1);
        int at = text.indexOf("1.2.840.10008.1.2.4.90");
        other[at + 20] = '8';
        refused("b.dcm", other, "1.2.840.10008.1.2.4.80", "JPEG-LS", "dcmdjpls");
        other[at] = 'x';
        refused("c.dcm", other, "no UID");
    }

    @Test
    void headersThatMakeNoSense() throws IOException {
        refused("none.dcm", new byte[200], "no DICM at byte 128");
        refused("short.dcm", new byte[20], "no DICM at byte 128");
        refused("rows.dcm", with("explicit.dcm", 0x00280010, 0), "(0028,0010) ROWS is 0.0");
        refused("many.dcm", with("explicit.dcm", 0x00280010, 60000), "truncated", "60000");
        refused("bits.dcm", with("explicit.dcm", 0x00280100, 12), "(0028,0100)", "8, 16 and 32");
        refused("stored.dcm", with("explicit.dcm", 0x00280101, 17), "(0028,0101)");
        refused("samples.dcm", with("explicit.dcm", 0x00280002, 3), "(0028,0002)");
        refused("kind.dcm", with("explicit.dcm", 0x00280004, 0x4141), "(0028,0004)");
        refused("place.dcm", with("explicit.dcm", 0x00200032, 0x4141), "(0020,0032) POSITION holds no numbers");
        byte[] vr = bytes("explicit.dcm");
        vr[find(vr, 0x00100010) + 4] = '?';
        // Found by its neighbour, as it no longer says what it holds.
        refused("vr.dcm", vr, "(0010,0010)", "doesn't say what it holds");
    }

    @Test
    void cutOffAnywhere() throws IOException {
        for (String name : List.of("explicit.dcm", "implicit.dcm", "deflated.dcm", "rle16.dcm", "jpeg.dcm", "lossless1.dcm",
                "enhanced.dcm",
                "cinerle.dcm", "big16.dcm")) {
            byte[] whole = bytes(name);
            for (int end = 132; end < whole.length - 8; end += Math.max(1, whole.length / 60)) {
                Path file = Files.write(dir.resolve("cut-" + name), Arrays.copyOf(whole, end));
                try {
                    // What ends before its rows and pixels has no picture, which is told apart from a picture that is cut.
                    List<String> notes = new ArrayList<>();
                    List<DicomSeries> found = DicomSeries.among(List.of(file), "cut", notes::add);
                    if (found.isEmpty()) {
                        assertEquals(1, notes.size());
                        continue;
                    }
                    readAll(file);
                    throw new AssertionError(name + " of " + end + " bytes is read");
                } catch (KerfException e) {
                    assertEquals(1, e.getMessage().lines().count(), e.getMessage());
                    assertFalse(e.getMessage().contains("SECRET"), e.getMessage());
                }
            }
        }
    }

    private static byte[] sequences(int depth) {
        ByteBuffer b = ByteBuffer.allocate(16 * depth).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < depth; i++) {
            // Implicit: a sequence of unknown length, and an item in it.
            b.putShort((short) 0x5200).putShort((short) 0x9230).putInt(-1).putShort((short) 0xFFFE).putShort((short) 0xE000)
                    .putInt(-1);
        }
        return b.array();
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    /** The preamble and what comes before the elements. */
    private static byte[] head(String name) throws IOException {
        byte[] b = bytes(name);
        return Arrays.copyOf(b, 128 + 4 + 12 + ByteBuffer.wrap(b).order(ByteOrder.LITTLE_ENDIAN).getInt(140));
    }

    @Test
    void sequencesWithoutEnd() throws IOException {
        refused("deep.dcm", joined(head("implicit.dcm"), sequences(100_000)), "more than 16 deep");
        refused("open.dcm", joined(head("implicit.dcm"), Arrays.copyOf(sequences(1), 8)), "doesn't end");
        byte[] no = sequences(1);
        no[8] = 1;
        refused("item.dcm", joined(head("implicit.dcm"), no), "where an item of a sequence is to be");
    }

    @Test
    void bombs() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflate = new DeflaterOutputStream(out, new Deflater(1, true))) {
            byte[] zeros = new byte[1 << 20];
            for (int i = 0; i < 600; i++) {
                deflate.write(zeros);
            }
        }
        refused("bomb.dcm", joined(head("deflated.dcm"), out.toByteArray()), "more than 512 MiB");
    }

    @Test
    void packedPixelsThatLie() throws IOException {
        byte[] rle = bytes("rle16.dcm");
        int at = find(rle, 0x7FE00010);
        byte[] parts = rle.clone();
        // Past the element's head and the empty table: the piece's head, and how many parts there are.
        int piece = at + 12 + 8 + ByteBuffer.wrap(rle).order(ByteOrder.LITTLE_ENDIAN).getInt(at + 16) + 8;
        parts[piece] = 9;
        refused("parts.dcm", parts, "run lengths in 9 parts");
        byte[] far = rle.clone();
        far[piece + 6] = 100;
        refused("far.dcm", far, "run lengths from byte");
        byte[] restart = bytes("losslessrestart.dcm");
        // The mark of the last part, as if it belonged to the part before.
        int mark = new String(restart, StandardCharsets.ISO_8859_1).lastIndexOf("\u00FF\u00D5");
        restart[mark + 1] = 0;
        refused("restart.dcm", restart, "a lossless JPEG frame of 6 parts of 3 rows, 20 rows");
        byte[] open = bytes("lossless2.dcm");
        int end = new String(open, StandardCharsets.ISO_8859_1).lastIndexOf("\u00FF\u00D9");
        open[end] = 0;
        refused("open.dcm", open, "doesn't end");
        byte[] jpeg = bytes("jpeg.dcm");
        jpeg[find(jpeg, 0x7FE00010) + 12 + 8 + 4 + 8] = 0;
        Path file = Files.write(dir.resolve("jpeg.dcm"), jpeg);
        assertThrows(KerfException.class, () -> readAll(file));
    }
}
