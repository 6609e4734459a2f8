package dev.kerf.tornado.kernel.measure;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * A mask of any form as bits: eight pixels a byte, the first in the highest bit; 0 for pixels to ignore and past the end.
 * FORM 0: bytes (belongs if not 0); 1: bits as in the result; 2: logits (belongs if larger than the threshold).
 * HAS_IGNORE: ignore (pixels) says what to leave out. x: N rows, x_sn apart; y (N, row), row a multiple of 4 bytes, written
 * by words: of the work-item of each byte every fourth makes four.
 */
public final class MaskPack implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        IntArray s = a.scalars("x_off", "x_sn", "ignore_off", "y_off", "pixels", "row");
        int hasIgnore = a.definition("HAS_IGNORE");
        return switch (a.definition("FORM")) {
            case 0 -> new TaskPackage(a.id(), MaskPack::bytes, a.context(), s, a.bytes("x"), a.bytes("ignore"),
                    a.ints("y"), hasIgnore);
            case 1 -> new TaskPackage(a.id(), MaskPack::bits, a.context(), s, a.bytes("x"), a.bytes("ignore"),
                    a.ints("y"), hasIgnore);
            default -> new TaskPackage(a.id(), MaskPack::logits, a.context(), s, a.floats("x"), a.bytes("ignore"),
                    a.ints("y"), a.real("threshold"), hasIgnore);
        };
    }

    static void bytes(KernelContext context, IntArray s, ByteArray x, ByteArray ignore, IntArray y, int hasIgnore) {
        int i = context.globalIdx;
        if (i % 4 == 0) {
            int from = s.get(0) + context.groupIdy * s.get(1);
            int left = TornadoMath.min(s.get(4) - 8 * i, 32);
            int word = 0;
            for (int k = 0; k < left; k++) {
                if (ignored(s, ignore, hasIgnore, 8 * i + k) == 0) {
                    if (x.get(from + 8 * i + k) != 0) {
                        word |= 1 << place(k);
                    }
                }
            }
            write(context, s, y, i, word);
        }
    }

    static void bits(KernelContext context, IntArray s, ByteArray x, ByteArray ignore, IntArray y, int hasIgnore) {
        int i = context.globalIdx;
        if (i % 4 == 0) {
            int from = s.get(0) + context.groupIdy * s.get(1);
            int left = TornadoMath.min(s.get(4) - 8 * i, 32);
            int word = 0;
            for (int k = 0; k < left; k++) {
                if (ignored(s, ignore, hasIgnore, 8 * i + k) == 0) {
                    if ((x.get(from + i + k / 8) >> (7 - k % 8) & 1) != 0) {
                        word |= 1 << place(k);
                    }
                }
            }
            write(context, s, y, i, word);
        }
    }

    static void logits(KernelContext context, IntArray s, FloatArray x, ByteArray ignore, IntArray y, float threshold,
            int hasIgnore) {
        int i = context.globalIdx;
        if (i % 4 == 0) {
            int from = s.get(0) + context.groupIdy * s.get(1);
            int left = TornadoMath.min(s.get(4) - 8 * i, 32);
            int word = 0;
            for (int k = 0; k < left; k++) {
                if (ignored(s, ignore, hasIgnore, 8 * i + k) == 0) {
                    if (x.get(from + 8 * i + k) > threshold) {
                        word |= 1 << place(k);
                    }
                }
            }
            write(context, s, y, i, word);
        }
    }

    /** The bit of a word whose first byte is the lowest. */
    private static int place(int k) {
        return k / 8 * 8 + 7 - k % 8;
    }

    private static int ignored(IntArray s, ByteArray ignore, int hasIgnore, int pixel) {
        int ignored = 0;
        if (hasIgnore != 0) {
            ignored = ignore.get(s.get(2) + pixel);
        }
        return ignored;
    }

    private static void write(KernelContext context, IntArray s, IntArray y, int i, int word) {
        if (i < s.get(5)) {
            y.set((s.get(3) + context.groupIdy * s.get(5) + i) / 4, word);
        }
    }
}
