package dev.kerf.mask;

import java.util.ArrayList;
import java.util.List;

/** Names of objects on coloured panels, none over another. */
final class Tags {
    /** Height of capitals in pixels: never smaller, or nobody could read them. */
    private static final int SMALLEST = 7;
    private static final int GREATEST = 32;
    private static final double OPACITY = 0.88;

    private final Canvas canvas;
    private final int size;
    private final List<Panel> taken = new ArrayList<>();

    private record Panel(int x, int y, int width, int height) {
        boolean meets(Panel other) {
            return x < other.x + other.width && other.x < x + width && y < other.y + other.height
                    && other.y < y + height;
        }
    }

    Tags(Canvas canvas) {
        this.canvas = canvas;
        this.size = Math.clamp(Math.min(canvas.width, canvas.height) / 56, SMALLEST, GREATEST);
    }

    /**
     * Draws a name so that its panel's upper left corner is at a place or, where that is taken or outside, as near to it
     * as may be, downwards; not at all where there is no room.
     */
    void put(String text, long left, long top, int colour) {
        int w = width(text);
        int h = height();
        if (w > canvas.width || h > canvas.height) {
            return;
        }
        int x = Math.clamp(left, 0, canvas.width - w);
        for (int y = Math.clamp(top, 0, canvas.height - h); y <= canvas.height - h; y += h) {
            Panel panel = new Panel(x, y, w, h);
            if (taken.stream().noneMatch(panel::meets)) {
                taken.add(panel);
                canvas.panel(x, y, w, h, size * 0.4, colour, OPACITY);
                Lettering.draw(canvas, text, x + size / 2, y + h / 2 + (size - 1) / 2, size, ink(colour));
                return;
            }
        }
    }

    /** Draws a name with its middle at a place, or near to it as {@link #put} does. */
    void centre(String text, long x, long y, int colour) {
        put(text, x - width(text) / 2, y - height() / 2, colour);
    }

    private int width(String text) {
        return Lettering.width(text, size) + size;
    }

    private int height() {
        return 2 * size;
    }

    /** Black on light colours, white on dark ones (Rec. 709 weights on the stored values). */
    private static int ink(int colour) {
        double light = 0.2126 * (colour >> 16 & 0xFF) + 0.7152 * (colour >> 8 & 0xFF) + 0.0722 * (colour & 0xFF);
        return light > 128 ? 0x000000 : 0xFFFFFF;
    }
}
