package dev.kerf.cli.bench.report;

import dev.kerf.cli.console.Text;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** A report as one HTML file that needs nothing else: no script, no font, no request. Light, dark and on paper. */
public final class Page {
    private static final String STYLE = """
            :root{--ink:#1b1f24;--soft:#5c6670;--line:#d5dae0;--paper:#fff;--c0:#0969da;--c1:#bc4c00;--c2:#1a7f37;--c3:#8250df;--c4:#bf8700;--c5:#57606a}
            @media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9aa4af;--line:#3a424c;--paper:#0d1117;--c0:#58a6ff;--c1:#ff9a57;\
            --c2:#56d364;--c3:#c297ff;--c4:#e3b341;--c5:#8b949e}}
            body{margin:2rem auto;max-width:64rem;padding:0 1rem;color:var(--ink);background:var(--paper);font:15px/1.45 system-ui,sans-serif;\
            -webkit-print-color-adjust:exact;print-color-adjust:exact}
            h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem}p,figcaption,dt{color:var(--soft)}figure{margin:1rem 0}
            dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;font-size:.85rem}dd{margin:0;overflow-wrap:anywhere}
            .wide{overflow-x:auto}table{border-collapse:collapse;font-size:.82rem;font-variant-numeric:tabular-nums}
            th,td{padding:.25rem .5rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
            th:nth-child(-n+2),td:nth-child(-n+2){text-align:left}
            th:first-child,td:first-child{white-space:normal;min-width:9rem}
            .noisy{border-left:4px solid var(--c1);padding-left:.8rem;color:var(--ink)}
            svg{width:100%;height:auto;display:block}svg text{fill:var(--ink);font:11px system-ui,sans-serif}svg .soft{fill:var(--soft)}
            svg .axis{stroke:var(--line);fill:none}svg .c0{fill:var(--c0);stroke:var(--c0)}svg .c1{fill:var(--c1);stroke:var(--c1)}\
            svg .c2{fill:var(--c2);stroke:var(--c2)}svg .c3{fill:var(--c3);stroke:var(--c3)}svg .c4{fill:var(--c4);stroke:var(--c4)}svg .c5{fill:var(--c5);stroke:var(--c5)}
            svg .box{fill-opacity:.25}svg .dot{fill-opacity:.45;stroke:none}svg .bar{stroke:var(--paper);stroke-width:.5}svg .roof{fill:none;stroke-width:1.5}
            @media print{:root{--ink:#000;--soft:#444;--line:#bbb;--paper:#fff;--c0:#0550ae;--c1:#953800;--c2:#116329;--c3:#6639ba;--c4:#9a6700;--c5:#424a53}
            section,figure,tr{break-inside:avoid}h2{break-after:avoid}body{margin:0;max-width:none;font-size:9pt}.wide{overflow:visible}table{font-size:7pt}th,td{padding:.15rem .3rem}}
            """;

    private Page() {}

