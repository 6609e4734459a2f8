package dev.kerf.cli.picture;

import dev.kerf.image.Image;
import dev.kerf.model.sam2.Prompt;
import java.util.List;

/** Draws over an overlay what the user showed: points on the thing green, those beside it red, boxes as frames. */
final class PromptMarks {
    private static final int FOREGROUND = 0x17B04A;
    private static final int BACKGROUND = 0xE02B2B;
    private static final int RING = 0xFFFFFF;
    private static final int SHADOW = 0x000000;
    private static final double SHADOW_OPACITY = 0.5;

    /** Whether the middle of a pixel is in a shape: its share from 0 to 1, in between at the shape's edge. */
    private interface Shape {
        double share(double x, double y);
    }

    private final Image image;
    /** Radius of a point in pixels; lines are a third as wide. */
    private final double size;

    private PromptMarks(Image image) {
        this.image = image;
        this.size = Math.clamp(Math.min(image.width(), image.height()) / 110.0, 2.5, 20);
    }

    /** @param image RGB8, drawn on */
    static void draw(Image image, List<Prompt> prompts) {
        PromptMarks marks = new PromptMarks(image);
        prompts.stream().filter(p -> p.box() != null).forEach(p -> marks.box(p.box()));
        prompts.forEach(p -> p.points().forEach(marks::point));
    }

    private void point(Prompt.Point p) {
        double line = size / 3;
        disc(p, size + 2 * line, SHADOW, SHADOW_OPACITY);
        disc(p, size + line, RING, 1);
        disc(p, size, p.foreground() ? FOREGROUND : BACKGROUND, 1);
    }

    private void disc(Prompt.Point p, double radius, int colour, double opacity) {
        // A point means the pixel that it names.
        double cx = Math.floor(Math.min(p.x(), image.width() - 1)) + 0.5;
        double cy = Math.floor(Math.min(p.y(), image.height() - 1)) + 0.5;
        fill(cx - radius, cy - radius, cx + radius, cy + radius,
                (x, y) -> radius + 0.5 - Math.hypot(x - cx, y - cy), colour, opacity);
    }

    private void box(Prompt.Corners b) {
        double line = Math.max(2, size / 3);
        frame(b, 2 * line, SHADOW, SHADOW_OPACITY);
        frame(b, line, RING, 1);
    }

    /** A line of a width around a box, half of it inside. */
    private void frame(Prompt.Corners b, double width, int colour, double opacity) {
        double half = width / 2;
        fill(b.left() - half, b.top() - half, b.right() + half, b.bottom() + half, (x, y) -> {
            double inside = Math.min(Math.min(x - b.left(), b.right() - x), Math.min(y - b.top(), b.bottom() - y));
            return half + 0.5 - Math.abs(inside);
        }, colour, opacity);
    }

    private void fill(double left, double top, double right, double bottom, Shape shape, int colour, double opacity) {
        for (int y = Math.max(0, (int) top - 1); y < Math.min(image.height(), bottom + 1); y++) {
            for (int x = Math.max(0, (int) left - 1); x < Math.min(image.width(), right + 1); x++) {
                double a = opacity * Math.clamp(shape.share(x + 0.5, y + 0.5), 0, 1);
                for (int c = 0; a > 0 && c < 3; c++) {
                    int over = colour >> 16 - 8 * c & 0xFF;
                    image.setSample(x, y, c, (int) Math.round(a * over + (1 - a) * image.sample(x, y, c)));
                }
            }
        }
    }
}
