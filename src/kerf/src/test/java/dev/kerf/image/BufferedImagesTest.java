package dev.kerf.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.lang.foreign.ValueLayout;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** AWT's pictures in and out. */
class BufferedImagesTest {
    private static final int W = 7;
    private static final int H = 5;

    /** AWT's own reading of each pixel, 0xAARRGGBB, is the reference for whatever isn't grey. */
    private static void sameAsAwt(BufferedImage picture, Image image) {
        for (int y = 0; y < picture.getHeight(); y++) {
            for (int x = 0; x < picture.getWidth(); x++) {
                int argb = picture.getRGB(x, y);
                for (int c = 0; c < 3; c++) {
                    int v = image.sample(x, y, image.format().isGrey() ? 0 : c);
                    assertEquals(argb >> 16 - 8 * c & 0xFF, v, picture + " at " + x + "," + y + " channel " + c);
                }
                assertEquals(argb >>> 24, image.format().hasAlpha() ? image.sample(x, y, image.channels() - 1) : 255);
            }
        }
    }

    private static BufferedImage painted(BufferedImage picture) {
        for (int y = 0; y < picture.getHeight(); y++) {
            for (int x = 0; x < picture.getWidth(); x++) {
                picture.setRGB(x, y, 0x40000000 + 0x1F2A3500 * x + 0x00312B17 * y);
            }
        }
        return picture;
    }

    @ParameterizedTest
    @ValueSource(ints = {BufferedImage.TYPE_INT_RGB, BufferedImage.TYPE_INT_ARGB, BufferedImage.TYPE_INT_BGR,
        BufferedImage.TYPE_3BYTE_BGR, BufferedImage.TYPE_4BYTE_ABGR, BufferedImage.TYPE_USHORT_565_RGB,
        BufferedImage.TYPE_USHORT_555_RGB, BufferedImage.TYPE_BYTE_INDEXED, BufferedImage.TYPE_BYTE_BINARY})
    void colours(int type) {
        BufferedImage picture = painted(new BufferedImage(W, H, type));
        sameAsAwt(picture, Image.of(picture));
        BufferedImage window = painted(new BufferedImage(W + 6, H + 5, type)).getSubimage(3, 2, W, H);
        sameAsAwt(window, Image.of(window));
    }

