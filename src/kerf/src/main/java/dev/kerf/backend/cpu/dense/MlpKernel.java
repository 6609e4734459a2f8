package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.RowMaker;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.MatrixOp.MatMul;
import dev.kerf.graph.Op.Activation;
import java.util.Arrays;
import java.util.function.Function;

/** A {@link Mlp}, a block of rows at a time. Numbers are those of its nodes one after the other, to the bit. */
final class MlpKernel implements Kernel {
    private static final int L = Tiles.LANES;
    private static final int STRIP = 2 * L;

    private final MlpPlan plan;
    private final RowMaker norm;
    private final Operand x;
    private final Operand y;
    private final Operand scratch;
    private final Layer first;
    private final Layer second;
    private final Panels[] panels;
    /** Rows of a block from its first, and rows of a strip. */
    private final int[] rowStarts;
    private final int[] stripStarts;

    MlpKernel(Mlp mlp, Function<Node, Site> sites) {
        Site site = sites.apply(mlp.second());
        plan = mlp.plan(site.workers());
        norm = mlp.norm() == null
                ? null
                : sites.apply(mlp.norm()).rows();
        x = norm == null ? sites.apply(mlp.first()).operand(0) : null;
        y = site.result(0);
        scratch = site.scratch();
        first = Layer.of(mlp.first(), sites.apply(mlp.first()), plan.depth(), plan.inner());
        second = Layer.of(mlp.second(), site, plan.inner(), plan.cols());
        panels = new Panels[plan.block() + 1];
        for (int m = 1; m <= plan.block(); m++) {
            panels[m] = Panels.of(Math.max(2, m));
        }
        rowStarts = starts(plan.depth());
        stripStarts = starts(STRIP);
    }

    private int[] starts(int step) {
        int[] list = new int[Blocking.ceil(plan.block(), Tiles.MAX_ROWS) * Tiles.MAX_ROWS];
        Arrays.setAll(list, i -> i * step);
        return list;
    }

    /** A product's weight in strips, and what is added to its sums. */
    private record Layer(MatMul op, int depth, int cols, float[] packed, Operand bias, Operand residual, int[] starts,
            Offsets offsets) {
        static Layer of(Node node, Site site, int depth, int cols) {
            MatMul op = (MatMul) node.op();
            return new Layer(op, depth, cols, MatMulKernel.packed(op, site, depth, cols),
                    op.bias() ? site.operand(2) : null,
                    op.residual() ? site.operand(node.inputs().size() - 1) : null, new int[] {0, L},
                    Offsets.pairs(MatMulPlan.chunk(depth)));
        }

        /** A panel's sums of a strip of columns over some terms, {@code k} behind the first that rows are packed with. */
        void sweep(Panels cut, int p, int j, int from, int k, int n, int terms, float[] room, int rows, int sums) {
            Tiles.sweep(cut.height[p], room, rows + cut.index(p, terms, k), cut.step(p, terms), packed,
                    j * depth + (from + k) * STRIP, starts, 0, 2, offsets, n, room, sums + cut.first[p] * STRIP, STRIP,
                    from + k > 0);
        }

        /** Bias and activation of some rows, where their sums are. */
        void finish(int j, int rows, float[] room, int sums) {
            if (bias != null) {
                Finish.addRows(room, sums, STRIP, bias.floats(), bias.offset() + j, 0, rows, Math.min(STRIP, cols - j));
            }
            if (residual == null) {
                Finish.store(op.activation(), room, sums, room, sums, rows * STRIP);
            }
        }

        /** Terms that are added up at a time. */
        int chunk() {
            return offsets.table().length;
        }
    }

    @Override
    public int tasks() {
        return plan.blocks();
    }

