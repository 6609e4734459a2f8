package dev.kerf.tornado.kernel.dense;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Lays a computed convolution weight out as {@link Conv2d} and {@link Conv2dCpu} read it. y[g, panel, u, v, c, m] =
 * w[g · w_group + (panel · tile + m) · w_o + c · w_c + tap_first + u · tap_row + v · tap_col], 0 past O; with taps_inner
 * c comes before u and v in y.
 */
public final class PackPanels implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), PackPanels::pack, a.context(), a.scalars("w_off", "y_off", "groups", "O", "C", "KH",
                "KW", "w_group", "w_o", "w_c", "tap_first", "tap_row", "tap_col", "tile", "taps_inner"), a.floats("w"),
                a.floats("y"));
    }

    static void pack(KernelContext context, IntArray s, FloatArray w, FloatArray y) {
        int i = context.globalIdx;
        int outputs = s.get(3);
        int channels = s.get(4);
        int taps = s.get(5) * s.get(6);
        int tile = s.get(13);
        int panels = (outputs + tile - 1) / tile;
        if (i < s.get(2) * panels * taps * channels * tile) {
            int term = i / tile % (taps * channels);
            int c = term % channels;
            int tap = term / channels;
            if (s.get(14) != 0) {
                c = term / taps;
                tap = term % taps;
            }
            int panel = i / tile / (taps * channels) % panels;
            int group = i / tile / (taps * channels) / panels;
            int o = panel * tile + i % tile;
            float v = 0;
            if (o < outputs) {
                v = w.get(s.get(0) + group * s.get(7) + o * s.get(8) + c * s.get(9) + s.get(10)
                        + tap / s.get(6) * s.get(11) + tap % s.get(6) * s.get(12));
            }
            y.set(s.get(1) + i, v);
        }
    }
}
