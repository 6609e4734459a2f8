package dev.kerf.serve;

import dev.kerf.backend.Limit;
import dev.kerf.error.CancelledException;
import dev.kerf.error.DeadlineExceededException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * What waits for a network, in order; one thing is done at a time, since one alone keeps the device busy. The thread is one
 * of the system's, so that the virtual ones that talk to clients go on meanwhile.
 */
final class WorkQueue implements AutoCloseable {
    private final ThreadPoolExecutor worker;
    private final AtomicLong meanNanos = new AtomicLong(TimeUnit.MILLISECONDS.toNanos(100));

    WorkQueue(String name, int waiting) {
        worker = new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(waiting),
                Thread.ofPlatform().name("kerf-serve-" + name).daemon().factory());
    }

    /** Something that is to be done, and can be called off by another thread. */
    static final class Ticket {
        private final Limit limit;
        private volatile Runnable drop = () -> {};

        Ticket(Limit limit) {
            this.limit = limit;
        }

        /** Ends it where it is: it waits no longer, or stops at the next kernel. */
        void cancel() {
            limit.cancel();
            drop.run();
        }
    }

    /** {@link #call(Ticket, Supplier)} of what nobody calls off. */
    <T> T call(Limit limit, Supplier<T> work) {
        return call(new Ticket(limit), work);
    }

    /**
     * Waits for its turn and does it under its limit.
     *
     * @throws Refusal                                     429 if too many wait already
     * @throws dev.kerf.error.DeadlineExceededException if the limit passes before it is done
     * @throws dev.kerf.error.CancelledException        if the limit is cancelled before it is done
     */
    <T> T call(Ticket ticket, Supplier<T> work) {
        Limit limit = ticket.limit;
        FutureTask<T> job = new FutureTask<>(() -> limit.call(() -> timed(work)));
        ticket.drop = () -> {
            job.cancel(false);
            worker.remove(job);
        };
        try {
            worker.execute(job);
        } catch (RejectedExecutionException e) {
            throw worker.isShutdown()
                    ? new Refusal(503, "the server is stopping", 1)
                    : new Refusal(429, "too many requests wait already: ask again in " + retryAfter() + " s", retryAfter());
        }
        try {
            return job.get(Math.max(1, limit.remaining()), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            ticket.cancel();
            throw new DeadlineExceededException("the answer wasn't there in time");
        } catch (InterruptedException e) {
            ticket.cancel();
            Thread.currentThread().interrupt();
            throw new CancelledException("the server is stopping");
        } catch (CancellationException e) {
            throw new CancelledException("the request was called off");
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException known -> throw known;
                case Error error -> throw error;
                default -> throw new IllegalStateException(e.getCause());
            }
        }
    }

    private <T> T timed(Supplier<T> work) {
        long start = System.nanoTime();
        T result = work.get();
        long took = System.nanoTime() - start;
        meanNanos.updateAndGet(mean -> mean + (took - mean) / 8);
        return result;
    }

    /** Seconds after which those that wait now are likely done. */
    private int retryAfter() {
        return Math.clamp(TimeUnit.NANOSECONDS.toSeconds(meanNanos.get() * worker.getQueue().size()) + 1, 1, 120);
    }

    /** Requests that wait. */
    int waiting() {
        return worker.getQueue().size();
    }

    /** 1 while something is done. */
    int running() {
        return worker.getActiveCount();
    }

    /** Lets what runs and waits end, for a time. */
    void drain(long seconds) {
        worker.shutdown();
        try {
            worker.awaitTermination(seconds, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        worker.shutdownNow().forEach(job -> ((FutureTask<?>) job).cancel(false));
        drain(5);
    }
}
