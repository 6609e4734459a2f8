package dev.kerf.check.oracle;

import dev.kerf.graph.NormOp;
import java.util.List;

/** Softmax and the normalisations. */
final class ScalarNorm {
    private ScalarNorm() {}

    static void run(NormOp op, List<Wide> in, Wide y) {
        switch (op) {
            case NormOp.Softmax s -> softmax(s, in.getFirst(), y);
            case NormOp.LayerNorm n -> layerNorm(n, in, y);
            case NormOp.BatchNorm n -> batchNorm(n, in, y);
            case NormOp.GroupNorm n -> groupNorm(n, in, y);
        }
    }

    private static void softmax(NormOp.Softmax op, Wide x, Wide y) {
        int size = x.dim(op.axis());
        int inner = (int) x.type().shape().product(op.axis() + 1, x.rank());
        for (int first = 0; first < x.v().length; first += size * inner) {
            int valid = x.valid(op.axis(), first);
            for (int j = first; j < first + inner; j++) {
                double max = Double.NEGATIVE_INFINITY;
                for (int i = 0; i < valid; i++) {
                    max = Math.max(max, x.v()[j + i * inner]);
                }
                double sum = 0;
                for (int i = 0; i < valid; i++) {
                    y.v()[j + i * inner] = Math.exp(x.v()[j + i * inner] - max);
                    sum += y.v()[j + i * inner];
                }
                for (int i = 0; i < valid; i++) {
                    y.v()[j + i * inner] /= sum;
                }
            }
        }
    }

    private static void layerNorm(NormOp.LayerNorm op, List<Wide> in, Wide y) {
        Wide x = in.getFirst();
        int size = x.dim(op.axis());
        int inner = (int) x.type().shape().product(op.axis() + 1, x.rank());
        for (int first = 0; first < x.v().length; first += size * inner) {
            for (int j = first; j < first + inner; j++) {
                double mean = 0;
                for (int i = 0; i < size; i++) {
                    mean += x.v()[j + i * inner] / size;
                }
                double var = 0;
                for (int i = 0; i < size; i++) {
                    double d = x.v()[j + i * inner] - mean;
                    var += d * d / size;
                }
                for (int i = 0; i < size; i++) {
                    y.v()[j + i * inner] = (x.v()[j + i * inner] - mean) / Math.sqrt(var + op.eps())
                            * in.get(1).v()[i] + in.get(2).v()[i];
                }
            }
        }
    }

    private static void batchNorm(NormOp.BatchNorm op, List<Wide> in, Wide y) {
        Wide x = in.getFirst();
        int inner = (int) x.type().shape().product(2, x.rank());
        for (int i = 0; i < x.v().length; i++) {
            int c = i / inner % x.dim(1);
            y.v()[i] = (x.v()[i] - in.get(3).v()[c]) / Math.sqrt(in.get(4).v()[c] + op.eps()) * in.get(1).v()[c]
                    + in.get(2).v()[c];
        }
    }

    private static void groupNorm(NormOp.GroupNorm op, List<Wide> in, Wide y) {
        Wide x = in.getFirst();
        int inner = (int) x.type().shape().product(2, x.rank());
        int size = x.dim(1) / op.groups() * inner;
        for (int first = 0; first < x.v().length; first += size) {
            double mean = 0;
            for (int i = first; i < first + size; i++) {
                mean += x.v()[i] / size;
            }
            double var = 0;
            for (int i = first; i < first + size; i++) {
                var += (x.v()[i] - mean) * (x.v()[i] - mean) / size;
            }
            for (int i = first; i < first + size; i++) {
                int c = i / inner % x.dim(1);
                y.v()[i] = (x.v()[i] - mean) / Math.sqrt(var + op.eps()) * in.get(1).v()[c] + in.get(2).v()[c];
            }
        }
    }
}
