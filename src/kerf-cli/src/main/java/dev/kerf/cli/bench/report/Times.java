package dev.kerf.cli.bench.report;

import dev.kerf.json.Json;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Times of one thing, each that it was done, by the process that did it. All are kept, so that percentiles are exact and a
 * comparison knows what differs from process to process.
 *
 * @param rounds nanoseconds in order of measurement, a list for each process; none is empty
 */
public record Times(List<long[]> rounds) {
    /** Copies the list. */
    public Times {
        rounds = List.copyOf(rounds);
    }

    /** How many there are. */
    public int runs() {
        return rounds.stream().mapToInt(r -> r.length).sum();
    }

    /** All of them, ascending. */
    public long[] sorted() {
        return rounds.stream().flatMapToLong(Arrays::stream).sorted().toArray();
    }

    /**
     * The nearest-rank percentile in nanoseconds: 0.5 is the median.
     *
     * @return NaN where fewer runs were made than it takes to tell it from the largest: 10 for p90, 100 for p99, 1,000 for p99.9
     */
    public double percentile(double p) {
        long[] all = sorted();
        return all.length < Math.round(1 / (1 - p)) ? Double.NaN : percentile(all, p);
    }

    /** The median; known of any number of runs. */
    public double median() {
        return percentile(sorted(), 0.5);
    }

    /** The nearest-rank percentile of ascending values. */
    static double percentile(long[] ascending, double p) {
        return ascending[Math.max(0, (int) Math.ceil(p * ascending.length) - 1)];
    }

    /** Mean in nanoseconds. */
    public double mean() {
        return Arrays.stream(sorted()).average().orElseThrow();
    }

    /** Sample standard deviation; NaN of a single run. */
    public double deviation() {
        double mean = mean();
        double sum = Arrays.stream(sorted()).mapToDouble(s -> (s - mean) * (s - mean)).sum();
        return runs() < 2 ? Double.NaN : Math.sqrt(sum / (runs() - 1));
    }

    /** These and another's, process by process. */
    Times and(Times other) {
        List<long[]> all = new ArrayList<>(rounds);
        all.addAll(other.rounds);
        return new Times(all);
    }

    Json json() {
        long[] all = sorted();
        Json each = Json.array();
        rounds.forEach(each::add);
        return Json.object().put("runs", all.length).put("mean_ns", mean()).put("std_ns", known(deviation()))
                .put("min_ns", all[0]).put("p50_ns", median()).put("p90_ns", known(percentile(0.9)))
                .put("p99_ns", known(percentile(0.99))).put("p999_ns", known(percentile(0.999)))
                .put("max_ns", all[all.length - 1]).put("rounds_ns", each);
    }

    static Times of(Json json) {
        return new Times(json.at("rounds_ns").items().stream().map(Json::asLongs).toList());
    }

    /** A number, or null where it isn't known. */
    static Double known(double v) {
        return Double.isNaN(v) ? null : v;
    }
}
