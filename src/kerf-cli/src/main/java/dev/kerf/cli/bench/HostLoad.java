package dev.kerf.cli.bench;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;

/**
 * What the host's processors have done so far, as Linux counts it; see proc_pid_stat(5), proc_stat(5) and the kernel's
 * power/powercap.
 *
 * @param at     nanoseconds
 * @param own    this process's time on processors, seconds
 * @param busy   that of all processes, seconds; NaN where nobody says
 * @param stolen time that the hypervisor gave to others, seconds; NaN where nobody says
 * @param joules that the processors have taken, by RAPL; NaN where nobody says, or not to everybody
 */
record HostLoad(long at, double own, double busy, double stolen, double joules) {
    private static final Path POWER = Path.of("/sys/class/powercap");
    /** Ticks a second that Linux counts in, whatever its own are. */
    private static final double USER_HZ = 100;
    private static final int IDLE = 3;
    private static final int IOWAIT = 4;
    private static final int STEAL = 7;

    static HostLoad now() {
        double own = ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean s
                ? s.getProcessCpuTime() / 1e9
                : Double.NaN;
        long[] ticks = ticks();
        double busy = Double.NaN;
        double stolen = Double.NaN;
        if (ticks.length > STEAL) {
            stolen = ticks[STEAL] / USER_HZ;
            busy = (Arrays.stream(ticks).limit(STEAL).sum() - ticks[IDLE] - ticks[IOWAIT]) / USER_HZ;
        }
        return new HostLoad(System.nanoTime(), own, busy, stolen, energy());
    }

    private static long[] ticks() {
        for (String line : lines(Path.of("/proc/stat"))) {
            if (line.startsWith("cpu ")) {
                return Arrays.stream(line.substring(4).strip().split(" +")).mapToLong(Long::parseLong).toArray();
            }
        }
        return new long[0];
    }

    /** Of all packages: intel-rapl:0, intel-rapl:1; what lies within them has one more number. */
    private static double energy() {
        double sum = 0;
        int known = 0;
        try (DirectoryStream<Path> zones = Files.newDirectoryStream(POWER, "intel-rapl:?")) {
            for (Path zone : zones) {
                List<String> energy = lines(zone.resolve("energy_uj"));
                sum += energy.isEmpty() ? Double.NaN : Long.parseLong(energy.getFirst()) / 1e6;
                known++;
            }
        } catch (IOException e) {
            // No such processors, or not Linux.
            return Double.NaN;
        }
        return known == 0 ? Double.NaN : sum;
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            // Not Linux, or for root alone.
            return List.of();
        }
    }

    /** The clock of the host's processors now, their mean in MHz; null if nobody says. */
    static Double clockMhz() {
        OptionalDouble mean = lines(Path.of("/proc/cpuinfo")).stream().filter(l -> l.startsWith("cpu MHz"))
                .mapToDouble(l -> Double.parseDouble(l.substring(l.indexOf(':') + 1))).average();
        return mean.isPresent() ? mean.getAsDouble() : null;
    }

    /** Processors that other processes kept busy between an earlier reading and this; null if nobody says. */
    Double othersSince(HostLoad earlier) {
        double busy = (this.busy - earlier.busy - (own - earlier.own)) / seconds(earlier);
        return Double.isNaN(busy) ? null : Math.max(0, busy);
    }

    /** Processors that the hypervisor kept back; null if nobody says. */
    Double stolenSince(HostLoad earlier) {
        double s = (stolen - earlier.stolen) / seconds(earlier);
        return Double.isNaN(s) ? null : s;
    }

    /** What the processors took since an earlier reading, in watts; null if nobody says, or the counter began anew. */
    Double wattsSince(HostLoad earlier) {
        double w = (joules - earlier.joules) / seconds(earlier);
        return w >= 0 ? w : null;
    }

    private double seconds(HostLoad earlier) {
        return Math.max(1, at - earlier.at) / 1e9;
    }

    /** Most memory that this process held, in bytes; null if nobody says. */
    static Long peakBytes() {
        return lines(Path.of("/proc/self/status")).stream().filter(l -> l.startsWith("VmHWM:"))
                .map(l -> Long.parseLong(l.replaceAll("\\D", "")) << 10).findFirst().orElse(null);
    }
}
