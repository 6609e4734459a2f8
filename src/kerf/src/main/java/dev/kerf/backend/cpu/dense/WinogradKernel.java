package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import java.util.Arrays;

/**
 * Convolution with a 3 × 3 kernel, stride 1, by Winograd's F(2×2, 3×3): 16 products make 4 outputs where direct
 * convolution takes 36. A block of tiles is copied to a {@link Patch} with stride 2, transformed some channels at a
 * time, and multiplied point by point as matrices. On
 * pixels of even size float32's error is that of direct convolution; beside pixels much larger than themselves it
 * grows with those.
 */
final class WinogradKernel implements Kernel {
    private static final int POINTS = WinogradTransforms.POINTS;
    private static final int TILES = 64;
    /** Panels whose sums are held at a time. */
    private static final int GROUP = 6;
    /** Channels that are summed at a time: a panel of 12 rows is then 12 KiB. */
    private static final int CHANNELS = 256;
    /** Channels that are copied at a time. */
    private static final int COPIED = 16;
    private static final int MIN_CHANNELS = 16;
    private static final int MIN_TILES = 32;
    /** Less work than this isn't worth two more loops to compile. */
    private static final double MIN_FLOPS = 2e8;

    /**
     * How the work is cut.
     *
     * @param depth  input channels
     * @param down   tiles along the height
     * @param across tiles along the width
     * @param rows   tiles of a block along the height
     * @param cols   tiles of a block along the width
     * @param panels panels that go over a block
     * @param patch  a block with the pixels around it
     */
    private record Cut(int depth, int down, int across, int rows, int cols, int panels, Patch patch) {
        static Cut of(Correlation work, int workers) {
            int down = (work.outH() + 1) / 2;
            int across = (work.outW() + 1) / 2;
            int wide = 2 * Tiles.LANES;
            int cols = across <= wide + wide / 2 ? across : Blocking.even(across, wide);
            int rows = Blocking.even(down, Math.clamp(TILES / cols, 1, down));
            int blocks = Blocking.ceil(down, rows) * Blocking.ceil(across, cols) * work.batch();
            int count = CorrelationKernel.panels(work).count;
            int parts = 1;
            while (parts < count && parts * blocks < 3 * workers) {
                parts++;
            }
            int[] four = {0, 1, 2, 3};
            Taps taps = Taps.grid(2, 2, Arrays.stream(four).map(u -> u + work.taps().top()).toArray(),
                    Arrays.stream(four).map(v -> v + work.taps().left()).toArray());
            return new Cut(work.depth(), down, across, rows, cols, Blocking.ceil(count, parts),
                    new Patch(taps, rows, cols));
        }

        int pitch() {
            return (Blocking.ceil(patch.vectors, 4) * 4 + 1) * Tiles.LANES;
        }

        int patchFloats() {
            return Blocking.ceil(patch.floats(COPIED), 16) * 16;
        }

        /** Floats from point to point: an odd number of cache lines, so that the points of a tile don't share a set. */
        int pointStep() {
            return odd(depth * pitch());
        }

        int sumStep() {
            return odd(GROUP * Tiles.MAX_ROWS * pitch());
        }

        private static int odd(int floats) {
            return (Blocking.ceil(floats, 16) | 1) * 16;
        }

        int floats() {
            return patchFloats() + POINTS * (pointStep() + sumStep()) + 4 * pitch();
        }
    }

    private final Correlation work;
    private final Cut cut;
    private final Panels panels;
    private final float[] coefficients;
    private final Operand x;
    private final Operand bias;
    private final Operand residual;
    private final Operand y;
    private final Operand scratch;
    private final int[] pixels;
    private final int[] offsets;
    private final int[] starts;
    private final int rowBlocks;
    private final int colBlocks;
    private final int units;

    /** A kernel over its operands, with coefficients by {@link #pack}. */
    WinogradKernel(
            Correlation work, int workers, float[] coefficients, Operand x, Operand bias, Operand residual, Operand y,
            Operand scratch) {
        this.work = work;
        this.coefficients = coefficients;
        this.x = x;
        this.bias = bias;
        this.residual = residual;
        this.y = y;
        this.scratch = scratch;
        cut = Cut.of(work, workers);
        panels = CorrelationKernel.panels(work);
        pixels = cut.patch.offsets(1);
        offsets = new int[Math.min(CHANNELS, work.depth())];
        Arrays.setAll(offsets, c -> c * cut.pitch());
        starts = new int[cut.patch.starts.length];
        Arrays.setAll(starts, v -> v < cut.patch.vectors ? v * Tiles.LANES : 0);
        rowBlocks = Blocking.ceil(cut.down, cut.rows);
        colBlocks = Blocking.ceil(cut.across, cut.cols);
        units = rowBlocks * colBlocks * Blocking.ceil(panels.count, cut.panels);
    }

    /** Whether it can do a convolution, and faster than directly. */
    static boolean suits(Correlation work) {
        Taps t = work.taps();
        int left = t.left();
        int top = t.top();
        boolean square = t.count() == 9 && t.strideH() == 1 && t.strideW() == 1 && work.phases() == 1;
        for (int i = 0; square && i < 9; i++) {
            square = t.du()[i] - top == i / 3 && t.dv()[i] - left == i % 3;
        }
        int tiles = (work.outH() + 1) / 2 * ((work.outW() + 1) / 2);
        return square && work.groups() == 1 && work.depth() >= MIN_CHANNELS && work.channels() >= MIN_CHANNELS
                && tiles >= MIN_TILES && work.flops() / work.batch() >= MIN_FLOPS;
    }

