package dev.kerf.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.kerf.error.BadInputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Spacings in the tags of TIFF files that are made here, tag by tag. */
class SpacingTest {
    @TempDir
    private Path dir;

    private Spacing of(int unit, int[] x, int[] y, String description) throws IOException {
        byte[] text = (description + "\0").getBytes(StandardCharsets.UTF_8);
        ByteBuffer b = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
        b.put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(8);
        List<int[]> entries = new ArrayList<>();
        entries.add(new int[] {270, 2, text.length, 200});
        if (x.length > 0) {
            entries.add(new int[] {282, 5, 1, 100});
            entries.add(new int[] {283, 5, 1, 108});
            b.putInt(100, x[0]).putInt(104, x[1]).putInt(108, y[0]).putInt(112, y[1]);
        }
        entries.add(new int[] {296, 3, 1, unit});
        b.putShort((short) entries.size());
        entries.forEach(e -> b.putShort((short) e[0]).putShort((short) e[1]).putInt(e[2]).putInt(e[3]));
        b.putInt(0);
        b.put(200, text);
        return Spacing.read(Files.write(dir.resolve("a.tif"), b.array()));
    }

    @Test
    void resolutions() throws IOException {
        int[] none = {};
        assertEquals(Spacing.of(0.25, 0.5, "µm"), of(3, new int[] {40000, 1}, new int[] {20000, 1}, ""));
        assertEquals(Spacing.PIXELS, of(2, new int[] {300, 1}, new int[] {300, 1}, ""), "inches are for printers");
        assertEquals(Spacing.PIXELS, of(3, new int[] {0, 1}, new int[] {300, 1}, ""));
        assertEquals(Spacing.PIXELS, of(3, new int[] {5, 0}, new int[] {5, 0}, ""));
        assertEquals(Spacing.PIXELS, of(3, none, none, ""));
    }

    @Test
    void imageJ() throws IOException {
        int[] x = {4, 1};
        assertEquals(new Spacing(0.25, 0.25, 2.5, "µm"), of(1, x, x, "ImageJ=1.53t\nspacing=2.5\nunit=\\u00B5m\nloop=false\n"));
        assertEquals(Spacing.of(0.25, 0.25, "mm"), of(1, x, x, "ImageJ=1.53t\nunit=mm\n"));
        assertEquals(Spacing.PIXELS, of(1, x, x, "ImageJ=1.53t\nunit=pixel\n"));
    }

    @Test
    void ome() throws IOException {
        int[] none = {};
        assertEquals(Spacing.of(0.65, 0.7, "µm"), of(2, none, none, "<Pixels PhysicalSizeX=\"0.65\" PhysicalSizeY=\"0.7\"/>"));
        assertEquals(new Spacing(65, 70, 3, "nm"), of(2, none, none,
                "<Pixels PhysicalSizeXUnit=\"nm\" PhysicalSizeX=\"65\" PhysicalSizeY=\"70\" PhysicalSizeZ=\"3\"/>"));
        assertEquals(Spacing.PIXELS, of(2, none, none, "<Pixels PhysicalSizeX=\"wide\"/>"));
    }

    @Test
    void otherFilesSayNothing() throws IOException {
        assertFalse(Spacing.read(Files.write(dir.resolve("a.png"), new byte[] {1, 2, 3})).isKnown());
        assertFalse(Spacing.read(Files.write(dir.resolve("empty"), new byte[0])).isKnown());
        assertThrows(BadInputException.class, () -> Spacing.of(Double.NaN, "mm"));
        assertThrows(BadInputException.class, () -> new Spacing(1, 1, Double.POSITIVE_INFINITY, "mm"));
    }
}
