package dev.kerf.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * Reads and writes back the first element. TornadoVM doesn't copy an array to the device that tasks only write to,
 * though they may leave parts of it as they are; one that a task has read first, it does.
 */
final class Touch {
    private Touch() {}

    /** The task for a buffer. */
    static TaskPackage task(String id, KernelContext context, TornadoBuffer buffer) {
        return switch (buffer.array()) {
            case FloatArray a -> new TaskPackage(id, Touch::floats, context, a);
            case IntArray a -> new TaskPackage(id, Touch::ints, context, a);
            case ByteArray a -> new TaskPackage(id, Touch::bytes, context, a);
            case ShortArray a -> new TaskPackage(id, Touch::shorts, context, a);
            case LongArray a -> new TaskPackage(id, Touch::longs, context, a);
            default -> throw new IllegalStateException(buffer.array().getClass().getName());
        };
    }

    static void floats(KernelContext context, FloatArray x) {
        int i = context.globalIdx;
        x.set(i, x.get(i));
    }

    static void ints(KernelContext context, IntArray x) {
        int i = context.globalIdx;
        x.set(i, x.get(i));
    }

    static void bytes(KernelContext context, ByteArray x) {
        int i = context.globalIdx;
        x.set(i, x.get(i));
    }

    static void shorts(KernelContext context, ShortArray x) {
        int i = context.globalIdx;
        x.set(i, x.get(i));
    }

    static void longs(KernelContext context, LongArray x) {
        int i = context.globalIdx;
        x.set(i, x.get(i));
    }
}
