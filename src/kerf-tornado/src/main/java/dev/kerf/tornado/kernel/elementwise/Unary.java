package dev.kerf.tornado.kernel.elementwise;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import dev.kerf.tornado.kernel.Activations;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * y = f(x) for each element. FUNCTION: as {@link dev.kerf.graph.PointwiseOp.Function} numbers them, 17 for
 * min(max(x, low), high); NaN stays NaN.
 */
public final class Unary implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), Unary::unary, a.context(), a.scalars("x_off", "x_sn", "y_off", "y_sn", "inner"),
                a.floats("x"), a.floats("y"), a.definition("FUNCTION"), a.real("low"), a.real("high"),
                a.definition("ITEMS"));
    }

    static void unary(KernelContext context, IntArray s, FloatArray x, FloatArray y, int function, float low,
            float high, int items) {
        int from = s.get(0) + context.globalIdy * s.get(1);
        int to = s.get(2) + context.globalIdy * s.get(3);
        int inner = s.get(4);
        int step = context.localGroupSizeX;
        int first = context.groupIdx * items * step + context.localIdx;
        for (int k = 0; k < items; k++) {
            int i = first + k * step;
            if (i < inner) {
                y.set(to + i, function(function, x.get(from + i), low, high));
            }
        }
    }

    private static float function(int function, float x, float low, float high) {
        float y;
        if (function == 0) {
            y = Activations.activate(Activations.RELU, x);
        } else if (function == 1) {
            y = Activations.activate(Activations.GELU_ERF, x);
        } else if (function == 2) {
            y = Activations.activate(Activations.GELU_TANH, x);
        } else if (function == 3) {
            y = Activations.activate(Activations.SIGMOID, x);
        } else if (function == 4) {
            y = Activations.activate(Activations.SILU, x);
        } else if (function == 5) {
            y = TornadoMath.tanh(x);
        } else if (function == 6) {
            y = TornadoMath.exp(x);
        } else if (function == 7) {
            y = TornadoMath.log(x);
        } else if (function == 8) {
            y = TornadoMath.sqrt(x);
        } else if (function == 9) {
            y = 1 / x;
        } else if (function == 10) {
            y = TornadoMath.abs(x);
        } else if (function == 11) {
            y = -x;
        } else if (function == 12) {
            y = TornadoMath.sin(x);
        } else if (function == 13) {
            y = TornadoMath.cos(x);
        } else if (function == 14) {
            y = TornadoMath.floor(x);
        } else if (function == 15) {
            y = TornadoMath.ceil(x);
        } else if (function == 16) {
            y = roundHalfEven(x);
        } else if (function == 18) {
            y = Activations.activate(Activations.HARD_SWISH, x);
        } else if (function == 19) {
            y = Activations.activate(Activations.RELU6, x);
        } else {
            y = x < low ? low : x > high ? high : x;
        }
        return y;
    }

    private static float roundHalfEven(float x) {
        float down = TornadoMath.floor(x);
        float part = x - down;
        float even = 2 * TornadoMath.floor(0.5f * down) == down ? down : down + 1;
        return part < 0.5f ? down : part > 0.5f ? down + 1 : even;
    }
}
