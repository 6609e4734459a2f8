package dev.kerf.cli.picture;

import dev.kerf.cli.console.Text;
import dev.kerf.json.Json;
import java.util.Arrays;

/** How long frames took from their arrival until their results were written: the worst of all, and the last thousand. */
final class Latencies {
    private static final int LAST = 1000;

    private final double[] last = new double[LAST];
    private long count;
    private double worst;

    void add(double seconds) {
        last[(int) (count++ % LAST)] = seconds;
        worst = Math.max(worst, seconds);
    }

    private double median() {
        double[] sorted = Arrays.copyOf(last, (int) Math.min(count, LAST));
        Arrays.sort(sorted);
        return sorted.length == 0 ? 0 : sorted[sorted.length / 2];
    }

    /** For people. */
    String text() {
        return "latency " + Text.fixed(1000 * median(), 0) + " ms, at worst " + Text.fixed(1000 * worst, 0) + " ms";
    }

    Json json() {
        return Json.object().put("medianSeconds", median()).put("worstSeconds", worst);
    }
}
