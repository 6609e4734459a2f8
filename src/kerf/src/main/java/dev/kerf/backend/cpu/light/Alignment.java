package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.BoxOp;
import dev.kerf.graph.Graph.Node;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * RoIAlign, a box at a time over maps with channels last, so that a tap is a row of channels: {@link ChannelsLast} turns the
 * maps. Samples stand on a grid, so each axis is worked out once for a box: which two rows (columns)
 * each sample lies between, and how near. Samples outside the map are left out of the lists; they count in the mean alone.
 */
final class Alignment implements Kernel {
    /** A cell is never sampled more densely than twice a pixel, so no axis has more samples within the map than this. */
    private static final int DENSITY = 2;

    private final BoxOp.RoiAlign op;
    private final Operand boxes;
    private final Operand[] maps;
    private final Operand y;
    private final Operand scratch;
    private final Lanes lanes;
    private final long[] turned;
    private final int firstLevel;
    private final int boxesOfItem;
    private final int channels;
    private final Axis[] down;
    private final Axis[] across;

    private Alignment(BoxOp.RoiAlign op, Site site, Lanes lanes) {
        this.op = op;
        this.lanes = lanes;
        this.scratch = site.scratch();
        this.boxes = site.operand(0);
        this.y = site.result(0);
        this.firstLevel = op.firstLevel();
        this.maps = new Operand[op.scales().size()];
        this.turned = new long[maps.length + 1];
        int rows = 0;
        int columns = 0;
        for (int i = 0; i < maps.length; i++) {
            maps[i] = site.operand(1 + i);
            turned[i + 1] = turned[i] + maps[i].type().shape().elements();
            rows = Math.max(rows, maps[i].type().shape().size(2));
            columns = Math.max(columns, maps[i].type().shape().size(3));
        }
        this.boxesOfItem = boxes.type().shape().size(1);
        this.channels = y.type().shape().size(2);
        this.down = new Axis[site.workers()];
        this.across = new Axis[site.workers()];
        for (int i = 0; i < down.length; i++) {
            down[i] = new Axis(op.rows(), most(op.rows(), rows), op.samples(), op.aligned());
            across[i] = new Axis(op.columns(), most(op.columns(), columns), op.samples(), op.aligned());
        }
    }

    /** Kernels that turn each map, and the one that reads them. */
    static List<Kernel> build(BoxOp.RoiAlign op, Site site, Lanes lanes) {
        Alignment pool = new Alignment(op, site, lanes);
        List<Kernel> kernels = new ArrayList<>();
        for (int i = 0; i < pool.maps.length; i++) {
            kernels.add(new ChannelsLast(pool.maps[i], pool.scratch, (int) pool.turned[i], lanes));
        }
        kernels.add(pool);
        return kernels;
    }

    /** Scratch: the maps, and for each thread the sums of a box. */
    static long scratchFloats(BoxOp.RoiAlign op, Node node, int workers) {
        long maps = 0;
        for (int i = 0; i < op.scales().size(); i++) {
            maps += node.input(1 + i).type().shape().elements();
        }
        return maps + workers * node.output().type().shape().product(2, 5);
    }

    private int most(int cells, int extent) {
        return op.samples() > 0 ? cells * op.samples() : DENSITY * (extent + 2) + 2 * cells;
    }

    /**
     * What the samples of one axis that lie within the map read, cell by cell: two neighbours each, and how much of them. Where
     * every cell has the same few samples it has as many taps too, those without a sample weighing nothing.
     */
    private static final class Axis {
        private final int cells;
        private final int fixed;
        private final boolean aligned;
        private final int[] first;
        private final int[] index;
        private final float[] weight;
        private int samples;

        Axis(int cells, int most, int fixed, boolean aligned) {
            this.cells = cells;
            this.fixed = fixed;
            this.aligned = aligned;
            this.first = new int[cells + 1];
            this.index = new int[2 * most];
            this.weight = new float[2 * most];
        }

