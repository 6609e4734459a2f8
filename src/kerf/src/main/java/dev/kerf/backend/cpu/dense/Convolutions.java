package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.backend.cpu.kernel.Tail;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Convolutions as {@link Correlation}s. */
final class Convolutions {
    private Convolutions() {}

    static List<Correlation> plan(SpatialOp.Conv2d op, Node node) {
        Shape x = node.input(0).type().shape();
        Shape w = node.input(1).type().shape();
        Window2d win = op.window();
        // The result may lie with its channels last.
        int outH = Math.toIntExact(win.outH(x.dim(2), w.dim(2), false));
        int outW = Math.toIntExact(win.outW(x.dim(3), w.dim(3), false));
        Taps taps = Taps.grid(win.strideH(), win.strideW(),
                IntStream.range(0, size(w, 2)).map(u -> u * win.dilationH() - win.padTop()).toArray(),
                IntStream.range(0, size(w, 3)).map(v -> v * win.dilationW() - win.padLeft()).toArray());
        // Where a pixel is made of one, rows are nothing to it: one long row is read in longer pieces.
        boolean flat = taps.count() == 1 && size(x, 2) > 0 && size(x, 2) == outH && size(x, 3) == outW
                && taps.top() == 0
                && taps.left() == 0;
        int rows = flat ? size(x, 2) : 1;
        return List.of(new Correlation(size(x, 0), op.groups(), size(w, 1), size(w, 0) / op.groups(), size(x, 2) / rows,
                size(x, 3) * rows, outH / rows, outW * rows, taps, 1, 1, new int[1], new int[1],
                op.activation(), false, false));
    }

    /** Whether the kernel of a convolution can do a tail. */
    static boolean takes(SpatialOp.Conv2d op, Node node, Tail tail) {
        Correlation work = plan(op, node).getFirst();
        return (!op.residual() || !tail.norm() && tail.activation() == Activation.NONE) && !WinogradKernel.suits(work)
                && work.takes(tail);
    }

    /** Scratch of a convolution by either algorithm: a weight that the graph computes needs the direct one. */
    static long scratchFloats(SpatialOp.Conv2d op, Node node, Tail tail, int workers) {
        if (DepthwiseKernel.suits(op, node)) {
            return DepthwiseKernel.scratchFloats(node, workers);
        }
        Correlation work = plan(op, node).getFirst().with(tail);
        long direct = scratchFloats(List.of(work), workers);
        return WinogradKernel.suits(work) ? Math.max(direct, WinogradKernel.scratchFloats(work, workers)) : direct;
    }

    /** The algorithm that suits a convolution. */
    static String algorithm(SpatialOp.Conv2d op, Node node) {
        Correlation work = plan(op, node).getFirst();
        if (DepthwiseKernel.suits(op, node)) {
            return "depthwise";
        }
        if (!WinogradKernel.suits(work)) {
            return "direct";
        }
        int tile = WinogradForm.of(work).tile;
        return "winograd " + tile + "x" + tile;
    }

    /** Scratch of the largest of some correlations that run one after another. */
    static long scratchFloats(List<Correlation> plan, int workers) {
        return plan.stream().mapToLong(c -> (long) workers * CorrelationKernel.floats(c, blocking(c, workers))).max()
                .orElse(0);
    }

    static List<Kernel> build(SpatialOp.Conv2d op, Site site) {
        Correlation work = plan(op, site.node()).getFirst().with(site.tail());
        Operand residual = op.residual() ? site.operand(op.bias() ? 3 : 2) : null;
        Operand bias = op.bias() ? site.operand(2) : null;
        if (DepthwiseKernel.suits(op, site.node())) {
            return List.of(new DepthwiseKernel(op, work.activation(), site));
        }
        if (WinogradKernel.suits(work) && site.fixed(1)) {
            float[] packed = site.packed(1, "winograd/" + WinogradForm.of(work) + "/" + Tiles.MAX_ROWS,
                    (dense, shape) -> WinogradKernel.pack(dense, work));
            return List.of(new WinogradKernel(work, site.workers(), packed, site.operand(0), bias, residual,
                    site.result(0), site.scratch()));
        }
        int terms = work.terms();
        List<Kernel> kernels = new ArrayList<>();
        float[] packed = Coefficients.of(site, "conv/" + Tiles.MAX_ROWS + "/" + work.groups(), work,
                (group, row, k) -> (group * work.channels() + row) * terms + k, kernels);
        kernels.add(new CorrelationKernel(work, blocking(work, site.workers()), packed, site.operand(0), bias, residual,
                ChannelNorm.of(site), false, site.result(0), site.scratch()));
        return kernels;
    }

    static Blocking blocking(Correlation work, int workers) {
        return Blocking.of(work, CorrelationKernel.panels(work), workers);
    }

    private static int size(Shape s, int axis) {
        return Math.toIntExact(s.dim(axis));
    }
}
