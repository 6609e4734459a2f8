package dev.kerf.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class NpyTest {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @EnumSource(value = DType.class, mode = EnumSource.Mode.EXCLUDE, names = "BF16")
    void everyTypeAndRankComesBack(DType dtype) {
        Path file = directory.resolve("a.npy");
        for (Shape shape : new Shape[] {Shape.of(), Shape.of(5), Shape.of(2, 3), Shape.of(2, 0, 3),
            Shape.of(1, 2, 3, 4)}) {
            HostTensor tensor = HostTensor.zeros(dtype, shape);
            for (int i = 0; i < tensor.elements(); i++) {
                tensor.setDouble(i, i % 2);
            }
            tensor.writeNpy(file);
            HostTensor read = HostTensor.readNpy(file);
            assertEquals(dtype, read.dtype());
            assertEquals(shape, read.shape());
            assertEquals(-1, tensor.data().mismatch(read.data()));
        }
    }

    @Test
    void theBytesAreThoseOfTheFormat() throws Exception {
        Path file = directory.resolve("a.npy");
        HostTensor.of(Shape.of(2, 3), new float[] {1, 2, 3, 4, 5, 6}).writeNpy(file);
        byte[] b = Files.readAllBytes(file);
        assertEquals(128 + 24, b.length);
        String header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
        assertArrayEquals(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 118, 0}, Arrays.copyOf(b, 10));
        assertEquals(header + " ".repeat(117 - header.length()) + "\n",
                new String(b, 10, 118, StandardCharsets.US_ASCII));
        HostTensor.of(Shape.of(3), new byte[] {1, 2, 3}).writeNpy(file);
        assertTrue(Files.readString(file,
                StandardCharsets.ISO_8859_1).contains("'|u1', 'fortran_order': False, 'shape': (3,),"));
    }

    @Test
    void otherWritersSpellingsAreRead() throws Exception {
        Path file = directory.resolve("a.npy");
        String header = "{\"shape\":(2,),\"fortran_order\":False,\"descr\":\"=i2\"}\n";
        byte[] b = ("\u0093NUMPY\2\0" + (char) header.length() + "\0\0\0" + header + "\1\2\3\4")
                .getBytes(StandardCharsets.ISO_8859_1);
        Files.write(file, b);
        HostTensor read = HostTensor.readNpy(file);
        assertEquals(DType.I16, read.dtype());
        assertEquals(0x0403, read.getLong(1));
        assertEquals(4, read.data().toArray(ValueLayout.JAVA_BYTE).length);
    }

    /** An archive as NumPy names its members. */
    private Path archive(int method, byte[]... arrays) throws Exception {
        Path file = directory.resolve("a.npz");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            for (int i = 0; i < arrays.length; i++) {
                ZipEntry entry = new ZipEntry("arr_" + i + ".npy");
                entry.setMethod(method);
                CRC32 crc = new CRC32();
                crc.update(arrays[i]);
                entry.setCrc(crc.getValue());
                entry.setSize(arrays[i].length);
                zip.putNextEntry(entry);
                zip.write(arrays[i]);
            }
        }
        return file;
    }

    @Test
    void anArchiveOfOneArrayIsThatArray() throws Exception {
        Path npy = directory.resolve("a.npy");
        float[] values = new float[3000];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % 7 - 2.5f;
        }
        HostTensor.of(Shape.of(3, 1000), values).writeNpy(npy);
        byte[] array = Files.readAllBytes(npy);
        for (int method : new int[] {ZipEntry.STORED, ZipEntry.DEFLATED}) {
            HostTensor read = HostTensor.readNpy(archive(method, array));
            assertEquals(Shape.of(3, 1000), read.shape());
            assertArrayEquals(values, read.toFloatArray());
        }
        assertTrue(HostTensor.isNpy(Path.of("A.NPZ")) && HostTensor.isNpy(npy) && !HostTensor.isNpy(Path.of("npy.png")));

        Path several = archive(ZipEntry.DEFLATED, array, array);
        refused("holds 2 arrays (arr_0.npy, arr_1.npy), expected one", several);
        refused("holds 0 arrays", archive(ZipEntry.DEFLATED));
        refused("not a .npy file of version", archive(ZipEntry.DEFLATED, new byte[100]));
        byte[] whole = Files.readAllBytes(archive(ZipEntry.DEFLATED, array));
        refused("is a damaged .npz archive", Files.write(npy, Arrays.copyOf(whole, whole.length / 2)));
        // What the directory says of the unpacked size: more than the file can hold, more than it does, less.
        ByteBuffer bytes = ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN);
        int size = bytes.getInt(whole.length - 22 + 16) + 24;
        refused("claims to unpack to 1000000000 bytes from a file of " + whole.length,
                Files.write(npy, bytes.putInt(size, 1_000_000_000).array()));
        refused("hasn't the 13000 bytes", Files.write(npy, bytes.putInt(size, 13_000).array()));
        refused("hasn't the 100 bytes", Files.write(npy, bytes.putInt(size, 100).array()));
    }

    private static void refused(String why, Path file) {
        String message = assertThrows(BadFileException.class, () -> HostTensor.readNpy(file)).getMessage();
        assertTrue(message.startsWith(file.toString()) && message.contains(why), message);
    }

    @Test
    void whatATensorCannotHoldIsRefused() throws Exception {
        refused("type '>f4'", "{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", 4);
        refused("type '<c8'", "{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", 8);
        refused("Fortran", "{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", 4);
        refused("no plain array", "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", 4);
        refused("takes 8 bytes", "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 4);
        refused("out of range", "{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 9999999999), }", 4);
        refused("out of range", "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", 4);
        refused("no plain array", "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", 4);
        Path file = directory.resolve("b.npy");
        Files.write(file, new byte[] {1, 2, 3});
        assertTrue(assertThrows(BadFileException.class, () -> HostTensor.readNpy(file)).getMessage().contains("not a .npy"));
        assertThrows(BadFileException.class, () -> HostTensor.readNpy(directory.resolve("missing")));
        Files.write(file, new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 118, 0, 1});
        assertTrue(assertThrows(BadFileException.class, () -> HostTensor.readNpy(file)).getMessage().contains("truncated"));
        assertThrows(BadInputException.class, () -> HostTensor.zeros(DType.BF16, Shape.of(1)).writeNpy(file));
        assertThrows(BadFileException.class,
                () -> HostTensor.zeros(DType.F32, Shape.of(1)).writeNpy(directory.resolve("no").resolve("a.npy")));
    }

    private void refused(String part, String header, int bytes) throws Exception {
        Path file = directory.resolve("bad.npy");
        Files.write(file, ("\u0093NUMPY\1\0" + (char) header.length() + "\0" + header + "\0".repeat(bytes))
                .getBytes(StandardCharsets.ISO_8859_1));
        BadFileException e = assertThrows(BadFileException.class, () -> HostTensor.readNpy(file));
        assertTrue(e.getMessage().contains(part), e.getMessage());
        assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
    }
}
