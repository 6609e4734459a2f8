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
import dev.kerf.tune.result.Results;
import dev.kerf.tune.result.Trial;
import dev.kerf.tune.result.Trial.Times;
import dev.kerf.tune.result.Trial.Validity;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Tries parameters on a device: the problem's op is compiled with them, run, held to the {@link Reference}, and timed by the
 * device's own clock. The objective is the median of the runs; every run is kept. What compilers leave to the first run counts as
 * compiling.
 *
 * <p>A compiler within the process can't be ended. What takes it longer than allowed has failed at once; the next trial begins when it
 * has come back, so that nothing is timed beside it.
 */
public final class DeviceObjective implements Evaluation {
    /**
     * How to time.
     *
     * @param runs      timed runs of a trial
     * @param cold      whether caches are emptied before each
     * @param limit     of one run; a trial that takes longer failed
     * @param compiling how long compiling may take
     */
    public record Timing(int runs, boolean cold, Duration limit, Duration compiling) {
        /** How long compiling may take where nothing is said. */
        public static final Duration COMPILING = Duration.ofMinutes(1);

        /** Checks. */
        public Timing {
            if (runs < 1 || limit.isZero() || limit.isNegative() || compiling.isZero() || compiling.isNegative()) {
                throw new BadInputException(
                        "timing takes 1 run or more, and time for it and for compiling: " + runs + ", " + limit
                                + ", " + compiling);
            }
        }

        /** The same with {@link #COMPILING}. */
        public Timing(int runs, boolean cold, Duration limit) {
            this(runs, cold, limit, COMPILING);
        }
    }

    private static final System.Logger LOG = System.getLogger(DeviceObjective.class.getName());
    /** Floats that no cache holds beside what they are copied to. */
    private static final long FLUSH = 32L << 20;
    private static final double NANOS = 1e9;

