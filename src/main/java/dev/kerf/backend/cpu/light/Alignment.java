package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.BoxOp;
import dev.kerf.tensor.Shape;

/**
 * RoIAlign, a box at a time. Samples stand on a grid, so each axis is worked out once for a box: which two rows (columns)
 * each sample lies between, and how near. Samples outside the map are left out of the lists; they count in the mean alone.
 */
final class Alignment implements Kernel {
    /** A cell is never sampled more densely than twice a pixel, so no axis has more samples within the map than this. */
    private static final int DENSITY = 2;

    private final BoxOp.RoiAlign op;
    private final Operand boxes;
    private final Operand[] maps;
    private final Operand y;
    private final int firstLevel;
    private final int boxesOfItem;
    private final int channels;
    private final Axis[] down;
    private final Axis[] across;

    Alignment(BoxOp.RoiAlign op, Site site) {
        this.op = op;
        this.boxes = site.operand(0);
        this.y = site.result(0);
        this.firstLevel = op.firstLevel();
        this.maps = new Operand[op.scales().size()];
        int rows = 0;
        int columns = 0;
        for (int i = 0; i < maps.length; i++) {
            maps[i] = site.operand(1 + i);
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

    private int most(int cells, int extent) {
        return op.samples() > 0 ? cells * op.samples() : DENSITY * (extent + 2) + 2 * cells;
    }

    /** The samples of one axis that lie within the map, cell by cell. */
    private static final class Axis {
        private final int cells;
        private final int fixed;
        private final boolean aligned;
        private final int[] first;
        private final int[] low;
        private final int[] high;
        private final float[] lowWeight;
        private final float[] highWeight;
        private int samples;

        Axis(int cells, int most, int fixed, boolean aligned) {
            this.cells = cells;
            this.fixed = fixed;
            this.aligned = aligned;
            this.first = new int[cells + 1];
            this.low = new int[most];
            this.high = new int[most];
            this.lowWeight = new float[most];
            this.highWeight = new float[most];
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
                        low[n] = i * step;
                        high[n] = Math.min(i + 1, extent - 1) * step;
                        highWeight[n] = a - i;
                        lowWeight[n] = 1 - highWeight[n];
                        n++;
                    }
                }
            }
            first[cells] = n;
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
        rows.set(v[at + 1], v[at + 3], scale, s.size(2), s.size(3));
        columns.set(v[at], v[at + 2], scale, s.size(3), 1);
        float share = 1f / Math.max(1, rows.samples * columns.samples);
        int plane = s.size(2) * s.size(3);
        int from = maps[level].offset() + item * maps[level].batchStride();
        int cells = op.rows() * op.columns();
        int to = y.offset() + task * channels * cells;
        for (int c = 0; c < channels; c++) {
            pool(maps[level].floats(), from + c * plane, rows, columns, share, to + c * cells);
        }
    }

    private void pool(float[] x, int plane, Axis rows, Axis columns, float share, int to) {
        float[] out = y.floats();
        for (int p = 0, at = to; p < op.rows(); p++) {
            for (int q = 0; q < op.columns(); q++, at++) {
                float sum = 0;
                for (int s = rows.first[p]; s < rows.first[p + 1]; s++) {
                    int upper = plane + rows.low[s];
                    int lower = plane + rows.high[s];
                    float a = rows.lowWeight[s];
                    float b = rows.highWeight[s];
                    for (int t = columns.first[q]; t < columns.first[q + 1]; t++) {
                        int left = columns.low[t];
                        int right = columns.high[t];
                        sum += columns.lowWeight[t] * (a * x[upper + left] + b * x[lower + left])
                                + columns.highWeight[t] * (a * x[upper + right] + b * x[lower + right]);
                    }
                }
                out[at] = sum * share;
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