        void set(float from, float to, float scale, int extent, int step) {
            float shift = aligned ? 0.5f : 0;
            float start = from * scale - shift;
            float length = to * scale - shift - start;
            float cell = (aligned ? length : Math.max(length, 1)) / cells;
            samples = fixed > 0 ? fixed : cell > 0 && cell <= BoxOp.RoiAlign.LONGEST_CELL ? (int) Math.ceil(cell) : 0;
            int n = 0;
            for (int p = 0; p < cells; p++) {
                first[p] = n;
                for (int s = firstInside(start + p * cell, cell); s < samples; s++) {
                    float at = start + p * cell + (s + 0.5f) * cell / samples;
                    if (at > extent) {
                        break;
                    }
                    if (at >= -1) {
                        float a = Math.clamp(at, 0f, extent - 1f);
                        int i = (int) a;
                        index[n] = i * step;
                        index[n + 1] = Math.min(i + 1, extent - 1) * step;
                        weight[n] = 1 - (a - i);
                        weight[n + 1] = a - i;
                        n += 2;
                    }
                }
                if (fixed > 0) {
                    n = fill(first[p], n);
                }
            }
            first[cells] = n;
        }

        /** Taps that weigh nothing read what is read anyway, so that no NaN comes in; a cell without samples has none. */
        private int fill(int from, int to) {
            int end = to;
            for (; end > from && end < from + 2 * fixed; end++) {
                index[end] = index[from];
                weight[end] = 0;
            }
            return end;
        }

        /** A sample at or before the first one within the map: a cell may begin far outside. */
        private int firstInside(float start, float cell) {
            return start >= -2 || !(cell > 0) ? 0 : (int) Math.max(0, (-2 - start) / cell * samples - 1);
        }
    }

    @Override
    public int tasks() {
        return boxesOfItem * boxes.type().shape().size(0);
    }

    @Override
    public void run(int task, int worker) {
        int item = task / boxesOfItem;
        if (boxes.count() != null && task % boxesOfItem >= boxes.count().ints()[boxes.count().offset() + item]) {
            return;
        }
        float[] v = boxes.floats();
        int at = boxes.offset() + 4 * task;
        int level = level(v, at);
        Shape s = maps[level].type().shape();
        float scale = op.scales().get(level).floatValue();
        Axis rows = down[worker];
        Axis columns = across[worker];
        rows.set(v[at + 1], v[at + 3], scale, s.size(2), s.size(3) * channels);
        columns.set(v[at], v[at + 2], scale, s.size(3), channels);
        int from = scratch.offset() + (int) turned[level] + item * s.size(2) * s.size(3) * channels;
        int cells = op.rows() * op.columns();
        int sums = scratch.offset() + (int) turned[maps.length] + worker * channels * cells;
        for (int p = 0; p < op.rows(); p++) {
            for (int q = 0; q < op.columns(); q++) {
                cell(from, rows, p, columns, q, sums + (p * op.columns() + q) * channels);
            }
        }
        lanes.transpose(scratch.floats(), sums, channels, cells, channels, y.floats(), y.offset() + task * channels * cells,
                cells);
    }

    private void cell(int map, Axis rows, int p, Axis columns, int q, int to) {
        float[] room = scratch.floats();
        float share = 1f / Math.max(1, rows.samples * columns.samples);
        Arrays.fill(room, to, to + channels, 0f);
        for (int s = rows.first[p]; s < rows.first[p + 1]; s++) {
            for (int t = columns.first[q]; t < columns.first[q + 1]; t++) {
                lanes.addScaled(rows.weight[s] * columns.weight[t] * share, room, map + rows.index[s] + columns.index[t],
                        room, to, channels);
            }
        }
    }

    private int level(float[] v, int at) {
        BoxOp.LevelRule rule = op.rule();
        float side = (float) Math.sqrt((v[at + 2] - v[at]) * (v[at + 3] - v[at + 1]));
        double log = Math.log(side / rule.side() + rule.inner()) / Math.log(2);
        double level = Math.floor(rule.level() + log + rule.outer()) - firstLevel;
        return level > 0 ? (int) Math.min(level, maps.length - 1) : 0;
    }
}
