package dev.kerf.tornado;

import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.error.DeviceException;
import dev.kerf.error.KerfException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import uk.ac.manchester.tornado.api.exceptions.TornadoOutOfMemoryException;

/**
 * The plans of a driver: one for each sequence of launches that was run, as long as its launches live. Belongs to the
 * worker.
 */
final class Plans {
    private record Key(List<TornadoLaunch> launches, boolean profiled) {}

    private static final int MOST_PROFILES = 64;

    private final TornadoDriver driver;
    private final Map<Key, TornadoPlan> plans = new HashMap<>();
    private final Map<TornadoPlan, Integer> profiles = new IdentityHashMap<>();
    private final Map<TornadoLaunch, Set<Key>> keys = new IdentityHashMap<>();

    Plans(TornadoDriver driver) {
        this.driver = driver;
    }

    /** Runs launches in order. Timers as many as launches, or null. */
    void run(List<TornadoLaunch.Call> calls, List<TornadoTimer> timers) {
        if (calls.isEmpty()) {
            return;
        }
        Key key = new Key(calls.stream().map(TornadoLaunch.Call::launch).toList(), timers != null);
        TornadoPlan plan = plans.get(key);
        try {
            if (plan != null && !plan.takes(calls)) {
                remove(key);
                plan = null;
            }
            if (plan == null) {
                plan = new TornadoPlan(driver, calls, timers != null);
                plans.put(key, plan);
                for (TornadoLaunch l : key.launches()) {
                    keys.computeIfAbsent(l, x -> new HashSet<>()).add(key);
                }
            }
            plan.run(calls, timers);
            // The profiler's log only grows.
            if (timers != null && profiles.merge(plan, 1, Integer::sum) == MOST_PROFILES) {
                remove(key);
            }
        } catch (RuntimeException | Error e) {
            DeviceException error = failure(key, e);
            lose(calls, error);
            remove(key);
            throw e instanceof KerfException k ? k : error;
        }
    }

    /** What the launches should have written is lost, but for the cell where kernels leave errors: none did. */
    private static void lose(List<TornadoLaunch.Call> calls, DeviceException error) {
        for (TornadoLaunch.Call call : calls) {
            List<Manifest.Argument> names = call.launch().kernel().manifest().arguments();
            for (int i = 0; i < names.size(); i++) {
                if (written(names.get(i)) && call.arguments().get(i) instanceof TornadoBuffer b && !b.freed()) {
                    b.lose(error);
                }
            }
        }
    }

    private static boolean written(Manifest.Argument a) {
        return a.pointer() && !a.type().startsWith("const ") && !a.name().equals("errors");
    }

    private DeviceException failure(Key key, Throwable e) {
        if (e instanceof DeviceException d) {
            return d;
        }
        boolean memory = e instanceof TornadoOutOfMemoryException || e instanceof OutOfMemoryError;
        Set<String> names = new LinkedHashSet<>();
        key.launches().forEach(l -> names.add(l.kernel().name()));
        DeviceException error = new DeviceException("TornadoExecutionPlan.execute", 0, e.getClass().getSimpleName(),
                "of kernels " + names + driver.on(), "TornadoVM says " + Reason.of(e), memory);
        error.initCause(e);
        return error;
    }

    private void remove(Key key) {
        TornadoPlan plan = plans.remove(key);
        for (TornadoLaunch l : key.launches()) {
            keys.getOrDefault(l, new HashSet<>()).remove(key);
        }
        if (plan != null) {
            profiles.remove(plan);
            plan.retire();
        }
    }

    /** A launch was closed. */
    void forget(TornadoLaunch launch) {
        Set<Key> used = keys.remove(launch);
        if (used != null) {
            new ArrayList<>(used).forEach(this::remove);
        }
    }
}