    /** Floats of scratch for all threads. */
    static long scratchFloats(Correlation work, int workers) {
        return (long) workers * Cut.of(work, workers).floats();
    }

    /** G g Gᵀ of every kernel (O, C, 3, 3), panels of each point after the other. */
    static float[] pack(float[] dense, Correlation work) {
        Panels panels = CorrelationKernel.panels(work);
        int depth = work.depth();
        float[] to = new float[Math.multiplyExact(POINTS, panels.floats(depth))];
        for (int point = 0; point < POINTS; point++) {
            int p = point;
            panels.pack(depth, (row, k) -> WinogradTransforms.kernel(dense, (row * depth + k) * 9, p), to,
                    point * panels.floats(depth));
        }
        return to;
    }

    @Override
    public int tasks() {
        return y.count() == null
                ? work.batch() * units
                : Math.clamp(y.count().ints()[y.count().offset()], 0, work.batch()) * units;
    }

    @Override
    public void run(int task, int worker) {
        int image = task / units;
        int unit = task % units;
        int i0 = unit / colBlocks % rowBlocks * cut.rows;
        int j0 = unit % colBlocks * cut.cols;
        int first = unit / (colBlocks * rowBlocks) * cut.panels;
        int end = Math.min(first + cut.panels, panels.count);
        int rows = Math.min(cut.rows, cut.down - i0);
        float[] room = scratch.floats();
        int at = scratch.offset() + worker * cut.floats();
        int points = at + cut.patchFloats();
        int sums = points + POINTS * cut.pointStep();
        int vectors = cut.patch.vectors(rows);
        transform(image, i0, rows, j0, vectors, room, at, points);
        for (int p = first; p < end; p += GROUP) {
            int to = Math.min(p + GROUP, end);
            Arrays.fill(room, sums, sums + POINTS * cut.sumStep(), 0f);
            multiply(p, to, vectors, room, points, sums);
            finish(image, p, to, i0, rows, j0, vectors, room, sums);
        }
    }

    private void transform(int image, int i0, int rows, int j0, int vectors, float[] room, int at, int points) {
        float[] in = x.floats();
        int plane = work.inH() * work.inW();
        int xi = x.offset() + image * x.batchStride();
        int pitch = cut.pitch();
        int step = cut.pointStep();
        Patch patch = cut.patch;
        patch.clearTail(room, at, COPIED);
        for (int c0 = 0; c0 < work.depth(); c0 += COPIED) {
            int n = Math.min(COPIED, work.depth() - c0);
            for (int c = 0; c < n; c++) {
                patch.copy(in, xi + (c0 + c) * plane, work.inH(), work.inW(), i0, rows, j0, room,
                        at + c * patch.channel);
            }
            for (int c = 0; c < n; c++) {
                for (int v = 0; v < vectors; v++) {
                    WinogradTransforms.input(room, at + c * patch.channel + patch.starts[v], pixels, room,
                            points + (c0 + c) * pitch + v * Tiles.LANES, step);
                }
            }
        }
    }

    private void multiply(int first, int end, int vectors, float[] room, int points, int sums) {
        int pitch = cut.pitch();
        int each = panels.floats(work.depth());
        for (int point = 0; point < POINTS; point++) {
            for (int c0 = 0; c0 < work.depth(); c0 += CHANNELS) {
                int n = Math.min(CHANNELS, work.depth() - c0);
                for (int p = first; p < end; p++) {
                    Tiles.sweep(panels.height[p], coefficients, point * each + panels.index(p, work.depth(), c0),
                            panels.step(p, work.depth()), room,
                            points + point * cut.pointStep() + c0 * pitch, starts, 0, vectors, offsets, n, room,
                            sums + point * cut.sumStep() + (panels.first[p] - panels.first[first]) * pitch, pitch);
                }
            }
        }
    }

    private void finish(
            int image, int first, int end, int i0, int rows, int j0, int vectors, float[] room, int sums) {
        int pitch = cut.pitch();
        int step = cut.sumStep();
        int upper = sums + POINTS * step;
        int lower = upper + 2 * pitch;
        int left = 2 * j0;
        int n = Math.min(2 * cut.cols, work.outW() - left);
        for (int o = panels.first[first]; o < Math.min(panels.first[end], panels.rows); o++) {
            int m = sums + (o - panels.first[first]) * pitch;
            float b = bias == null ? 0f : bias.floats()[bias.offset() + o];
            for (int v = 0; v < vectors; v++) {
                int tile = 2 * v * Tiles.LANES;
                WinogradTransforms.output(room, m + v * Tiles.LANES, step, b, room, upper + tile, lower + tile);
            }
            for (int i = 0; i < 2 * rows; i++) {
                int row = 2 * i0 + i;
                if (row < work.outH()) {
                    int place = (o * work.outH() + row) * work.outW() + left;
                    store(room, (i % 2 == 0 ? upper : lower) + i / 2 * 2 * cut.patch.rowPitch, image, place, n);
                }
            }
        }
    }

    private void store(float[] room, int c, int image, int place, int n) {
        if (residual != null) {
            Finish.add(room, c, residual.floats(), residual.offset() + image * residual.batchStride() + place, n);
        }
        Finish.store(work.activation(), room, c, y.floats(), y.offset() + image * y.batchStride() + place, n);
    }
}
