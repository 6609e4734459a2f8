package dev.kerf.check.cost;

import dev.kerf.check.ptx.LaunchCounts;
import java.util.Map;

/**
 * What one launch costs.
 *
 * @param node        of the graph, what it is part of
 * @param kernel      what was asked for
 * @param variant     what was chosen: the kernel itself or one that stands in for it
 * @param definitions the parameters and attributes that it is built with
 * @param blocks      how many
 * @param sampled     how many of them were counted; the counts stand for all
 * @param flops       useful arithmetic operations, by the kernel's manifest
 * @param bytes       to be read and written at least, likewise
 * @param registers   of a thread
 * @param localBytes  of a thread's own memory that its PTX declares
 * @param assembled   whether ptxas said how many registers; otherwise they are about what its PTX needs
 * @param counts      of all blocks
 */
public record LaunchCost(
        String node, String kernel, String variant, Map<String, String> definitions, long blocks, long sampled, long flops,
        long bytes, int registers, int localBytes, boolean assembled, LaunchCounts counts) {
    private static final int LANES = 32;

    /** Whether the counts were scaled from a part of the blocks. */
    public boolean isSampled() { return sampled < blocks; }

    /** Float multiply-adds that were executed, in all lanes of their warps; without those of tensor cores. */
    public long multiplyAdds() {
        return LANES * counts.instructions().getOrDefault("fma.f32", 0L);
    }
}
