package dev.kerf.tornado.kernel.frame;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * NV12 frames to RGB planes in 0 … 1, clamped; each pair of chroma samples serves four pixels. A work-item for each
 * pixel, a row of groups for each frame.
 */
public final class FromNv12 implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), FromNv12::fromNv12, a.context(), a.scalars("x_off", "x_sn", "y_off", "y_sn",
                "H", "W"), a.bytes("x"), a.floats("y"), a.real("luma_zero"), a.real("luma_scale"),
                a.real("chroma_scale"), a.real("red_cr"), a.real("green_cb"), a.real("green_cr"), a.real("blue_cb"));
    }

    static void fromNv12(KernelContext context, IntArray s, ByteArray x, FloatArray y, float lumaZero, float lumaScale,
            float chromaScale, float redCr, float greenCb, float greenCr, float blueCb) {
        int p = context.globalIdx;
        int h = s.get(4);
        int w = s.get(5);
        int pixels = h * w;
        if (p < pixels) {
            int frame = s.get(0) + context.groupIdy * s.get(1);
            int chroma = frame + (h + p / w / 2) * w + p % w / 2 * 2;
            float luma = lumaScale * ((x.get(frame + p) & 0xff) - lumaZero);
            float cb = chromaScale * ((x.get(chroma) & 0xff) - 128f);
            float cr = chromaScale * ((x.get(chroma + 1) & 0xff) - 128f);
            int at = s.get(2) + context.groupIdy * s.get(3) + p;
            y.set(at, unit(redCr * cr + luma));
            y.set(at + pixels, unit(greenCb * cb + (greenCr * cr + luma)));
            y.set(at + 2 * pixels, unit(blueCb * cb + luma));
        }
    }

    private static float unit(float v) {
        return v < 0 ? 0 : v > 1 ? 1 : v;
    }
}
