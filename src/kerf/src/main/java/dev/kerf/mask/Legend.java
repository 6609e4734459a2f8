package dev.kerf.mask;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntFunction;

/**
 * The legend of an overlay: a dark panel in the corner where it hides least; a row for each class, the largest first.
 */
final class Legend {
    private static final int PANEL = 0x14171C;
    private static final double PANEL_OPACITY = 0.80;
    private static final int TEXT = 0xFFFFFF;
    private static final int SHARE = 0xC9D1DA;
    /** Height of capitals in pixels: never smaller, or nobody could read them. */
    private static final int SMALLEST = 7;

    /** One class: label, name, share as text, pixels. */
    private record Row(int label, String name, String share, long pixels) {
    }

    private Legend() {
    }

    static void draw(Canvas canvas, int[] label, int background, int[] colours, IntFunction<String> name) {
        List<Row> all = rows(label, background, colours.length, name);
        int size = Math.clamp(Math.min(canvas.width, canvas.height) / 48, SMALLEST + 2, 40);
        // Smaller letters first, then fewer rows, then no legend.
        while (size > SMALLEST && !fits(canvas, all, size)) {
            size--;
        }
        List<Row> rows = all;
        for (int shown = all.size() - 1; shown > 0 && !fits(canvas, rows, size); shown--) {
            rows = new ArrayList<>(all.subList(0, shown));
            rows.add(new Row(-1, "and " + (all.size() - shown) + " more", "", 0));
        }
        if (!rows.isEmpty() && fits(canvas, rows, size)) {
            draw(canvas, rows, size, label, background, colours);
        }
    }

    private static List<Row> rows(int[] label, int background, int classes, IntFunction<String> name) {
        long[] counts = new long[Math.max(classes, 1)];
        for (int i = 0, from = 0; i < label.length; from = i) {
            // Equal ones stand together: counted run by run, no number waits for the one before.
            while (i < label.length && label[i] == label[from]) {
                i++;
            }
            counts[label[from]] += i - from;
        }
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] > 0 && i != background) {
                rows.add(new Row(i, name.apply(i), share(counts[i], label.length), counts[i]));
            }
        }
        rows.sort(Comparator.comparingLong(Row::pixels).reversed());
        return rows;
    }

    /** Percent with one decimal, whatever the locale. */
    static String share(long pixels, long all) {
        long tenths = Math.round(1000.0 * pixels / all);
        if (tenths == 0) {
            return "<0.1 %";
        } else if (tenths == 1000 && pixels < all) {
            return ">99.9 %";
        }
        return tenths / 10 + "." + tenths % 10 + " %";
    }

    private static int padding(int size) {
        return size;
    }

    private static int rowHeight(int size) {
        return 2 * size;
    }

    private static int swatch(int size) {
        return size + size / 4 | 1;
    }

    private static int panelWidth(List<Row> rows, int size) {
        int names = 0;
        int shares = 0;
        for (Row r : rows) {
            names = Math.max(names, Lettering.width(r.name, size));
            shares = Math.max(shares, Lettering.width(r.share, size));
        }
        return 2 * padding(size) + swatch(size) + size * 3 / 4 + names + size * 5 / 4 + shares;
    }

    private static int panelHeight(List<Row> rows, int size) {
        return 2 * padding(size) - size / 2 + rows.size() * rowHeight(size) - size / 2;
    }

    private static boolean fits(Canvas canvas, List<Row> rows, int size) {
        // The height first: measuring hundreds of names that are too many anyway takes time.
        return panelHeight(rows, size) + 2 * size <= canvas.height * 0.6
                && panelWidth(rows, size) + 2 * size <= canvas.width * 0.8;
    }

    private static void draw(Canvas canvas, List<Row> rows, int size, int[] label, int background, int[] colours) {
        int w = panelWidth(rows, size);
        int h = panelHeight(rows, size);
        int margin = size;
        int[] corner = corner(canvas, w, h, margin, label, background);
        int left = corner[0];
        int top = corner[1];
        canvas.panel(left, top, w, h, size * 0.6, PANEL, PANEL_OPACITY);
        int square = swatch(size);
        int y = top + padding(size) - size / 4;
        for (Row r : rows) {
            int middle = y + size * 3 / 4;
            int baseline = middle + (size - 1) / 2;
            int x = left + padding(size);
            if (r.label >= 0) {
                canvas.panel(x, middle - square / 2, square, square, square * 0.22, colours[r.label], 1);
            }
            x += square + size * 3 / 4;
            Lettering.draw(canvas, r.name, x, baseline, size, r.label >= 0 ? TEXT : SHARE);
            int right = left + w - padding(size) - Lettering.width(r.share, size);
            Lettering.draw(canvas, r.share, right, baseline, size, SHARE);
            y += rowHeight(size);
        }
    }

    /** Left and top of the panel in the corner that holds the fewest coloured pixels; at a tie the lower left one. */
    private static int[] corner(Canvas canvas, int w, int h, int margin, int[] label, int background) {
        int[] best = null;
        long fewest = Long.MAX_VALUE;
        for (int k = 0; k < 4; k++) {
            int x0 = k % 2 == 0 ? margin : canvas.width - margin - w;
            int y0 = k / 2 == 0 ? canvas.height - margin - h : margin;
            long hidden = 0;
            for (int y = y0; y < y0 + h; y++) {
                for (int x = x0; x < x0 + w; x++) {
                    hidden += label[y * canvas.width + x] == background ? 0 : 1;
                }
            }
            if (hidden < fewest) {
                fewest = hidden;
                best = new int[] {x0, y0};
            }
        }
        return best;
    }
}
