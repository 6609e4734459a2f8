package dev.kerf.cli.bench;

import dev.kerf.backend.gpu.device.DeviceFloors;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * What the host's processors give at most: fused multiply-adds on vectors, and copying memory, by so many threads at once. Takes
 * about two seconds.
 */
final class CpuFloors {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int ROUNDS = 1 << 20;
    private static final int CHAINS = 12;
    private static final long COPIED = 64L << 20;
    private static final int TRIES = 8;
    /** Tries that pay for compiling. */
    private static final int WARM = 3;

    /** Keeps results alive. */
    private static volatile float sink;

    private CpuFloors() {}

    static DeviceFloors measure(int threads) {
        double flops = 2.0 * ROUNDS * CHAINS * SPECIES.length() * threads / best(threads, List.of(), CpuFloors::multiplyAdd);
        return new DeviceFloors(copying(threads), flops);
    }

    /** Bytes a second, read and written, that so many threads copy at once, each 64 MiB to and fro. */
    static double copying(int threads) {
        try (Arena arena = Arena.ofShared()) {
            List<MemorySegment> memory = new ArrayList<>();
            for (int i = 0; i < 2 * threads; i++) {
                memory.add(arena.allocate(COPIED, 64).fill((byte) i));
            }
            return 2.0 * COPIED * threads / best(threads, memory, pair -> pair.getFirst().copyFrom(pair.getLast()));
        }
    }

    /** Seconds that all threads took together in the best try. */
    private static double best(int threads, List<MemorySegment> memory, java.util.function.Consumer<List<MemorySegment>> work) {
        long[] begun = new long[1];
        List<Long> tries = new ArrayList<>();
        CyclicBarrier start = new CyclicBarrier(threads, () -> begun[0] = System.nanoTime());
        CyclicBarrier end = new CyclicBarrier(threads, () -> tries.add(System.nanoTime() - begun[0]));
        List<Thread> all = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            List<MemorySegment> own = memory.isEmpty() ? List.of() : memory.subList(2 * i, 2 * i + 2);
            all.add(Thread.ofPlatform().daemon().start(() -> {
                try {
                    for (int n = 0; n < WARM + TRIES; n++) {
                        start.await();
                        work.accept(own);
                        end.await();
                    }
                } catch (InterruptedException | java.util.concurrent.BrokenBarrierException e) {
                    throw new IllegalStateException("nobody interrupts it", e);
                }
            }));
        }
        try {
            for (Thread t : all) {
                t.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new dev.kerf.error.ClosedException("interrupted", e);
        }
        return tries.stream().skip(WARM).mapToLong(t -> t).min().orElseThrow() / 1e9;
    }

    /** As many independent chains as it takes to hide the latency. */
    private static void multiplyAdd(List<MemorySegment> none) {
        FloatVector x = FloatVector.broadcast(SPECIES, 0.999f);
        FloatVector y = FloatVector.broadcast(SPECIES, 0.001f);
        FloatVector a = x;
        FloatVector b = x;
        FloatVector c = x;
        FloatVector d = x;
        FloatVector e = x;
        FloatVector f = x;
        FloatVector g = x;
        FloatVector h = x;
        FloatVector i = x;
        FloatVector j = x;
        FloatVector k = x;
        FloatVector l = x;
        for (int n = 0; n < ROUNDS; n++) {
            a = a.fma(x, y);
            b = b.fma(x, y);
            c = c.fma(x, y);
            d = d.fma(x, y);
            e = e.fma(x, y);
            f = f.fma(x, y);
            g = g.fma(x, y);
            h = h.fma(x, y);
            i = i.fma(x, y);
            j = j.fma(x, y);
            k = k.fma(x, y);
            l = l.fma(x, y);
        }
        sink = a.add(b).add(c).add(d).add(e).add(f).add(g).add(h).add(i).add(j).add(k).add(l).reduceLanes(VectorOperators.ADD);
    }
}
