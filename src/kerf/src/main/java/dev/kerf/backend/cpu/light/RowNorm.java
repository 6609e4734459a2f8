package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.RowMaker;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.NormOp;

/**
 * Layer norm over an axis behind which there is none of more than one, some rows at a time: for its own kernel, and for those that
 * read what it makes.
 */
final class RowNorm implements RowMaker {
    private final Lanes lanes;
    private final int size;
    private final double eps;
    private final Operand x;
    private final Operand weight;
    private final Operand bias;

    private RowNorm(NormOp.LayerNorm op, Site site, Lanes lanes) {
        this.lanes = lanes;
        this.eps = op.eps();
        this.x = site.operand(0);
        this.weight = site.operand(1);
        this.bias = site.operand(2);
        this.size = x.type().shape().size(op.axis());
    }

    /** The rows of a node's operand, which is dense. */
    static RowNorm of(NormOp.LayerNorm op, Site site, Lanes lanes) {
        return new RowNorm(op, site, lanes);
    }

    @Override
    public void rows(int first, int count, float[] to, int at) {
        float[] in = x.floats();
        for (int i = 0; i < count; i++) {
            int from = x.offset() + (first + i) * size;
            float mean = (float) (lanes.sum(in, from, size) / size);
            double scale = scale(lanes.squares(in, from, mean, size), size, eps);
            lanes.normalise(in, from, mean, (float) scale, weight.floats(), weight.offset(), bias.floats(),
                    bias.offset(), to, at + i * size, size);
        }
    }

    /** One over the standard deviation, NaN if float32 can't hold the squares: an infinite one would make all the same. */
    static double scale(double squares, int n, double eps) {
        return squares <= Float.MAX_VALUE ? 1 / Math.sqrt(squares / n + eps) : Double.NaN;
    }
}
