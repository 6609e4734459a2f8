package dev.kerf.backend.cpu;

import dev.kerf.backend.Limit;
import dev.kerf.backend.Stream;
import dev.kerf.error.ClosedException;
import dev.kerf.error.DeadlineExceededException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** A thread that does what is submitted to it, one after the other, from a ring of entries made beforehand. */
final class CpuStream implements Stream, Runnable {
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
    private long errorTicket;

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
            note(t, ticket);
        } finally {
            e.tensor = null;
            e.memory = null;
            e.executable = null;
            e.limit = null;
        }
    }

    private synchronized void note(Throwable t, long ticket) {
        if (error == null) {
            error = t;
            errorTicket = ticket;
        }
    }

    /** Takes the error of the work up to now; thrown only if it belongs to the ticket or later. */
    private synchronized void rethrow(long from) {
        Throwable t = error;
        error = null;
        if (t == null || errorTicket < from) {
            return;
        }
        throw Workers.unchecked(t);
    }

    @Override
    public void synchronize() {
        requireOpen();
        sequence.await(sequence.last());
        rethrow(0);
    }

    @Override
    public void synchronize(Duration limit) {
        requireOpen();
        await(sequence.last(), 0, limit);
    }

    /** Waits for a piece of work; errors of those before {@code from} are dropped. */
    void await(long ticket, long from, Duration limit) {
        if (!sequence.await(ticket, limit.toNanos())) {
            throw new DeadlineExceededException("work is still under way after " + limit + "; it goes on");
        }
        rethrow(from);
    }

    /** The same under a limit that may also be cancelled. */
    void await(long ticket, long from, Limit limit) {
        if (!sequence.await(ticket, limit)) {
            limit.check();
        }
        rethrow(from);
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
