package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Convolution of each channel by itself with a kernel of seven rows. A strip of the channel is copied with its padding, and
 * two vectors of columns are done from top to bottom: a row of the image, read once, is added to all the result rows that it is part
 * of, whose sums move up by one when the first of them is complete.
 */
final class DepthwiseKernel implements Kernel {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = S.length();
    /** Rows of the kernel, and so sums that are held at once. */
    private static final int ROWS = 7;
    /** Floats of a strip: 32 KiB. */
    private static final int STRIP = 1 << 13;
    private static final double FLOPS_WORTH_A_TASK = 1e6;

    /**
     * How a channel is cut.
     *
     * @param wide  columns of results, rounded up to what is done at once
     * @param pitch floats from row to row of a strip
     * @param rows  result rows of a strip
     */
    private record Plan(int images, int channels, int h, int w, int kernelH, int kernelW, int wide, int pitch, int rows) {
        static Plan of(Node node) {
            Shape x = node.input(0).type().shape();
            Shape k = node.input(1).type().shape();
            Shape y = node.output().type().shape();
            int wide = Blocking.ceil(y.size(3), 2 * L) * 2 * L;
            int pitch = Blocking.ceil(wide + k.size(3) - 1, L) * L;
            int rows = Math.clamp(STRIP / pitch - k.size(2) + 1, 1, Math.max(1, y.size(2)));
            return new Plan(x.size(0), x.size(1), y.size(2), y.size(3), k.size(2), k.size(3), wide, pitch,
                    Blocking.even(Math.max(1, y.size(2)), rows));
        }

        int strip() {
            return (rows + kernelH - 1) * pitch;
        }

        int floats() {
            return strip() + rows * wide + ROWS * kernelW;
        }
    }

    private final SpatialOp.Conv2d op;
    private final Activation activation;
    private final Plan plan;
    private final Operand x;
    private final Operand weight;
    private final Operand bias;
    private final Operand y;
    private final Operand scratch;
    private final int inH;
    private final int inW;
    private final int channelsOfTask;

    /** A kernel of a node. */
    DepthwiseKernel(SpatialOp.Conv2d op, Activation activation, Site site) {
        this.op = op;
        this.activation = activation;
        plan = Plan.of(site.node());
        x = site.operand(0);
        weight = site.operand(1);
        bias = op.bias() ? site.operand(2) : null;
        y = site.result(0);
        scratch = site.scratch();
        inH = x.type().shape().size(2);
        inW = x.type().shape().size(3);
        double flops = 2.0 * plan.h * plan.w * plan.kernelH * plan.kernelW;
        channelsOfTask = (int) Math.clamp(FLOPS_WORTH_A_TASK / Math.max(1, flops), 1, Math.max(1, plan.channels));
    }

    /** Whether it can do a node. */
    static boolean suits(SpatialOp.Conv2d op, Node node) {
        Shape x = node.input(0).type().shape();
        Shape k = node.input(1).type().shape();
        Window2d w = op.window();
        return op.groups() > 1 && op.groups() == x.dim(1) && k.dim(0) == x.dim(1) && k.dim(2) == ROWS
                && k.dim(3) <= 2 * L
                && w.strideH() == 1 && w.strideW() == 1 && w.dilationH() == 1 && w.dilationW() == 1 && !op.residual();
    }

    static long scratchFloats(Node node, int workers) {
        return (long) workers * Plan.of(node).floats();
    }

    @Override
    public int tasks() {
        return images() * Blocking.ceil(plan.channels, channelsOfTask);
    }

    private int images() {
        return y.count() == null ? plan.images : Math.clamp(y.count().ints()[y.count().offset()], 0, plan.images);
    }

    @Override
    public void run(int task, int worker) {
        int parts = Blocking.ceil(plan.channels, channelsOfTask);
        int first = task % parts * channelsOfTask;
        int at = scratch.offset() + worker * plan.floats();
        for (int c = first; c < Math.min(first + channelsOfTask, plan.channels); c++) {
            weights(c, scratch.floats(), at + plan.strip() + plan.rows * plan.wide);
            for (int i = 0; i < plan.h; i += plan.rows) {
                strip(task / parts, c, i, Math.min(plan.rows, plan.h - i), scratch.floats(), at);
            }
        }
    }

