package dev.kerf.mask;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import org.junit.jupiter.api.Test;

/** A disc with a soft edge, whose own colours and those behind it are known. */
class CutoutTest {
    private static final int W = 230;
    private static final int H = 170;

    /** 1 within 40 pixels of the middle, 0 from 60 on. */
    private static float share(int x, int y) {
        return (float) Math.clamp((60 - Math.hypot(x - 110.3, y - 84.7)) / 20, 0, 1);
    }

    private static HostTensor matte() {
        float[] out = new float[W * H];
        for (int i = 0; i < out.length; i++) {
            out[i] = share(i % W, i / W);
        }
        return HostTensor.of(Shape.of(H, W), out);
    }

    /** Orange that gets lighter to the right, 0 … 1. */
    private static double front(int x, int c) {
        return new double[] {0.75, 0.4, 0.1}[c] + 0.2 * x / W;
    }

    /** Green above, blue below. */
    private static double back(int y, int c) {
        return new double[] {0.05, 0.9 - 0.8 * y / H, 0.2 + 0.7 * y / H}[c];
    }

    private static Image picture(PixelFormat format) {
        Image out = Image.blank(W, H, format);
        for (int y = 0; y < H; y++) {
            for (int x = 0; x < W; x++) {
                for (int c = 0; c < 3; c++) {
                    double a = share(x, y);
                    out.setSample(x, y, c, (int) Math.round((a * front(x, c) + (1 - a) * back(y, c)) * format.max()));
                }
                if (format.hasAlpha()) {
                    out.setSample(x, y, 3, x < 100 ? format.max() : format.max() / 2);
                }
            }
        }
        return out;
    }

    /** Mean distance from the true colours where the matte is partial, in levels of 8 bits. */
    private static double off(Image cut) {
        double sum = 0;
        int count = 0;
        for (int y = 0; y < H; y++) {
            for (int x = 0; x < W; x++) {
                double a = share(x, y);
                if (a > 0.1 && a < 0.9) {
                    for (int c = 0; c < 3; c++) {
                        sum += Math.abs(255.0 * cut.sample(x, y, c) / cut.format().max() - 255 * front(x, c));
                        count++;
                    }
                }
            }
        }
        return sum / count;
    }

    @Test
    void coloursBeneathASoftEdgeAreTheThingsOwn() {
        Image photo = picture(PixelFormat.RGB8);
        Image cut = Cutout.of(photo, matte()).onto(new Background.Transparent());
        assertEquals(PixelFormat.RGBA8, cut.format());
        double before = off(Cutout.uncleaned(photo, matte()).onto(new Background.Transparent()));
        double after = off(cut);
        assertTrue(before > 40, "half of it is another colour: " + before);
        assertTrue(after < 3, "by " + after + " levels");
        for (int y = 0; y < H; y++) {
            for (int x = 0; x < W; x++) {
                assertEquals(Math.round(share(x, y) * 255), cut.sample(x, y, 3));
                if (share(x, y) == 1) {
                    assertEquals(photo.sample(x, y, 1), cut.sample(x, y, 1));
                }
            }
        }
        assertEquals(0, cut.sample(0, 0, 0) + cut.sample(0, 0, 1) + cut.sample(0, 0, 2), "nothing far from it");
    }

    @Test
    void sixteenBitsStayAndAlphaIsAtMostThePicturesOwn() {
        Image cut = Cutout.of(picture(PixelFormat.RGBA16), matte()).onto(new Background.Transparent());
        assertEquals(PixelFormat.RGBA16, cut.format());
        assertTrue(off(cut) < 3, "by " + off(cut) + " levels");
        assertEquals(65535, cut.sample(99, 85, 3));
        assertEquals(32767, cut.sample(110, 85, 3));
        Image onRed = Cutout.of(picture(PixelFormat.RGBA16), matte()).onto(new Background.Colour(0xFF0000));
        assertEquals(PixelFormat.RGB16, onRed.format());
        assertEquals(65535, onRed.sample(0, 0, 0));
        assertEquals(0.5 * front(110, 1) * 65535, onRed.sample(110, 85, 1), 2);
        Image blurred = Cutout.of(picture(PixelFormat.RGBA16), matte()).onto(Background.Blurred.of());
        assertEquals(PixelFormat.RGBA16, blurred.format());
        assertEquals(32767, blurred.sample(220, 5, 3));
    }

    @Test
    void ontoAColourEdgesStaySoftAndTakeNothingOfTheOldBackground() {
        Image on = Cutout.of(picture(PixelFormat.BGR8), matte()).onto(new Background.Colour(0x102030));
        assertEquals(PixelFormat.RGB8, on.format());
        assertArrayEquals(new int[] {16, 32, 48}, new int[] {on.sample(3, 3, 0), on.sample(3, 3, 1), on.sample(3, 3, 2)});
        int x = 160;
        double a = share(x, 84);
        assertTrue(a > 0.4 && a < 0.6, "half");
        assertEquals(255 * a * front(x, 1) + 32 * (1 - a), on.sample(x, 84, 1), 4);
    }

