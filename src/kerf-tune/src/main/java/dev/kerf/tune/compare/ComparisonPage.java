package dev.kerf.tune.compare;

import dev.kerf.tune.compare.Comparison.MethodResult;
import dev.kerf.tune.compare.Comparison.SpaceResult;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A comparison as one HTML page that needs nothing else: scores, curves, parameters' importance. */
public final class ComparisonPage {
    private static final String[] COLOURS = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#444444",
        "#8c564b"};
    private static final String STYLE = """
            body { font: 15px/1.45 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; }
            h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.2rem; border-top: 1px solid #ccc; padding-top: 1rem }
            table { border-collapse: collapse; margin: .8rem 0 } td, th { padding: .2rem .7rem; border-bottom: 1px solid #ddd; text-align: right }
            td:first-child, th:first-child { text-align: left } .plots { display: flex; flex-wrap: wrap; gap: 1rem }
            svg { width: 29rem; max-width: 100%; height: auto } svg text { font: 12px system-ui, sans-serif; fill: #333 }
            .bar { background: #0072b2; height: .7rem; display: inline-block; vertical-align: middle } p { max-width: 48rem }
            @media print { body { margin: 0; max-width: none } h2 { break-after: avoid } .plots, table { break-inside: avoid } }
            """;
    private static final int WIDTH = 460;
    private static final int HEIGHT = 260;
    private static final int LEFT = 46;
    private static final int RIGHT = 24;
    private static final int TOP = 26;
    private static final int BOTTOM = 40;

    private ComparisonPage() {}

    private record Line(String name, double[] values) {}

    /** The page. */
    public static String html(Comparison c, int repeats) {
        StringBuilder page = new StringBuilder(
                "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
                        + "content=\"width=device-width\"><title>Methods of search compared</title><style>\n")
                .append(STYLE)
                .append("</style></head><body>\n<h1>Methods of search compared</h1>\n<p>").append(repeats)
                .append(" seeds for each method and space. P is how much of the way from what random search is expected to have found to "
                        + "the optimum a method has gone at a time: 0 is random search, 1 the optimum; the score is its mean over time. A "
                        + "space's time ends where random search has closed 95 % of the way from the median to the optimum.</p>\n");
        List<String> methods = List.copyOf(c.scores().keySet());
        scores(page, c, methods);
        for (SpaceResult s : c.spaces()) {
            space(page, s, methods);
        }
        if (c.spaces().size() > 1) {
            portability(page, c);
        }
        return page.append("</body></html>\n").toString();
    }

    private static void scores(StringBuilder page, Comparison c, List<String> methods) {
        page.append("<table><tr><th>score</th>");
        c.spaces().forEach(s -> page.append("<th>").append(escaped(s.name())).append("</th>"));
        page.append("<th>mean</th></tr>\n");
        for (String m : methods) {
            page.append("<tr><td>").append(escaped(m)).append("</td>");
            for (SpaceResult s : c.spaces()) {
                MethodResult r = of(s, m);
                page.append("<td>").append(number(r.score(), 3)).append(" ± ").append(number(r.interval(), 3)).append("</td>");
            }
            page.append("<td><b>").append(number(c.scores().get(m), 3)).append("</b></td></tr>\n");
        }
        page.append("</table>\n");
    }

    private static MethodResult of(SpaceResult s, String method) {
        return s.methods().stream().filter(r -> r.method().equals(method)).findFirst().orElseThrow();
    }

    private static void space(StringBuilder page, SpaceResult s, List<String> methods) {
        page.append("<h2>").append(escaped(s.name())).append("</h2>\n<p>").append(escaped(s.results().about().kernel()))
                .append(s.results().about().device().isEmpty() ? "" : " on " + escaped(s.results().about().device()))
                .append(": ")
                .append(s.results().trials().size()).append(" configurations; optimum ").append(plain(s.baseline().optimum()))
                .append(" s, median ").append(plain(s.baseline().median())).append(" s; ").append(s.baseline().evaluations())
                .append(" evaluations of random search, ").append(number(s.baseline().seconds(), 0))
                .append(" s.</p>\n<div class=\"plots\">\n");
        List<Line> shares = new ArrayList<>();
        List<Line> ps = new ArrayList<>();
        methods.forEach(m -> {
            shares.add(new Line(m, of(s, m).share()));
            ps.add(new Line(m, of(s, m).p()));
        });
        plot(page, "share of the optimum, median of seeds", s.times(), shares);
        plot(page, "P, mean of seeds", s.times(), ps);
        page.append("</div>\n<table><tr><th>method</th><th>score</th><th>evaluations to 95 % of the optimum</th></tr>\n");
        for (String m : methods) {
            MethodResult r = of(s, m);
            page.append("<tr><td>").append(escaped(m)).append("</td><td>").append(number(r.score(), 3)).append(" ± ")
                    .append(number(r.interval(), 3)).append("</td><td>")
                    .append(r.near().isPresent() ? number(r.near().getAsDouble(), 0) : "not within the time")
                    .append("</td></tr>\n");
        }
        page.append("</table>\n<table><tr><th>parameter</th><th>explains by itself</th><th></th></tr>\n");
        s.importance().entrySet().stream().sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
                .forEach(e -> page.append("<tr><td>").append(escaped(e.getKey())).append("</td><td>")
                        .append(number(100 * e.getValue(), 1))
                        .append(" %</td><td style=\"text-align: left\"><span class=\"bar\" "
                                + "style=\"width: ")
                        .append(number(12 * e.getValue(), 2)).append("rem\"></span></td></tr>\n"));
        page.append("</table>\n");
    }

    private static void plot(StringBuilder page, String title, double[] times, List<Line> lines) {
        double least = lines.stream().flatMapToDouble(l -> Arrays.stream(l.values())).min().orElse(0);
        double low = Math.floor(Math.min(least, 0.9) * 10) / 10;
        low = Math.max(low, -1);
        page.append("<svg viewBox=\"0 0 ").append(WIDTH).append(' ').append(HEIGHT + 18 * ((lines.size() + 2) / 3))
                .append("\" role=\"img\"><title>").append(title).append("</title><text x=\"").append(LEFT)
                .append("\" y=\"16\">")
                .append(title).append("</text>\n");
        for (int i = 0; i <= 4; i++) {
            double value = low + (1 - low) * i / 4;
            String y = number(y(value, low), 1);
            page.append("<line x1=\"").append(LEFT).append("\" x2=\"").append(WIDTH - RIGHT).append("\" y1=\"").append(y)
                    .append("\" y2=\"").append(y).append("\" stroke=\"#ddd\"/><text x=\"").append(LEFT - 6).append("\" y=\"")
                    .append(number(y(value, low) + 4, 1)).append("\" text-anchor=\"end\">").append(number(value, 2))
                    .append("</text>\n");
            String x = number(x(i / 4.0), 1);
            page.append("<text x=\"").append(x).append("\" y=\"").append(HEIGHT - BOTTOM + 18)
                    .append("\" text-anchor=\"middle\">")
                    .append(number(times[times.length - 1] * i / 4, 0)).append("</text>\n");
        }
        page.append("<text x=\"").append((WIDTH + LEFT) / 2).append("\" y=\"").append(HEIGHT - 6)
                .append("\" text-anchor=\"middle\">seconds of compiling, verifying and timing</text>\n");
        for (int l = 0; l < lines.size(); l++) {
            StringBuilder points = new StringBuilder();
            double[] v = lines.get(l).values();
            for (int t = 0; t < v.length; t++) {
                points.append(number(x((t + 1.0) / v.length), 1)).append(',').append(number(y(Math.max(v[t], low), low), 1))
                        .append(' ');
            }
            String colour = COLOURS[l % COLOURS.length];
            page.append("<polyline fill=\"none\" stroke-width=\"2\" stroke=\"").append(colour).append("\" points=\"")
                    .append(points.toString().strip()).append("\"/>\n");
            int x = LEFT + l % 3 * (WIDTH - LEFT) / 3;
            int y = HEIGHT + 14 + 18 * (l / 3);
            page.append("<line x1=\"").append(x).append("\" x2=\"").append(x + 18).append("\" y1=\"").append(y - 4)
                    .append("\" y2=\"").append(y - 4).append("\" stroke-width=\"3\" stroke=\"").append(colour)
                    .append("\"/><text x=\"")
                    .append(x + 23).append("\" y=\"").append(y).append("\">").append(escaped(lines.get(l).name()))
                    .append("</text>\n");
        }
        page.append("</svg>\n");
    }

    private static double x(double share) {
        return LEFT + share * (WIDTH - LEFT - RIGHT);
    }

    private static double y(double value, double low) {
        return TOP + (1 - value) / (1 - low) * (HEIGHT - TOP - BOTTOM);
    }

    private static void portability(StringBuilder page, Comparison c) {
        double[][] shares = c.portability();
        page.append(
                "<h2>The best set of one on another</h2>\n<p>Share of a row's optimum that the best set of a column reaches there."
                        + "</p>\n<table><tr><th></th>");
        c.spaces().forEach(s -> page.append("<th>").append(escaped(s.name())).append("</th>"));
        page.append("</tr>\n");
        for (int i = 0; i < shares.length; i++) {
            page.append("<tr><td>").append(escaped(c.spaces().get(i).name())).append("</td>");
            for (double share : shares[i]) {
                page.append("<td>").append(Double.isNaN(share) ? "–" : number(100 * share, 1) + " %").append("</td>");
            }
            page.append("</tr>\n");
        }
        page.append("</table>\n");
    }

    private static String number(double value, int decimals) {
        return Double.isNaN(value) ? "?" : String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    private static String plain(double value) {
        return String.format(Locale.ROOT, "%.4g", value);
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
    }
}
