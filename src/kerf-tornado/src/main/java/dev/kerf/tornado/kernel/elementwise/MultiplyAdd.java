package dev.kerf.tornado.kernel.elementwise;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * What arithmetic a device can do: each work-item makes 16 sums, none of which waits for another: a_k ← a_k · factor +
 * term, rounds times, k = 0 … 15; y[i] = Σ_k a_k. WIDE: whether each a_k is a vector of 16, for CPU-type devices.
 */
public final class MultiplyAdd implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        IntArray s = a.scalars("items", "rounds");
        float factor = a.real("factor");
        float term = a.real("term");
        return a.definition("WIDE") == 0
                ? new TaskPackage(a.id(), MultiplyAdd::narrow, a.context(), s, a.floats("y"), factor, term)
                : new TaskPackage(a.id(), MultiplyAdd::wide, a.context(), s, a.floats("y"), factor, term);
    }

    static void narrow(KernelContext context, IntArray s, FloatArray y, float factor, float term) {
        int i = context.globalIdx;
        int rounds = s.get(1);
        float x = i;
        float a0 = x + 0;
        float a1 = x + 1;
        float a2 = x + 2;
        float a3 = x + 3;
        float a4 = x + 4;
        float a5 = x + 5;
        float a6 = x + 6;
        float a7 = x + 7;
        float a8 = x + 8;
        float a9 = x + 9;
        float a10 = x + 10;
        float a11 = x + 11;
        float a12 = x + 12;
        float a13 = x + 13;
        float a14 = x + 14;
        float a15 = x + 15;
        for (int r = 0; r < rounds; r++) {
            a0 = a0 * factor + term;
            a1 = a1 * factor + term;
            a2 = a2 * factor + term;
            a3 = a3 * factor + term;
            a4 = a4 * factor + term;
            a5 = a5 * factor + term;
            a6 = a6 * factor + term;
            a7 = a7 * factor + term;
            a8 = a8 * factor + term;
            a9 = a9 * factor + term;
            a10 = a10 * factor + term;
            a11 = a11 * factor + term;
            a12 = a12 * factor + term;
            a13 = a13 * factor + term;
            a14 = a14 * factor + term;
            a15 = a15 * factor + term;
        }
        float sum = a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9 + a10 + a11 + a12 + a13 + a14 + a15;
        if (i < s.get(0)) {
            y.set(i, sum);
        }
    }

    static void wide(KernelContext context, IntArray s, FloatArray y, float factor, float term) {
        int i = context.globalIdx;
        int rounds = s.get(1);
        float x = i;
        Float16 by = all(factor);
        Float16 plus = all(term);
        Float16 a0 = all(x);
        Float16 a1 = all(x + 1);
        Float16 a2 = all(x + 2);
        Float16 a3 = all(x + 3);
        Float16 a4 = all(x + 4);
        Float16 a5 = all(x + 5);
        Float16 a6 = all(x + 6);
        Float16 a7 = all(x + 7);
        Float16 a8 = all(x + 8);
        Float16 a9 = all(x + 9);
        Float16 a10 = all(x + 10);
        Float16 a11 = all(x + 11);
        Float16 a12 = all(x + 12);
        Float16 a13 = all(x + 13);
        Float16 a14 = all(x + 14);
        Float16 a15 = all(x + 15);
        for (int r = 0; r < rounds; r++) {
            a0 = Float16.add(Float16.mult(a0, by), plus);
            a1 = Float16.add(Float16.mult(a1, by), plus);
            a2 = Float16.add(Float16.mult(a2, by), plus);
            a3 = Float16.add(Float16.mult(a3, by), plus);
            a4 = Float16.add(Float16.mult(a4, by), plus);
            a5 = Float16.add(Float16.mult(a5, by), plus);
            a6 = Float16.add(Float16.mult(a6, by), plus);
            a7 = Float16.add(Float16.mult(a7, by), plus);
            a8 = Float16.add(Float16.mult(a8, by), plus);
            a9 = Float16.add(Float16.mult(a9, by), plus);
            a10 = Float16.add(Float16.mult(a10, by), plus);
            a11 = Float16.add(Float16.mult(a11, by), plus);
            a12 = Float16.add(Float16.mult(a12, by), plus);
            a13 = Float16.add(Float16.mult(a13, by), plus);
            a14 = Float16.add(Float16.mult(a14, by), plus);
            a15 = Float16.add(Float16.mult(a15, by), plus);
        }
        Float16 left = Float16.add(Float16.add(Float16.add(a0, a1), Float16.add(a2, a3)),
                Float16.add(Float16.add(a4, a5), Float16.add(a6, a7)));
        Float16 right = Float16.add(Float16.add(Float16.add(a8, a9), Float16.add(a10, a11)),
                Float16.add(Float16.add(a12, a13), Float16.add(a14, a15)));
        Float16 sum = Float16.add(left, right);
        if (i < s.get(0)) {
            y.set(i, ((sum.getS0() + sum.getS1()) + (sum.getS2() + sum.getS3()))
                    + ((sum.getS4() + sum.getS5()) + (sum.getS6() + sum.getS7()))
                    + ((sum.getS8() + sum.getS9()) + (sum.getS10() + sum.getS11()))
                    + ((sum.getS12() + sum.getS13()) + (sum.getS14() + sum.getS15())));
        }
    }

    private static Float16 all(float v) {
        return new Float16(v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v);
    }
}
