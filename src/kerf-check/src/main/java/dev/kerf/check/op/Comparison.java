package dev.kerf.check.op;

import dev.kerf.backend.Precision;
import dev.kerf.backend.Precision.Arithmetic;
import dev.kerf.backend.Precision.Storage;
import dev.kerf.check.oracle.Oracle;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.List;

/**
 * How close to float64 a result must come: |error| ≤ 4 u · √terms · max(|expected|, rms of expected), where u = 2⁻²⁴ is
 * float32's unit roundoff. Rounding errors of a sum of n terms add up like a random walk, √n; 4 leaves room for the few
 * roundings before and after, and for functions that are good to some units in the last place. Integers must be equal.
 *
 * <p>With float16 storage inputs and weights are numbers that float16 holds, and the result's own rounding comes on top: 2⁻¹¹
 * of it, or 2⁻²⁵ below float16's normal range. Where n results are stored one after the other, each rounded, their errors
 * add up like the others: 4 · 2⁻¹¹ · √n · max(|expected|, rms). Attention stores two: its weights are factors of a product like any other,
 * and tensor cores take them in 16 bits. Choices between numbers that lie closer together than that
 * are no errors of a kernel; cases that make one are for float32 only. Factors that are rounded to TF32 count as
 * results that are stored with as many digits.
 *
 * @param terms   roundings that make one element of the result: terms of its sum, or a handful for a function
 * @param precision of inputs, weights, products and results
 * @param stores  results that are stored one after the other
 */
record Comparison(double terms, Precision precision, long stores) {
    private static final double UNIT = 0x1p-24;
    private static final double TF32 = 0x1p-11;

    /** Adds what is wrong with an output, by its worst element; returns the largest error in multiples of its bound. */
    double worst(
            String output, Value v, HostTensor expected, Oracle.Result all, HostTensor got, List<String> failures) {
        if (!v.type().equals(new TensorType(got.dtype(), got.shape()))) {
            failures.add(output + " is " + got + ", not " + v.type());
            return Double.POSITIVE_INFINITY;
        }
        boolean floats = v.type().dtype().floating();
        double rms = floats ? rms(expected) : 0;
        double worst = 0;
        long at = -1;
        long wrong = 0;
        for (long i = 0; i < expected.elements(); i++) {
            double e = expected.getDouble(i);
            double y = got.getDouble(i);
            if (!valid(v, all, i) || same(e, y)) {
                continue;
            }
            double allowed = floats ? allowed(e, rms) : 0;
            double error = Math.abs(y - e);
            double ratio = error > 0 && allowed > 0 ? error / allowed : Double.POSITIVE_INFINITY;
            wrong += ratio > 1 ? 1 : 0;
            if (ratio > worst) {
                worst = ratio;
                at = i;
            }
        }
        if (wrong > 0) {
            double e = expected.getDouble(at);
            failures.add(output + "[" + at + "] of " + v.type() + ": " + got.getDouble(at) + ", expected " + e + " ± "
                    + (floats ? allowed(e, rms) : 0) + "; " + wrong + " of " + expected.elements() + " are wrong");
        }
        return worst;
    }

    private boolean same(double e, double y) {
        return Double.compare(precision.storage().nearest((float) e), (float) y) == 0 || e == y;
    }

    private double allowed(double e, double rms) {
        double size = Math.max(Math.abs(e), rms);
        double sums = 4 * UNIT * Math.sqrt(terms) * size;
        Storage storage = precision.storage();
        if (storage == Storage.F32) {
            return precision.arithmetic() == Arithmetic.TF32 ? sums + 4 * TF32 * Math.sqrt(stores) * size : sums;
        }
        double unit = storage.rounding();
        return sums + storage.tiny() + (stores == 1 ? unit * Math.abs(e) : 4 * unit * Math.sqrt(stores) * size);
    }

    private static double rms(HostTensor t) {
        double squares = 0;
        long finite = 0;
        for (long i = 0; i < t.elements(); i++) {
            double e = t.getDouble(i);
            if (Double.isFinite(e)) {
                squares += e * e;
                finite++;
            }
        }
        return Math.sqrt(squares / Math.max(1, finite));
    }

    /** Whether an element lies before its count's end. */
    static boolean valid(Value v, Oracle.Result all, long i) {
        if (v.count() == null) {
            return true;
        }
        Shape s = v.type().shape();
        long inner = s.product(v.countAxis() + 1, s.rank());
        long row = i / inner;
        long capacity = s.dim(v.countAxis());
        return row % capacity < all.value(v.count()).getLong(row / capacity);
    }
}
