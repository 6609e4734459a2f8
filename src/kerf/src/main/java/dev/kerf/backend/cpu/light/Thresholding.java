package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Compound;
import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.plan.ResizeTaps;
import dev.kerf.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Which results of a bilinear resampling are above 0, without the results: where the sources of a stretch have one sign its results
 * have it, too, and only what lies between sources of two signs is computed, as {@link Resizing} does it. Of a mask that grows from
 * 256 to some thousand pixels to a side that is a few percent.
 */
final class Thresholding implements Kernel {
    /** Sources above this have results above 0 whatever their weights, one of which is a half at least: nothing is rounded to 0. */
    private static final float SURE = 4 * Float.MIN_NORMAL;

    private final Operand x;
    private final Operand y;
    private final Lanes lanes;
    private final int h;
    private final int w;
    private final int outH;
    private final int outW;
    private final int planes;
    private final int[] rowIndex;
    private final float[] rowWeight;
    private final RowTaps columns;
    /** Where stretches of results of the same two sources begin, and the end. */
    private final int[] starts;
    private final float[][] rows;

    private Thresholding(SpatialOp.Resize op, Operand x, Operand y, Lanes lanes, int workers) {
        this.x = x;
        this.y = y;
        this.lanes = lanes;
        this.h = x.type().shape().size(2);
        this.w = x.type().shape().size(3);
        this.outH = op.outH();
        this.outW = op.outW();
        this.planes = x.type().shape().size(0) * x.type().shape().size(1);
        ResizeTaps r = ResizeTaps.rows(op, h);
        this.rowIndex = r.index();
        this.rowWeight = new float[r.weight().length];
        for (int i = 0; i < rowWeight.length; i++) {
            rowWeight[i] = (float) r.weight()[i];
        }
        this.columns = new RowTaps(ResizeTaps.columns(op, w), lanes);
        this.starts = IntStream.rangeClosed(0, outW).filter(j -> j == 0 || j == outW
                || columns.index[j] != columns.index[j - 1] || columns.index[outW + j] != columns.index[outW + j - 1])
                .toArray();
        this.rows = new float[workers][w];
    }

    /** A comparison with 0 of what is resampled. */
    private record Pair(Node resampling, Node comparison, Lanes lanes) implements Compound {
        @Override
        public List<Node> before() {
            return List.of(resampling);
        }

        @Override
        public long scratchFloats(int workers) {
            return 0;
        }

        @Override
        public String algorithm() {
            return "threshold";
        }

        @Override
        public Kernel build(Function<Node, Site> sites) {
            Site site = sites.apply(comparison);
            return new Thresholding((SpatialOp.Resize) resampling.op(), sites.apply(resampling).operand(0),
                    site.result(0), lanes, site.workers());
        }
    }

    /** The resampling, bilinear and without antialiasing, whose results above 0 a node tells; null if it doesn't. */
    static @Nullable Compound of(Node n, Graph graph, Predicate<Value> free, Lanes lanes) {
        if (!(n.op() instanceof PointwiseOp.Compare c) || c.relation() != PointwiseOp.Relation.GREATER) {
            return null;
        }
        Value resampled = n.input(0);
        Node resampling = graph.producer(resampled);
        return resampling.op() instanceof SpatialOp.Resize op
                && op.interpolation() == SpatialOp.Interpolation.BILINEAR && !op.antialias() && resampled.count() == null
                && graph.producer(n.input(1)).op() instanceof SourceOp.Constant zero
                && zero.value().dtype() == DType.F32 && zero.value().elements() == 1 && zero.value().getDouble(0) == 0
                && Compound.only(resampled, n, graph, free) ? new Pair(resampling, n, lanes) : null;
    }

    @Override
    public int tasks() {
        return Split.tasks((long) planes * outH, 4L * w + outW / 8);
    }

    @Override
    public void run(int task, int worker) {
        int tasks = tasks();
        int all = planes * outH;
        byte[] to = y.bytes();
        int channels = x.type().shape().size(1);
        for (int row = Split.first(task, tasks, all); row < Split.first(task + 1, tasks, all); row++) {
            int plane = row / outH;
            weigh(x.offset() + plane / channels * x.batchStride() + plane % channels * h * w, row % outH, rows[worker]);
            threshold(rows[worker], to, y.offset() + row * outW);
        }
    }

    private void weigh(int from, int i, float[] row) {
        lanes.scale(rowWeight[2 * i], x.floats(), from + rowIndex[2 * i] * w, row, 0, w);
        if (rowWeight[2 * i + 1] != 0) {
            lanes.addScaled(rowWeight[2 * i + 1], x.floats(), from + rowIndex[2 * i + 1] * w, row, 0, w);
        }
    }

    private void threshold(float[] row, byte[] to, int at) {
        int since = 0;
        byte value = 0;
        for (int s = 0; s < starts.length - 1; s++) {
            int begin = starts[s];
            int end = starts[s + 1];
            float a = row[columns.index[begin]];
            float b = row[columns.index[outW + begin]];
            boolean in = a > SURE && b > SURE && a <= Float.MAX_VALUE && b <= Float.MAX_VALUE;
            if (in || a <= 0 && b <= 0) {
                if (in != (value != 0)) {
                    Arrays.fill(to, at + since, at + begin, value);
                    since = begin;
                    value = (byte) (in ? 1 : 0);
                }
                continue;
            }
            Arrays.fill(to, at + since, at + begin, value);
            for (int j = begin; j < end; j++) {
                to[at + j] = (byte) (a * columns.weight[j] + b * columns.weight[outW + j] > 0 ? 1 : 0);
            }
            since = end;
        }
        Arrays.fill(to, at + since, at + outW, value);
    }
}
