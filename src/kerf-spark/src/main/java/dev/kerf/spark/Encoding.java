package dev.kerf.spark;

import dev.kerf.mask.Instances;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Palette;
import dev.kerf.mask.RunLength;
import dev.kerf.measure.ObjectFinder;
import dev.kerf.measure.ObjectMap;
import dev.kerf.spark.Settings.Part;
import dev.kerf.spark.Settings.Unit;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** Makes of an answer what a row holds of it. */
record Encoding(Settings settings, ObjectFinder finder) {
    /**
     * What a row holds.
     *
     * @param png     the labels; null if they aren't wanted
     * @param objects rows of {@link ResultSchema#OBJECT}; null if nothing of them is wanted
     */
    record Encoded(int width, int height, byte[] png, List<Row> objects) {}

    /** @param png whether the PNG is wanted in any case */
    Encoded encode(Answer answer, boolean png) {
        Set<Part> parts = settings.parts();
        boolean pictured = png || parts.contains(Part.LABELS);
        boolean listed = parts.stream().anyMatch(p -> p != Part.LABELS);
        if (answer.things() != null) {
            Instances things = answer.things();
            return new Encoded(things.width(), things.height(), pictured ? numbered(things) : null,
                    listed ? things(things, answer) : null);
        }
        LabelMap labels = answer.labels();
        return new Encoded(labels.width(), labels.height(),
                pictured ? labels.toPng(Palette.of(Math.max(1, answer.classes()), answer.background())) : null,
                listed ? objects(answer) : null);
    }

    private List<Row> things(Instances things, Answer answer) {
        List<Row> rows = new ArrayList<>();
        for (Instance i : things.items()) {
            rows.add(row(i.category(), answer.names().apply(i.category()), i.score(), i.mask(), i.box().toArray()));
        }
        return rows;
    }

    /** Each pixel has the number of the first thing that it belongs to, from 1. */
    private static byte[] numbered(Instances things) {
        int height = things.height();
        int[] numbers = new int[things.width() * height];
        for (int k = things.size(); k > 0; k--) {
            int[] runs = things.items().get(k - 1).mask().counts();
            int at = 0;
            for (int i = 0; i < runs.length; i++) {
                int end = at + runs[i];
                for (; (i & 1) != 0 && at < end; at++) {
                    numbers[at % height * things.width() + at / height] = k;
                }
                at = end;
            }
        }
        return LabelMap.of(things.width(), height, numbers).toPng(Palette.of(things.size() + 1, 0));
    }

    private List<Row> objects(Answer answer) {
        LabelMap labels = answer.labels();
        if (settings.objects == Unit.COMPONENTS && answer.categories() == null) {
            ObjectMap found = finder.find(labels, answer.background());
            return rows(found.numbers(), 0, found.categories(), answer);
        }
        return rows(labels, answer.background(), answer.categories(), answer);
    }

    /** An object for each number that occurs, the background left out. */
    private List<Row> rows(LabelMap labels, int background, List<Integer> categories, Answer answer) {
        int width = labels.width();
        int height = labels.height();
        int[] numbers = labels.toArray();
        int[][] ends = ends(numbers, width);
        List<Row> rows = new ArrayList<>();
        for (int n = 0; n < ends.length; n++) {
            if (n != background && ends[n] != null) {
                int[] e = ends[n];
                int w = e[2] - e[0] + 1;
                int h = e[3] - e[1] + 1;
                byte[] in = new byte[w * h];
                for (int y = 0; y < h; y++) {
                    int from = (e[1] + y) * width + e[0];
                    for (int x = 0; x < w; x++) {
                        in[y * w + x] = (byte) (numbers[from + x] == n ? 1 : 0);
                    }
                }
                RunLength mask = RunLength.encode(w, h, MemorySegment.ofArray(in)).placed(e[0], e[1], width, height);
                int category = categories == null ? n : categories.get(n - 1);
                rows.add(row(category, answer.names().apply(category), null, mask, new double[] {e[0], e[1], w, h}));
            }
        }
        return rows;
    }

    /** Least column and row, greatest column and row of each number; null of those that don't occur. */
    private static int[][] ends(int[] numbers, int width) {
        int most = 0;
        for (int n : numbers) {
            most = Math.max(most, n);
        }
        int[][] ends = new int[most + 1][];
        int x = 0;
        int y = 0;
        for (int n : numbers) {
            int[] e = ends[n];
            if (e == null) {
                ends[n] = new int[] {x, y, x, y};
            } else {
                e[0] = Math.min(e[0], x);
                e[2] = Math.max(e[2], x);
                e[3] = y;
            }
            if (++x == width) {
                x = 0;
                y++;
            }
        }
        return ends;
    }

    private Row row(int category, String name, Double score, RunLength mask, double[] box) {
        boolean measured = settings.wants(Part.MEASURES);
        double[] centre = measured ? centroid(mask) : null;
        return RowFactory.create(category, name, score, settings.wants(Part.RLE) ? mask.toCocoString() : null,
                settings.wants(Part.POLYGONS) ? polygons(mask) : null, measured ? mask.area() : null,
                measured ? box : null, measured ? centre[0] : null, measured ? centre[1] : null);
    }

    /** Corners one after the other, x and y in turn; holes are reached by cuts. */
    private static int[][] polygons(RunLength mask) {
        List<int[]> out = new ArrayList<>();
        for (double[] p : mask.decode().polygons()) {
            int[] corners = new int[p.length];
            for (int i = 0; i < p.length; i++) {
                corners[i] = (int) p[i];
            }
            out.add(corners);
        }
        return out.toArray(int[][]::new);
    }

    /** Mean column and row of the pixels, as scikit-image has them: the first pixel's centre is at 0; NaN of none. */
    private static double[] centroid(RunLength mask) {
        int height = mask.height();
        long n = 0;
        long columns = 0;
        long rows = 0;
        long at = 0;
        int[] runs = mask.counts();
        for (int i = 0; i < runs.length; i++) {
            long end = at + runs[i];
            while ((i & 1) != 0 && at < end) {
                long x = at / height;
                long top = at % height;
                long length = Math.min(end - at, height - top);
                n += length;
                columns += x * length;
                rows += (2 * top + length - 1) * length / 2;
                at += length;
            }
            at = end;
        }
        return new double[] {(double) columns / n, (double) rows / n};
    }
}
