package dev.kerf.backend.cpu;

import dev.kerf.backend.cpu.kernel.Kernel;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Threads that do the tasks of a kernel together with the thread that runs it. One kernel at a time: a thread that finds them
 * busy does its kernel alone. So does each of as many runs at once as there are threads: none of them waits at a kernel's end for
 * a thread that another run, or another program, keeps from its last task. Nothing is allocated once they have started. Between kernels they spin for a moment, then park.
 */
final class Workers implements AutoCloseable {
    private static final int SPINS = 4000;
    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(Workers.class, "state", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int count;
    private final Worker[] threads;
    /** Null where the threads are there. */
    private final SimulatedThreads simulated;
    private final AtomicBoolean busy = new AtomicBoolean();
    private final AtomicInteger runs = new AtomicInteger();
    private final AtomicInteger finished = new AtomicInteger();
    private final AtomicInteger parked = new AtomicInteger();
    /** Epoch (24 bits), number of tasks (20), next task (20) in one word: a task is claimed for just the kernel it belongs to. */
    private volatile long state;
    private volatile Kernel kernel;
    private volatile Thread waiter;
    private volatile Throwable error;
    private volatile boolean closed;

    /** @param count threads that work at once, the calling one included */
    Workers(int count) {
        this(count, false);
    }

    /** @param simulated whether the calling thread does everything, and {@link #timed} tells what all would take */
    Workers(int count, boolean simulated) {
        this.count = count;
        this.simulated = simulated ? new SimulatedThreads(count) : null;
        threads = new Worker[simulated ? 0 : count - 1];
        for (int i = 0; i < threads.length; i++) {
            threads[i] = new Worker(i + 1);
            threads[i].thread.start();
        }
    }

    /** Threads that work at once, the calling one included. */
    int count() {
        return count;
    }

    /** A run of some kernels begins. */
    void enter() {
        runs.incrementAndGet();
    }

    /** It has ended. */
    void leave() {
        runs.decrementAndGet();
    }

    /** Runs all tasks of a kernel and waits for them. */
    void run(Kernel k) {
        int tasks = k.tasks();
        if (tasks <= 1 || runs.get() >= count() || !busy.compareAndSet(false, true)) {
            for (int i = 0; i < tasks; i++) {
                k.run(i, 0);
            }
            return;
        }
        try {
            share(k, tasks);
        } finally {
            kernel = null;
            busy.set(false);
        }
    }

    /** Of the last kernel that was timed: nanoseconds that one thread takes for all that simulated ones would do; else 0. */
    long together() {
        return simulated == null ? 0 : simulated.together();
    }

    /** {@link #run} by one caller at a time; nanoseconds that it took, or would take where threads are simulated. */
    long timed(Kernel k) {
        long start = System.nanoTime();
        if (simulated == null) {
            run(k);
            return System.nanoTime() - start;
        }
        int tasks = k.tasks();
        simulated.begin(k, tasks);
        for (int i = 0; i < tasks; i++) {
            start = System.nanoTime();
            k.run(i, 0);
            simulated.task(k, i, System.nanoTime() - start);
        }
        return simulated.nanos(k, tasks);
    }

    private void share(Kernel k, int tasks) {
        if (tasks > Kernel.MAX_TASKS) {
            throw new IllegalStateException(k + " has " + tasks + " tasks");
        }
        finished.set(0);
        error = null;
        kernel = k;
        state = (state >>> 40) + 1 << 40 | (long) tasks << 20;
        if (parked.get() > 0) {
            for (int i = 0; i < threads.length && i < tasks - 1; i++) {
                threads[i].wake();
            }
        }
        work(0);
        for (int spins = 0; finished.get() < tasks; spins++) {
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                waiter = Thread.currentThread();
                if (finished.get() < tasks) {
                    LockSupport.parkNanos(this, 1_000_000);
                }
                waiter = null;
            }
        }
        Throwable e = error;
        if (e != null) {
            error = null;
            throw unchecked(e);
        }
    }

    /** Throws errors, returns everything else as an unchecked exception to be thrown. */
    static RuntimeException unchecked(Throwable t) {
        if (t instanceof Error e) {
            throw e;
        }
        return t instanceof RuntimeException r ? r : new IllegalStateException(t);
    }

    /** Claims and does tasks until none is left; whether there was one. */
    private boolean work(int worker) {
        boolean any = false;
        while (true) {
            long s = state;
            int tasks = (int) (s >>> 20) & 0xFFFFF;
            int next = (int) s & 0xFFFFF;
            // Read before the claim: if the claim holds, the kernel was current and can't have ended in between.
            Kernel k = kernel;
            if (next >= tasks || k == null) {
                return any;
            }
            if (STATE.compareAndSet(this, s, s + 1)) {
                any = true;
                try {
                    k.run(next, worker);
                } catch (Throwable t) {
                    error = t;
                }
                if (finished.incrementAndGet() == tasks) {
                    Thread w = waiter;
                    if (w != null) {
                        LockSupport.unpark(w);
                    }
                }
            }
        }
    }

    private boolean idle() {
        long s = state;
        return ((int) s & 0xFFFFF) >= ((int) (s >>> 20) & 0xFFFFF) && !closed;
    }

    /** Ends the threads; none may be running a kernel. */
    @Override
    public void close() {
        closed = true;
        for (Worker w : threads) {
            LockSupport.unpark(w.thread);
        }
    }

    /** The pool's own threads, for counting what they allocate. */
    Thread[] threads() {
        Thread[] t = new Thread[threads.length];
        for (int i = 0; i < t.length; i++) {
            t[i] = threads[i].thread;
        }
        return t;
    }

    private final class Worker implements Runnable {
        private final int index;
        private final Thread thread;
        private volatile boolean asleep;

        Worker(int index) {
            this.index = index;
            this.thread = Thread.ofPlatform().daemon().name("kerf-cpu-" + index).unstarted(this);
        }

        void wake() {
            if (asleep) {
                LockSupport.unpark(thread);
            }
        }

        @Override
        public void run() {
            int spins = 0;
            while (!closed) {
                if (work(index)) {
                    spins = 0;
                } else if (++spins < SPINS) {
                    Thread.onSpinWait();
                } else {
                    sleep();
                    spins = 0;
                }
            }
        }

        private void sleep() {
            parked.incrementAndGet();
            asleep = true;
            while (idle()) {
                LockSupport.park(Workers.this);
            }
            asleep = false;
            parked.decrementAndGet();
        }
    }
}
