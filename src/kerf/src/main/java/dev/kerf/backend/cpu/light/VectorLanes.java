package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.dense.ChannelNorm;
import dev.kerf.backend.cpu.dense.Curves;
import dev.kerf.backend.cpu.dense.Transposes;
import dev.kerf.backend.cpu.dense.VectorMath;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Function;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** {@link Lanes} on the Vector API: whole vectors, then the rest in plain Java, rounded alike. */
final class VectorLanes implements Lanes {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = S.length();

    private final PlainLanes plain = new PlainLanes();

    static String description() {
        return "vectors of " + S.vectorBitSize() + " bits";
    }

    @Override
    public int width() {
        return L;
    }

    @Override
    public void unary(Function f, float[] x, int xo, float[] y, int yo, int n) {
        VectorUnary.run(f, plain, x, xo, y, yo, n);
    }

    @Override
    public void binary(Arithmetic f, float[] a, int ao, float[] b, int bo, float[] y, int yo, int n) {
        int end = VectorBinary.rows(f, a, ao, b, bo, y, yo, n);
        plain.binary(f, a, ao + end, b, bo + end, y, yo + end, n - end);
    }

    @Override
    public void binary(Arithmetic f, float[] a, int ao, float b, float[] y, int yo, int n) {
        int end = switch (f) {
            case SUBTRACT -> VectorBinary.scalar(Arithmetic.ADD, a, ao, -b, y, yo, n);
            default -> VectorBinary.scalar(f, a, ao, b, y, yo, n);
        };
        plain.binary(f, a, ao + end, b, y, yo + end, n - end);
    }

    @Override
    public void binary(Arithmetic f, float a, float[] b, int bo, float[] y, int yo, int n) {
        int end = switch (f) {
            case SUBTRACT -> VectorBinary.subtractFrom(a, b, bo, y, yo, n);
            case DIVIDE -> VectorBinary.divide(a, b, bo, y, yo, n);
            default -> VectorBinary.scalar(f, b, bo, a, y, yo, n);
        };
        plain.binary(f, a, b, bo + end, y, yo + end, n - end);
    }