    /** A channel's weights column by column, the last row first. */
    private void weights(int c, float[] to, int at) {
        int from = weight.offset() + c * ROWS * plan.kernelW;
        for (int v = 0; v < plan.kernelW; v++) {
            for (int u = 0; u < ROWS; u++) {
                to[at + v * ROWS + u] = weight.floats()[from + (ROWS - 1 - u) * plan.kernelW + v];
            }
        }
    }

    private void strip(int image, int c, int i0, int rows, float[] room, int at) {
        Window2d win = op.window();
        int from = x.offset() + image * x.batchStride() + c * inH * inW;
        for (int i = 0; i < rows + plan.kernelH - 1; i++) {
            int row = i0 + i - win.padTop();
            int line = at + i * plan.pitch;
            int n = Math.clamp(plan.pitch - win.padLeft(), 0, inW);
            if (row < 0 || row >= inH) {
                Arrays.fill(room, line, line + plan.pitch, 0f);
                continue;
            }
            int left = Math.min(win.padLeft(), plan.pitch);
            Arrays.fill(room, line, line + left, 0f);
            System.arraycopy(x.floats(), from + row * inW, room, line + left, n);
            Arrays.fill(room, line + left + n, line + plan.pitch, 0f);
        }
        int sums = at + plan.strip();
        int weights = sums + plan.rows * plan.wide;
        float b = bias == null ? 0f : bias.floats()[bias.offset() + c];
        for (int j = 0; j < plan.wide; j += 2 * L) {
            columns(room, at + j, plan.pitch, rows, plan.kernelH, weights, plan.kernelW, b, sums + j, plan.wide);
        }
        int to = y.offset() + image * y.batchStride() + (c * plan.h + i0) * plan.w;
        for (int i = 0; i < rows; i++) {
            Finish.store(activation, room, sums + i * plan.wide, y.floats(), to + i * plan.w, plan.w);
        }
    }

    /** Two vectors of columns; a sum's bias comes first, then row by row what is in its kernel's columns. */
    private static void columns(float[] a, int x, int pitch, int rows, int kernelH, int weights, int kernelW, float bias, int y,
            int step) {
        FloatVector first = FloatVector.broadcast(S, bias);
        FloatVector a0 = first;
        FloatVector a1 = first;
        FloatVector a2 = first;
        FloatVector a3 = first;
        FloatVector a4 = first;
        FloatVector a5 = first;
        FloatVector a6 = first;
        FloatVector b0 = first;
        FloatVector b1 = first;
        FloatVector b2 = first;
        FloatVector b3 = first;
        FloatVector b4 = first;
        FloatVector b5 = first;
        FloatVector b6 = first;
        for (int i = 0; i < rows + kernelH - 1; i++) {
            int at = x + i * pitch;
            for (int v = 0, w = weights; v < kernelW; v++, w += ROWS) {
                FloatVector p = FloatVector.fromArray(S, a, at + v);
                FloatVector q = FloatVector.fromArray(S, a, at + v + L);
                FloatVector f = FloatVector.broadcast(S, a[w]);
                a0 = f.fma(p, a0);
                b0 = f.fma(q, b0);
                f = FloatVector.broadcast(S, a[w + 1]);
                a1 = f.fma(p, a1);
                b1 = f.fma(q, b1);
                f = FloatVector.broadcast(S, a[w + 2]);
                a2 = f.fma(p, a2);
                b2 = f.fma(q, b2);
                f = FloatVector.broadcast(S, a[w + 3]);
                a3 = f.fma(p, a3);
                b3 = f.fma(q, b3);
                f = FloatVector.broadcast(S, a[w + 4]);
                a4 = f.fma(p, a4);
                b4 = f.fma(q, b4);
                f = FloatVector.broadcast(S, a[w + 5]);
                a5 = f.fma(p, a5);
                b5 = f.fma(q, b5);
                f = FloatVector.broadcast(S, a[w + 6]);
                a6 = f.fma(p, a6);
                b6 = f.fma(q, b6);
            }
            int done = y + Math.max(0, i - kernelH + 1) * step;
            a0.intoArray(a, done);
            b0.intoArray(a, done + L);
            a0 = a1;
            b0 = b1;
            a1 = a2;
            b1 = b2;
            a2 = a3;
            b2 = b3;
            a3 = a4;
            b3 = b4;
            a4 = a5;
            b4 = b5;
            a5 = a6;
            b5 = b6;
            a6 = first;
            b6 = first;
        }
    }
}
