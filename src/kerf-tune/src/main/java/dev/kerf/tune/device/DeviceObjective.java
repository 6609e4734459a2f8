package dev.kerf.tune.device;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Executable.NodeTiming;
import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.Target;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.backend.gpu.device.Step;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.error.BadInputException;
import dev.kerf.error.DeadlineExceededException;
import dev.kerf.error.DeviceException;
import dev.kerf.error.KerfException;
import dev.kerf.error.UnsupportedOpException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.TensorType;
import dev.kerf.json.Json;
import dev.kerf.tune.result.Trial;
import dev.kerf.tune.result.Trial.Times;
import dev.kerf.tune.result.Trial.Validity;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Tries parameters on a device: the problem's op is compiled with them, run, held to the {@link Reference}, and timed by the
 * device's own clock. The objective is the median of the runs; every run is kept. What compilers leave to the first run counts as
 * compiling.
 */
public final class DeviceObjective implements AutoCloseable {
    /**
     * How to time.
     *
     * @param runs  timed runs of a trial
     * @param cold  whether caches are emptied before each
     * @param limit of one run; a trial that takes longer failed
     */
    public record Timing(int runs, boolean cold, Duration limit) {
        /** Checks. */
        public Timing {
            if (runs < 1 || limit.isZero() || limit.isNegative()) {
                throw new BadInputException("timing takes 1 run or more, and time for it: " + runs + ", " + limit);
            }
        }
    }

    /** Floats that no cache holds beside what they are copied to. */
    private static final long FLUSH = 32L << 20;
    private static final double NANOS = 1e9;

    private final GpuDevice device;
    private final Problem problem;
    private final Timing timing;
    private final CompileOptions options;
    private final Reference reference;
    private final Executable flush;

    /** For a problem on a device, which stays the caller's; computes what the result must be. */
    public DeviceObjective(Device device, Problem problem, Precision precision, Timing timing) {
        Problem.driver(device);
        this.device = (GpuDevice) device;
        this.problem = problem;
        this.timing = timing;
        this.options = CompileOptions.of().precision(precision).profiled().unfused();
        this.reference = Reference.of(problem, flops());
        this.flush = timing.cold() ? device.compile(copy(), null, CompileOptions.of()) : null;
    }

    private static Graph copy() {
        GraphBuilder g = new GraphBuilder();
        g.output("y", g.relu(g.input("x", TensorType.f32(FLUSH))));
        return g.build();
    }

    private long flops() {
        return Manifest.of(problem.variant()).flops().value(problem.known());
    }

    /** Who says what is right. */
    public String checkedBy() {
        return reference.by();
    }

    /** Tries parameters. */
    public Trial evaluate(Map<String, Json> configuration) {
        Map<String, Long> parameters = new LinkedHashMap<>();
        configuration.forEach((name, v) -> parameters.put(name, v.asLong()));
        Clock clock = new Clock();
        Target.Forced forced = new Target.Forced(Map.of(problem.kernel(), problem.variant()),
                Map.of(problem.variant(), parameters));
        try (Executable e = device.compile(problem.graph(), null, options, forced)) {
            if (GpuDevice.steps(e).stream().map(Step::kernel).noneMatch(problem.variant()::equals)) {
                throw new BadInputException(problem.variant() + " doesn't do these sizes on this device");
            }
            problem.inputs().forEach((name, t) -> e.input(name).upload(t.data()));
            clock.phase = Validity.RUNTIME;
            e.run(timing.limit());
            clock.compiled();
            String wrong = wrong(e);
            clock.verified();
            if (!wrong.isEmpty()) {
                return clock.failed(configuration, Validity.CORRECTNESS, wrong);
            }
            time(e, clock.runs);
            return clock.done(configuration);
        } catch (BadInputException | UnsupportedOpException e) {
            return clock.failed(configuration, Validity.CONSTRAINTS, e.getMessage());
        } catch (DeadlineExceededException e) {
            return clock.failed(configuration, Validity.TIMEOUT, e.getMessage());
        } catch (DeviceException e) {
            return clock.failed(configuration, e.outOfMemory() ? Validity.RUNTIME : clock.phase, e.getMessage());
        } catch (KerfException e) {
            return clock.failed(configuration, Validity.RUNTIME, e.getMessage());
        }
    }

    private String wrong(Executable e) {
        for (String y : problem.graph().outputs().keySet()) {
            String wrong = reference.wrong(problem.graph(), y, e.output(y).toHost(), options.precision().storage());
            if (!wrong.isEmpty()) {
                return wrong;
            }
        }
        return "";
    }

    private void time(Executable e, List<Double> runs) {
        for (int i = 0; i < timing.runs(); i++) {
            if (flush != null) {
                flush.run();
            }
            e.run(timing.limit());
            runs.add(e.timings().stream().mapToLong(NodeTiming::nanos).sum() / NANOS);
        }
    }

    /** What a trial took so far. */
    private static final class Clock {
        private final List<Double> runs = new ArrayList<>();
        private Validity phase = Validity.COMPILE;
        private long last = System.nanoTime();
        private double compilation;
        private double verification;

        private double lap() {
            long now = System.nanoTime();
            double lap = (now - last) / NANOS;
            last = now;
            return lap;
        }

        void compiled() {
            compilation = lap();
        }

        void verified() {
            verification = lap();
        }

        Trial done(Map<String, Json> configuration) {
            double[] sorted = runs.stream().mapToDouble(Double::doubleValue).sorted().toArray();
            return new Trial(configuration, Validity.CORRECT, median(sorted),
                    new Times(compilation, verification, lap(), 0, 0, runs), Instant.now().toString(), "");
        }

        Trial failed(Map<String, Json> configuration, Validity why, String error) {
            double rest = lap();
            boolean compiling = compilation == 0;
            return new Trial(configuration, why, Double.NaN, new Times(compiling ? rest : compilation, verification,
                    compiling ? 0 : rest, 0, 0, runs), Instant.now().toString(), error);
        }
    }

    /** The middle of sorted numbers. */
    static double median(double[] sorted) {
        int n = sorted.length;
        return n == 0 ? Double.NaN : (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
    }

    /** A trial with the runs of several; as it was where none of them ran. */
    public static Trial pooled(Trial trial, List<Double> runs) {
        double[] sorted = runs.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        Times t = trial.times();
        return runs.isEmpty()
                ? trial
                : new Trial(trial.configuration(), trial.validity(), median(sorted),
                        new Times(t.compilation(), t.verification(),
                                t.benchmark(), t.search(), t.framework(), runs),
                        trial.timestamp(), trial.error());
    }

    /** How far runs lie apart: 1.4826 times the median distance to their median, as a share of it; σ for normal noise. */
    public static double noise(List<Double> runs) {
        double[] sorted = runs.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        double middle = median(sorted);
        return 1.4826 * median(Arrays.stream(sorted).map(r -> Math.abs(r - middle)).sorted().toArray()) / middle;
    }

    @Override
    public void close() {
        if (flush != null) {
            flush.close();
        }
    }
}
