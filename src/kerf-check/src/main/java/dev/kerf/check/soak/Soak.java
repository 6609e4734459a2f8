package dev.kerf.check.soak;

import dev.kerf.backend.Device;
import dev.kerf.backend.Limit;
import dev.kerf.check.soak.Network.Loaded;
import dev.kerf.error.BadInputException;
import dev.kerf.error.CancelledException;
import dev.kerf.error.ClosedException;
import dev.kerf.error.DeadlineExceededException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Many threads ask networks of several kinds and sizes on one device for a long time; calls end by deadlines, cancellations
 * and interrupts at random, and devices are opened, used and closed beside it, some of them in the middle of a call. Every
 * answer has to have the bits that the network gave alone, and nothing may grow.
 *
 * <pre>{@code
 * SoakReport report = new Soak(() -> Backends.open("cpu"), Golden.find(List.of()),
 *         Soak.Settings.of().time(Duration.ofHours(1)), System.out::println).run();
 * report.passed();
 * }</pre>
 */
public final class Soak {
    private static final Duration ROUND = Duration.ofSeconds(30);
    /** After a round's end, before a call counts as stuck. */
    private static final long PATIENCE_MINUTES = 10;
    /** One turn in so many opens a device of its own, … */
    private static final int OPENS = 20;
    /** … and one in so many of these loads another network than the smallest. */
    private static final int LARGE_OPENS = 200;
    /** One call in so many may be of another size than the usual one, for which a plan is made. */
    private static final int OTHER_SIZES = 16;
    /** More say nothing new. */
    private static final int MOST_FAILURES = 20;

    private final Supplier<Device> devices;
    private final List<Network<?>> networks;
    private final Settings settings;
    private final Consumer<Gauges> told;
    private final SoakReport report;
    private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(2);
    private long[][] expected;
    private long end;

    /**
     * How long, and by whom.
     *
     * @param time    until it ends
     * @param runs    after which it ends earlier
     * @param callers threads that ask
     * @param seed    of what they choose; the order of events is the machine's
     */
    public record Settings(Duration time, long runs, int callers, long seed) {
        /** Checks the ranges. */
        public Settings {
            if (time.isNegative() || time.isZero() || runs < 1 || callers < 1) {
                throw new BadInputException("a soak of " + time + ", " + runs + " runs, " + callers + " callers: more than 0");
            }
        }

        /** Ten minutes, a million runs at most, 24 callers. */
        public static Settings of() {
            return new Settings(Duration.ofMinutes(10), 1_000_000, 24, 1);
        }

        /** This for another time. */
        public Settings time(Duration d) {
            return new Settings(d, runs, callers, seed);
        }
    }

    /** How a call ends. */
    enum Ending {
        ANSWERED, DEADLINE, CANCELLED, INTERRUPTED, CLOSED
    }

    /**
     * A soak that has yet to run.
     *
     * @param devices opens the device anew at each call
     * @param goldens folders of golden cases, whose networks are asked beside the one that comes with Kerf
     * @param told    is told of each reading, which are half a minute apart and more
     */
    public Soak(Supplier<Device> devices, List<Path> goldens, Settings settings, Consumer<Gauges> told) {
        this(devices, settings, told, Networks.of(goldens));
    }

    Soak(Supplier<Device> devices, Settings settings, Consumer<Gauges> told, List<Network<?>> networks) {
        this.devices = devices;
        this.networks = networks;
        this.settings = settings;
        this.told = told;
        timer.setRemoveOnCancelPolicy(true);
        this.report = new SoakReport(settings, networks.stream().map(Network::name).toList());
    }

    /** Runs until the time or the runs are over, or so much is wrong that more would say nothing. */
    public SoakReport run() {
        ExecutorService pool = Executors.newFixedThreadPool(settings.callers, Thread.ofPlatform().daemon().factory());
        List<Loaded> loaded = new ArrayList<>();
        try (Device device = devices.get()) {
            report.started(device.info());
            networks.forEach(n -> loaded.add(n.on(device)));
            expected = alone(loaded);
            end = System.nanoTime() + settings.time.toNanos();
            while (goesOn() && round(pool, loaded)) {
                settle(loaded);
                Gauges now = Gauges.read(report.time(), report.runs(), device.memoryInUse());
                report.read(now);
                told.accept(now);
            }
            loaded.forEach(Loaded::close);
            left(device);
        } finally {
            pool.shutdownNow();
            timer.shutdownNow();
        }
        return report;
    }

    private boolean goesOn() {
        return System.nanoTime() - end < 0 && report.runs() < settings.runs && report.failures().size() < MOST_FAILURES;
    }

    private long[][] alone(List<Loaded> loaded) {
        long[][] all = new long[loaded.size()][];
        for (int n = 0; n < all.length; n++) {
            all[n] = new long[networks.get(n).inputs()];
            for (int i = 0; i < all[n].length; i++) {
                all[n][i] = loaded.get(n).ask(i);
            }
        }
        return all;
    }

