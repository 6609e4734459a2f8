package dev.kerf.check.soak;

import dev.kerf.backend.Device;
import dev.kerf.check.soak.Soak.Ending;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.IntStream;

/** What a {@link Soak} saw. */
public final class SoakReport {
    private static final int ENDINGS = Ending.values().length;
    /** Lines of the table of readings. */
    private static final int LINES = 13;

    private final Soak.Settings settings;
    private final List<String> networks;
    private final long start = System.nanoTime();
    private final AtomicLongArray ended;
    private final AtomicLong opened = new AtomicLong();
    private final List<Gauges> readings = new ArrayList<>();
    private final List<String> failures = new ArrayList<>();
    private Device.Info device;

    SoakReport(Soak.Settings settings, List<String> networks) {
        this.settings = settings;
        this.networks = networks;
        this.ended = new AtomicLongArray(networks.size() * ENDINGS);
    }

    void started(Device.Info info) {
        device = info;
    }

    void ended(int network, Ending how) {
        ended.incrementAndGet(network * ENDINGS + how.ordinal());
    }

    void opened() {
        opened.incrementAndGet();
    }

    synchronized void read(Gauges now) {
        readings.add(now);
    }

    synchronized void fail(String what, Throwable cause) {
        StringWriter trace = new StringWriter();
        if (cause != null) {
            cause.printStackTrace(new PrintWriter(trace, true));
        }
        failures.add((time().toSeconds() + " s: " + what + (cause == null ? "" : ": ") + trace).strip());
    }

    Duration time() {
        return Duration.ofNanos(System.nanoTime() - start);
    }

    /** Calls so far, however they ended. */
    public long runs() {
        return IntStream.range(0, ended.length()).mapToLong(ended::get).sum();
    }

    /** Devices opened and closed so far, besides the one that all callers share. */
    public long opens() {
        return opened.get();
    }

    /** What was read between the rounds. */
    public synchronized List<Gauges> readings() {
        return List.copyOf(readings);
    }

    /** What went wrong, and what grew; nothing if all is well. */
    public synchronized List<String> failures() {
        List<String> all = new ArrayList<>(failures);
        all.addAll(Gauges.grown(readings));
        return all;
    }

    /** Whether every call ended as it should and nothing grew, as far as it was long enough to tell. */
    public boolean passed() {
        return runs() > 0 && failures().isEmpty();
    }

    /** The report for people, in Markdown. */
    public String markdown() {
        StringBuilder s = new StringBuilder("# Soak\n\n");
        if (device != null) {
            s.append(device.id()).append(": ").append(device.name()).append(", ").append(device.driver()).append("; Java ")
                    .append(Runtime.version()).append("\n\n");
        }
        Gauges last = readings().isEmpty() ? null : readings().getLast();
        s.append(settings.callers()).append(" callers, seed ").append(settings.seed()).append(": ").append(runs())
                .append(" calls in ").append(last == null ? 0 : last.at().toSeconds()).append(" s, ").append(opens())
                .append(" devices opened and closed.\n\n");
        s.append("| calls | right bits | past their deadline | cancelled | interrupted | device closed meanwhile |\n");
        s.append("|---|--:|--:|--:|--:|--:|\n");
        for (int n = 0; n < networks.size(); n++) {
            s.append("| ").append(networks.get(n));
            for (int e = 0; e < ENDINGS; e++) {
                s.append(" | ").append(ended.get(n * ENDINGS + e));
            }
            s.append(" |\n");
        }
        gauges(s);
        List<String> wrong = failures();
        s.append(wrong.isEmpty() ? "\nNothing is wrong" : "\nWRONG:\n\n");
        wrong.forEach(f -> s.append("- ").append(f.replace("\n", "\n      ")).append('\n'));
        if (wrong.isEmpty()) {
            s.append(Gauges.judged(readings()) ? ", and nothing grew.\n" : "; too short to tell whether anything grows.\n");
        }
        return s.toString();
    }

    private void gauges(StringBuilder s) {
        s.append("\n| s | calls | heap, MiB | process, MiB | device, bytes | threads | open files |\n");
        s.append("|--:|--:|--:|--:|--:|--:|--:|\n");
        List<Gauges> all = readings();
        int lines = Math.min(LINES, all.size());
        for (int i = 0; i < lines; i++) {
            Gauges g = all.get(lines == 1 ? 0 : (int) ((long) i * (all.size() - 1) / (lines - 1)));
            s.append(String.format(Locale.ROOT, "| %d | %d | %.1f | %.1f | %d | %d | %d |%n", g.at().toSeconds(), g.runs(),
                    g.heap() / 1048576.0, g.resident() / 1048576.0, g.device(), g.threads(), g.descriptors()));
        }
        s.append("\nRead after a collection while nothing ran, ").append(all.size())
                .append(" times. Flat: after the first five minutes threads, files and device memory never rise above what the")
                .append(" first half saw, the medians of heap and process by less than 2 % and 4 MiB.\n");
    }
}
