package dev.kerf.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.image.ImageInfo.FileType;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JpegTest {
    private static final Image SMOOTH = Pictures.smooth(50, 30);

    private static byte[] colour(boolean progressive) {
        return Pictures.encode(Pictures.into(SMOOTH, new BufferedImage(50, 30, BufferedImage.TYPE_INT_RGB)), "jpeg",
                progressive, null);
    }

    private static byte[] grey() {
        return Pictures.encode(Pictures.into(SMOOTH.toGrey(), new BufferedImage(50, 30, BufferedImage.TYPE_BYTE_GRAY)),
                "jpeg", false, null);
    }

    /** The file with a segment put right behind its start. */
    private static byte[] splice(byte[] jpeg, int marker, byte[] content) {
        ByteBuffer out = ByteBuffer.allocate(jpeg.length + content.length + 4);
        out.put(jpeg, 0, 2).put((byte) 0xFF).put((byte) marker).putShort((short) (content.length + 2)).put(content);
        return out.put(jpeg, 2, jpeg.length - 2).array();
    }

    private static byte[] exif(int orientation, ByteOrder order) {
        ByteBuffer b = ByteBuffer.allocate(6 + 8 + 2 + 24 + 4).put("Exif\0\0".getBytes(StandardCharsets.US_ASCII));
        b.order(order).put((order == ByteOrder.BIG_ENDIAN ? "MM" : "II").getBytes(StandardCharsets.US_ASCII));
        b.putShort((short) 42).putInt(8).putShort((short) 2);
        b.putShort((short) 0x0100).putShort((short) 3).putInt(1).putShort((short) 50).putShort((short) 0);
        b.putShort((short) 0x0112).putShort((short) 3).putInt(1).putShort((short) orientation).putShort((short) 0);
        return b.putInt(0).array();
    }

    private static byte[] file(String name) throws IOException {
        try (InputStream in = JpegTest.class.getResourceAsStream(name)) {
            return in.readAllBytes();
        }
    }

    /** The files' right pixels are those of libjpeg, bit for bit. */
    @ParameterizedTest
    @ValueSource(strings = {"sub444", "sub422", "sub420", "sub440", "progressive444", "progressive422", "progressive420",
        "restarts", "narrow", "cmyk", "ycck"})
    void everySampleIsLibjpegs(String name) throws Exception {
        Image expected = Image.read(file(name + ".jpg.png"), name);
        assertEquals(0, Pictures.difference(expected, Image.read(file(name + ".jpg"), name)));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void everySampleIsTheJdksCodecs(boolean progressive) throws Exception {
        for (int type : new int[] {BufferedImage.TYPE_INT_RGB, BufferedImage.TYPE_BYTE_GRAY}) {
            Image noise = Pictures.random(101, 77, type == BufferedImage.TYPE_INT_RGB ? PixelFormat.RGB8 : PixelFormat.GRAY8,
                    9);
            byte[] jpeg = Pictures.encode(Pictures.into(noise, new BufferedImage(101, 77, type)), "jpeg", progressive, null);
            Image jdk = Image.of(ImageIO.read(new ByteArrayInputStream(jpeg)));
            assertEquals(0, Pictures.difference(jdk, Image.read(jpeg, "noise")));
        }
    }

    @Test
    void inksAsLumaAndChromaHaveTheColoursOfInks() throws Exception {
        Image plain = Image.read(file("cmyk.jpg"), "cmyk");
        assertTrue(Pictures.difference(plain, Image.read(file("ycck.jpg"), "ycck")) <= 60, "inverted it would be 200");
        double sum = 0;
        Image turned = Image.read(file("ycck.jpg"), "ycck");
        for (int i = 0; i < 24 * 16 * 3; i++) {
            sum += Math.abs(plain.sample(i / 3 % 24, i / 72, i % 3) - turned.sample(i / 3 % 24, i / 72, i % 3));
        }
        assertTrue(sum / (24 * 16 * 3) < 6, "mean difference " + sum / (24 * 16 * 3));
    }

    /** Frames of Motion JPEG leave out the tables that everyone has. */
    @Test
    void withoutHuffmanTablesTheUsualOnesHold() {
        byte[] jpeg = colour(false);
        ByteBuffer without = ByteBuffer.allocate(jpeg.length).put(jpeg, 0, 2);
        int at = 2;
        while ((jpeg[at + 1] & 0xFF) != 0xDA) {
            int length = 2 + ((jpeg[at + 2] & 0xFF) << 8 | jpeg[at + 3] & 0xFF);
            if ((jpeg[at + 1] & 0xFF) != 0xC4) {
                without.put(jpeg, at, length);
            }
            at += length;
        }
        without.put(jpeg, at, jpeg.length - at);
        assertTrue(without.position() < jpeg.length - 400, "the tables are gone");
        byte[] shorter = Arrays.copyOf(without.array(), without.position());
        assertEquals(0, Pictures.difference(Image.read(jpeg, "a.jpg"), Image.read(shorter, "b.jpg")));
    }

    @Test
    void ofTwoExifSegmentsTheFirstHolds() {
        byte[] second = splice(colour(false), 0xE1, exif(1, ByteOrder.BIG_ENDIAN));
        assertEquals(30, Image.read(splice(second, 0xE1, exif(6, ByteOrder.LITTLE_ENDIAN)), "a.jpg").width());
    }

    /** Reading must not hold up a collector that waits for native code: no class of AWT has a part in it. */
    @Test
    void damageIsReportedUnderEveryCollector(@TempDir Path directory) throws Exception {
        byte[] jpeg = colour(false);
        for (int i = 0; i < 20; i++) {
            byte[] damaged = jpeg.clone();
            damaged[jpeg.length - 20 - 7 * i] ^= (byte) (1 << i % 7);
            Files.write(directory.resolve(i + ".jpg"), damaged);
        }
        for (String collector : new String[] {"Serial", "Parallel", "G1"}) {
            Process child = new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(), "-Xmx64m",
                    "-XX:+Use" + collector + "GC", "--limit-modules=java.base,jdk.incubator.vector", "-cp",
                    System.getProperty("java.class.path"), Reader.class.getName(), directory.toString())
                    .redirectErrorStream(true).start();
            if (!child.waitFor(2, TimeUnit.MINUTES)) {
                child.destroyForcibly();
                throw new AssertionError("stuck under " + collector);
            }
            String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(said.matches("(?s).*read 2000, refused [1-9]\\d*\\s*"), said);
        }
    }

    /** Reads damaged files over and over while it leaves garbage behind. */
    static final class Reader {
        private static byte[] kept;

        private Reader() {}

        public static void main(String[] args) {
            int refused = 0;
            for (int i = 0; i < 2000; i++) {
                kept = new byte[i * 7919 % 199_999];
                try {
                    Image.read(Path.of(args[0], i % 20 + ".jpg"));
                } catch (BadFileException e) {
                    refused++;
                }
            }
            System.out.println("read 2000, refused " + (kept == null ? -1 : refused));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void coloursComeThrough(boolean progressive) {
        Image read = Image.read(colour(progressive), "a.jpg");
        assertEquals(PixelFormat.RGB8, read.format());
        // The encoder's default quality moves a smooth picture's samples by a few steps; swapped or unconverted
        // components would move them by a hundred.
        assertTrue(Pictures.difference(SMOOTH, read) <= 12);
    }

    @Test
    void greyComesThrough() {
        Image read = Image.read(grey(), "a.jpg");
        assertEquals(PixelFormat.GRAY8, read.format());
        assertTrue(Pictures.difference(SMOOTH.toGrey(), read) <= 6);
    }

    @Test
    void labelsAreNotTakenFromIt() {
        BadFileException e = assertThrows(BadFileException.class, () -> new ImageFile("a.jpg", grey()).decode(true));
        assertEquals("a.jpg: JPEG changes numbers when it stores them, so that it can't hold labels; "
                + "give PNG, BMP, TIFF or GIF", e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void orientationTurnsThePictureUpright(int orientation, @TempDir Path directory) throws Exception {
        for (byte[] jpeg : new byte[][] {colour(false), grey()}) {
            Image stored = Image.read(jpeg, "a.jpg");
            int w = stored.width();
            int h = stored.height();
            for (ByteOrder order : new ByteOrder[] {ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN}) {
                Path file = directory.resolve("photo");
                Files.write(file, splice(jpeg, 0xE1, exif(orientation, order)));
                Image read = Image.read(file);
                ImageInfo info = Image.info(file);
                assertEquals(orientation, info.orientation());
                assertEquals(orientation >= 5 ? h : w, read.width());
                assertEquals(orientation >= 5 ? w : h, read.height());
                assertEquals(read.width(), info.width());
                assertEquals(read.height(), info.height());
                for (int y = 0; y < read.height(); y++) {
                    for (int x = 0; x < read.width(); x++) {
                        // EXIF 2.32, 4.6.4: which stored row and column is the visual top and left.
                        int[] from = switch (orientation) {
                            case 1 -> new int[] {x, y};
                            case 2 -> new int[] {w - 1 - x, y};
                            case 3 -> new int[] {w - 1 - x, h - 1 - y};
                            case 4 -> new int[] {x, h - 1 - y};
                            case 5 -> new int[] {y, x};
                            case 6 -> new int[] {y, h - 1 - x};
                            case 7 -> new int[] {w - 1 - y, h - 1 - x};
                            default -> new int[] {w - 1 - y, x};
                        };
                        for (int c = 0; c < read.channels(); c++) {
                            assertEquals(stored.sample(from[0], from[1], c), read.sample(x, y, c));
                        }
                    }
                }
            }
        }
    }

    @Test
    void senselessMetadataIsPassedOver() {
        byte[] jpeg = colour(false);
        Image plain = Image.read(jpeg, "a.jpg");
        byte[] wild = exif(6, ByteOrder.BIG_ENDIAN);
        wild[10] = 0x7F;
        byte[][] segments = {exif(0, ByteOrder.BIG_ENDIAN), exif(9, ByteOrder.LITTLE_ENDIAN), wild,
            Arrays.copyOf(exif(6, ByteOrder.BIG_ENDIAN), 20), Arrays.copyOf(exif(6, ByteOrder.LITTLE_ENDIAN), 14),
            "Exif".getBytes(StandardCharsets.US_ASCII), new byte[0]};
        for (byte[] segment : segments) {
            assertEquals(0, Pictures.difference(plain, Image.read(splice(jpeg, 0xE1, segment), "a.jpg")));
        }
        // A colour profile that is none: the codec on its own would stumble over it.
        byte[] profile = "ICC_PROFILE\0\1\1nonsense".getBytes(StandardCharsets.US_ASCII);
        assertEquals(0, Pictures.difference(plain, Image.read(splice(jpeg, 0xE2, profile), "a.jpg")));
    }

    @Test
    void aHeaderBehindLongMetadataIsFound(@TempDir Path directory) throws Exception {
        byte[] jpeg = colour(false);
        for (int i = 0; i < 3; i++) {
            jpeg = splice(jpeg, 0xE5, new byte[60_000]);
        }
        Path file = directory.resolve("long.jpg");
        Files.write(file, jpeg);
        assertEquals(new ImageInfo(FileType.JPEG, 50, 30, PixelFormat.RGB8, 1), Image.info(file));
    }

    @Test
    void everyTruncationIsAnError() {
        // The very end marker may be missing: libjpeg itself can't tell, and no pixel depends on it.
        byte[] jpeg = colour(false);
        for (int length = 0; length < jpeg.length - 2; length++) {
            byte[] cut = Arrays.copyOf(jpeg, length);
            BadFileException e = assertThrows(BadFileException.class, () -> Image.read(cut, "cut.jpg"), "length "
                    + length);
            assertEquals(1, e.getMessage().lines().count());
        }
    }

    @Test
    void hugeAndUnknownFramesAreRefused() {
        byte[] jpeg = colour(false);
        int frame = 0;
        while ((jpeg[frame] & 0xFF) != 0xFF || (jpeg[frame + 1] & 0xFF) != 0xC0) {
            frame++;
        }
        byte[] huge = jpeg.clone();
        huge[frame + 5] = huge[frame + 7] = (byte) (60_000 >> 8);
        huge[frame + 6] = huge[frame + 8] = (byte) 60_000;
        refused("60000x60000", huge);
        byte[] large = jpeg.clone();
        large[frame + 5] = large[frame + 7] = (byte) (20_000 >> 8);
        large[frame + 6] = large[frame + 8] = (byte) 20_000;
        refused("20000x20000 pixels, but the file is only", large);
        byte[] flat = jpeg.clone();
        flat[frame + 5] = flat[frame + 6] = 0;
        refused("50x0", flat);
        byte[] lossless = jpeg.clone();
        lossless[frame + 1] = (byte) 0xC3;
        refused("lossless", lossless);
        byte[] arithmetic = jpeg.clone();
        arithmetic[frame + 1] = (byte) 0xC9;
        refused("arithmetic", arithmetic);
        byte[] deep = jpeg.clone();
        deep[frame + 4] = 12;
        refused("12 bits", deep);
        byte[] two = jpeg.clone();
        two[frame + 9] = 2;
        refused("2 components", two);
    }

    private static void refused(String part, byte[] file) {
        BadFileException e = assertThrows(BadFileException.class, () -> Image.read(file, "x.jpg"));
        assertTrue(e.getMessage().contains(part), e.getMessage());
        assertEquals(1, e.getMessage().lines().count());
    }
}
