package dev.kerf.cli.bench.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.DoubleStream;

/** The pictures of a {@link Page}, as SVG. Colours are classes: c0 … c5, an engine's or a kernel's by its place in the list. */
final class Charts {
    private static final int WIDTH = 900;
    private static final int LEFT = 190;
    private static final int RIGHT = 880;
    private static final int COLOURS = 6;
    /** Points of a distribution that are drawn; more look the same, and of hundreds of rows they make a page slow. */
    private static final int POINTS = 400;
    private static final int FEW_POINTS = 20;
    private static final int ALL_POINTS = 20_000;

    private Charts() {}

    private static String colour(int i) {
        return "c" + Math.min(i, COLOURS - 1);
    }

    private static String f(String form, Object... values) {
        return String.format(Locale.ROOT, form, values);
    }

    private static String svg(int height, String content, String what) {
        return f("<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n", WIDTH, height, Page.text(what)) + content
                + "</svg>\n";
    }

    private static String label(double x, double y, String anchor, String text) {
        return f("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, Page.text(text));
    }

    /** Values from 0 to the largest over the width, with about five lines. */
    private record Scale(double most) {
        double x(double v) {
            return LEFT + v / most * (RIGHT - LEFT);
        }

        String axis(int top, int bottom) {
            double rough = most / 5;
            double power = Math.pow(10, Math.floor(Math.log10(rough)));
            double step = power * (rough / power > 5 ? 10 : rough / power > 2 ? 5 : rough / power > 1 ? 2 : 1);
            StringBuilder s = new StringBuilder();
            for (double v = 0; v <= most * 1.0001; v += step) {
                s.append(f("<path class=\"axis\" d=\"M%.1f %dV%d\"/>\n", x(v), top, bottom));
                s.append(f("<text class=\"soft\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x(v), bottom + 14,
                        number(v)));
            }
            return s.toString();
        }
    }

    private static String number(double v) {
        return v == 0 ? "0" : new BigDecimal(v).round(new MathContext(4)).stripTrailingZeros().toPlainString();
    }

    /**
     * A line for each row of the same work.
     *
     * @param shown rows on the page
     */
    static String distributions(List<Row> rows, List<String> engines, int shown) {
        int height = 26;
        int bottom = 6 + rows.size() * height;
        Scale scale = new Scale(rows.stream().mapToDouble(r -> r.compute().sorted()[r.compute().runs() - 1] / 1e6).max()
                .orElseThrow());
        StringBuilder s = new StringBuilder(scale.axis(4, bottom));
        for (int i = 0; i < rows.size(); i++) {
            Row r = rows.get(i);
            int y = 6 + i * height + height / 2;
            long[] all = r.compute().sorted();
            String c = colour(engines.indexOf(Page.engine(r)));
            s.append(label(LEFT - 8, y + 4, "end", Page.engine(r)));
            int step = Math.max(1, all.length / Math.clamp(ALL_POINTS / shown, FEW_POINTS, POINTS));
            for (int k = 0; k < all.length; k += step) {
                // Apart by a fixed pattern, so that equal times don't hide each other.
                s.append(f("<circle class=\"dot %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.2\"/>", c, scale.x(all[k] / 1e6),
                        y + (k / step * 5 % 9 - 4) * 1.6));
            }
            double low = scale.x(Times.percentile(all, 0.25) / 1e6);
            double high = scale.x(Times.percentile(all, 0.75) / 1e6);
            double middle = scale.x(r.compute().median() / 1e6);
            s.append(f(
                    "\n<rect class=\"box %s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"16\"/><path class=\"%s\" stroke-width=\"2\""
                            + " d=\"M%.1f %dv16\"/>\n",
                    c, low, y - 8, Math.max(1, high - low), c, middle, y - 8));
        }
        return svg(bottom + 20, s.toString(), "each run's milliseconds");
    }

    /** A bar for each row but the first of its work. */
    static String ratios(Map<String, List<Row>> works, List<String> engines) {
        List<String> lines = new ArrayList<>();
        double most = 1;
        for (List<Row> rows : works.values()) {
            for (Row r : rows) {
                most = Math.max(most, r.compute().median() / rows.getFirst().compute().median());
            }
        }
        Scale scale = new Scale(most * 1.05);
        int y = 8;
        for (Map.Entry<String, List<Row>> w : works.entrySet()) {
            lines.add(label(4, y + 10, "start", w.getKey()));
            y += 18;
            for (Row r : w.getValue()) {
                double ratio = r.compute().median() / w.getValue().getFirst().compute().median();
                lines.add(label(LEFT - 8, y + 11, "end", Page.engine(r)));
                lines.add(f("<rect class=\"bar %s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"13\"/>\n",
                        colour(engines.indexOf(Page.engine(r))), LEFT, y, scale.x(ratio) - LEFT));
                lines.add(label(Math.min(scale.x(ratio) + 4, RIGHT - 30), y + 11, "start", f("%.2f", ratio)));
                y += 17;
            }
            y += 6;
        }
        return svg(y + 20, scale.axis(4, y) + String.join("", lines), "medians over the first engine's");
    }

    /** Both axes logarithmic: operations a byte, GFLOP/s. */
    static String roofline(List<Row> rows, List<String> engines) {
        int height = 380;
        int top = 12;
        int bottom = height - 40;
        double[] x = range(rows.stream().flatMapToDouble(r -> DoubleStream.of(intensity(r),
                r.floors().flopsPerSecond() / r.floors().copyBytesPerSecond())).toArray());
        double[] y = range(rows.stream().flatMapToDouble(r -> DoubleStream.of(gigaflops(r),
                r.floors().flopsPerSecond() / 1e9)).toArray());
        StringBuilder s = new StringBuilder();
        for (int e = (int) x[0]; e <= x[1]; e++) {
            double at = place(e, x, 60, RIGHT);
            s.append(f(
                    "<path class=\"axis\" d=\"M%.1f %dV%d\"/><text class=\"soft\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
                    at, top, bottom, at, bottom + 15, number(Math.pow(10, e))));
        }
        for (int e = (int) y[0]; e <= y[1]; e++) {
            double at = place(e, y, bottom, top);
            s.append(f(
                    "<path class=\"axis\" d=\"M60 %.1fH%d\"/><text class=\"soft\" x=\"54\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
                    at,
                    RIGHT, at + 4, number(Math.pow(10, e))));
        }
        s.append(label(470, height - 6, "middle", "operations a byte")).append(label(64, top + 10, "start", "GFLOP/s"));
        Map<String, Row> first = new LinkedHashMap<>();
        rows.forEach(r -> first.putIfAbsent(Page.engine(r), r));
        first.forEach((engine, r) -> {
            String c = colour(engines.indexOf(engine));
            double flops = r.floors().flopsPerSecond() / 1e9;
            double bytes = r.floors().copyBytesPerSecond() / 1e9;
            StringBuilder path = new StringBuilder();
            for (double e : new double[] {x[0], Math.clamp(Math.log10(flops / bytes), x[0], x[1]), x[1]}) {
                double roof = Math.min(flops, bytes * Math.pow(10, e));
                path.append(path.isEmpty() ? "M" : "L").append(f("%.1f %.1f", place(e, x, 60, RIGHT),
                        place(Math.max(Math.log10(roof), y[0]), y, bottom, top)));
            }
            s.append(f("<path class=\"roof %s\" d=\"%s\" style=\"fill:none\"/>\n", c, path));
        });
        for (Row r : rows) {
            s.append(f(
                    "<circle class=\"%s\" fill-opacity=\".7\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>%s: %s</title></circle>\n",
                    colour(engines.indexOf(Page.engine(r))), place(Math.log10(intensity(r)), x, 60, RIGHT),
                    place(Math.log10(gigaflops(r)), y, bottom, top), Page.text(r.subject().toString()),
                    Summary.percent(r.ofRoofline())));
        }
        return svg(height, s.toString(), "roofline") + legend(List.copyOf(first.keySet()), engines);
    }

    private static double intensity(Row r) {
        return (double) Math.max(1, r.work().flops()) / r.work().bytes();
    }

    private static double gigaflops(Row r) {
        return Math.max(1, r.work().flops()) / r.compute().median();
    }

    /** Whole powers of ten around values. */
    private static double[] range(double[] values) {
        double low = Arrays.stream(values).min().orElseThrow();
        double high = Arrays.stream(values).max().orElseThrow();
        return new double[] {Math.floor(Math.log10(low)),
            Math.max(Math.floor(Math.log10(low)) + 1, Math.ceil(Math.log10(high)))};
    }

    private static double place(double v, double[] range, double from, double to) {
        return from + (v - range[0]) / (range[1] - range[0]) * (to - from);
    }

    private static String legend(List<String> names, List<String> order) {
        StringBuilder s = new StringBuilder();
        double x = 4;
        for (String n : names) {
            s.append(f("<rect class=\"%s\" x=\"%.1f\" y=\"3\" width=\"10\" height=\"10\"/>", colour(order.indexOf(n)), x));
            s.append(label(x + 15, 12, "start", n));
            x += 34 + 6.2 * n.length();
        }
        return svg(20, s.toString(), "colours");
    }

    /** A profiled run; the five kernels that take longest have colours of their own. */
    static String timeline(Row row) {
        Map<String, Long> by = new LinkedHashMap<>();
        row.nodes().forEach(n -> by.merge(n.kernels(), n.nanos(), Long::sum));
        List<String> kernels = by.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder()))
                .limit(COLOURS - 1).map(Map.Entry::getKey).toList();
        double sum = row.onDevice();
        StringBuilder s = new StringBuilder();
        double at = 0;
        for (Round.Node n : row.nodes()) {
            double wide = n.nanos() / sum * (RIGHT - 4);
            int k = kernels.indexOf(n.kernels());
            s.append(f(
                    "<rect class=\"%s\" style=\"stroke:var(--paper);stroke-width:.4\" x=\"%.2f\" y=\"4\" width=\"%.2f\" height=\"30\">"
                            + "<title>%s, %s: %s ms</title></rect>\n",
                    colour(k < 0 ? COLOURS - 1 : k), 4 + at, Math.max(0.2, wide),
                    Page.text(n.name()), Page.text(n.kernels()), Summary.millis(n.nanos())));
            at += wide;
        }
        List<String> named = new ArrayList<>(kernels.stream()
                .map(k -> k + " " + Summary.percent(by.get(k) / sum)).toList());
        double rest = 1 - kernels.stream().mapToLong(by::get).sum() / sum;
        if (by.size() > kernels.size()) {
            while (named.size() < COLOURS - 1) {
                named.add("");
            }
            named.add("others " + Summary.percent(rest));
        }
        return svg(40, s.toString(), "nodes of " + row.subject())
                + legend(named.stream().filter(n -> !n.isEmpty()).toList(), named);
    }
}