    /**
     * Asks everything once more in the same order and under a limit, so that caches hold the same plans at each reading, and each
     * plan the thread that its calls under a limit take.
     */
    private void settle(List<Loaded> loaded) {
        for (int n = 0; n < loaded.size(); n++) {
            Loaded net = loaded.get(n);
            for (int i = 0; i < expected[n].length; i++) {
                int input = i;
                check(n, i, Limit.untilCancelled().call(() -> net.ask(input)));
            }
        }
    }

    /** Everybody asks for a while; false if somebody doesn't come back. */
    private boolean round(ExecutorService pool, List<Loaded> loaded) {
        long roundEnd = System.nanoTime() + ROUND.toNanos();
        Thread[] threads = new Thread[settings.callers];
        AtomicInteger number = new AtomicInteger();
        List<Future<?>> callers = new ArrayList<>();
        for (int i = 0; i < settings.callers; i++) {
            callers.add(pool.submit(() -> {
                int me = number.getAndIncrement();
                threads[me] = Thread.currentThread();
                Random random = new Random(31 * (31 * settings.seed + report.readings().size()) + me);
                while (System.nanoTime() - roundEnd < 0 && goesOn()) {
                    turn(loaded, random);
                }
            }));
        }
        try {
            for (Future<?> c : callers) {
                c.get(PATIENCE_MINUTES, TimeUnit.MINUTES);
            }
            return true;
        } catch (ExecutionException e) {
            report.fail("a caller", e.getCause());
            return false;
        } catch (InterruptedException | TimeoutException e) {
            for (Thread t : threads) {
                if (t != null && t.isAlive()) {
                    report.fail("stuck: " + List.of(t.getStackTrace()), null);
                }
            }
            return false;
        }
    }

    private void turn(List<Loaded> loaded, Random random) {
        if (random.nextInt(OPENS) == 0) {
            openAndClose(random);
            return;
        }
        int chosen = random.nextInt(networks.stream().mapToInt(Network::share).sum());
        int n = 0;
        while (chosen >= networks.get(n).share()) {
            chosen -= networks.get(n++).share();
        }
        Ending[] may = {Ending.DEADLINE, Ending.CANCELLED, Ending.INTERRUPTED};
        int input = random.nextInt(OTHER_SIZES) == 0 ? random.nextInt(expected[n].length) : 0;
        ask(n, input, loaded.get(n), random.nextBoolean()
                ? Ending.ANSWERED
                : may[random.nextInt(may.length)], random);
    }

    private void ask(int n, int input, Loaded net, Ending wanted, Random random) {
        Duration soon = soon(random);
        Limit limit = wanted == Ending.DEADLINE ? Limit.within(soon) : Limit.untilCancelled();
        Thread caller = Thread.currentThread();
        Runnable what = wanted == Ending.CANCELLED ? limit::cancel : wanted == Ending.INTERRUPTED ? caller::interrupt : null;
        try (Interference _ = what == null ? null : Interference.after(soon, timer, what)) {
            attempt(n, input, wanted, () -> wanted == Ending.ANSWERED ? net.ask(input) : limit.call(() -> net.ask(input)));
        }
        // It may have come after the call's last wait.
        Thread.interrupted();
    }

    private void openAndClose(Random random) {
        int n = random.nextInt(LARGE_OPENS) == 0 ? random.nextInt(networks.size()) : 0;
        int input = random.nextInt(expected[n].length);
        Ending wanted = random.nextInt(4) == 0 ? Ending.CLOSED : Ending.ANSWERED;
        try (Device device = devices.get()) {
            try (Interference _ = wanted == Ending.CLOSED
                    ? Interference.after(soon(random), timer, device::close)
                    : null) {
                attempt(n, input, wanted, () -> {
                    try (Loaded net = networks.get(n).on(device)) {
                        return net.ask(input);
                    }
                });
            }
            report.opened();
            left(device);
        }
    }

    /** From 10 µs to 1 s, as likely before as after a millisecond or so. */
    private static Duration soon(Random random) {
        return Duration.ofNanos((long) (10_000 * Math.pow(100_000, random.nextDouble())));
    }

    private void attempt(int n, int input, Ending wanted, LongSupplier call) {
        Ending came = Ending.ANSWERED;
        try {
            check(n, input, call.getAsLong());
        } catch (DeadlineExceededException | CancelledException | ClosedException e) {
            came = switch (e) {
                case DeadlineExceededException _ -> Ending.DEADLINE;
                case CancelledException _ -> Ending.CANCELLED;
                default -> wanted == Ending.INTERRUPTED ? Ending.INTERRUPTED : Ending.CLOSED;
            };
            if (came != wanted) {
                report.fail(networks.get(n).name() + ": a call that should end as " + wanted, e);
            }
        } catch (RuntimeException | Error e) {
            report.fail(networks.get(n).name() + ", wanted " + wanted, e);
        }
        report.ended(n, came);
    }

    private void check(int n, int input, long answer) {
        if (answer != expected[n][input]) {
            report.fail(networks.get(n).name() + ", input " + input + ": other bits than at the first call", null);
        }
    }

    private void left(Device device) {
        if (device.memoryInUse() != 0) {
            report.fail(device.memoryInUse() + " bytes of device memory are left after all was closed", null);
        }
    }
}
