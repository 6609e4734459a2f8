package dev.kerf.check;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.check.golden.Golden;
import dev.kerf.check.op.OpCase;
import dev.kerf.check.op.OpCases;
import dev.kerf.check.op.Outcome;
import dev.kerf.check.op.RunCost;
import dev.kerf.check.op.Threads;
import dev.kerf.error.KerfException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Holds an opened device to what the unit tests hold every back end to.
 *
 * <pre>{@code
 * int failed = new SelfTest(device, Precision.FLOAT32, c -> System.out.println(c.name() + ": " + c.figure()))
 *         .run(EnumSet.allOf(SelfTest.Part.class), OpCases.families().keySet(), Golden.find(List.of(Path.of("goldens"))));
 * }</pre>
 */
public final class SelfTest {
    /** What is tested. */
    public enum Part {
        /** What runs cost: memory on the device, on the heap and of the process. */
        LEAKS,
        /** Each op against float64. */
        PARITY,
        /** Several threads on one device. */
        THREADS,
        /** Whole models against what their reference computed. */
        GOLDENS
    }

    /** Enough that a leak of 100 bytes a run stands out from what the JVM touches meanwhile. */
    private static final int RUNS = 100_000;

    /** Characters of a case's name in the table. */
    private static final int NAME = 40;

    private final Device device;
    private final Precision precision;
    private final CompileOptions options;
    private final Consumer<Check> done;
    private int failed;

    /**
     * One line of the report.
     *
     * @param part     where it belongs
     * @param name     what was checked
     * @param figure   what was found, in words
     * @param worst    the largest error in multiples of what it may be; 0 where nothing is measured
     * @param failures what is wrong and by how much
     * @param figures  what was measured, if several things were
     * @param seconds  how long it took; 0 if it wasn't run, {@code figure} says why
     */
    public record Check(
            Part part, String name, String figure, double worst, List<String> failures, List<Golden.Figure> figures,
            double seconds) {
        /** Whether it was run at all. */
        public boolean ran() {
            return seconds > 0;
        }

        /** Whether nothing is wrong. */
        public boolean passed() {
            return failures.isEmpty();
        }
    }

    /** Checks that have yet to run; {@code done} is told of each when it has ended. */
    public SelfTest(Device device, Precision precision, Consumer<Check> done) {
        this.device = device;
        this.precision = precision;
        this.options = CompileOptions.of().precision(precision);
        this.done = done;
    }

    /**
     * Runs the parts wanted.
     *
     * @param families of parity these, of {@link OpCases#families}
     * @param goldens  folders of golden cases
     * @return how many checks failed
     */
    public int run(Set<Part> parts, Set<String> families, List<Path> goldens) {
        if (parts.contains(Part.LEAKS)) {
            one(Part.LEAKS, "memory comes back", () -> RunCost.memoryComesBack(device, options));
            one(Part.LEAKS, "runs don't grow", () -> RunCost.runsDontGrow(device, options, RUNS));
            String excused = RunCost.excused(device);
            if (excused.isEmpty()) {
                one(Part.LEAKS, "no heap allocation", () -> RunCost.runsAllocateNothing(device, options));
            } else {
                finish(new Check(Part.LEAKS, "no heap allocation", excused, 0, List.of(), List.of(), 0));
            }
        }
        if (parts.contains(Part.PARITY)) {
            OpCases.families().forEach((family, cases) -> {
                if (families.contains(family)) {
                    parity(family, cases);
                }
            });
        }
        if (parts.contains(Part.THREADS)) {
            one(Part.THREADS, "shared weights", () -> Threads.shareWeights(device, options));
            one(Part.THREADS, "one executable", () -> Threads.queueUp(device, options));
        }
        if (parts.contains(Part.GOLDENS)) {
            goldens.forEach(this::golden);
        }
        return failed;
    }

    private void parity(String family, List<OpCase> cases) {
        long start = System.nanoTime();
        long before = device.memoryInUse();
        List<String> failures = new ArrayList<>();
        double worst = 0;
        String which = "";
        for (OpCase c : cases) {
            for (CompileOptions o : List.of(options, options.unfused())) {
                Outcome outcome = c.check(device, o);
                outcome.failures().forEach(f -> failures.add(c.name() + ": " + f));
                if (outcome.worst() > worst) {
                    worst = outcome.worst();
                    which = c.name();
                }
            }
        }
        if (device.memoryInUse() != before) {
            failures.add(device.memoryInUse() - before + " bytes of device memory are left");
        }
        String figure = cases.size() + " cases" + (which.isEmpty()
                ? ", exact"
                : atMost(worst, shortened(which)));
        finish(new Check(Part.PARITY, family, figure, worst, failures, List.of(), seconds(start)));
    }

    private static String atMost(double ratio, String which) {
        return String.format(Locale.ROOT, ", at most %.2f of the bound (%s)", ratio, which);
    }

    private static String shortened(String name) {
        return name.length() <= NAME ? name : name.substring(0, NAME - 1) + "…";
    }

    private void one(Part part, String name, Supplier<Outcome> check) {
        long start = System.nanoTime();
        Outcome outcome;
        try {
            outcome = check.get();
        } catch (KerfException e) {
            outcome = new Outcome(name, 0, List.of(e.getMessage()));
        }
        finish(new Check(part, name, outcome.name(), outcome.worst(), outcome.failures(), List.of(), seconds(start)));
    }

    private void golden(Path folder) {
        long start = System.nanoTime();
        List<Golden.Figure> figures = List.of();
        List<String> failures = new ArrayList<>();
        try {
            Golden golden = Golden.of(folder);
            String silent = golden.silent(precision);
            if (!silent.isEmpty()) {
                finish(new Check(Part.GOLDENS, name(folder), silent, 0, List.of(), List.of(), 0));
                return;
            }
            figures = golden.run(device, precision);
            figures.stream().filter(f -> !f.passed()).map(Golden.Figure::toString).forEach(failures::add);
        } catch (KerfException e) {
            failures.add(e.getMessage());
        }
        Golden.Figure worst = null;
        for (Golden.Figure f : figures) {
            worst = worst == null || f.ratio() > worst.ratio() ? f : worst;
        }
        String figure = worst == null
                ? "not run"
                : figures.size() + " figures" + atMost(worst.ratio(), worst.name());
        finish(new Check(Part.GOLDENS, name(folder), figure, worst == null ? 0 : worst.ratio(), failures,
                figures, seconds(start)));
    }

    private static String name(Path folder) {
        return folder.toAbsolutePath().normalize().getFileName().toString();
    }

    private void finish(Check check) {
        failed += check.passed() ? 0 : 1;
        done.accept(check);
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }
}
