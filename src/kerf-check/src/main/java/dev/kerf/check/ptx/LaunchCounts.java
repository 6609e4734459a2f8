package dev.kerf.check.ptx;

import dev.kerf.check.ptx.machine.Block;
import dev.kerf.check.ptx.machine.Counts;
import dev.kerf.check.ptx.machine.Flow;
import dev.kerf.check.ptx.machine.Program;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a launch did, counted: the same on every machine.
 *
 * @param kernel       its name
 * @param blocks       how many
 * @param threads      of a block
 * @param sharedBytes  shared memory of a block
 * @param waves        how often the card was filled, as far as threads, blocks and shared memory decide
 * @param instructions instructions of warps by kind, such as {@code fma.f32} or {@code ld.global}
 * @param lanes        lanes that took part in them
 * @param sectors      sectors of 32 bytes of global memory that were asked for
 * @param partial      of these, those that a request writes in part
 * @param bytes        bytes of global memory that lanes asked for
 * @param storedSectors those of the sectors that were stored to
 * @param storedBytes  those of the bytes that were stored
 * @param wavefronts   passes over the banks of shared memory
 * @param leastWavefronts passes that it would take without bank conflicts
 * @param globalRounds stretches of warps, from barrier to barrier, in which they read global memory
 * @param sharedRounds likewise shared memory
 * @param copyRounds   groups of asynchronous copies of warps
 * @param ahead        of these, most that a warp has under way at once
 */
public record LaunchCounts(
        String kernel, long blocks, int threads, int sharedBytes, long waves, Map<String, Long> instructions, long lanes,
        long sectors, long partial, long bytes, long storedSectors, long storedBytes, long wavefronts, long leastWavefronts,
        long globalRounds, long sharedRounds, long copyRounds, int ahead) {
    /** Counts of the launch that has just ended, which begin anew. */
    static LaunchCounts of(PtxKernel kernel, PtxLaunch.Bound launch, Card card) {
        Program program = kernel.program();
        List<String> kinds = program.kinds();
        Map<String, Long> instructions = new LinkedHashMap<>();
        long lanes = 0;
        long[] sums = new long[10];
        int ahead = 0;
        for (Block b : kernel.blocks()) {
            Counts c = b.counts;
            for (int s = 0; s < program.segments.length; s++) {
                Flow.Segment segment = program.segments[s];
                for (int i = segment.from(); i < segment.to() && c.visits[s] > 0; i++) {
                    instructions.merge(kinds.get(i), c.visits[s], Long::sum);
                    lanes += c.lanes[s] - c.idle[i];
                }
            }
            for (int i = 0; i < kinds.size(); i++) {
                sums[0] += c.sectors[i];
                sums[1] += c.bytes[i];
                sums[2] += c.waves[i];
                sums[3] += c.leastWaves[i];
                if (kinds.get(i).equals("st.global")) {
                    sums[4] += c.sectors[i];
                    sums[5] += c.bytes[i];
                }
            }
            sums[6] += c.partial;
            sums[7] += c.globalRounds;
            sums[8] += c.sharedRounds;
            sums[9] += c.copyRounds;
            ahead = Math.max(ahead, c.ahead);
            c.clear();
        }
        return new LaunchCounts(kernel.name(), launch.blocks(), launch.threads(), kernel.sharedBytes(),
                card.waves(launch.blocks(), launch.threads(), kernel.sharedBytes(), 0), instructions, lanes, sums[0], sums[6],
                sums[1], sums[4], sums[5], sums[2], sums[3], sums[7], sums[8], sums[9], ahead);
    }

    /** All instructions of warps. */
    public long total() {
        return instructions.values().stream().mapToLong(n -> n).sum();
    }

    /** With so many times what other blocks of the same launch did. */
    public LaunchCounts plus(LaunchCounts others, double times) {
        Map<String, Long> sum = new LinkedHashMap<>(instructions);
        others.instructions.forEach((kind, n) -> sum.merge(kind, Math.round(n * times), Long::sum));
        return new LaunchCounts(kernel, blocks, threads, sharedBytes, waves, sum, lanes + Math.round(others.lanes * times),
                sectors + Math.round(others.sectors * times), partial + Math.round(others.partial * times),
                bytes + Math.round(others.bytes * times), storedSectors + Math.round(others.storedSectors * times),
                storedBytes + Math.round(others.storedBytes * times),
                wavefronts + Math.round(others.wavefronts * times),
                leastWavefronts + Math.round(others.leastWavefronts * times),
                globalRounds + Math.round(others.globalRounds * times),
                sharedRounds + Math.round(others.sharedRounds * times),
                copyRounds + Math.round(others.copyRounds * times), Math.max(ahead, others.ahead));
    }
}
