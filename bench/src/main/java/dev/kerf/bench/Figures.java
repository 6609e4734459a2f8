package dev.kerf.bench;

import java.util.Arrays;

/**
 * Times of one engine on one case, in milliseconds.
 *
 * @param name    what was run
 * @param engine  what ran it
 * @param work    what it had to do
 * @param samples each run, ascending
 * @param peak    most memory that its process held, bytes; 0 if not known
 */
record Figures(String name, String engine, Work work, double[] samples, long peak) {
    Figures {
        samples = samples.clone();
        Arrays.sort(samples);
    }

    double mean() {
        return Arrays.stream(samples).average().orElseThrow();
    }

    /** Sample standard deviation. */
    double deviation() {
        double mean = mean();
        double sum = Arrays.stream(samples).map(s -> (s - mean) * (s - mean)).sum();
        return samples.length < 2 ? 0 : Math.sqrt(sum / (samples.length - 1));
    }

    /** Nearest-rank percentile: 0.5 is the median. */
    double percentile(double p) {
        return samples[Math.max(0, (int) Math.ceil(p * samples.length) - 1)];
    }

    double best() {
        return samples[0];
    }

    /** Of the median run. */
    double gigaflops() {
        return work.flops() / percentile(0.5) / 1e6;
    }

    /** Of the median run. */
    double gigabytes() {
        return work.bytes() / percentile(0.5) / 1e6;
    }
}
