package dev.kerf.serve;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;

/** What happened so far, as Prometheus' text format 0.0.4 has it. */
final class Metrics {
    private static final double[] BOUNDS = {0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24};

    /** Requests of one address. */
    private static final class Times {
        private final long[] buckets = new long[BOUNDS.length];
        private final Map<Integer, Long> codes = new TreeMap<>();
        private double sum;
        private long count;
    }

    private record Gauge(String type, String help, LongSupplier value) {}

    private final Map<String, Times> routes = new TreeMap<>();
    private final Map<String, Gauge> gauges = new TreeMap<>();

    /** A number that is asked for when it is shown. */
    void gauge(String name, String help, LongSupplier value) {
        gauges.put("kerf_serve_" + name, new Gauge("gauge", help, value));
    }

    /** A number that only grows. */
    void counter(String name, String help, LongSupplier value) {
        gauges.put("kerf_serve_" + name, new Gauge("counter", help, value));
    }

    /** Counts an answered request. */
    synchronized void count(String route, int code, long nanos) {
        Times t = routes.computeIfAbsent(route, _ -> new Times());
        double seconds = nanos / 1e9;
        for (int i = 0; i < BOUNDS.length; i++) {
            t.buckets[i] += seconds <= BOUNDS[i] ? 1 : 0;
        }
        t.sum += seconds;
        t.count++;
        t.codes.merge(code, 1L, Long::sum);
    }

    /** All of it. */
    String text() {
        StringBuilder out = new StringBuilder();
        gauges.forEach((name, g) -> {
            head(out, name, g.help, g.type);
            out.append(name).append(' ').append(g.value.getAsLong()).append('\n');
        });
        synchronized (this) {
            head(out, "kerf_serve_requests_total", "Requests by what was asked and how it was answered.", "counter");
            routes.forEach((route, t) -> t.codes.forEach((code, n) -> out.append(String.format(Locale.ROOT,
                    "kerf_serve_requests_total{route=\"%s\",code=\"%d\"} %d\n", route, code, n))));
            head(out, "kerf_serve_request_seconds", "Time from a request's headers to the end of its answer.", "histogram");
            routes.forEach((route, t) -> {
                for (int i = 0; i < BOUNDS.length; i++) {
                    out.append(String.format(Locale.ROOT, "kerf_serve_request_seconds_bucket{route=\"%s\",le=\"%s\"} %d\n",
                            route, BOUNDS[i], t.buckets[i]));
                }
                out.append(String.format(Locale.ROOT, "kerf_serve_request_seconds_bucket{route=\"%s\",le=\"+Inf\"} %d\n", route,
                        t.count));
                out.append(String.format(Locale.ROOT, "kerf_serve_request_seconds_sum{route=\"%s\"} %.6f\n", route, t.sum));
                out.append(String.format(Locale.ROOT, "kerf_serve_request_seconds_count{route=\"%s\"} %d\n", route, t.count));
            });
        }
        return out.toString();
    }

    private static void head(StringBuilder out, String name, String help, String type) {
        out.append("# HELP ").append(name).append(' ').append(help).append("\n# TYPE ").append(name).append(' ').append(type)
                .append('\n');
    }
}
