package dev.kerf.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.cpu.kernel.Kernel;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which threads do a kernel's tasks. */
class WorkersTest {
    private static final int THREADS = 2;

    private final Workers workers = new Workers(THREADS);
    private final Set<Thread> seen = ConcurrentHashMap.newKeySet();

    @AfterEach
    void close() {
        workers.close();
    }

    private static Kernel kernel(int tasks, Runnable task) {
        return new Kernel() {
            @Override
            public int tasks() {
                return tasks;
            }

            @Override
            public void run(int number, int worker) {
                task.run();
            }
        };
    }

    @Test
    void oneRunHasAllThreads() {
        workers.enter();
        together();
        assertEquals(THREADS, seen.size());
    }

    @Test
    void asManyRunsAsThreadsHaveOneEach() {
        workers.enter();
        workers.enter();
        for (int i = 0; i < 100; i++) {
            workers.run(kernel(8, () -> seen.add(Thread.currentThread())));
        }
        assertEquals(Set.of(Thread.currentThread()), seen);
        workers.leave();
        together();
        assertEquals(THREADS, seen.size());
    }

    /** Each of two tasks waits for the other: one thread alone would never do both. */
    private void together() {
        CountDownLatch both = new CountDownLatch(THREADS);
        workers.run(kernel(THREADS, () -> {
            both.countDown();
            try {
                assertTrue(both.await(1, TimeUnit.MINUTES));
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            seen.add(Thread.currentThread());
        }));
    }
}
