package dev.kerf.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.image.ImageInfo.FileType;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** WebP and JPEG 2000, lossless, by plug-ins of javax.imageio: drawn.png saved again by Pillow. */
class PluginTest {
    private static final Path FILES = Path.of("src/kerf/src/test/resources/dev/kerf/image");

    @TempDir
    private Path dir;

    @ParameterizedTest
    @ValueSource(strings = {"webp", "jp2"})
    void isReadByItsPlugin(String ending) throws Exception {
        Path file = FILES.resolve("drawn." + ending);
        ImageInfo info = Image.info(file);
        assertEquals(List.of(FileType.PLUGIN, 31, 23), List.of(info.type(), info.width(), info.height()));
        Image image = Image.read(file);
        Image drawn = Image.read(FILES.resolve("drawn.png"));
        assertEquals(info.format(), image.format());
        assertTrue(FileType.knows(ending));
        for (int i = 0; i < 31 * 23 * 3; i++) {
            int x = i / 3 % 31;
            int y = i / 3 / 31;
            assertEquals(drawn.sample(x, y, i % 3), image.sample(x, y, i % 3), x + ", " + y);
        }
        // By its content, whatever its name says.
        Image other = Image.read(Files.copy(file, dir.resolve("a.png")));
        assertTrue(Arrays.equals(image.packed().data().toArray(ValueLayout.JAVA_BYTE),
                other.packed().data().toArray(ValueLayout.JAVA_BYTE)));
    }

    @Test
    void whatIsCutOffIsRefused() throws Exception {
        byte[] whole = Files.readAllBytes(FILES.resolve("drawn.webp"));
        for (int n : new int[] {12, 20, 40, whole.length / 2}) {
            Path file = Files.write(dir.resolve("a.webp"), Arrays.copyOf(whole, n));
            String message = assertThrows(BadFileException.class, () -> Image.read(file)).getMessage();
            assertTrue(message.startsWith(file + ": "), message);
            assertFalse(message.contains("\n"), message);
        }
    }

    @Test
    void whatNoPluginReadsIsRefused() throws Exception {
        assertFalse(FileType.knows("svg"));
        Path file = Files.writeString(dir.resolve("a.svg"), "<svg/>");
        assertTrue(
                assertThrows(BadFileException.class, () -> Image.read(file)).getMessage().contains("not an image of a known"));
        assertTrue(assertThrows(BadFileException.class, () -> Image.readLabels(FILES.resolve("drawn.webp"))).getMessage()
                .contains("PNG, BMP, TIFF or GIF"));
    }
}
