package dev.kerf.model.plan;

import dev.kerf.backend.Limit;
import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import dev.kerf.error.DeviceException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * Compiled plans by shape: one object for each use at a time, at most so many in all. A plan that nobody uses stays for the
 * next user of its shape; when another shape needs room, the one longest unused is closed. When all are in use, the next
 * user waits.
 *
 * <pre>{@code
 * try (PlanCache<Size, Executable>.Lease lease = plans.lease(size)) {
 *     lease.plan().run();
 * }
 * }</pre>
 *
 * @param <K> the shape: a record
 * @param <P> the plan
 */
public final class PlanCache<K, P extends AutoCloseable> implements AutoCloseable {
    /** A plan is refused by its own numbers: no other is in its way. */
    private static final Set<String> OF_ITSELF = Set.of("MEMORY_LIMIT", "TOO_LARGE");

    /** How long a limit's end may go unnoticed. */
    private static final long NAP_MILLIS = 1;

    private final int capacity;
    private final Function<K, P> compiler;
    private final Map<P, K> idle = new LinkedHashMap<>();
    private int alive;
    private long compiled;
    private boolean closed;

    /**
     * A cache of no plans yet.
     *
     * @param capacity most plans at a time, at least 1
     * @param compiler makes a plan; called without a lock held
     */
    public PlanCache(int capacity, Function<K, P> compiler) {
        if (capacity < 1) {
            throw new BadInputException("a cache of " + capacity + " plans: at least 1");
        }
        this.capacity = capacity;
        this.compiler = compiler;
    }

    /** A plan for one user, until it is closed. */
    public final class Lease implements AutoCloseable {
        private final K key;
        private final P plan;
        private boolean returned;

        private Lease(K key, P plan) {
            this.key = key;
            this.plan = plan;
        }

        /** The plan, to be used by the holder only. */
        public P plan() {
            return plan;
        }

        /** Gives the plan back; a second call does nothing. */
        @Override
        public void close() {
            synchronized (PlanCache.this) {
                if (returned) {
                    return;
                }
                returned = true;
                if (!closed) {
                    idle.put(plan, key);
                    PlanCache.this.notifyAll();
                    return;
                }
                alive--;
            }
            closePlan(plan);
        }
    }

    /**
     * A plan for the shape, made if there is none idle. Waits while {@code capacity} plans are in use, under the limit of the
     * calling thread.
     *
     * @throws dev.kerf.error.DeadlineExceededException if the limit's time has passed
     * @throws dev.kerf.error.CancelledException        if the limit is cancelled
     * @throws ClosedException if the cache is closed
     */
    public Lease lease(K key) {
        Limit limit = Limit.current();
        List<P> evicted = new ArrayList<>();
        synchronized (this) {
            while (true) {
                checkOpen();
                limit.check();
                P found = take(key);
                if (found != null) {
                    return new Lease(key, found);
                }
                if (alive < capacity) {
                    break;
                }
                if (!idle.isEmpty()) {
                    Iterator<P> oldest = idle.keySet().iterator();
                    evicted.add(oldest.next());
                    oldest.remove();
                    alive--;
                    break;
                }
                await(limit);
            }
            alive++;
            compiled++;
        }
        boolean done = false;
        try {
            evicted.forEach(PlanCache::closePlan);
            Lease lease = new Lease(key, compiled(key));
            done = true;
            return lease;
        } finally {
            if (!done) {
                synchronized (this) {
                    alive--;
                    notifyAll();
                }
            }
        }
    }

    /** Where the device's memory is full, those that nobody uses give way. */
    private P compiled(K key) {
        try {
            return compiler.apply(key);
        } catch (DeviceException e) {
            if (!e.outOfMemory() || OF_ITSELF.contains(e.statusName()) || closeIdle() == 0) {
                throw e;
            }
            return compiler.apply(key);
        }
    }

    private int closeIdle() {
        List<P> all;
        synchronized (this) {
            all = new ArrayList<>(idle.keySet());
            alive -= all.size();
            idle.clear();
            notifyAll();
        }
        all.forEach(PlanCache::closePlan);
        return all.size();
    }

    /** How many plans there are, used or idle. */
    public synchronized int size() {
        return alive;
    }

    /** How many plans were made since the start. */
    public synchronized long compiled() {
        return compiled;
    }

    /** The shapes of idle plans, the longest unused first. */
    public synchronized List<K> idleShapes() {
        return List.copyOf(idle.values());
    }

    /** Closes idle plans now and used ones when they come back. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        closeIdle();
    }

    /** The idle plan of that shape used last, whose memory is the likeliest to be warm. */
    private P take(K key) {
        P found = null;
        for (Map.Entry<P, K> e : idle.entrySet()) {
            if (e.getValue().equals(key)) {
                found = e.getKey();
            }
        }
        if (found != null) {
            idle.remove(found);
        }
        return found;
    }

    private void await(Limit limit) {
        try {
            wait(limit == Limit.NONE ? 0 : NAP_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ClosedException("interrupted while waiting for one of " + capacity + " plans", e);
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new ClosedException("the model is closed");
        }
    }

    private static void closePlan(AutoCloseable plan) {
        try {
            plan.close();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
