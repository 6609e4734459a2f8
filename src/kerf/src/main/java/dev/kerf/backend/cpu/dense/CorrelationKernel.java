package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.graph.Op.Activation;

/**
 * Direct convolution: a block of the image is copied to a {@link Patch}, some channels at a time, and every panel of
 * coefficients goes over it. Sums stay in a buffer; residual, bias and activation are applied as they leave it, or before they leave
 * it pixel by pixel.
 */
final class CorrelationKernel implements Kernel {
    private static final double FLOPS_WORTH_A_TASK = 1e6;
    /** Pixels that are transposed at a time: their channels are then written in one piece. */
    private static final int TRANSPOSED = 64;

    private final Correlation work;
    private final Panels panels;
    private final Blocking blocking;
    private final Patch patch;
    private final Offsets offsets;
    private final float[] coefficients;
    private final Operand x;
    private final Operand bias;
    private final Operand residual;
    private final ChannelNorm norm;
    private final boolean pixels;
    private final Operand y;
    private final Operand scratch;
    private final int sumRows;
    private final int sumsPitch;
    private final int patchFloats;
    private final int perWorker;
    private final int rowBlocks;
    private final int colBlocks;
    private final int panelBlocks;
    private final int unitsPerImage;
    private final int tasks;
    /** Whether two neighbouring rows of sums are the even and the odd columns of a result. */
    private final boolean pairs;
    /** Whether the activation is applied to sums where they are. */
    private final boolean inPlace;

    /**
     * A kernel over its operands.
     *
     * @param coefficients packed as {@link Panels} of {@code work.channels() · work.phases()} rows for each group; the
     *                     phases of a channel are neighbours
     * @param bias         one number for each channel, or null
     * @param residual     like the result, or null
     * @param pixels       whether x is (B, pixels, C); there is a single tap then
     * @param norm of the channels before the activation, or null; there is no residual then
     */
    CorrelationKernel(
            Correlation work, Blocking blocking, float[] coefficients, Operand x, Operand bias, Operand residual,
            ChannelNorm norm, boolean pixels, Operand y, Operand scratch) {
        this.work = work;
        this.blocking = blocking;
        this.coefficients = coefficients;
        this.x = x;
        this.bias = bias;
        this.residual = residual;
        this.norm = norm;
        this.pixels = pixels;
        this.y = y;
        this.scratch = scratch;
        panels = panels(work);
        patch = new Patch(work.taps(), blocking.rows(), blocking.cols());
        offsets = Offsets.of(patch.offsets(blocking.channels()));
        sumRows = work.rows();
        sumsPitch = sumsPitch(patch);
        patchFloats = patchFloats(patch, blocking);
        perWorker = floats(work, blocking);
        rowBlocks = Blocking.ceil(work.rows(), blocking.rows());
        colBlocks = Blocking.ceil(work.cols(), blocking.cols());
        panelBlocks = Blocking.ceil(panels.count, blocking.panels() * blocking.passes());
        unitsPerImage = work.groups() * panelBlocks * rowBlocks * colBlocks;
        pairs = work.spreadW() == 2 && work.phaseCols().length == 2;
        inPlace = (pairs || norm != null) && work.activation() != Activation.NONE;
        double worth = Math.max(1, work.flops() / work.batch() / FLOPS_WORTH_A_TASK);
        tasks = (int) Math.min(Math.min(unitsPerImage, worth), MAX_TASKS / work.batch());
    }

    /** The panels of one group. */
    static Panels panels(Correlation work) {
        return Panels.of(work.channels() * work.phases());
    }

    /** Floats of scratch for each thread. */
    static int floats(Correlation work, Blocking blocking) {
        Patch patch = new Patch(work.taps(), blocking.rows(), blocking.cols());
        return patchFloats(patch, blocking) + blocking.panels() * Tiles.MAX_ROWS * sumsPitch(patch);
    }

    private static int sumsPitch(Patch patch) {
        return ((patch.vectors + 3) / 4 * 4 + 1) * Tiles.LANES;
    }

    private static int patchFloats(Patch patch, Blocking blocking) {
        return Blocking.ceil(patch.floats(blocking.copied()), 16) * 16;
    }

    @Override
    public int tasks() {
        return images() * tasks;
    }

    private int images() {
        return y.count() == null ? work.batch() : Math.clamp(y.count().ints()[y.count().offset()], 0, work.batch());
    }

    @Override
    public void run(int task, int worker) {
        int image = task / tasks;
        int part = task % tasks;
        int end = (int) ((long) (part + 1) * unitsPerImage / tasks);
        for (int unit = (int) ((long) part * unitsPerImage / tasks); unit < end; unit++) {
            int colBlock = unit % colBlocks;
            int rowBlock = unit / colBlocks % rowBlocks;
            int panelBlock = unit / (colBlocks * rowBlocks) % panelBlocks;
            int group = unit / (colBlocks * rowBlocks * panelBlocks);
            block(image, group, panelBlock * blocking.panels() * blocking.passes(), rowBlock * blocking.rows(),
                    colBlock * blocking.cols(), worker);
        }
    }

    private void block(int image, int group, int firstPanel, int i0, int j0, int worker) {
        float[] room = scratch.floats();
        int at = scratch.offset() + worker * perWorker;
        int rows = Math.min(blocking.rows(), sumRows - i0);
        int last = Math.min(firstPanel + blocking.panels() * blocking.passes(), panels.count);
        boolean whole = blocking.copied() >= work.depth();
        if (whole) {
            copy(image, group, 0, work.depth(), i0, rows, j0, room, at);
        }
        for (int p0 = firstPanel; p0 < last; p0 += blocking.panels()) {
            int end = Math.min(p0 + blocking.panels(), last);
            for (int c0 = 0; c0 < work.depth(); c0 += blocking.channels()) {
                int n = Math.min(blocking.channels(), work.depth() - c0);
                if (!whole) {
                    copy(image, group, c0, n, i0, rows, j0, room, at);
                }
                multiply(group, p0, end, c0, n, rows, room, at + patchFloats, whole ? at + c0 * patch.channel : at);
            }
            finish(room, at + patchFloats, image, group, p0, end, i0, rows, j0);
        }
    }

