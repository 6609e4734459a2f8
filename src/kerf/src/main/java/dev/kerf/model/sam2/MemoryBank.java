package dev.kerf.model.sam2;

import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.Executable;
import dev.kerf.graph.TensorType;
import dev.kerf.model.sam2.network.Sam2Config;
import java.lang.foreign.MemorySegment;

/**
 * The rings of memories and object pointers on the device. A memory that is needed gets a slot; the one unneeded for
 * the longest moves to host memory when there is none left. More slots are made only for a frame that needs more at
 * once.
 */
final class MemoryBank implements AutoCloseable {
    private final Sam2 sam;
    private DeviceTensor.State memories;
    private DeviceTensor.State pointers;
    private FrameMemory[] owners = new FrameMemory[0];
    private long clock;

    MemoryBank(Sam2 sam) {
        this.sam = sam;
    }

    /** How many there are. */
    int slots() {
        return owners.length;
    }

    /**
     * Begins a step that needs up to so many memories at once: none that it asks for loses its slot before the next.
     */
    void begin(int needed) {
        clock++;
        if (needed > owners.length) {
            grow(Math.max(32, Integer.highestOneBit(needed - 1) << 1));
        }
    }

    private void grow(int slots) {
        for (FrameMemory m : owners) {
            if (m != null) {
                store(m);
            }
        }
        close();
        long cells = sam.config().memoryTokens();
        memories = sam.device().allocateState(TensorType.f32(slots, cells, Sam2Config.MEMORY_WIDTH));
        pointers = sam.device().allocateState(TensorType.f32(slots, Sam2Config.WIDTH));
        owners = new FrameMemory[slots];
    }

    /** Binds the rings. */
    void bind(Executable e) {
        e.bindState("memories", memories);
        e.bindState("pointers", pointers);
    }

    /** The slot of a memory, which is brought to the device if it isn't there. */
    int fetch(FrameMemory m) {
        if (m.slot == FrameMemory.NOWHERE) {
            reserve(m);
            try (var lease = sam.memories().lease(new Sam2.SlotsPlan(owners.length, false))) {
                Executable e = lease.plan();
                bind(e);
                e.input("memory").upload(m.stored.data());
                e.input("pointer").upload(m.pointer.data());
                e.input("slot").upload(MemorySegment.ofArray(new int[] {m.slot}));
                e.run();
            }
            m.stored = null;
        }
        m.used = clock;
        return m.slot;
    }

    /** A slot for a memory that is yet to be made. */
    int reserve(FrameMemory m) {
        int oldest = -1;
        for (int i = 0; i < owners.length; i++) {
            if (owners[i] == null) {
                oldest = i;
                break;
            }
            if (owners[i].used < clock && (oldest < 0 || owners[i].used < owners[oldest].used)) {
                oldest = i;
            }
        }
        if (oldest < 0) {
            throw new IllegalStateException("all of " + owners.length + " slots are needed at once");
        }
        if (owners[oldest] != null) {
            store(owners[oldest]);
        }
        owners[oldest] = m;
        m.slot = oldest;
        m.used = clock;
        return oldest;
    }

    /** Moves a memory to the host. */
    private void store(FrameMemory m) {
        try (var lease = sam.memories().lease(new Sam2.SlotsPlan(owners.length, true))) {
            Executable e = lease.plan();
            bind(e);
            e.input("slot").upload(MemorySegment.ofArray(new int[] {m.slot}));
            e.run();
            m.stored = e.output("memory").toHost();
        }
        release(m);
    }

    /** Lets a memory go. */
    void release(FrameMemory m) {
        if (m.slot != FrameMemory.NOWHERE) {
            owners[m.slot] = null;
            m.slot = FrameMemory.NOWHERE;
        }
    }

    /** Bytes that the rings take on the device. */
    long bytes() {
        return memories == null ? 0 : memories.type().bytes() + pointers.type().bytes();
    }

    @Override
    public void close() {
        if (memories != null) {
            memories.close();
            pointers.close();
            memories = null;
        }
    }
}
