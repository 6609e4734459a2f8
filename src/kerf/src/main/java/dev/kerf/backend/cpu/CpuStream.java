package dev.kerf.backend.cpu;

import dev.kerf.backend.Device;
import dev.kerf.backend.Limit;
import dev.kerf.error.ClosedException;
import dev.kerf.error.DeadlineExceededException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** A thread that does what is submitted to it, one after the other, from a ring of entries made beforehand. */
final class CpuStream implements Device.Stream, Runnable {
    private static final int ENTRIES = 256;
    private static final int SPINS = 2000;
    private static final long NAP_NANOS = 50_000;

    /** A run (tensor is null) or a copy. */
    private static final class Entry {
        private final Dependencies dependencies = new Dependencies();
        private CpuExecutable executable;
        private Limit limit;
        private CpuTensor tensor;
        private MemorySegment memory;
        private boolean upload;
        private Throwable error;
        private long errorTicket;
    }

    private final CpuDevice device;
    private final Sequence sequence = new Sequence();
    private final Entry[] ring = new Entry[ENTRIES];
    private final Thread thread;
    private volatile long published;
    private volatile boolean asleep;
    private volatile boolean closed;
    private volatile boolean stop;
    private Throwable error;

    CpuStream(CpuDevice device) {
        this.device = device;
        for (int i = 0; i < ENTRIES; i++) {
            ring[i] = new Entry();
        }
        thread = Thread.ofPlatform().daemon().name("kerf-cpu-stream").unstarted(this);
        thread.start();
    }

    CpuDevice device() {
        return device;
    }

    /** The thread that does the work, for counting what it allocates. */
    Thread thread() {
        return thread;
    }

    /** Puts a run in the ring; its ticket. */
    synchronized long submitRun(CpuExecutable executable, Limit limit) {
        Entry e = next();
        executable.enter(e.dependencies);
        e.executable = executable;
        e.limit = limit;
        return publish();
    }

    synchronized void submitCopy(CpuTensor tensor, MemorySegment memory, boolean upload) {
        Entry e = next();
        e.tensor = tensor;
        e.memory = memory;
        e.upload = upload;
        publish();
    }

    private Entry next() {
        requireOpen();
        // A full ring holds the submitter back.
        sequence.await(sequence.last() + 1 - ENTRIES);
        return ring[(int) (sequence.last() % ENTRIES)];
    }

    private long publish() {
        long ticket = sequence.issue();
        published = ticket;
        if (asleep) {
            LockSupport.unpark(thread);
        }
        return ticket;
    }

    @Override
    public void run() {
        long done = 0;
        int spins = 0;
        while (true) {
            if (published > done) {
                perform(ring[(int) (done % ENTRIES)], done + 1);
                done++;
                sequence.complete(done);
                spins = 0;
            } else if (stop) {
                return;
            } else if (++spins < SPINS) {
                Thread.onSpinWait();
            } else {
                asleep = true;
                if (published == done && !stop) {
                    LockSupport.parkNanos(this, 1_000_000_000);
                }
                asleep = false;
                spins = 0;
            }
        }
    }

    private void perform(Entry e, long ticket) {
        try {
            if (e.tensor != null) {
                e.tensor.copyFromStream(e.memory, e.upload);
            } else {
                e.executable.perform(e.dependencies, e.limit);
            }
        } catch (Throwable t) {
            note(t, e, ticket);
        } finally {
            e.tensor = null;
            e.memory = null;
            e.executable = null;
            e.limit = null;
        }
    }

    private synchronized void note(Throwable t, Entry e, long ticket) {
        e.error = t;
        e.errorTicket = ticket;
        if (error == null) {
            error = t;
        }
    }

    /** Throws the first error of the work up to now, once. */
    private synchronized void rethrow() {
        Throwable t = error;
        error = null;
        if (t != null) {
            throw Workers.unchecked(t);
        }
    }

    /** Throws the error of a piece of work, whatever became of those before it, which others gave up or wait for. */
    private synchronized void rethrow(long ticket) {
        Entry e = ring[(int) ((ticket - 1) % ENTRIES)];
        if (e.error != null && e.errorTicket == ticket) {
            throw Workers.unchecked(e.error);
        }
    }

    @Override
    public void synchronize() {
        requireOpen();
        sequence.await(sequence.last());
        rethrow();
    }

    @Override
    public void synchronize(Duration limit) {
        requireOpen();
        await(sequence.last(), limit);
        rethrow();
    }

    /** Waits for a piece of work and throws its error. */
    void finish(long ticket, Duration limit) {
        await(ticket, limit);
        rethrow(ticket);
    }

    private void await(long ticket, Duration limit) {
        if (!sequence.await(ticket, limit.toNanos())) {
            throw new DeadlineExceededException("work is still under way after " + limit + "; it goes on");
        }
    }

    /** The same under a limit that may also be cancelled. */
    void finish(long ticket, Limit limit) {
        if (!sequence.await(ticket, limit)) {
            limit.check();
        }
        rethrow(ticket);
    }

    @Override
    public boolean done() {
        requireOpen();
        return sequence.idle();
    }

    private void requireOpen() {
        if (closed) {
            throw new ClosedException("the stream is closed");
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        sequence.await(sequence.last());
        stop = true;
        LockSupport.unpark(thread);
        device.forget(this);
    }
}