    @Override
    public void normalise(float[] x, int xo, float mean, float scale, float shift, float[] y, int yo, int n) {
        int end = S.loopBound(n);
        FloatVector b = FloatVector.broadcast(S, shift);
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, x, xo + i).sub(mean).fma(FloatVector.broadcast(S, scale), b).intoArray(y, yo + i);
        }
        plain.normalise(x, xo + end, mean, scale, shift, y, yo + end, n - end);
    }

    @Override
    public void normaliseColumns(float[] x, int xo, int step, int size, int n, double eps, float[] weight, int wo, float[] bias,
            int bo, float[] y, int yo, boolean transposed, float[] t, int to) {
        if (n < ChannelNorm.PIXELS) {
            plain.normaliseColumns(x, xo, step, size, n, eps, weight, wo, bias, bo, y, yo, transposed, t, to);
            return;
        }
        ChannelNorm.compact(x, xo, step, size, n, (float) eps, weight, wo, bias, bo, y, yo, transposed, t, to);
    }

    @Override
    public void normalise(float[] x, int xo, float mean, float scale, float[] weight, int wo, float[] bias, int bo,
            float[] y, int yo, int n) {
        int end = S.loopBound(n);
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, x, xo + i).sub(mean).mul(scale).fma(FloatVector.fromArray(S, weight, wo + i),
                    FloatVector.fromArray(S, bias, bo + i)).intoArray(y, yo + i);
        }
        plain.normalise(x, xo + end, mean, scale, weight, wo + end, bias, bo + end, y, yo + end, n - end);
    }

    @Override
    public void scale(float a, float[] x, int xo, float[] y, int yo, int n) {
        binary(Arithmetic.MULTIPLY, a, x, xo, y, yo, n);
    }

    @Override
    public void addScaled(float a, float[] x, int xo, float[] y, int yo, int n) {
        int end = S.loopBound(n);
        FloatVector v = FloatVector.broadcast(S, a);
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, x, xo + i).fma(v, FloatVector.fromArray(S, y, yo + i)).intoArray(y, yo + i);
        }
        plain.addScaled(a, x, xo + end, y, yo + end, n - end);
    }

    @Override
    public void addProduct(float[] a, int ao, float[] b, int bo, float[] y, int yo, int n) {
        int end = S.loopBound(n);
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, a, ao + i).fma(FloatVector.fromArray(S, b, bo + i),
                    FloatVector.fromArray(S, y, yo + i)).intoArray(y, yo + i);
        }
        plain.addProduct(a, ao + end, b, bo + end, y, yo + end, n - end);
    }

    @Override
    public void clamp(float low, float high, float[] x, int xo, float[] y, int yo, int n) {
        int end = S.loopBound(n);
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, x, xo + i).max(low).min(high).intoArray(y, yo + i);
        }
        plain.clamp(low, high, x, xo + end, y, yo + end, n - end);
    }

    @Override
    public void rotate(
            float[] x, int xa, int xb, float[] cos, int co, float[] sin, int so, float[] y, int ya, int yb, int n) {
        int end = S.loopBound(n);
        for (int i = 0; i < end; i += L) {
            FloatVector a = FloatVector.fromArray(S, x, xa + i);
            FloatVector b = FloatVector.fromArray(S, x, xb + i);
            FloatVector c = FloatVector.fromArray(S, cos, co + i);
            FloatVector s = FloatVector.fromArray(S, sin, so + i);
            a.mul(c).sub(b.mul(s)).intoArray(y, ya + i);
            a.mul(s).add(b.mul(c)).intoArray(y, yb + i);
        }
        plain.rotate(x, xa + end, xb + end, cos, co + end, sin, so + end, y, ya + end, yb + end, n - end);
    }

    @Override
    public void pick(float[] x, int xo, int step, float[] y, int yo, int n) {
        int end = step == 2 ? Transposes.evens(x, xo, y, yo, n) : 0;
        plain.pick(x, xo + end * step, step, y, yo + end, n - end);
    }

    @Override
    public void largestOfFour(float[] x, int a, int b, float[] y, int yo, int n) {
        int end = Transposes.largestOfFour(x, a, b, y, yo, n);
        plain.largestOfFour(x, a + 2 * end, b + 2 * end, y, yo + end, n - end);
    }

    @Override
    public void sample(RowTaps t, int from, float[] x, int xo, float[] y, int yo) {
        int n = t.count;
        int last = x.length - L - xo;
        int j = from;
        if (t.near && t.taps == 1) {
            for (; j <= n - L && t.base[j / L] <= last; j += L) {
                FloatVector.fromArray(S, t.lane, j).selectFrom(FloatVector.fromArray(S, x, xo + t.base[j / L]))
                        .intoArray(y, yo + j);
            }
        } else if (t.near && t.taps == 2) {
            for (; j <= n - L && t.base[j / L] <= last; j += L) {
                FloatVector v = FloatVector.fromArray(S, x, xo + t.base[j / L]);
                FloatVector a = FloatVector.fromArray(S, t.lane, j).selectFrom(v);
                FloatVector b = FloatVector.fromArray(S, t.lane, n + j).selectFrom(v);
                a.mul(FloatVector.fromArray(S, t.weight, j)).add(b.mul(FloatVector.fromArray(S, t.weight, n + j)))
                        .intoArray(y, yo + j);
            }
        }
        plain.sample(t, j, x, xo, y, yo);
    }

    @Override
    public void transpose(float[] x, int xo, int xp, int rows, int columns, float[] y, int yo, int yp) {
        Transposes.matrix(x, xo, xp, rows, columns, y, yo, yp);
    }

    @Override
    public float dot(float[] a, int ao, float[] b, int bo, int n) {
        int end = n & -VectorSums.WIDTH;
        return VectorSums.dot(a, ao, b, bo, end) + plain.dot(a, ao + end, b, bo + end, n - end);
    }

    @Override
    public double sum(float[] x, int xo, int n) {
        int end = n & -VectorSums.WIDTH;
        double s = VectorSums.sum(x, xo, end);
        return end == n ? s : s + plain.sum(x, xo + end, n - end);
    }

    @Override
    public double squares(float[] x, int xo, float mean, int n) {
        int end = n & -VectorSums.WIDTH;
        double s = VectorSums.squares(x, xo, mean, end);
        return end == n ? s : s + plain.squares(x, xo + end, mean, n - end);
    }

    @Override
    public float max(float[] x, int xo, int n) {
        int end = S.loopBound(n);
        FloatVector m = FloatVector.broadcast(S, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < end; i += L) {
            m = m.max(FloatVector.fromArray(S, x, xo + i));
        }
        return Math.max(m.reduceLanes(VectorOperators.MAX), plain.max(x, xo + end, n - end));
    }

    @Override
    public float min(float[] x, int xo, int n) {
        int end = S.loopBound(n);
        FloatVector m = FloatVector.broadcast(S, Float.POSITIVE_INFINITY);
        for (int i = 0; i < end; i += L) {
            m = m.min(FloatVector.fromArray(S, x, xo + i));
        }
        return Math.min(m.reduceLanes(VectorOperators.MIN), plain.min(x, xo + end, n - end));
    }

    @Override
    public double expSum(float[] x, int xo, float max, float[] y, int yo, int n) {
        binary(Arithmetic.SUBTRACT, x, xo, max, y, yo, n);
        Curves.apply(Curves.Curve.EXP, y, yo, y, yo, n);
        return sum(y, yo, n);
    }
}
