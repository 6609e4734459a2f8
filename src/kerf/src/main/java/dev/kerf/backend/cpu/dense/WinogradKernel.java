package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.graph.Op.Activation;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Convolution with a 3 × 3 kernel, stride 1, by a {@link WinogradForm}: fewer products than direct convolution's. A block of tiles is transformed, multiplied point by point as matrices, and transformed back. The
 * form's error is that on pixels of even size; beside pixels much larger than themselves it grows with those.
 */
final class WinogradKernel implements Kernel {
    private static final int L = Tiles.LANES;
    /** Channels that are summed at a time: a panel of 12 rows is then 12 KiB. */
    private static final int CHANNELS = 256;
    private static final int MIN_CHANNELS = 16;
    private static final int MIN_TILES = 32;
    /** Less work than this isn't worth two more loops to compile. */
    private static final double MIN_FLOPS = 2e8;

    private final Correlation work;
    private final WinogradCut cut;
    private final WinogradForm form;
    private final Panels panels;
    private final float[] coefficients;
    private final Operand x;
    private final Operand bias;
    private final Operand residual;
    private final Operand y;
    private final Operand scratch;
    private final int firstRow;
    private final int firstCol;
    private final Offsets offsets;
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
        cut = WinogradCut.of(work, workers);
        form = cut.form();
        firstRow = work.taps().top();
        firstCol = work.taps().left();
        panels = CorrelationKernel.panels(work);
        offsets = Offsets.pairs(Math.min(CHANNELS, work.depth()));
        starts = new int[cut.lanes() / L];
        Arrays.setAll(starts, v -> v / 2 * work.depth() * 2 * L + v % 2 * L);
        rowBlocks = Blocking.ceil(cut.down(), cut.rows());
        colBlocks = Blocking.ceil(cut.across(), cut.cols());
        units = rowBlocks * colBlocks * Blocking.ceil(panels.count, cut.panels());
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
                && (tiles >= MIN_TILES && work.flops() / work.batch() >= MIN_FLOPS || WinogradForm.many(work));
    }

    /** Floats of scratch for all threads. */
    static long scratchFloats(Correlation work, int workers) {
        return (long) workers * WinogradCut.of(work, workers).floats();
    }

    /** G g Gᵀ of every kernel (O, C, 3, 3), panels of each point after the other. */
    static float[] pack(float[] dense, Correlation work) {
        Panels panels = CorrelationKernel.panels(work);
        WinogradForm form = WinogradForm.of(work);
        int depth = work.depth();
        float[] to = new float[Math.multiplyExact(form.points(), panels.floats(depth))];
        IntStream.range(0, panels.count).parallel().forEach(p -> {
            int group = Tiles.group(panels.height[p]);
            for (int row = panels.first[p]; row < Math.min(panels.first[p + 1], panels.rows); row++) {
                int r = row - panels.first[p];
                int at = panels.index(p, depth, 0) + r / group * panels.step(p, depth) + r % group;
                for (int k = 0; k < depth; k++) {
                    form.kernel(dense, (row * depth + k) * 9, to, at + k * group, panels.floats(depth));
                }
            }
        });
        return to;
    }

    @Override
    public int tasks() {
        return Blocking.ceil(images(), cut.images()) * units;
    }

    /** Images that there are. */
    private int images() {
        return y.count() == null
                ? work.batch()
                : Math.clamp(y.count().ints()[y.count().offset()], 0, work.batch());
    }

    @Override
    public void run(int task, int worker) {
        int image = task / units * cut.images();
        int unit = task % units;
        int i0 = unit / colBlocks % rowBlocks * cut.rows();
        int j0 = unit % colBlocks * cut.cols();
        int first = unit / (colBlocks * rowBlocks) * cut.panels();
        int end = Math.min(first + cut.panels(), panels.count);
        int rows = cut.images() == 1
                ? Math.min(cut.rows(), cut.down() - i0)
                : Math.min(cut.images(), images() - image) * cut.rows();
        float[] room = scratch.floats();
        int points = scratch.offset() + worker * cut.floats();
        int sums = points + form.points() * cut.pointStep();
        int lines = sums + form.points() * cut.sumStep();
        int between = points + cut.floats() - Winograd4.ROOM;
        int vectors = cut.vectors(rows, Math.min(cut.cols(), cut.across() - j0));
        transform(image, i0, rows, j0, vectors, room, points, lines);
        multiply(first, end, vectors, room, points, sums);
        finish(image, first, end, i0, rows, j0, vectors, room, sums, lines + cut.allLines(),
                between);
    }

    private void transform(int image, int i0, int rows, int j0, int vectors, float[] room, int points, int lines) {
        float[] in = x.floats();
        int w = work.inW();
        int top = form.tile * i0 + firstRow;
        int left = form.tile * j0 + firstCol;
        int plane = work.inH() * w;
        int xi = x.offset() + image * x.batchStride();
        // Zeros beside the image; leftovers behind it could be slow denormals.
        Arrays.fill(room, lines, lines + cut.allLines(), 0f);
        int perRow = Math.max(1, cut.cols() / L);
        int reach = 2 * cut.cols() + 2;
        // Vectors of whole rows are read where they are; 2 L + 2 pixels from each one's start.
        boolean inside = form == WinogradForm.F2 && cut.whole() && top >= 0 && left >= 0 && left + reach <= w
                && top + 2 * rows + 2 <= work.inH()
                && xi + (work.depth() - 1) * plane + (top + 2 * rows + 1) * w + left + reach + 2 * L <= in.length;
        for (int c = 0; c < work.depth(); c++) {
            int to = points + c * 2 * L;
            if (form == WinogradForm.F4) {
                columns(in, xi + c * plane, top, rows, left, room, lines);
                for (int v = 0; v < vectors; v++) {
                    Winograd4.rows(room, lines + 4 * cut.place(v), cut.lineFloats(), room,
                            to + v / 2 * work.depth() * 2 * L + v % 2 * L, cut.pointStep());
                }
                continue;
            }
            for (int line = 0; !inside && line < 2 * rows + 2; line++) {
                copy(in, xi + c * plane, top + line, left, room,
                        lines + line % 2 * cut.lineFloats() + line / 2 * cut.linePitch());
            }
            float[] pixels = inside ? in : room;
            int odd = inside ? w : cut.lineFloats();
            int next = inside ? 2 * w : cut.linePitch();
            for (int v = 0; v < vectors; v++) {
                int at = inside
                        ? xi + c * plane + (top + v / perRow * 2) * w + left + v % perRow * 2 * L
                        : lines + 2 * cut.place(v);
                Winograd2.input(pixels, at, odd, next, room, to + v / 2 * work.depth() * 2 * L + v % 2 * L, cut.pointStep());
            }
        }
    }

    /** Pixels of a line of a row of tiles that lie before the image. */
    private int before(int left) {
        return Math.clamp(-left, 0, cut.linePitch());
    }

    /** Pixels of a line of a row of tiles up to the image's end. */
    private int upTo(int left) {
        return Math.clamp(work.inW() - left, before(left), cut.linePitch());
    }

    /** F(4×4)'s lines of each row of tiles, transformed along the height: from where they are in the image, or a copy at its borders. */
    private void columns(float[] in, int xi, int top, int rows, int left, float[] to, int at) {
        int w = work.inW();
        int from = before(left);
        int n = upTo(left) - from;
        int copied = at + form.lines() * cut.lineFloats();
        for (int r = 0; r < rows; r++) {
            int image = xi + r / cut.rows() * x.batchStride();
            int row = top + form.tile * (r % cut.rows());
            int line = at + r * cut.linePitch();
            if (n >= L && row >= 0 && row + form.lines() <= work.inH()) {
                Winograd4.columns(in, image + row * w + left + from, w, n, to, line + from, cut.lineFloats());
                continue;
            }
            for (int u = 0; u < form.lines(); u++) {
                copy(in, image, row + u, left, to, copied + u * cut.lineFloats());
            }
            Winograd4.columns(to, copied, cut.lineFloats(), Math.max(L, cut.linePitch()), to, line, cut.lineFloats());
        }
    }

    /** A line of pixels for a row of tiles; what lies before or behind the image's stays as it is, zeros. */
    private void copy(float[] in, int xi, int row, int left, float[] to, int at) {
        int from = before(left);
        int end = upTo(left);
        if (row < 0 || row >= work.inH()) {
            Arrays.fill(to, at + from, at + end, 0f);
        } else if (from < end) {
            System.arraycopy(in, xi + row * work.inW() + left + from, to, at + from, end - from);
        }
    }

    private void multiply(int first, int end, int vectors, float[] room, int points, int sums) {
        int each = panels.floats(work.depth());
        int lanes = cut.lanes();
        for (int point = 0; point < form.points(); point++) {
            for (int c0 = 0; c0 < work.depth(); c0 += CHANNELS) {
                int n = Math.min(CHANNELS, work.depth() - c0);
                for (int p = first; p < end; p++) {
                    Tiles.sweep(panels.height[p], coefficients, point * each + panels.index(p, work.depth(), c0),
                            panels.step(p, work.depth()), room, points + point * cut.pointStep() + c0 * 2 * L, starts, 0,
                            vectors, offsets, n, room,
                            sums + point * cut.sumStep() + (panels.first[p] - panels.first[first]) * lanes, lanes,
                            c0 > 0);
                }
            }
        }
    }

    private void finish(
            int image, int first, int end, int i0, int rows, int j0, int vectors, float[] room, int sums, int lines,
            int between) {
        int lanes = cut.lanes();
        int line = form.tile * lanes;
        int left = form.tile * j0;
        int n = Math.min(form.tile * cut.cols(), work.outW() - left);
        // Whole vectors of pixels go where they belong at once.
        boolean direct = form == WinogradForm.F4 && cut.whole() && cut.images() == 1 && n == form.tile * cut.cols()
                && residual == null
                && form.tile * (i0 + rows) <= work.outH()
                && (work.activation() == Activation.NONE || work.activation() == Activation.RELU);
        for (int o = panels.first[first]; o < Math.min(panels.first[end], panels.rows); o++) {
            int m = sums + (o - panels.first[first]) * lanes;
            float b = bias == null ? 0f : bias.floats()[bias.offset() + o];
            int place = (o * work.outH() + form.tile * i0) * work.outW() + left;
            if (direct) {
                direct(m, b, vectors, room, between, y.offset() + image * y.batchStride() + place);
                continue;
            }
            for (int v = 0; v < vectors; v++) {
                int to = lines + form.tile * v * L;
                if (form == WinogradForm.F2) {
                    Winograd2.output(room, m + v * L, cut.sumStep(), b, room, to, to + line);
                } else {
                    Winograd4.output(room, m + v * L, cut.sumStep(), b, false, room, between, room, to, line);
                }
            }
            for (int k = 0; k < form.tile; k++) {
                int below = work.outH() - form.tile * i0 - k;
                for (int r = 0; r < rows; r += cut.rows()) {
                    store(room, lines + k * line + r * form.tile * cut.pitch(), image + r / cut.rows(),
                            place + k * work.outW(),
                            Math.min(Math.min(cut.rows(), rows - r), Blocking.ceil(below, form.tile)), n);
                }
            }
        }
    }

    /** Products of an output channel to its pixels, F(4×4)'s. */
    private void direct(int m, float b, int vectors, float[] room, int between, int to) {
        int perRow = cut.cols() / L;
        for (int v = 0; v < vectors; v++) {
            Winograd4.output(room, m + v * L, cut.sumStep(), b, work.activation() == Activation.RELU, room, between,
                    y.floats(), to + v / perRow * 4 * work.outW() + v % perRow * 4 * L, work.outW());
        }
    }

    /** A line of results of each row of tiles. */
    private void store(float[] room, int c, int image, int place, int rows, int n) {
        if (rows <= 0) {
            return;
        }
        int pitch = form.tile * cut.pitch();
        int step = form.tile * work.outW();
        if (residual != null) {
            Finish.addRows(room, c, pitch, residual.floats(),
                    residual.offset() + image * residual.batchStride() + place, step, rows, n);
        }
        // Not past the last row: where rows fill all lanes, what lies behind them is another thread's.
        Finish.store(work.activation(), room, c, room, c, (rows - 1) * pitch + n);
        Finish.copyRows(room, c, pitch, y.floats(), y.offset() + image * y.batchStride() + place, step, rows, n);
    }
}
