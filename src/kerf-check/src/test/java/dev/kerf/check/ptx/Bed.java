package dev.kerf.check.ptx;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.check.ptx.machine.Watch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs small kernels. Each gets x and y, arrays of 32-bit numbers; at its start %r1 is its thread in the block, %r2 the block, %r4 the
 * thread in the grid, %rd1 and %rd2 are x and y, %rd4 and %rd5 the places of %r4 in them.
 */
final class Bed implements AutoCloseable {
    private static final String HEAD = """
            .version 7.0
            .target sm_80
            .address_size 64
            .visible .entry k(.param .u64 x, .param .u64 y)
            {
            .reg .pred %p<9>;
            .reg .b16 %rs<9>;
            .reg .b32 %r<65>;
            .reg .f32 %f<65>;
            .reg .b64 %rd<33>;
            ld.param.u64 %rd1, [x];
            ld.param.u64 %rd2, [y];
            cvta.to.global.u64 %rd1, %rd1;
            cvta.to.global.u64 %rd2, %rd2;
            mov.u32 %r1, %tid.x;
            mov.u32 %r2, %ctaid.x;
            mov.u32 %r3, %ntid.x;
            mad.lo.s32 %r4, %r2, %r3, %r1;
            mul.wide.s32 %rd3, %r4, 4;
            add.s64 %rd4, %rd1, %rd3;
            add.s64 %rd5, %rd2, %rd3;
            """;

    private final PtxDriver driver;
    private final List<LaunchCounts> counts = new ArrayList<>();

    Bed() {
        this(new Watch(true, true, false, false));
    }

    Bed(Watch watch) {
        driver = new PtxDriver(Card.of("h100"), watch);
    }

    /** Runs a body for some blocks of some threads; gives y, as long as there are threads, or longer by the rows asked for. */
    static int[] run(String body, int blocks, int threads, int outputs, int... x) {
        try (Bed bed = new Bed()) {
            return bed.launch(body, blocks, threads, outputs, x);
        }
    }

    /** The same with floats. */
    static float[] run(String body, int threads, float... x) {
        int[] bits = new int[x.length];
        for (int i = 0; i < x.length; i++) {
            bits[i] = Float.floatToRawIntBits(x[i]);
        }
        int[] y = run(body, 1, threads, threads, bits);
        float[] out = new float[y.length];
        for (int i = 0; i < y.length; i++) {
            out[i] = Float.intBitsToFloat(y[i]);
        }
        return out;
    }

    /** What a body counts. */
    static LaunchCounts count(String body, int blocks, int threads, int outputs, int... x) {
        try (Bed bed = new Bed()) {
            bed.driver.observe(bed.counts::add);
            bed.launch(body, blocks, threads, outputs, x);
            return bed.counts.getFirst();
        }
    }

    int[] launch(String body, int blocks, int threads, int outputs, int... x) {
        return launch(driver.load(HEAD + body + "\nret;\n}\n", "k", 0), blocks, threads, outputs, x);
    }

    private int[] launch(PtxKernel kernel, int blocks, int threads, int outputs, int... x) {
        try (Arena arena = Arena.ofShared();
                Driver.Queue queue = driver.queue();
                Driver.Buffer in = driver.allocate(Math.max(4, 4L * x.length));
                Driver.Buffer out = driver.allocate(4L * outputs);
                PtxLaunch launch = driver.launch(kernel, new long[] {(long) blocks * threads}, new long[] {threads},
                        List.of(in, out))) {
            MemorySegment from = arena.allocateFrom(ValueLayout.JAVA_INT, x);
            MemorySegment to = arena.allocate(4L * outputs);
            queue.upload(in, 0, from, 0, 4L * x.length);
            queue.launch(launch);
            queue.download(out, 0, to, 0, 4L * outputs);
            queue.synchronize();
            return to.toArray(ValueLayout.JAVA_INT);
        }
    }

    /** 0, 1, 2 … */
    static int[] upTo(int n) {
        int[] x = new int[n];
        for (int i = 0; i < n; i++) {
            x[i] = i;
        }
        return x;
    }

    @Override
    public void close() {
        driver.close();
    }
}
