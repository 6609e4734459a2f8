package dev.kerf.tornado;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Supplier;

/**
 * The one thread that calls TornadoVM, which is not made for several, and that touches the contents of buffers: work of
 * all queues in the order in which it was given.
 */
final class Worker {
    private static final BlockingQueue<Runnable> WORK = new LinkedBlockingQueue<>();

    static {
        Thread.ofPlatform().daemon().name("kerf-tornado").start(Worker::loop);
    }

    private Worker() {}

    private static void loop() {
        while (true) {
            try {
                WORK.take().run();
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /** Gives work that handles its errors itself. */
    static void give(Runnable work) {
        WORK.add(work);
    }

    /** Gives work and waits for what it makes. */
    static <T> T call(Supplier<T> work) {
        FutureTask<T> task = new FutureTask<>(work::get);
        WORK.add(task);
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    switch (e.getCause()) {
                        case RuntimeException r -> throw r;
                        case Error error -> throw error;
                        case Throwable t -> throw new IllegalStateException(t);
                    }
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
