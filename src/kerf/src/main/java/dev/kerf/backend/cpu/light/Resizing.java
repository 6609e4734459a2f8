package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.plan.ResizeTaps;

/** Resampling, one output row at a time: source rows are weighed by vectors into a row of scratch, then its columns. */
final class Resizing implements Kernel {
    private final Operand x;
    private final Operand y;
    private final Operand scratch;
    private final Lanes lanes;
    private final int channels;
    private final int h;
    private final int w;
    private final int outH;
    private final int outW;
    private final int rows;
    private final int rowTaps;
    private final int[] rowIndex;
    private final float[] rowWeight;
    private final RowTaps columns;

    Resizing(SpatialOp.Resize op, Site site, Lanes lanes) {
        this.x = site.operand(0);
        this.y = site.result(0);
        this.scratch = site.scratch();
        this.lanes = lanes;
        this.channels = x.type().shape().size(1);
        this.h = x.type().shape().size(2);
        this.w = x.type().shape().size(3);
        this.outH = op.outH();
        this.outW = op.outW();
        this.rows = x.type().shape().size(0) * channels * outH;
        ResizeTaps r = ResizeTaps.rows(op, h);
        this.rowTaps = r.taps();
        this.rowIndex = r.index();
        this.rowWeight = floats(r.weight());
        this.columns = new RowTaps(ResizeTaps.columns(op, w), lanes);
    }

    private static float[] floats(double[] x) {
        float[] f = new float[x.length];
        for (int i = 0; i < f.length; i++) {
            f[i] = (float) x[i];
        }
        return f;
    }

    @Override
    public int tasks() {
        return Split.tasks(rows, (long) w * rowTaps + 8L * outW * columns.taps);
    }

    @Override
    public void run(int task, int worker) {
        int tasks = tasks();
        for (int row = Split.first(task, tasks, rows); row < Split.first(task + 1, tasks, rows); row++) {
            int plane = row / outH;
            int i = row % outH;
            int from = x.offset() + plane / channels * x.batchStride() + plane % channels * h * w;
            int to = y.offset() + plane / channels * y.batchStride() + (plane % channels * outH + i) * outW;
            if (rowTaps == 1) {
                lanes.sample(columns, 0, x.floats(), from + rowIndex[i] * w, y.floats(), to);
            } else {
                int at = scratch.offset() + worker * w;
                weigh(from, i, at);
                lanes.sample(columns, 0, scratch.floats(), at, y.floats(), to);
            }
        }
    }

    private void weigh(int from, int i, int at) {
        boolean first = true;
        for (int t = i * rowTaps; t < (i + 1) * rowTaps; t++) {
            float weight = rowWeight[t];
            if (first) {
                lanes.scale(weight, x.floats(), from + rowIndex[t] * w, scratch.floats(), at, w);
                first = false;
            } else if (weight != 0) {
                lanes.addScaled(weight, x.floats(), from + rowIndex[t] * w, scratch.floats(), at, w);
            }
        }
    }
}