    @Test
    void aPictureCoversAll() {
        Image photo = picture(PixelFormat.RGB8);
        Image same = Cutout.of(photo, HostTensor.of(Shape.of(H, W), new float[W * H]))
                .onto(new Background.Backdrop(picture(PixelFormat.RGB16)));
        int most = 0;
        for (int i = 0; i < W * H * 3; i++) {
            most = Math.max(most,
                    Math.abs(same.sample(i / 3 % W, i / 3 / W, i % 3) - photo.sample(i / 3 % W, i / 3 / W, i % 3)));
        }
        assertTrue(most <= 1, "a picture of the same size stays: " + most);
        // Twice as wide as high, left half black, right half white, 4 times too small: the middle is kept.
        Image halves = Image.blank(80, 40, PixelFormat.GRAY8);
        for (int i = 0; i < 80 * 40; i++) {
            halves.setSample(i % 80, i / 80, 0, i % 80 < 40 ? 0 : 255);
        }
        Image on = Cutout.of(photo, matte()).onto(new Background.Backdrop(halves));
        assertEquals(0, on.sample(0, 0, 0));
        assertEquals(255, on.sample(W - 1, H - 1, 2));
        assertEquals(128, on.sample(W / 2, 2, 1), 30, "the border is in the middle");
        // A much larger one is averaged, not picked from.
        Image fine = Image.blank(W * 8, H * 8, PixelFormat.GRAY8);
        for (int i = 0; i < W * 8 * H * 8; i++) {
            fine.setSample(i % (W * 8), i / (W * 8), 0, i % 2 == 0 ? 0 : 200);
        }
        assertEquals(100, Cutout.of(photo, matte()).onto(new Background.Backdrop(fine)).sample(3, 3, 0), 2);
    }

    /** Red on grey: in a plain blur red would glow around it. */
    @Test
    void aBlurredBackgroundHasNoGlow() {
        Image photo = Image.blank(W, H, PixelFormat.RGB8);
        for (int y = 0; y < H; y++) {
            for (int x = 0; x < W; x++) {
                double a = share(x, y);
                int grey = (x / 2 + y / 2) % 2 == 0 ? 80 : 120;
                for (int c = 0; c < 3; c++) {
                    photo.setSample(x, y, c, (int) Math.round(a * (c == 0 ? 255 : 0) + (1 - a) * grey));
                }
            }
        }
        for (double sigma : new double[] {1.5, 5, 12}) {
            Image soft = Cutout.of(photo, matte()).onto(new Background.Blurred(sigma));
            assertEquals(255, soft.sample(110, 85, 0));
            for (int x = 175; x < W - 3; x++) {
                assertEquals(100, soft.sample(x, 85, 0), 8, "column " + x);
                assertEquals(soft.sample(x, 85, 1), soft.sample(x, 85, 0), 3, "no red, column " + x);
            }
        }
        Image grey = Cutout.of(photo.toGrey(), matte()).onto(Background.Blurred.of());
        assertEquals(PixelFormat.GRAY8, grey.format());
        assertEquals(100, grey.sample(5, 5, 0), 8);
    }

    @Test
    void theSameBitsEachTime() {
        Image photo = picture(PixelFormat.RGB8);
        Cutout a = Cutout.of(photo, matte());
        for (Background b : new Background[] {new Background.Transparent(), Background.Blurred.of()}) {
            assertArrayEquals(a.onto(b).toPng(), Cutout.of(photo, matte()).onto(b).toPng());
        }
        assertEquals(PixelFormat.GRAY_ALPHA8, Cutout.of(photo.toGrey(), matte()).onto(new Background.Transparent()).format());
        Image dot = Image.blank(1, 1, PixelFormat.GRAY8);
        assertEquals(128, Cutout.of(dot, HostTensor.of(Shape.of(1, 1), new float[] {0.5f})).onto(new Background.Transparent())
                .sample(0, 0, 1));
    }

    @Test
    void whatDoesntFitIsRefused() {
        Image photo = picture(PixelFormat.RGB8);
        assertThrows(BadInputException.class, () -> Cutout.of(photo, HostTensor.of(Shape.of(2, 2), new float[4])));
        assertThrows(BadInputException.class, () -> Cutout.of(photo, HostTensor.of(Shape.of(H, W), new byte[W * H])));
        float[] none = new float[W * H];
        none[W + 2] = Float.NaN;
        String said = assertThrows(BadInputException.class, () -> Cutout.of(photo, HostTensor.of(Shape.of(H, W), none)))
                .getMessage();
        assertTrue(said.contains("column 2, row 1"), said);
        assertThrows(BadInputException.class, () -> new Background.Colour(0x1FFFFFF));
        assertThrows(BadInputException.class, () -> new Background.Blurred(-1));
    }
}
