package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Window2d;
import java.util.Arrays;
import java.util.List;

/**
 * Pooling, one output row at a time: the window's rows are first made one by vectors, into a padded row of scratch; then
 * come the columns.
 */
final class Pools implements Kernel {
    private final Operand x;
    private final Operand y;
    private final Operand scratch;
    private final Lanes lanes;
    private final Window2d window;
    private final int kernelH;
    private final int kernelW;
    private final boolean max;
    private final boolean countPadding;
    private final int channels;
    private final int h;
    private final int w;
    private final int outH;
    private final int outW;
    private final int rows;
    private final int padded;
    /** Whether results are the largest of squares of 2 × 2 inside the image, the commonest pooling. */
    private final boolean squares;

    private Pools(Site site, Lanes lanes, Window2d window, int kernelH, int kernelW, boolean max, boolean countPadding) {
        this.x = site.operand(0);
        this.y = site.result(0);
        this.scratch = site.scratch();
        this.lanes = lanes;
        this.window = window;
        this.kernelH = kernelH;
        this.kernelW = kernelW;
        this.max = max;
        this.countPadding = countPadding;
        this.channels = x.type().shape().size(1);
        this.h = x.type().shape().size(2);
        this.w = x.type().shape().size(3);
        this.outH = y.type().shape().size(2);
        this.outW = y.type().shape().size(3);
        this.rows = x.type().shape().size(0) * channels * outH;
        this.padded = padded(w, outW, kernelW, window);
        this.squares = max && kernelH == 2 && kernelW == 2 && window.strideH() == 2 && window.strideW() == 2
                && window.dilationH() == 1 && window.dilationW() == 1 && window.padTop() == 0 && window.padLeft() == 0
                && 2 * outH <= h && 2 * outW <= w;
    }

    static List<Kernel> build(SpatialOp.MaxPool2d op, Site site, Lanes lanes) {
        return List.of(new Pools(site, lanes, op.window(), op.kernelH(), op.kernelW(), true, false));
    }

    static List<Kernel> build(SpatialOp.AvgPool2d op, Site site, Lanes lanes) {
        return List.of(new Pools(site, lanes, op.window(), op.kernelH(), op.kernelW(), false, op.countIncludePad()));
    }

    /** Floats of the padded row. */
    static int padded(int w, int outW, int kernelW, Window2d window) {
        int reach = (outW - 1) * window.strideW() + (kernelW - 1) * window.dilationW() + 1;
        return Math.max(reach, window.padLeft() + w);
    }

    @Override
    public int tasks() {
        return Split.tasks(rows, (long) w * kernelH + (long) outW * kernelW * 4);
    }

    @Override
    public void run(int task, int worker) {
        int tasks = tasks();
        int at = scratch.offset() + worker * 2 * padded;
        Arrays.fill(scratch.floats(), at, at + padded, max ? Float.NEGATIVE_INFINITY : 0);
        for (int row = Split.first(task, tasks, rows); row < Split.first(task + 1, tasks, rows); row++) {
            int plane = row / outH;
            int from = x.offset() + plane / channels * x.batchStride() + plane % channels * h * w;
            int to = y.offset() + plane / channels * y.batchStride() + (plane % channels * outH + row % outH) * outW;
            if (squares) {
                int upper = from + row % outH * 2 * w;
                lanes.largestOfFour(x.floats(), upper, upper + w, y.floats(), to, outW);
                continue;
            }
            vertical(from, row % outH, at + window.padLeft());
            if (max) {
                columnsMax(at, to);
            } else {
                columnsMean(at, to, row % outH);
            }
        }
    }

    private void vertical(int from, int i, int to) {
        float[] in = x.floats();
        float[] out = scratch.floats();
        boolean first = true;
        for (int a = 0; a < kernelH; a++) {
            int r = i * window.strideH() + a * window.dilationH() - window.padTop();
            if (r < 0 || r >= h) {
                continue;
            }
            if (first) {
                System.arraycopy(in, from + r * w, out, to, w);
                first = false;
            } else {
                lanes.binary(max ? Arithmetic.MAX : Arithmetic.ADD, in, from + r * w, out, to, out, to, w);
            }
        }
        if (first) {
            Arrays.fill(out, to, to + w, max ? Float.NEGATIVE_INFINITY : 0);
        }
    }

    /** The largest of neighbours for every column, of which the stride leaves some. */
    private void columnsMax(int at, int to) {
        float[] t = scratch.floats();
        int most = at + padded;
        int stride = window.strideW();
        int n = (outW - 1) * stride + 1;
        System.arraycopy(t, at, t, most, n);
        for (int b = 1; b < kernelW; b++) {
            lanes.binary(Arithmetic.MAX, t, most, t, at + b * window.dilationW(), t, most, n);
        }
        lanes.pick(t, most, stride, y.floats(), to, outW);
    }

    private void columnsMean(int at, int to, int i) {
        float[] t = scratch.floats();
        float[] out = y.floats();
        int top = i * window.strideH() - window.padTop();
        int bottom = Math.min(top + kernelH, h + window.padBottom());
        int inside = Math.min(bottom, h) - Math.max(top, 0);
        for (int j = 0; j < outW; j++) {
            int left = j * window.strideW() - window.padLeft();
            int right = Math.min(left + kernelW, w + window.padRight());
            int across = Math.min(right, w) - Math.max(left, 0);
            float sum = 0;
            for (int b = 0; b < kernelW; b++) {
                sum += t[at + j * window.strideW() + b];
            }
            int divisor = countPadding ? (bottom - top) * (right - left) : inside * across;
            out[to + j] = inside <= 0 || across <= 0 ? 0 : sum / divisor;
        }
    }
}