    @Override
    public void run(int task, int worker) {
        float[] room = scratch.floats();
        int m0 = task * plan.block();
        int m = Math.min(plan.block(), plan.rows() - m0);
        Panels cut = panels[m];
        int rows = scratch.offset() + worker * plan.floats();
        int slice = rows + plan.rowsFloats();
        int strip = slice + plan.sliceFloats();
        int sums = strip + plan.stripFloats();
        int normal = sums + plan.sumsFloats();
        if (norm != null) {
            norm.rows(m0, m, room, normal);
        }
        for (int p = 0; p < cut.count; p++) {
            pack(cut, p, norm == null ? x.floats() : room, norm == null ? x.offset() + m0 * plan.depth() : normal,
                    rowStarts, m, plan.depth(), room, rows, plan.depth(), 0);
        }
        for (int h = 0; h < plan.inner(); h += plan.slice()) {
            int n = Math.min(plan.slice(), plan.inner() - h);
            for (int j = h; j < h + n; j += STRIP) {
                inner(cut, m, j, j - h, Math.min(STRIP, h + n - j), n, room, rows, strip, slice);
            }
            for (int j = 0; j < plan.cols(); j += STRIP) {
                for (int k = 0; k < n; k += second.chunk()) {
                    for (int p = 0; p < cut.count; p++) {
                        second.sweep(cut, p, j, h, k, Math.min(second.chunk(), n - k), n, room, slice,
                                sums + j / STRIP * plan.stripFloats());
                    }
                }
            }
        }
        for (int j = 0; j < plan.cols(); j += STRIP) {
            store(j, m0, m, room, sums + j / STRIP * plan.stripFloats());
        }
    }

    /** A strip of inner columns, packed to a slice; a panel is finished while its sums are at hand. */
    private void inner(Panels cut, int m, int j, int at, int columns, int terms, float[] room, int rows, int strip, int slice) {
        for (int k = 0; k < plan.depth(); k += first.chunk()) {
            int n = Math.min(first.chunk(), plan.depth() - k);
            for (int p = 0; p < cut.count; p++) {
                first.sweep(cut, p, j, 0, k, n, plan.depth(), room, rows, strip);
                if (k + n == plan.depth()) {
                    first.finish(j, Math.min(cut.first[p + 1], m) - cut.first[p], room, strip + cut.first[p] * STRIP);
                    pack(cut, p, room, strip, stripStarts, m, columns, room, slice, terms, at);
                }
            }
        }
    }

    /** A panel's rows, of which some columns are given, packed with more terms; the last row again where a panel has more. */
    private static void pack(Panels cut, int p, float[] from, int at, int[] starts, int m, int columns, float[] to,
            int packed, int terms, int term) {
        for (int r = 0; r < cut.height[p]; r += Tiles.ROW_STEP) {
            int row = cut.first[p] + r;
            int place = packed + cut.index(p, terms, term) + r / Tiles.ROW_STEP * cut.step(p, terms);
            if (row + Tiles.ROW_STEP <= m) {
                Transposes.group(from, at, starts, row, 1f, to, place, columns);
                continue;
            }
            for (int i = 0; i < Tiles.ROW_STEP; i++) {
                int x = at + starts[Math.min(row + i, m - 1)];
                for (int k = 0; k < columns; k++) {
                    to[place + Tiles.ROW_STEP * k + i] = from[x + k];
                }
            }
        }
    }

    private void store(int j, int m0, int m, float[] room, int sums) {
        int n = Math.min(STRIP, plan.cols() - j);
        int cols = plan.cols();
        int to = y.offset() + m0 * cols + j;
        float[] residual = second.residual == null ? null : second.residual.floats();
        int from = residual == null ? 0 : second.residual.offset() + m0 * cols + j;
        if (second.bias != null && n == STRIP && second.op.activation() == Activation.NONE) {
            Finish.addBias(room, sums, second.bias.floats(), second.bias.offset() + j, residual, from, cols, false,
                    y.floats(), to, cols, m);
            return;
        }
        second.finish(j, m, room, sums);
        if (residual != null) {
            Finish.addRows(room, sums, STRIP, residual, from, cols, m, n);
            Finish.store(second.op.activation(), room, sums, room, sums, m * STRIP);
        }
        Finish.copyRows(room, sums, STRIP, y.floats(), to, cols, m, n);
    }
}
