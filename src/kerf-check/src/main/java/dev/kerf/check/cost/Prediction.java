package dev.kerf.check.cost;

import dev.kerf.check.ptx.Card;
import dev.kerf.check.ptx.LaunchCounts;

/**
 * What a launch takes on a card, from its counts and the card's facts; no number in it was fitted to a kernel or a measurement.
 *
 * <p>A multiprocessor is a closed network of queues: as many blocks as fit go round between its schedulers with what they feed, its
 * path to shared memory and the first cache level, its part of the second level and its part of memory. At each a block takes its
 * counted work; between them it waits for answers: once for memory and once for shared memory in each stretch from barrier to barrier
 * that reads them. How long a round takes with so many blocks is what mean value analysis says (Reiser and Lavenberg 1980). The
 * multiprocessor with the most blocks decides, and a block whose copies run ahead of what it computes goes round as several: one for each
 * group of copies that is under way, and one that is computed with. Nothing is done before memory has moved its bytes once. The first cache level is
 * taken to hold nothing, and a sector that is written in part to cost the second level twice: what is left of it must be read.
 *
 * @param seconds how long, with the launch itself
 * @param bound   what most of it goes to
 */
public record Prediction(double seconds, String bound) {
    private static final int SCHEDULERS = 4;
    private static final int LANES = 32;
    private static final int SECTOR = 32;
    /** Sectors that the first cache level serves in a cycle. */
    private static final int LINE = 4;
    /** Bytes that reach a multiprocessor in a cycle. */
    private static final double PORT = 64;
    private static final String[] STATIONS = {"instructions", "shared memory", "L2", "memory", "latency"};

    /** For a launch on a card. */
    public static Prediction of(LaunchCost cost, Card card) {
        LaunchCounts c = cost.counts();
        Card.Rates rates = card.rates();
        double blocks = cost.blocks();
        double working = Math.min(card.multiprocessors(), blocks);
        int warps = (c.threads() + LANES - 1) / LANES;
        Work w = Work.of(c.instructions());
        double requests = 0;
        for (String kind : new String[] {"ld.global", "st.global", "atom.global", "red.global", "cp.async"}) {
            requests += c.instructions().getOrDefault(kind, 0L);
        }
        double[] demands = {
            Math.max(w.slots() / SCHEDULERS,
                    Math.max(
                            LANES * Math.max(w.fp32() / rates.fp32(),
                                    Math.max(w.int32() / rates.int32(), w.sfu() / rates.sfu())),
                            w.tensor() / rates.tensor())),
            c.wavefronts() + Math.max(requests, c.sectors() / (double) LINE),
            SECTOR * (c.sectors() + c.partial()) / Math.min(PORT, rates.l2() / working / rates.clock()),
            cost.bytes() / Math.min(PORT, rates.memory() / working / rates.clock())};
        for (int i = 0; i < demands.length; i++) {
            demands[i] /= blocks;
        }
        double waits = (c.globalRounds() * rates.memoryLatency() + c.sharedRounds() * rates.sharedLatency()) / blocks / warps
                + w.slots() / blocks * (1.0 / Math.min(SCHEDULERS, warps) - 1.0 / SCHEDULERS);
        int parts = 1 + c.ahead();
        waits += c.copyRounds() * rates.memoryLatency() / blocks / warps / parts;
        for (int i = 0; i < demands.length; i++) {
            demands[i] /= parts;
        }
        int together = Math.max(1, card.resident(c.threads(), c.sharedBytes(), cost.registers()));
        long most = (long) Math.ceil(blocks / card.multiprocessors());
        double cycles = most / together * round(together * parts, demands, waits)
                + round((int) (most % together) * parts, demands, waits);
        double running = Math.max(cycles / rates.clock(), cost.bytes() / rates.memory());
        return new Prediction(running + rates.launch(), bound(running, rates.launch(), demands, waits));
    }

    /** Cycles until each of so many blocks has been everywhere once; 0 for none. */
    private static double round(int blocks, double[] demands, double waits) {
        double[] queues = new double[demands.length];
        double[] stays = new double[demands.length];
        double all = 0;
        for (int n = 1; n <= blocks; n++) {
            all = waits;
            for (int i = 0; i < demands.length; i++) {
                stays[i] = demands[i] * (1 + queues[i]);
                all += stays[i];
            }
            for (int i = 0; i < demands.length; i++) {
                queues[i] = n * stays[i] / all;
            }
        }
        return all;
    }

    private static String bound(double running, double launch, double[] demands, double waits) {
        int most = demands.length;
        double largest = waits;
        for (int i = 0; i < demands.length; i++) {
            if (demands[i] > largest) {
                most = i;
                largest = demands[i];
            }
        }
        return launch > running ? "launch" : STATIONS[most];
    }
}
