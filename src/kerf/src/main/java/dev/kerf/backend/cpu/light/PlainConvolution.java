package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Window2d;
import java.util.Arrays;

/** Convolution and transposed convolution in rows: each tap adds its multiple of an input row to an output row. */
final class PlainConvolution implements Kernel {
    private final Operand x;
    private final Operand weight;
    private final Operand bias;
    private final Operand residual;
    private final Operand y;
    private final Lanes lanes;
    private final Window2d window;
    private final Function after;
    private final boolean transposed;
    private final int groups;
    private final int channels;
    private final int h;
    private final int w;
    private final int outputs;
    private final int outH;
    private final int outW;
    private final int kernelH;
    private final int kernelW;

    private PlainConvolution(Site site, Lanes lanes, Window2d window, int groups, Function after, boolean transposed,
            boolean bias, boolean residual) {
        this.x = site.operand(0);
        this.weight = site.operand(1);
        this.bias = bias ? site.operand(2) : null;
        this.residual = residual ? site.operand(site.node().inputs().size() - 1) : null;
        this.y = site.result(0);
        this.lanes = lanes;
        this.window = window;
        this.groups = groups;
        this.after = after;
        this.transposed = transposed;
        this.channels = x.type().shape().size(1);
        this.h = x.type().shape().size(2);
        this.w = x.type().shape().size(3);
        this.outputs = y.type().shape().size(1);
        this.outH = y.type().shape().size(2);
        this.outW = y.type().shape().size(3);
        this.kernelH = weight.type().shape().size(2);
        this.kernelW = weight.type().shape().size(3);
    }

    static Kernel of(SpatialOp.Conv2d op, Site site, Lanes lanes) {
        return new PlainConvolution(site, lanes, op.window(), op.groups(), Pointwise.function(op.activation()), false,
                op.bias(), op.residual());
    }

    static Kernel of(SpatialOp.ConvTranspose2d op, Site site, Lanes lanes) {
        return new PlainConvolution(site, lanes, op.window(), op.groups(), Pointwise.function(op.activation()), true,
                op.bias(), false);
    }

    private int rows() {
        return y.type().shape().size(0) * outputs * outH;
    }

    @Override
    public int tasks() {
        return Split.tasks(rows(), (long) channels / groups * kernelH * kernelW * outW);
    }

    @Override
    public void run(int task, int worker) {
        int tasks = tasks();
        for (int row = Split.first(task, tasks, rows()); row < Split.first(task + 1, tasks, rows()); row++) {
            int plane = row / outH;
            row(plane / outputs, plane % outputs, row % outH);
        }
    }

    private void row(int n, int o, int i) {
        float[] out = y.floats();
        int to = y.offset() + n * y.batchStride() + (o * outH + i) * outW;
        Arrays.fill(out, to, to + outW, bias == null ? 0 : bias.floats()[bias.offset() + o]);
        int perGroup = channels / groups;
        int group = o / (outputs / groups);
        for (int c = 0; c < perGroup; c++) {
            int channel = group * perGroup + c;
            int plane = x.offset() + n * x.batchStride() + channel * h * w;
            int kernel = weight.offset() + (transposed
                    ? channel * (outputs / groups) + o % (outputs / groups)
                    : o * perGroup + c) * kernelH * kernelW;
            for (int a = 0; a < kernelH; a++) {
                int r = sourceRow(i, a);
                for (int b = 0; r >= 0 && b < kernelW; b++) {
                    tap(weight.floats()[kernel + a * kernelW + b], plane + r * w, b, to);
                }
            }
        }
        if (residual != null) {
            int from = residual.offset() + n * residual.batchStride() + (o * outH + i) * outW;
            lanes.binary(Arithmetic.ADD, residual.floats(), from, out, to, out, to, outW);
        }
        if (after != null) {
            lanes.unary(after, out, to, out, to, outW);
        }
    }

    /** The input row that a tap reads for an output row; −1 for none. */
    private int sourceRow(int i, int a) {
        if (!transposed) {
            int r = i * window.strideH() + a * window.dilationH() - window.padTop();
            return r >= 0 && r < h ? r : -1;
        }
        int r = i + window.padTop() - a * window.dilationH();
        return r >= 0 && r % window.strideH() == 0 && r / window.strideH() < h ? r / window.strideH() : -1;
    }

    private void tap(float value, int from, int b, int to) {
        int stride = window.strideW();
        int shift = b * window.dilationW() - window.padLeft();
        float[] in = x.floats();
        float[] out = y.floats();
        if (transposed) {
            int first = Math.max(0, Math.ceilDiv(-shift, stride));
            int end = Math.min(w, Math.floorDiv(outW - 1 - shift, stride) + 1);
            for (int j = first; j < end; j++) {
                out[to + j * stride + shift] += value * in[from + j];
            }
            return;
        }
        int first = Math.max(0, Math.ceilDiv(-shift, stride));
        int end = Math.min(outW, Math.floorDiv(w - 1 - shift, stride) + 1);
        if (stride == 1 && end > first) {
            lanes.addScaled(value, in, from + first + shift, out, to + first, end - first);
            return;
        }
        for (int j = first; j < end; j++) {
            out[to + j] += value * in[from + j * stride + shift];
        }
    }
}