    private final GpuDevice device;
    private final Problem problem;
    private final Timing timing;
    private final CompileOptions options;
    private final Reference reference;
    private final Executable flush;
    private final ExecutorService compiler = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("kerf-tune-compiler").factory());
    private Future<Executable> late;

    /** For a problem on a device, which stays the caller's; computes what the result must be. */
    public DeviceObjective(Device device, Problem problem, Precision precision, Timing timing) {
        Problem.driver(device);
        this.device = (GpuDevice) device;
        this.problem = problem;
        this.timing = timing;
        this.options = CompileOptions.of().precision(precision).profiled().unfused();
        this.reference = Reference.of(problem, Manifest.of(problem.variant()).flops().value(problem.known()));
        this.flush = timing.cold() ? device.compile(copy(), null, CompileOptions.of()) : null;
    }

    private static Graph copy() {
        GraphBuilder g = new GraphBuilder();
        g.output("y", g.relu(g.input("x", TensorType.f32(FLUSH))));
        return g.build();
    }

    @Override
    public String checkedBy() {
        return reference.by();
    }

    @Override
    public String objective() {
        return Results.TIME;
    }

    @Override
    public Trial evaluate(Map<String, Json> configuration) {
        awaitCompiler();
        TrialClock clock = new TrialClock();
        try (Executable e = compiled(forced(problem, configuration), clock)) {
            clock.compiled(Geometries.of(problem, configuration, device.driver().facts().code().dialect()));
            String wrong = reference.wrong(problem.graph(), e, options.precision().storage());
            clock.verified();
            if (!wrong.isEmpty()) {
                return clock.failed(configuration, Validity.CORRECTNESS, wrong);
            }
            time(e, clock);
            return clock.done(configuration);
        } catch (BadInputException | UnsupportedOpException e) {
            return clock.failed(configuration, Validity.CONSTRAINTS, e.getMessage());
        } catch (DeadlineExceededException e) {
            return clock.failed(configuration, Validity.TIMEOUT, e.getMessage());
        } catch (DeviceException e) {
            return clock.failed(configuration, e.outOfMemory() ? Validity.RUNTIME : clock.phase(), e.getMessage());
        } catch (KerfException e) {
            return clock.failed(configuration, Validity.RUNTIME, e.getMessage());
        }
    }

    /** A configuration as choices of a problem's kernel. */
    static Target.Forced forced(Problem problem, Map<String, Json> configuration) {
        Map<String, Long> parameters = new LinkedHashMap<>();
        configuration.forEach((name, v) -> parameters.put(name, v.asLong()));
        boolean halves = problem.known().getOrDefault("real", 4L) < 4;
        return new Target.Forced(Map.of(problem.kernel(), problem.variant()), Map.of(problem.variant(), parameters), halves);
    }

    /** That an executable launches the kernel that a problem is of. */
    static void checkLaunched(Problem problem, Executable e) {
        if (GpuDevice.steps(e).stream().map(Step::kernel).noneMatch(problem.variant()::equals)) {
            throw new BadInputException(problem.variant() + " doesn't do these sizes on this device");
        }
    }

    /** Compiled and run once. */
    private Executable compiled(Target.Forced forced, TrialClock clock) {
        Duration most = timing.compiling().plus(timing.limit());
        long from = System.nanoTime();
        Future<Executable> made = compiler.submit(() -> {
            Executable e = device.compile(problem.graph(), null, options, forced);
            try {
                checkLaunched(problem, e);
                problem.inputs().forEach((name, t) -> e.input(name).upload(t.data()));
                clock.runs();
                e.run(most);
                return e;
            } catch (Throwable t) {
                e.close();
                throw t;
            }
        });
        try {
            Executable e = made.get(timing.compiling().toNanos(), TimeUnit.NANOSECONDS);
            if (System.nanoTime() - from > timing.compiling().toNanos()) {
                // It came back as its time ended: the same every time, whoever looked first.
                e.close();
                throw tooLong(null);
            }
            return e;
        } catch (TimeoutException e) {
            late = made;
            throw tooLong(e);
        } catch (InterruptedException e) {
            late = made;
            Thread.currentThread().interrupt();
            throw new DeadlineExceededException("interrupted while it was compiled", e);
        } catch (ExecutionException e) {
            throw unwrapped(e);
        }
    }

    private DeadlineExceededException tooLong(TimeoutException cause) {
        return new DeadlineExceededException(
                "compiling it and running it once took more than " + timing.compiling().toNanos() / NANOS + " s", cause);
    }

    private static RuntimeException unwrapped(ExecutionException e) {
        return switch (e.getCause()) {
            case RuntimeException r -> r;
            case Error error -> throw error;
            default -> new IllegalStateException(e.getCause());
        };
    }

    /** Waits for a compiler whose time is over, and throws away what it made. */
    private void awaitCompiler() {
        if (late == null) {
            return;
        }
        if (!late.isDone()) {
            LOG.log(System.Logger.Level.WARNING,
                    "{0}: the compiler hasn''t come back yet from what took it too long; waiting, so that nothing is timed beside it",
                    problem.variant());
        }
        try {
            late.get().close();
        } catch (ExecutionException failed) {
            LOG.log(System.Logger.Level.DEBUG, "{0}: what took too long to compile failed: {1}", problem.variant(),
                    failed.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        late = null;
    }

    private void time(Executable e, TrialClock clock) {
        for (int i = 0; i < timing.runs(); i++) {
            if (flush != null) {
                flush.run();
            }
            e.run(timing.limit());
            clock.ran(e.timings().stream().mapToLong(NodeTiming::nanos).sum() / NANOS);
        }
    }

    /** A trial with the runs of several; as it was where none of them ran. */
    public static Trial pooled(Trial trial, List<Double> runs) {
        Times t = trial.times();
        return runs.isEmpty()
                ? trial
                : new Trial(trial.configuration(), trial.validity(), TrialClock.median(runs),
                        new Times(t.compilation(), t.verification(), t.benchmark(), t.search(), t.framework(), runs),
                        trial.timestamp(), trial.error(), trial.details());
    }

    /** How far runs lie apart: 1.4826 times the median distance to their median, as a share of it; σ for normal noise. */
    public static double noise(List<Double> runs) {
        return TrialClock.noise(runs);
    }

    @Override
    public void close() {
        awaitCompiler();
        compiler.close();
        if (flush != null) {
            flush.close();
        }
    }
}