    @Test
    void commonLayoutsAreSharedWithoutACopy() {
        for (int type : new int[] {BufferedImage.TYPE_3BYTE_BGR, BufferedImage.TYPE_INT_ARGB,
            BufferedImage.TYPE_BYTE_GRAY, BufferedImage.TYPE_USHORT_GRAY}) {
            BufferedImage whole = new BufferedImage(W + 6, H + 5, type);
            Image image = Image.of(whole.getSubimage(3, 2, W, H));
            assertEquals(W + "x" + H, image.width() + "x" + image.height());
            whole.getRaster().setSample(4, 4, 0, 77);
            assertEquals(77, image.sample(1, 2, 0), "type " + type);
            assertEquals(0, image.sample(1, 1, 0));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {BufferedImage.TYPE_INT_ARGB_PRE, BufferedImage.TYPE_4BYTE_ABGR_PRE})
    void premultipliedColoursAreDividedByTheirAlpha(int type) {
        BufferedImage picture = new BufferedImage(3, 1, type);
        picture.getRaster().setPixel(0, 0, new int[] {100, 50, 0, 128});
        picture.getRaster().setPixel(1, 0, new int[] {0, 0, 0, 0});
        picture.getRaster().setPixel(2, 0, new int[] {200, 100, 255, 255});
        Image image = Image.of(picture);
        // 100 · 255 / 128 = 199.2, 50 · 255 / 128 = 99.6
        int[][] expected = {{199, 100, 0, 128}, {0, 0, 0, 0}, {200, 100, 255, 255}};
        for (int x = 0; x < 3; x++) {
            for (int c = 0; c < 4; c++) {
                assertEquals(expected[x][c], image.sample(x, 0, c));
            }
        }
    }

    @Test
    void greysAreTakenAsTheyAre() {
        for (int type : new int[] {BufferedImage.TYPE_BYTE_GRAY, BufferedImage.TYPE_USHORT_GRAY}) {
            BufferedImage picture = new BufferedImage(2, 1, type);
            picture.getRaster().setSample(1, 0, 0, 100);
            Image image = Image.of(picture);
            assertEquals(type == BufferedImage.TYPE_BYTE_GRAY ? PixelFormat.GRAY8 : PixelFormat.GRAY16, image.format());
            assertEquals(100, image.sample(1, 0, 0));
        }
    }

    @Test
    void palettes() {
        byte[] ramp = {0, 50, 100, (byte) 200};
        byte[] other = {9, 8, 7, 6};
        BufferedImage grey = new BufferedImage(2, 2, BufferedImage.TYPE_BYTE_BINARY,
                new IndexColorModel(2, 4, ramp, ramp, ramp));
        grey.getRaster().setPixels(0, 0, 2, 2, new int[] {3, 2, 1, 0});
        Image image = Image.of(grey);
        assertEquals(PixelFormat.GRAY8, image.format());
        sameAsAwt(grey, image);
        BufferedImage colour = new BufferedImage(2, 2, BufferedImage.TYPE_BYTE_INDEXED,
                new IndexColorModel(8, 4, ramp, other, ramp, 2));
        colour.getRaster().setPixels(0, 0, 2, 2, new int[] {3, 2, 1, 0});
        assertEquals(PixelFormat.RGBA8, Image.of(colour).format());
        sameAsAwt(colour, Image.of(colour));
    }

    @Test
    void anotherColourSpaceGoesThroughAwt() {
        ComponentColorModel linear = new ComponentColorModel(ColorSpace.getInstance(ColorSpace.CS_LINEAR_RGB), false,
                false, ComponentColorModel.OPAQUE, DataBuffer.TYPE_BYTE);
        BufferedImage picture = new BufferedImage(linear, linear.createCompatibleWritableRaster(2, 1), false, null);
        picture.getRaster().setPixel(0, 0, new int[] {55, 55, 55});
        sameAsAwt(picture, Image.of(picture));
    }

    @ParameterizedTest
    @EnumSource(PixelFormat.class)
    void outAndInAgain(PixelFormat format) {
        Image image = Pictures.random(W, H, format, 3);
        BufferedImage picture = image.toBufferedImage();
        Image back = Image.of(picture);
        assertEquals(PixelFormat.of(format.channels(), format.bits()), PixelFormat.of(back.channels(), back.bits()));
        assertEquals(0, Pictures.difference(image, back));
        if (format.bits() == 8 && !format.isGrey()) {
            sameAsAwt(picture, image);
        }
    }

    @Test
    void arraysOfOtherElementsAreWrapped() {
        Image deep = Image.of(2, 1, PixelFormat.GRAY16, new short[] {7, (short) 60_000});
        assertEquals(60_000, deep.sample(1, 0, 0));
        Image argb = Image.ofArgb(2, 1, new int[] {0x80FF4020, 0xFF010203});
        assertEquals(0xFF, argb.sample(0, 0, 0));
        assertEquals(0x20, argb.sample(0, 0, 2));
        assertEquals(0x80, argb.sample(0, 0, 3));
        assertEquals(3, argb.toTensor().data().get(ValueLayout.JAVA_BYTE, 6));
    }

    @Test
    void readingChangesNothingInTheProcess() {
        BufferedImage picture = new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = picture.createGraphics();
        g.setColor(Color.RED);
        g.fillRect(2, 2, 8, 8);
        g.dispose();
        String headless = System.getProperty("java.awt.headless");
        boolean cache = ImageIO.getUseCache();
        try {
            for (boolean use : new boolean[] {true, false}) {
                System.clearProperty("java.awt.headless");
                ImageIO.setUseCache(use);
                for (String type : new String[] {"png", "jpeg", "bmp", "tiff", "gif"}) {
                    Image read = Image.read(Pictures.encode(picture, type, false, null), type);
                    assertEquals(16, read.width());
                    assertEquals(use, ImageIO.getUseCache(), type);
                    assertFalse(System.getProperties().containsKey("java.awt.headless"), type);
                }
            }
        } finally {
            ImageIO.setUseCache(cache);
            if (headless != null) {
                System.setProperty("java.awt.headless", headless);
            }
        }
    }
}