    private void copy(int image, int group, int c0, int n, int i0, int rows, int j0, float[] room, int at) {
        int plane = work.inH() * work.inW();
        if (pixels) {
            patch.copyPixels(x.floats(), x.offset() + image * x.batchStride() + c0, work.inW(), work.depth(), i0, rows, j0, n,
                    room,
                    at);
            patch.clearTail(room, at, n);
            return;
        }
        int xi = x.offset() + image * x.batchStride() + (group * work.depth() + c0) * plane;
        for (int c = 0; c < n; c++) {
            patch.copy(x.floats(), xi + c * plane, work.inH(), work.inW(), i0, rows, j0, room, at + c * patch.channel);
        }
        patch.clearTail(room, at, n);
    }

    private void multiply(
            int group, int firstPanel, int end, int c0, int n, int rows, float[] room, int sums, int from) {
        int terms = work.terms();
        int taps = work.taps().count();
        int packed = group * panels.floats(terms);
        for (int p = firstPanel; p < end; p++) {
            Tiles.sweep(panels.height[p], coefficients, packed + panels.index(p, terms, c0 * taps),
                    panels.step(p, terms), room, from, patch.starts, 0, patch.vectors(rows), offsets, n * taps, room,
                    sums + (panels.first[p] - panels.first[firstPanel]) * sumsPitch, sumsPitch, c0 > 0);
        }
    }

    private void finish(
            float[] room, int sums, int image, int group, int firstPanel, int endPanel, int i0, int rows, int j0) {
        int first = panels.first[firstPanel];
        int end = Math.min(panels.first[endPanel], panels.rows);
        int across = work.phaseCols().length;
        int step = pairs ? 2 : 1;
        if (norm != null) {
            normalise(room, sums, rows);
        }
        for (int r = first; r < end; r += step) {
            int channel = group * work.channels() + r / work.phases();
            int phase = r % work.phases();
            int top = work.phaseRows()[phase / across];
            int left = work.phaseCols()[phase % across] + j0 * work.spreadW();
            int width = work.outW() - left;
            float b = bias == null || norm != null ? 0f : bias.floats()[bias.offset() + channel];
            int n = Math.min(blocking.cols(), (width + work.spreadW() - 1) / work.spreadW());
            if (inPlace) {
                // All rows at once: they may be shorter than a vector.
                for (int i = 0; i < step; i++) {
                    int c = sums + (r - first + i) * sumsPitch;
                    Finish.store(work.activation(), b, room, c, room, c, (rows - 1) * patch.rowPitch + n);
                }
                b = 0f;
            }
            for (int i = 0; i < rows; i++) {
                int row = top + (i0 + i) * work.spreadH();
                if (row < work.outH() && n > 0) {
                    int place = (channel * work.outH() + row) * work.outW() + left;
                    int c = sums + (r - first) * sumsPitch + i * patch.rowPitch;
                    store(room, c, b, image, place, n, width);
                }
            }
        }
        if (work.last()) {
            transpose(room, sums, image, i0, Math.min(rows, work.outH() - i0), j0, Math.min(blocking.cols(), work.outW() - j0));
        }
    }

    /** What became of the sums of all channels of a block's rows, to pixels. */
    private void transpose(float[] room, int sums, int image, int i0, int rows, int j0, int n) {
        int channels = work.channels();
        for (int i = 0; i < rows; i++) {
            int to = y.offset() + image * y.batchStride() + ((i0 + i) * work.outW() + j0) * channels;
            for (int j = 0; j < n; j += TRANSPOSED) {
                Transposes.matrix(room, sums + i * patch.rowPitch + j, sumsPitch, channels, Math.min(TRANSPOSED, n - j),
                        y.floats(), to + j * channels, channels);
            }
        }
    }

    /** Bias and norm of the sums of all channels. */
    private void normalise(float[] room, int sums, int rows) {
        int n = patch.vectors(rows) * Tiles.LANES;
        for (int r = 0; bias != null && r < panels.rows; r++) {
            int c = sums + r * sumsPitch;
            Finish.store(Activation.NONE, bias.floats()[bias.offset() + r / work.phases()], room, c, room, c, n);
        }
        for (int phase = 0; phase < work.phases(); phase++) {
            norm.apply(room, sums + phase * sumsPitch, work.phases() * sumsPitch, work.channels(), n);
        }
    }

    private void store(float[] room, int c, float bias, int image, int place, int n, int width) {
        int yi = y.offset() + image * y.batchStride() + place;
        Activation act = inPlace ? Activation.NONE : work.activation();
        if (residual != null) {
            Finish.add(room, c, residual.floats(), residual.offset() + image * residual.batchStride() + place, n);
        }
        if (work.last()) {
            Finish.store(act, bias, room, c, room, c, n);
        } else if (pairs) {
            Finish.interleave(bias, room, c, c + sumsPitch, y.floats(), yi, n, 2 * n > width);
        } else if (work.spreadW() == 1) {
            Finish.store(act, bias, room, c, y.floats(), yi, n);
        } else {
            Finish.spread(act, bias, room, c, y.floats(), yi, work.spreadW(), n);
        }
    }
}
