package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Functions;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Function;

/**
 * {@link Lanes} in plain Java. What {@link VectorLanes} leaves over is done here: products that are added to something are
 * rounded once, as there. Sums and exponentials are others, so that results differ from those by vectors in their last bits.
 */
final class PlainLanes implements Lanes {
    @Override
    public int width() {
        return 1;
    }

    @Override
    public void unary(Function f, float[] x, int xo, float[] y, int yo, int n) {
        for (int i = 0; i < n; i++) {
            y[yo + i] = apply(f, x[xo + i]);
        }
    }

    /** One element, as the vector form has it for the functions that it leaves to plain Java. */
    static float apply(Function f, float x) {
        return switch (f) {
            case RELU -> Math.max(x, 0f);
            case ABS -> Math.abs(x);
            case NEGATE -> -x;
            default -> (float) Functions.apply(f, x);
        };
    }

    @Override
    public void binary(Arithmetic f, float[] a, int ao, float[] b, int bo, float[] y, int yo, int n) {
        for (int i = 0; i < n; i++) {
            y[yo + i] = apply(f, a[ao + i], b[bo + i]);
        }
    }

    @Override
    public void binary(Arithmetic f, float[] a, int ao, float b, float[] y, int yo, int n) {
        for (int i = 0; i < n; i++) {
            y[yo + i] = apply(f, a[ao + i], b);
        }
    }

    @Override
    public void binary(Arithmetic f, float a, float[] b, int bo, float[] y, int yo, int n) {
        for (int i = 0; i < n; i++) {
            y[yo + i] = apply(f, a, b[bo + i]);
        }
    }

    static float apply(Arithmetic f, float a, float b) {
        return switch (f) {
            case ADD -> a + b;
            case SUBTRACT -> a - b;
            case MULTIPLY -> a * b;
            case DIVIDE -> a / b;
            case MAX -> Math.max(a, b);
            case MIN -> Math.min(a, b);
            case POWER -> (float) Math.pow(a, b);
        };
    }

    @Override
    public void normalise(float[] x, int xo, float mean, float scale, float shift, float[] y, int yo, int n) {
        for (int i = 0; i < n; i++) {
            y[yo + i] = Math.fma(x[xo + i] - mean, scale, shift);
        }
    }

    @Override
    public void normaliseColumns(float[] x, int xo, int step, int size, int n, double eps, float[] weight, int wo, float[] bias,
            int bo, float[] y, int yo, boolean transposed, float[] t, int to) {
        java.util.Arrays.fill(t, to, to + 2 * n, 0);
        for (int i = 0; i < size; i++) {
            binary(Arithmetic.ADD, x, xo + i * step, t, to, t, to, n);
        }
        binary(Arithmetic.DIVIDE, t, to, (float) size, t, to, n);
        for (int i = 0; i < size; i++) {
            binary(Arithmetic.SUBTRACT, x, xo + i * step, t, to, y, yo + i * step, n);
            addProduct(y, yo + i * step, y, yo + i * step, t, to + n, n);
        }
        for (int j = 0; j < n; j++) {
            t[to + n + j] = (float) RowNorm.scale(t[to + n + j], size, eps);
        }
        for (int i = 0; i < size; i++) {
            binary(Arithmetic.MULTIPLY, y, yo + i * step, t, to + n, y, yo + i * step, n);
            normalise(y, yo + i * step, 0, weight[wo + i], bias[bo + i], y, yo + i * step, n);
        }
    }

    @Override
    public void normalise(float[] x, int xo, float mean, float scale, float[] weight, int wo, float[] bias, int bo,
            float[] y, int yo, int n) {
        for (int i = 0; i < n; i++) {
            y[yo + i] = Math.fma((x[xo + i] - mean) * scale, weight[wo + i], bias[bo + i]);
        }
    }

    @Override
    public void scale(float a, float[] x, int xo, float[] y, int yo, int n) {
        for (int i = 0; i < n; i++) {
            y[yo + i] = a * x[xo + i];
        }
    }

    @Override
    public void addScaled(float a, float[] x, int xo, float[] y, int yo, int n) {
        for (int i = 0; i < n; i++) {
            y[yo + i] = Math.fma(a, x[xo + i], y[yo + i]);
        }
    }

