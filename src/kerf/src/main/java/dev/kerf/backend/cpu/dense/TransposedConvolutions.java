package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Intake;
import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.backend.cpu.kernel.Tail;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Transposed convolutions as {@link Correlation}s, one for each set of output phases that sum over the same input
 * pixels. A kernel as large as its stride is a single one with one tap: a matrix product whose rows are channels and
 * phases.
 */
final class TransposedConvolutions {
    private TransposedConvolutions() {}

    /**
     * Phases along one axis that read the same input positions.
     *
     * @param phases first output position of each
     * @param shifts input position, relative to the output's position divided by the stride, of each tap
     * @param taps   kernel position of each tap, for each phase
     */
    private record Axis(int[] phases, int[] shifts, int[][] taps) {
        static List<Axis> of(int out, int kernel, int stride, int pad, int dilation) {
            List<Axis> list = new ArrayList<>();
            for (int p = 0; p < Math.min(stride, out); p++) {
                int phase = p;
                // Falling kernel positions are rising input positions.
                int[] taps = IntStream.range(0, kernel).map(u -> kernel - 1 - u)
                        .filter(u -> Math.floorMod(phase + pad - u * dilation, stride) == 0).toArray();
                int[] shifts = Arrays.stream(taps).map(u -> Math.floorDiv(phase + pad - u * dilation, stride))
                        .toArray();
                Axis one = new Axis(new int[] {p}, shifts, new int[][] {taps});
                Axis last = list.isEmpty() ? null : list.getLast();
                if (last != null && Arrays.equals(last.shifts, shifts)) {
                    list.set(list.size() - 1, last.and(one));
                } else {
                    list.add(one);
                }
            }
            return list;
        }

        private Axis and(Axis next) {
            int n = phases.length;
            int[] p = Arrays.copyOf(phases, n + 1);
            int[][] t = Arrays.copyOf(taps, n + 1);
            p[n] = next.phases[0];
            t[n] = next.taps[0];
            return new Axis(p, shifts, t);
        }
    }

    /** Whether the kernels of a transposed convolution can do a tail. */
    static boolean takes(SpatialOp.ConvTranspose2d op, Node node, Tail tail) {
        return !tail.transposed() && plan(op, node, Tail.NONE).stream().allMatch(work -> work.takes(tail));
    }

    /** Whether the kernel of a transposed convolution can read pixels whose channels lie side by side. */
    static boolean takes(SpatialOp.ConvTranspose2d op, Node node, Intake intake) {
        List<Correlation> plan = plan(op, node, Tail.NONE);
        if (!intake.rows() || intake.operand() != 0 || plan.size() != 1 || op.groups() != 1) {
            return false;
        }
        Correlation work = plan.getFirst();
        // With output padding results lie beyond the image.
        return work.taps().single() && work.rows() == work.inH() && work.cols() == work.inW();
    }

    static List<Correlation> plan(SpatialOp.ConvTranspose2d op, Node node, Tail tail) {
        List<Correlation> list = new ArrayList<>();
        for (Axis h : rows(op, node)) {
            for (Axis w : cols(op, node)) {
                list.add(correlation(op, node, h, w).with(tail));
            }
        }
        return list;
    }

    static List<Kernel> build(SpatialOp.ConvTranspose2d op, Site site) {
        List<Kernel> list = new ArrayList<>();
        for (Axis h : rows(op, site.node())) {
            for (Axis w : cols(op, site.node())) {
                Correlation work = correlation(op, site.node(), h, w).with(site.tail());
                Window2d win = op.window();
                String layout = "convTranspose/" + Tiles.MAX_ROWS + "/" + op.groups() + "/" + win.strideH() + "x"
                        + win.strideW() + "/" + win.padTop() + "," + win.padLeft() + "/" + win.dilationH() + "x"
                        + win.dilationW() + "/" + h.phases[0] + "," + w.phases[0] + "/" + work.phases();
                float[] packed = Coefficients.of(site, layout, work,
                        place(site.node().input(1).type().shape(), work, h, w), list);
                list.add(new CorrelationKernel(work, Convolutions.blocking(work, site.workers()), packed,
                        site.operand(0), op.bias() ? site.operand(2) : null,
                        null, ChannelNorm.of(site), site.intake().rows(), site.result(0), site.scratch()));
            }
        }
        return list;
    }

    private static List<Axis> rows(SpatialOp.ConvTranspose2d op, Node node) {
        Window2d win = op.window();
        return Axis.of(size(node.output().type().shape(), 2), size(node.input(1).type().shape(), 2), win.strideH(),
                win.padTop(), win.dilationH());
    }

    private static List<Axis> cols(SpatialOp.ConvTranspose2d op, Node node) {
        Window2d win = op.window();
        return Axis.of(size(node.output().type().shape(), 3), size(node.input(1).type().shape(), 3), win.strideW(),
                win.padLeft(), win.dilationW());
    }

    private static Correlation correlation(SpatialOp.ConvTranspose2d op, Node node, Axis h, Axis w) {
        Shape x = node.input(0).type().shape();
        Shape y = node.output().type().shape();
        Window2d win = op.window();
        return new Correlation(size(x, 0), op.groups(), size(x, 1) / op.groups(), size(y, 1) / op.groups(), size(x, 2),
                size(x, 3), size(y, 2), size(y, 3), Taps.grid(1, 1, h.shifts, w.shifts), win.strideH(), win.strideW(),
                h.phases, w.phases, op.activation(), false, false);
    }

    private static Coefficients.Place place(Shape weight, Correlation work, Axis h, Axis w) {
        int kernelH = size(weight, 2);
        int kernelW = size(weight, 3);
        int taps = work.taps().count();
        return (group, row, k) -> {
            int o = row / work.phases();
            int phase = row % work.phases();
            int u = h.taps[phase / w.phases.length][k % taps / w.shifts.length];
            int v = w.taps[phase % w.phases.length][k % taps % w.shifts.length];
            return (((group * work.depth() + k / taps) * work.channels() + o) * kernelH + u) * kernelW + v;
        };
    }

    private static int size(Shape s, int axis) {
        return Math.toIntExact(s.dim(axis));
    }
}
