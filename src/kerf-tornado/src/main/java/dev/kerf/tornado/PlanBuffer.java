package dev.kerf.tornado;

import dev.kerf.backend.gpu.NativeObject;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A buffer as a plan uses it. The arrays of a plan's tasks are fixed; for a buffer that may be replaced by another,
 * memory of the plan's own stands in, which is filled before a run and, if the run writes to it, copied back.
 */
final class PlanBuffer {
    /** When a plan copies an operand to the device. */
    enum Push {
        /** Never: the plan writes it first. */
        NEVER,
        /** In its first run. */
        ONCE,
        /** In each run. */
        ALWAYS
    }

    private static final long ROUND = 256;

    private final TornadoBuffer memory;
    private final boolean standsIn;
    private final Push push;
    private TornadoBuffer bound;
    private TornadoBuffer filledFrom;
    private long filledVersion = -1;
    private long seen = -1;
    private boolean ran;
    private boolean written;
    private boolean writtenFirst;
    private int firstGraph = -1;
    private int lastGraph = -1;

    private PlanBuffer(TornadoBuffer memory, boolean standsIn, TornadoBuffer bound, Push push) {
        this.memory = memory;
        this.standsIn = standsIn;
        this.bound = bound;
        this.push = push;
    }

    /** A buffer itself. */
    static PlanBuffer of(TornadoBuffer buffer, boolean changes) {
        return new PlanBuffer(buffer, false, buffer,
                changes || buffer.changes() ? Push.ALWAYS : buffer.written() ? Push.ONCE : Push.NEVER);
    }

    /** Memory that stands in for a buffer and for others of its type that aren't larger. */
    static PlanBuffer standIn(TornadoBuffer buffer) {
        Set<NativeObject> open = ConcurrentHashMap.newKeySet();
        TornadoBuffer memory = new TornadoBuffer(
                Math.ceilDiv(buffer.bytes(), ROUND) * ROUND, buffer.element(), open, new AtomicLong());
        return new PlanBuffer(memory, true, buffer, Push.ALWAYS);
    }

    /** What the plan's tasks are given. */
    TornadoBuffer memory() {
        return memory;
    }

    boolean standsIn() {
        return standsIn;
    }

    TornadoBuffer bound() {
        return bound;
    }

    Push push() {
        return push;
    }

    boolean written() {
        return written;
    }

    int firstGraph() {
        return firstGraph;
    }

    int lastGraph() {
        return lastGraph;
    }

    /**
     * Whether it must be read before the first task, so that TornadoVM copies it to the device though tasks only write
     * it.
     */
    boolean needsTouch() {
        return writtenFirst && push != Push.NEVER;
    }

    /** A task of some graph uses it; tasks in their order. */
    void used(int graph, boolean writes) {
        if (firstGraph < 0) {
            firstGraph = graph;
            writtenFirst = writes;
        }
        lastGraph = graph;
        written |= writes;
    }

    /** Whether it can stand for another buffer. */
    boolean takes(TornadoBuffer buffer) {
        return standsIn
                ? buffer.element() == memory.element() && buffer.bytes() <= memory.bytes()
                : buffer == memory;
    }

    /** Whether the plan's device copy is, or will be when it runs, the newest. */
    boolean current() {
        return standsIn || push == Push.ALWAYS || !ran || seen == memory.version();
    }

    /** Stands for this buffer from now on. */
    void bind(TornadoBuffer buffer) {
        bound = buffer;
    }

    /** Makes the host's memory what the device shall be given. */
    void prepare() {
        if (standsIn) {
            if (filledFrom != bound || filledVersion != bound.version()) {
                MemorySegment.copy(bound.read(), 0, memory.read(), 0, bound.bytes());
                filledFrom = bound;
                filledVersion = bound.version();
            }
        } else if (push == Push.ALWAYS || push == Push.ONCE && !ran) {
            memory.read();
        }
    }

    /** Notes that a plan has run. */
    void finish(TornadoPlan plan) {
        ran = true;
        if (!written) {
            seen = memory.version();
        } else if (standsIn) {
            plan.pull(memory.array());
            MemorySegment.copy(memory.read(), 0, bound.write(0, bound.bytes()), 0, bound.bytes());
            filledVersion = bound.version();
        } else {
            seen = memory.writtenBy(plan);
        }
    }

    void close() {
        if (standsIn) {
            memory.close();
        }
    }
}
