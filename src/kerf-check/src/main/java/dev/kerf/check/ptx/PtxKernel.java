package dev.kerf.check.ptx;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.check.ptx.machine.Block;
import dev.kerf.check.ptx.machine.DeviceMemory;
import dev.kerf.check.ptx.machine.Entry;
import dev.kerf.check.ptx.machine.Program;
import dev.kerf.check.ptx.machine.Watch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A loaded kernel: its program, its global variables, and a block for each worker. */
final class PtxKernel implements Driver.Kernel {
    private final Program program;
    private final int dynamic;
    private final long globalBytes;
    private Block[] blocks = {};
    private Watch watch;

    private PtxKernel(Program program, int dynamic, long globalBytes) {
        this.program = program;
        this.dynamic = dynamic;
        this.globalBytes = globalBytes;
    }

    static PtxKernel of(Entry entry, DeviceMemory memory, int dynamic) {
        Map<String, Long> addresses = new HashMap<>();
        long bytes = 0;
        for (Map.Entry<String, Entry.Variable> e : entry.variables().entrySet()) {
            Entry.Variable v = e.getValue();
            if (v.space().equals("global")) {
                DeviceMemory.Allocation a = memory.allocate(v.bytes());
                System.arraycopy(v.values(), 0, a.bytes, 0, v.values().length);
                a.fill(0, v.bytes());
                addresses.put(e.getKey(), a.address);
                bytes += v.bytes();
            }
        }
        return new PtxKernel(Program.of(entry, addresses), dynamic, bytes);
    }

    @Override
    public String name() {
        return program.entry.name();
    }

    Program program() {
        return program;
    }

    /** Bytes of its global variables. */
    long globalBytes() {
        return globalBytes;
    }

    /** Shared memory of a block. */
    int sharedBytes() {
        return program.sharedBytes + dynamic;
    }

    /** A block for each of so many workers; one launch at a time uses them. */
    Block[] blocks(int workers, DeviceMemory memory, Watch wanted) {
        if (blocks.length < workers || !wanted.equals(watch)) {
            List<Block> made = new ArrayList<>();
            for (int i = 0; i < workers; i++) {
                made.add(new Block(program, memory, wanted));
            }
            blocks = made.toArray(Block[]::new);
            watch = wanted;
        }
        return blocks;
    }

    /** The blocks of the last launch, with their counts. */
    Block[] blocks() {
        return blocks;
    }
}