    @Override
    public void addProduct(float[] a, int ao, float[] b, int bo, float[] y, int yo, int n) {
        for (int i = 0; i < n; i++) {
            y[yo + i] = Math.fma(a[ao + i], b[bo + i], y[yo + i]);
        }
    }

    @Override
    public void clamp(float low, float high, float[] x, int xo, float[] y, int yo, int n) {
        for (int i = 0; i < n; i++) {
            y[yo + i] = Math.min(Math.max(x[xo + i], low), high);
        }
    }

    @Override
    public void rotate(
            float[] x, int xa, int xb, float[] cos, int co, float[] sin, int so, float[] y, int ya, int yb, int n) {
        for (int i = 0; i < n; i++) {
            float a = x[xa + i];
            float b = x[xb + i];
            y[ya + i] = a * cos[co + i] - b * sin[so + i];
            y[yb + i] = a * sin[so + i] + b * cos[co + i];
        }
    }

    @Override
    public void largestOfFour(float[] x, int a, int b, float[] y, int yo, int n) {
        for (int i = 0; i < n; i++) {
            y[yo + i] = Math.max(Math.max(x[a + 2 * i], x[b + 2 * i]), Math.max(x[a + 2 * i + 1], x[b + 2 * i + 1]));
        }
    }

    @Override
    public void sample(RowTaps t, int from, float[] x, int xo, float[] y, int yo) {
        int n = t.count;
        if (t.taps == 1) {
            for (int j = from; j < n; j++) {
                y[yo + j] = x[xo + t.index[j]];
            }
        } else if (t.taps == 2) {
            for (int j = from; j < n; j++) {
                y[yo + j] = x[xo + t.index[j]] * t.weight[j] + x[xo + t.index[n + j]] * t.weight[n + j];
            }
        } else {
            for (int j = from; j < n; j++) {
                float sum = 0;
                for (int i = j; i < t.index.length; i += n) {
                    sum += x[xo + t.index[i]] * t.weight[i];
                }
                y[yo + j] = sum;
            }
        }
    }

    @Override
    public void pick(float[] x, int xo, int step, float[] y, int yo, int n) {
        if (step == 1) {
            System.arraycopy(x, xo, y, yo, n);
            return;
        }
        for (int i = 0; i < n; i++) {
            y[yo + i] = x[xo + i * step];
        }
    }

    @Override
    public void transpose(float[] x, int xo, int xp, int rows, int columns, float[] y, int yo, int yp) {
        for (int j = 0; j < columns; j++) {
            for (int i = 0; i < rows; i++) {
                y[yo + j * yp + i] = x[xo + i * xp + j];
            }
        }
    }

    @Override
    public float dot(float[] a, int ao, float[] b, int bo, int n) {
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        int i = 0;
        for (; i <= n - 4; i += 4) {
            s0 += a[ao + i] * b[bo + i];
            s1 += a[ao + i + 1] * b[bo + i + 1];
            s2 += a[ao + i + 2] * b[bo + i + 2];
            s3 += a[ao + i + 3] * b[bo + i + 3];
        }
        for (; i < n; i++) {
            s0 += a[ao + i] * b[bo + i];
        }
        return s0 + s1 + (s2 + s3);
    }

    @Override
    public double sum(float[] x, int xo, int n) {
        double s = 0;
        for (int i = 0; i < n; i++) {
            s += x[xo + i];
        }
        return s;
    }

    @Override
    public double squares(float[] x, int xo, float mean, int n) {
        double s = 0;
        for (int i = 0; i < n; i++) {
            double d = x[xo + i] - mean;
            s += d * d;
        }
        return s;
    }

    @Override
    public float max(float[] x, int xo, int n) {
        float m = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            m = Math.max(m, x[xo + i]);
        }
        return m;
    }

    @Override
    public float min(float[] x, int xo, int n) {
        float m = Float.POSITIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            m = Math.min(m, x[xo + i]);
        }
        return m;
    }

    @Override
    public double expSum(float[] x, int xo, float max, float[] y, int yo, int n) {
        double s = 0;
        for (int i = 0; i < n; i++) {
            float e = (float) Math.exp(x[xo + i] - max);
            y[yo + i] = e;
            s += e;
        }
        return s;
    }
}
