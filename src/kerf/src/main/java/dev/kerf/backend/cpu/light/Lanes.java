package dev.kerf.backend.cpu.light;

import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Function;

/** Operations on rows of float32 numbers: what kernels are made of. A row is an array, its first index, and a length. */
interface Lanes {
    /** Vectors where the module is there, plain Java otherwise. Only the choice names the vector class. */
    static Lanes of(boolean vectors) {
        return vectors ? new VectorLanes() : new PlainLanes();
    }

    /** Numbers of a vector; 1 in plain Java. */
    int width();

    /** y = f(x); y may be x. */
    void unary(Function f, float[] x, int xo, float[] y, int yo, int n);

    /** y = a ∘ b; y may be either. */
    void binary(Arithmetic f, float[] a, int ao, float[] b, int bo, float[] y, int yo, int n);

    /** y = a ∘ b. */
    void binary(Arithmetic f, float[] a, int ao, float b, float[] y, int yo, int n);

    /** y = a ∘ b. */
    void binary(Arithmetic f, float a, float[] b, int bo, float[] y, int yo, int n);

    /** y = (x − mean) · scale + shift. */
    void normalise(float[] x, int xo, float mean, float scale, float shift, float[] y, int yo, int n);

    /** y = (x − mean) · scale · weight + bias with a weight and a bias for each element. */
    void normalise(float[] x, int xo, float mean, float scale, float[] weight, int wo, float[] bias, int bo,
            float[] y, int yo, int n);

    /**
     * Layer norm of n columns of {@code size} numbers, which lie {@code step} apart: y = (x − mean) / sqrt(var + eps) · weight + bias
     * of each column, y laid out like x, or column by column.
     *
     * @param t  room for {@link Norms#room} numbers
     * @param to where it begins
     */
    void normaliseColumns(float[] x, int xo, int step, int size, int n, double eps, float[] weight, int wo, float[] bias,
            int bo,
            float[] y, int yo, boolean transposed, float[] t, int to);

    /** y = a · x. */
    void scale(float a, float[] x, int xo, float[] y, int yo, int n);

    /** y += a · x. */
    void addScaled(float a, float[] x, int xo, float[] y, int yo, int n);

    /** y += a · b, element by element. */
    void addProduct(float[] a, int ao, float[] b, int bo, float[] y, int yo, int n);

    /** y = min(max(x, low), high), NaN staying NaN. */
    void clamp(float low, float high, float[] x, int xo, float[] y, int yo, int n);

    /** (a, b) turned: y[ya + i] = a cos − b sin and y[yb + i] = a sin + b cos for a = x[xa + i] and b = x[xb + i]. */
    void rotate(float[] x, int xa, int xb, float[] cos, int co, float[] sin, int so, float[] y, int ya, int yb, int n);

    /** y[yo + i] = x[xo + i · step]. */
    void pick(float[] x, int xo, int step, float[] y, int yo, int n);

    /** y[yo + i] = max of x[a + 2i], x[a + 2i + 1], x[b + 2i] and x[b + 2i + 1]. */
    void largestOfFour(float[] x, int a, int b, float[] y, int yo, int n);

    /** Results from {@code from} on, a multiple of the lanes, of a row that is resized: y[yo + j] = Σ weight · x[xo + source]. */
    void sample(RowTaps taps, int from, float[] x, int xo, float[] y, int yo);

    /** Rows to columns: y[yo + j · yp + i] = x[xo + i · xp + j] for some rows i and columns j of x. */
    void transpose(float[] x, int xo, int xp, int rows, int columns, float[] y, int yo, int yp);

    /** Σ a · b. */
    float dot(float[] a, int ao, float[] b, int bo, int n);

    /** Σ x, summed in float64 or in short float32 runs. */
    double sum(float[] x, int xo, int n);

    /** Σ (x − mean)², likewise. */
    double squares(float[] x, int xo, float mean, int n);

    /** The largest; NaN if one is; −∞ of none. */
    float max(float[] x, int xo, int n);

    /** The smallest; NaN if one is; +∞ of none. */
    float min(float[] x, int xo, int n);

    /** y = e^(x − max); their sum. */
    double expSum(float[] x, int xo, float max, float[] y, int yo, int n);
}