    /** The whole. */
    public static String of(Report report) {
        List<Row> rows = report.rows().stream().filter(Row::success).toList();
        List<String> engines = rows.stream().map(Page::engine).distinct().toList();
        StringBuilder s = new StringBuilder("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                + "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                + "<meta name=\"color-scheme\" content=\"light dark\">\n<title>Kerf: benchmark "
                + text(report.environment().run()) + "</title>\n<style>\n" + STYLE + "</style>\n</head>\n<body>\n<h1>Benchmark "
                + text(report.environment().run()) + "</h1>\n");
        Summary.noise(report).forEach(n -> s.append("<p class=\"noisy\"><b>Noisy:</b> ").append(text(n)).append("</p>\n"));
        report.rows().stream().filter(r -> !r.success()).forEach(r -> s.append("<p class=\"noisy\"><b>Failed:</b> ")
                .append(text(r.subject() + ": " + r.error())).append("</p>\n"));
        section(s, "Measured on", environment(report));
        section(s, "Times", times(rows, report.rows()));
        List<Scaling> scaling = Scaling.of(rows);
        if (!scaling.isEmpty()) {
            section(s, "Throughput",
                    "<p>Images a second, given to all callers together, over threads, batches and callers.</p>\n"
                            + table(Scaling.HEAD, scaling.stream().map(Scaling::cells).toList()));
        }
        List<List<String>> simulated = Summary.simulated(rows);
        if (!simulated.isEmpty()) {
            section(s, "Threads, simulated",
                    "<p>" + Summary.SIMULATED + "</p>\n" + table(Summary.SIMULATED_HEAD, simulated));
        }
        Map<String, List<Row>> works = rows.stream()
                .collect(Collectors.groupingBy(r -> r.subject().work(), LinkedHashMap::new, Collectors.toList()));
        if (!rows.isEmpty()) {
            section(s, "Distributions",
                    "<p>Every run, or evenly spread ones where there are many, milliseconds; the box is the middle half, the line in it the median.</p>\n"
                            + works.entrySet().stream()
                                    .map(w -> figure(w.getKey(), Charts.distributions(w.getValue(), engines, rows.size())))
                                    .collect(Collectors.joining()));
        }
        Map<String, List<Row>> compared = new LinkedHashMap<>(works);
        compared.values().removeIf(w -> w.size() < 2);
        if (!compared.isEmpty()) {
            section(s, "Ratios", "<p>Medians over that of the first engine of the same work: shorter is quicker.</p>\n"
                    + Charts.ratios(compared, engines));
        }
        List<Row> roofed = rows.stream().filter(r -> r.floors() != null && r.work() != null && r.work().bytes() > 0).toList();
        if (!roofed.isEmpty()) {
            section(s, "Roofline", "<p>Each measurement under what its device gave at most in the same run, by copying and by"
                    + " multiply-adds. Operations are the direct form's: an algorithm that needs fewer may pass the roof.</p>\n"
                    + Charts.roofline(roofed, engines));
        }
        List<Row> timed = rows.stream().filter(r -> !r.nodes().isEmpty() && r.subject().what().equals("network")).toList();
        if (!timed.isEmpty()) {
            section(s, "Nodes", "<p>A profiled run, its nodes one after the other; those of a kernel have a colour.</p>\n"
                    + timed.stream().map(r -> figure(r.subject() + ", " + Summary.millis(r.onDevice()) + " ms",
                            Charts.timeline(r))).collect(Collectors.joining()));
        }
        return s.append("</body>\n</html>\n").toString();
    }

    /** As legends name it: engines with several numbers of threads are told apart. */
    static String engine(Row r) {
        return r.subject().engine() + ", " + r.subject().threads() + (r.subject().threads() == 1 ? " thread" : " threads");
    }

    private static void section(StringBuilder s, String title, String content) {
        s.append("<section>\n<h2>").append(title).append("</h2>\n").append(content).append("</section>\n");
    }

    private static String figure(String caption, String svg) {
        return "<figure>\n<figcaption>" + text(caption) + "</figcaption>\n" + svg + "</figure>\n";
    }

    private static String environment(Report report) {
        Map<String, String> facts = new LinkedHashMap<>();
        report.environment().lines().forEach(l -> facts.put(l.substring(0, l.indexOf(": ")), l.substring(l.indexOf(": ") + 2)));
        report.rows().stream().filter(r -> r.driver() != null).forEach(r -> facts.put(r.subject().engine(),
                (r.device() == null ? "" : r.device() + ", ") + r.driver()));
        return facts.entrySet().stream()
                .map(f -> "<dt>" + text(f.getKey()) + "</dt><dd>" + text(f.getValue()) + "</dd>\n")
                .collect(Collectors.joining("", "<dl>\n", "</dl>\n"));
    }

    private static String times(List<Row> rows, List<Row> all) {
        List<String> head = List.of("what", "engine", "runs", "p50 ms", "p90", "p99", "p99.9", "std", "ratio", "images/s",
                "of roofline", "first run ms");
        List<List<String>> lines = new ArrayList<>();
        for (Row r : rows) {
            Times t = r.compute();
            Double ratio = Summary.ratio(r, all);
            Long first = r.processes().getFirst().firstRunNanos();
            lines.add(List.of(r.subject().work(), engine(r), Integer.toString(t.runs()),
                    Summary.millis(t.median()), Summary.millis(t.percentile(0.9)), Summary.millis(t.percentile(0.99)),
                    Summary.millis(t.percentile(0.999)), Summary.millis(t.deviation()),
                    ratio == null ? "–" : Text.fixed(ratio, 2), Text.fixed(r.imagesPerSecond(), 2),
                    Summary.percent(r.ofRoofline()), first == null ? "–" : Summary.millis(first)));
        }
        return table(head, lines);
    }

    private static String table(List<String> head, List<List<String>> lines) {
        StringBuilder s = new StringBuilder(
                "<div class=\"wide\"><table>\n<tr><th>" + String.join("</th><th>", head) + "</th></tr>\n");
        lines.forEach(cells -> s.append("<tr><td>")
                .append(cells.stream().map(Page::text).collect(Collectors.joining("</td><td>"))).append("</td></tr>\n"));
        return s.append("</table></div>\n").toString();
    }

    /** As HTML shows it. */
    static String text(String plain) {
        return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
    }
}
