package dev.kerf.tornado.kernel.frame;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import dev.kerf.tornado.kernel.Pair;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * Interleaved samples to planes in 0 … 1: y[n, k, p] = x[n, p, channels[k]] / FULL, correctly rounded. LUMA: one plane
 * of ITU-R 601 luma from the first three channels. A work-item for each pixel of a plane, a row of groups for each
 * plane and image.
 */
public final class FromPixels implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        IntArray s = a.scalars("x_off", "x_sn", "y_off", "y_sn", "pixels", "C");
        IntArray channels = a.ints("channels");
        int luma = a.definition("LUMA");
        float full = a.definition("FULL");
        return switch (a.element("x")) {
            case BYTE -> new TaskPackage(a.id(), FromPixels::bytes, a.context(), s, a.bytes("x"), channels,
                    a.floats("y"), luma, full, 1 / full);
            case SHORT -> new TaskPackage(a.id(), FromPixels::shorts, a.context(), s, a.shorts("x"), channels,
                    a.floats("y"), luma, full, 1 / full);
            default -> throw new IllegalArgumentException("from_pixels has no code for samples of " + a.element("x"));
        };
    }

    static void bytes(KernelContext context, IntArray s, ByteArray x, IntArray channels, FloatArray y, int luma,
            float full, float unit) {
        int p = context.globalIdx;
        int pixels = s.get(4);
        if (p < pixels) {
            int pixel = s.get(0) + context.groupIdz * s.get(1) + p * s.get(5);
            int sample;
            if (luma != 0) {
                sample = luma(x.get(pixel + channels.get(0)) & 0xff, x.get(pixel + channels.get(1)) & 0xff,
                        x.get(pixel + channels.get(2)) & 0xff);
            } else {
                sample = x.get(pixel + channels.get(context.groupIdy)) & 0xff;
            }
            y.set(s.get(2) + context.groupIdz * s.get(3) + context.groupIdy * pixels + p, quotient(sample, full, unit));
        }
    }

    static void shorts(KernelContext context, IntArray s, ShortArray x, IntArray channels, FloatArray y, int luma,
            float full, float unit) {
        int p = context.globalIdx;
        int pixels = s.get(4);
        if (p < pixels) {
            int pixel = s.get(0) + context.groupIdz * s.get(1) + p * s.get(5);
            int sample;
            if (luma != 0) {
                sample = luma(x.get(pixel + channels.get(0)) & 0xffff, x.get(pixel + channels.get(1)) & 0xffff,
                        x.get(pixel + channels.get(2)) & 0xffff);
            } else {
                sample = x.get(pixel + channels.get(context.groupIdy)) & 0xffff;
            }
            y.set(s.get(2) + context.groupIdz * s.get(3) + context.groupIdy * pixels + p, quotient(sample, full, unit));
        }
    }

    // (19595 r + 38470 g + 7471 b + 32768) >> 16, where the sum of 16-bit samples has 32 bits.
    private static int luma(int r, int g, int b) {
        return (19595 * r + 38470 * g + 7471 * b + 32768) >>> 16;
    }

    // The product with the rounded reciprocal, then the rest of the division: right in every bit where / needn't be.
    private static float quotient(int sample, float full, float unit) {
        float v = sample;
        float rough = Pair.fma(v, unit, 0); // not a product itself, which TornadoVM would add to what follows
        return Pair.fma(Pair.fma(rough, -full, v), unit, rough);
    }
}
