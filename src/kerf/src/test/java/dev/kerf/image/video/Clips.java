package dev.kerf.image.video;

import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.image.video.FrameSource.Frame;
import java.util.ArrayList;
import java.util.List;

/** Small drawn videos for tests. */
final class Clips {
    private Clips() {
    }

    /** A square of 4 pixels that goes right over a plain ground: two colours a frame. */
    static Image square(int width, int height, int at) {
        Image out = Image.blank(width, height, PixelFormat.RGB8);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                boolean in = x >= at && x < at + 4 && y >= 2 && y < 6;
                out.setSample(x, y, 0, in ? 230 : 20);
                out.setSample(x, y, 1, in ? 40 : 60);
                out.setSample(x, y, 2, in ? 10 : 90 + at);
            }
        }
        return out;
    }

    /** Colours that change slowly over the picture and the frames: thousands of them. */
    static Image smooth(int width, int height, int frame) {
        Image out = Image.blank(width, height, PixelFormat.RGB8);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                out.setSample(x, y, 0, 40 + 170 * x / width);
                out.setSample(x, y, 1, 40 + 170 * y / height);
                out.setSample(x, y, 2, 40 + (100 * (x + y) / (width + height) + 7 * frame) % 170);
            }
        }
        return out;
    }

    static List<Image> squares(int width, int height, int frames) {
        List<Image> out = new ArrayList<>();
        for (int i = 0; i < frames; i++) {
            out.add(square(width, height, i));
        }
        return out;
    }

    static List<Frame> all(FrameSource video) {
        List<Frame> out = new ArrayList<>();
        video.forEachRemaining(out::add);
        return out;
    }

    /** The largest difference of a sample. */
    static int difference(Image a, Image b) {
        if (a.width() != b.width() || a.height() != b.height()) {
            throw new AssertionError(a + " beside " + b);
        }
        int most = 0;
        for (int y = 0; y < a.height(); y++) {
            for (int x = 0; x < a.width(); x++) {
                for (int c = 0; c < 3; c++) {
                    most = Math.max(most, Math.abs(a.sample(x, y, c) - b.sample(x, y, c)));
                }
            }
        }
        return most;
    }
}
