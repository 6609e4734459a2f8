package dev.kerf.check.ptx;

import dev.kerf.check.ptx.machine.Block;
import dev.kerf.check.ptx.machine.DeviceMemory;
import dev.kerf.check.ptx.machine.Watch;
import java.util.concurrent.atomic.AtomicLong;

/** Threads that run a launch's blocks; the caller is one of them. One launch at a time. */
final class Workers {
    private final int count;
    private final AtomicLong next = new AtomicLong();
    private final Object monitor = new Object();
    private PtxLaunch.Bound launch;
    private long[] chosen;
    private Block[] blocks;
    private long round;
    private int busy;
    private boolean closed;
    private Throwable failure;

    Workers(int count) {
        this.count = count;
        for (int i = 1; i < count; i++) {
            int number = i;
            Thread.ofPlatform().daemon().name("kerf-ptx-" + i).start(() -> help(number));
        }
    }

    /** Runs all blocks of a launch. */
    void run(PtxKernel kernel, PtxLaunch.Bound wanted, DeviceMemory memory, Watch watch) {
        run(kernel, wanted, null, memory, watch);
    }

    /** Runs some blocks of a launch, by their numbers in the grid; all if none are named. */
    synchronized void run(PtxKernel kernel, PtxLaunch.Bound wanted, long[] some, DeviceMemory memory, Watch watch) {
        blocks = kernel.blocks(count, memory, watch);
        launch = wanted;
        chosen = some;
        next.set(0);
        failure = null;
        boolean shared = (some == null ? wanted.blocks() : some.length) > 1 && count > 1;
        for (int i = 0; i < (shared ? count : 1); i++) {
            blocks[i].launch(wanted.groups(), wanted.items(), kernel.sharedBytes(), wanted.arguments());
        }
        if (shared) {
            synchronized (monitor) {
                busy = count - 1;
                round++;
                monitor.notifyAll();
            }
        }
        part(0);
        if (shared) {
            synchronized (monitor) {
                while (busy > 0) {
                    try {
                        monitor.wait();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        fail(e);
                        break;
                    }
                }
            }
        }
        switch (failure) {
            case null -> {}
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException(failure);
        }
    }

    private void help(int number) {
        long seen = 0;
        while (true) {
            synchronized (monitor) {
                while (round == seen) {
                    if (closed) {
                        return;
                    }
                    try {
                        monitor.wait();
                    } catch (InterruptedException e) {
                        return; // nobody but the end of the process interrupts it
                    }
                }
                seen = round;
            }
            part(number);
            synchronized (monitor) {
                busy--;
                monitor.notifyAll();
            }
        }
    }

    private void part(int number) {
        PtxLaunch.Bound l = launch;
        Block block = blocks[number];
        long[] some = chosen;
        long all = some == null ? l.blocks() : some.length;
        int width = l.groups()[0];
        int height = l.groups()[1];
        try {
            for (long k = next.getAndIncrement(); k < all; k = next.getAndIncrement()) {
                long i = some == null ? k : some[(int) k];
                block.run((int) (i % width), (int) (i / width % height), (int) (i / width / height));
            }
        } catch (RuntimeException | Error e) {
            fail(e);
        }
    }

    private void fail(Throwable e) {
        next.set(Long.MAX_VALUE / 2);
        synchronized (monitor) {
            failure = failure == null ? e : failure;
        }
    }

    void close() {
        synchronized (monitor) {
            closed = true;
            monitor.notifyAll();
        }
    }
}
