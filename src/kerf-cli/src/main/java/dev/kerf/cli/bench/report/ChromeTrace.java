package dev.kerf.cli.bench.report;

import dev.kerf.json.Json;

/**
 * The nodes of profiled runs in the Trace Event Format, which chrome://tracing and ui.perfetto.dev show: a process for each row, its
 * nodes one after the other. A back end tells how long a node takes, not when it began, so gaps between nodes aren't shown.
 */
public final class ChromeTrace {
    private ChromeTrace() {}

    /** All rows that have nodes. */
    public static Json of(Report report) {
        Json events = Json.array();
        int process = 0;
        for (Row r : report.rows()) {
            if (r.nodes().isEmpty()) {
                continue;
            }
            process++;
            events.add(Json.object().put("name", "process_name").put("ph", "M").put("pid", process).put("tid", 1)
                    .put("args", Json.object().put("name", r.subject().toString())));
            double at = 0;
            for (Round.Node n : r.nodes()) {
                events.add(Json.object().put("name", n.name()).put("cat", n.kernels()).put("ph", "X").put("pid", process)
                        .put("tid", 1).put("ts", at).put("dur", n.nanos() / 1e3)
                        .put("args", Json.object().put("kernels", n.kernels())
                                .put("flops", n.flops() == 0 ? null : n.flops())
                                .put("bytes", n.bytes() == 0 ? null : n.bytes())));
                at += n.nanos() / 1e3;
            }
        }
        return Json.object().put("displayTimeUnit", "ms").put("traceEvents", events)
                .put("otherData", Json.object().put("run", report.environment().run()));
    }
}
