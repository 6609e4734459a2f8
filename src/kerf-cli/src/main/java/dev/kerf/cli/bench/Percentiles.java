package dev.kerf.cli.bench;

import dev.kerf.cli.console.Text;
import dev.kerf.json.Json;
import java.util.Arrays;

/**
 * Times of one thing, ascending.
 *
 * @param nanos each time that it was done
 */
public record Percentiles(long[] nanos) {
    public Percentiles {
        nanos = nanos.clone();
        Arrays.sort(nanos);
    }

    /** The nearest-rank percentile in seconds; NaN where fewer runs were made than it takes to tell it from the largest. */
    public double seconds(double p) {
        return nanos.length * (1 - p) < 0.999 ? Double.NaN : nanos[Math.max(0, (int) Math.ceil(p * nanos.length) - 1)] / 1e9;
    }

    public Json json() {
        return Json.object().put("runs", nanos.length).put("p50_us", micros(0.5)).put("p99_us", micros(0.99))
                .put("p999_us", micros(0.999)).put("least_us", nanos[0] / 1e3).put("most_us", nanos[nanos.length - 1] / 1e3);
    }

    private Json micros(double p) {
        double s = seconds(p);
        return Json.of(Double.isNaN(s) ? null : s * 1e6);
    }

    /** p50, p99 and p99.9 in microseconds, for a table. */
    public String text() {
        StringBuilder s = new StringBuilder();
        for (double p : new double[] {0.5, 0.99, 0.999}) {
            double v = seconds(p) * 1e6;
            s.append(s.isEmpty() ? "" : " / ").append(Double.isNaN(v) ? "–" : Text.fixed(v, v < 100 ? 1 : 0));
        }
        return s.toString();
    }
}
