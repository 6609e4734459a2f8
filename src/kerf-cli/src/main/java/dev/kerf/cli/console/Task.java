package dev.kerf.cli.console;

import dev.kerf.error.ClosedException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/** Work on a thread of its own, which doesn't keep the process from ending; threads whose work is done take other work for a while. */
public final class Task<T> {
    private static final Executor THREADS = Executors
            .newCachedThreadPool(Thread.ofPlatform().daemon().name("kerf-task-", 1).factory());

    private final FutureTask<T> future;

    private Task(FutureTask<T> future) {
        this.future = future;
    }

    public static <T> Task<T> start(Supplier<T> work) {
        FutureTask<T> future = new FutureTask<>(work::get);
        THREADS.execute(future);
        return new Task<>(future);
    }

    /** Waits for the end, whatever comes of it. */
    public void settle() {
        try {
            get();
        } catch (RuntimeException | Error e) {
            // Whoever asks for the result is told.
            return;
        }
    }

    /** Whether it came to its end, whatever that is. */
    public boolean isDone() { return future.isDone(); }

    /** Waits for the result; throws what the work threw. */
    public T get() {
        try {
            return future.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ClosedException("interrupted", e);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case Error error -> throw error;
                // A supplier throws nothing else.
                case Throwable other -> throw (RuntimeException) other;
            }
        }
    }
}
