package dev.kerf.medical;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import dev.kerf.medical.nifti.Nifti;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that are damaged, or lie: one line that says what, where and what to do. */
class NiftiBadTest {
    private static final Path FILES = Path.of("src/kerf-medical/src/test/resources/dev/kerf/medical/nifti");

    @TempDir
    private Path dir;

    private static void readAll(Path file) {
        try (Volume volume = Nifti.open(file)) {
            for (Axis axis : Axis.values()) {
                for (int i = 0; i < volume.grid().slices(axis); i++) {
                    volume.read(axis, 0, i).toImage(Window.between(0, 1));
                }
            }
        }
    }

    private void refused(String name, byte[] bytes, Class<? extends KerfException> how, String... texts) throws IOException {
        Path file = Files.write(dir.resolve(name), bytes);
        KerfException e = assertThrows(how, () -> readAll(file));
        assertEquals(1, e.getMessage().lines().count(), e.getMessage());
        for (String text : texts) {
            assertTrue(e.getMessage().contains(text), e.getMessage());
        }
        assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
    }

    private void changed(String what, Consumer<ByteBuffer> change, String... texts) throws IOException {
        // Big-endian, as qform.nii is.
        ByteBuffer b = ByteBuffer.wrap(Files.readAllBytes(FILES.resolve("qform.nii"))).order(ByteOrder.BIG_ENDIAN);
        change.accept(b);
        refused(what + ".nii", b.array(), BadFileException.class, texts);
    }

    private static byte[] packed(byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }

    @Test
    void headersThatMakeNoSense() throws IOException {
        changed("magic", b -> b.put(344, (byte) 'x'), "no NIfTI-1 mark", "convert");
        changed("size", b -> b.putInt(0, 999), "isn't NIfTI");
        changed("dims", b -> b.putShort(40, (short) 9), "9 dimensions");
        changed("none", b -> b.putShort(40, (short) 0), "0 dimensions");
        changed("extent", b -> b.putShort(42, (short) -3), "extent of -3 in dimension 1");
        changed("many", b -> b.putShort(42, (short) 30000).putShort(44, (short) 30000), "268435456");
        changed("long", b -> b.putShort(46, (short) 30000), "truncated", "the file has");
        changed("type", b -> b.putShort(70, (short) 128), "128 (RGB)");
        changed("complex", b -> b.putShort(70, (short) 32), "32 (complex)");
        changed("offset", b -> b.putFloat(108, 12), "voxels begin at byte 12.0");
        changed("nan", b -> b.putFloat(256, Float.NaN), "isn't told by numbers");
        changed("apart", b -> b.put(345, (byte) 'i'), "isn't named .hdr");
    }

    @Test
    void extentsBeyondAllMeasure() throws IOException {
        ByteBuffer b = ByteBuffer.allocate(600).order(ByteOrder.LITTLE_ENDIAN);
        b.putInt(0, 540).put(4, "n+2\0\r\n\032\n".getBytes()).putShort(12, (short) 2).putLong(168, 544);
        for (int i = 0; i < 8; i++) {
            b.putLong(16 + 8 * i, i == 0 ? 7 : 2_000_000);
        }
        refused("huge.nii", b.array(), BadFileException.class, "beyond all measure");
        b.putLong(16, 3).putLong(24, 10_000).putLong(32, 10_000).putLong(40, 2_000_000_000);
        refused("large.nii", b.array(), BadFileException.class, "truncated");
        refused("large.nii.gz", packed(b.array()), BadFileException.class, "can't hold");
    }

    @Test
    void cutOff() throws IOException {
        byte[] plain = Files.readAllBytes(FILES.resolve("qform.nii"));
        refused("header.nii", Arrays.copyOf(plain, 300), BadFileException.class, "no NIfTI header");
        refused("voxels.nii", Arrays.copyOf(plain, plain.length - 1), BadFileException.class, "truncated");
        refused("unpacked.nii.gz", packed(Arrays.copyOf(plain, plain.length - 1)), BadFileException.class, "truncated");
        byte[] gz = Files.readAllBytes(FILES.resolve("i2-le.nii.gz"));
        refused("cut.nii.gz", Arrays.copyOf(gz, gz.length - 100), BadFileException.class, "truncated");
        refused("start.nii.gz", Arrays.copyOf(gz, 30), BadFileException.class, "truncated");
        byte[] damaged = gz.clone();
        damaged[gz.length / 2] ^= 0x55;
        refused("damaged.nii.gz", damaged, BadFileException.class, "damaged");
        refused("empty.nii", new byte[0], BadFileException.class, "0 bytes");
        assertTrue(assertThrows(BadFileException.class, () -> Nifti.open(dir.resolve("none.nii"))).getMessage()
                .contains("no such file"));
        Files.write(dir.resolve("alone.hdr"), Files.readAllBytes(FILES.resolve("pair.hdr")));
        assertTrue(assertThrows(BadFileException.class, () -> Nifti.open(dir.resolve("alone.hdr"))).getMessage()
                .contains("alone.img"));
    }

    /** What a bomb holds past its volume isn't unpacked. */
    @Test
    void bombs() throws IOException {
        byte[] plain = Files.readAllBytes(FILES.resolve("qform.nii"));
        byte[] bomb = packed(Arrays.copyOf(plain, 200 << 20));
        Path file = Files.write(dir.resolve("bomb.nii.gz"), bomb);
        long free = dir.toFile().getUsableSpace();
        readAll(file);
        assertTrue(free - dir.toFile().getUsableSpace() < 100 << 20);
    }

    @Test
    void valuesThatAreNoNumbers() throws IOException {
        ByteBuffer b = ByteBuffer.wrap(Files.readAllBytes(FILES.resolve("qform.nii"))).order(ByteOrder.BIG_ENDIAN);
        Arrays.fill(b.array(), 352, b.array().length, (byte) 0);
        // Twice the bytes of each voxel: fewer slices.
        b.putShort(70, (short) 16).putShort(72, (short) 32).putShort(46, (short) 3).putFloat(352 + 4 * (16 * 3 + 5), Float.NaN);
        refused("nan.nii", b.array(), BadInputException.class, "slice 6", "column 3, row 0", "NaN");
    }
}
