package dev.kerf.tornado.kernel.move;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import dev.kerf.tornado.kernel.Errors;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * state[index] = value: one of the slots replaced, its elements moved as they are. An index out of range changes
 * nothing and raises an error.
 */
public final class WriteSlot implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        IntArray s = a.scalars("state_off", "value_off", "index_off", "node", "slots", "slot");
        IntArray index = a.ints("index");
        IntArray errors = a.ints("errors");
        if (a.element("value") != a.element("state")) {
            throw new IllegalArgumentException(
                    "write_slot has no code from " + a.element("value") + " to " + a.element("state"));
        }
        return switch (a.element("state")) {
            case FLOAT -> new TaskPackage(a.id(), WriteSlot::floats, a.context(), s, a.floats("state"),
                    a.floats("value"), index, errors);
            case INT -> new TaskPackage(a.id(), WriteSlot::ints, a.context(), s, a.ints("state"), a.ints("value"),
                    index, errors);
            case BYTE -> new TaskPackage(a.id(), WriteSlot::bytes, a.context(), s, a.bytes("state"), a.bytes("value"),
                    index, errors);
            case SHORT -> new TaskPackage(a.id(), WriteSlot::shorts, a.context(), s, a.shorts("state"),
                    a.shorts("value"), index, errors);
            case LONG -> new TaskPackage(a.id(), WriteSlot::longs, a.context(), s, a.longs("state"), a.longs("value"),
                    index, errors);
        };
    }

    static void floats(KernelContext context, IntArray s, FloatArray state, FloatArray value, IntArray index,
            IntArray errors) {
        int e = context.globalIdx;
        int slot = s.get(5);
        int k = index.get(s.get(2));
        if (k < 0 || k >= s.get(4)) {
            Errors.raise(errors, Errors.INDEX, s.get(3), k);
        } else {
            if (e < slot) {
                state.set(s.get(0) + k * slot + e, value.get(s.get(1) + e));
            }
        }
    }

    static void ints(KernelContext context, IntArray s, IntArray state, IntArray value, IntArray index,
            IntArray errors) {
        int e = context.globalIdx;
        int slot = s.get(5);
        int k = index.get(s.get(2));
        if (k < 0 || k >= s.get(4)) {
            Errors.raise(errors, Errors.INDEX, s.get(3), k);
        } else {
            if (e < slot) {
                state.set(s.get(0) + k * slot + e, value.get(s.get(1) + e));
            }
        }
    }

    static void bytes(KernelContext context, IntArray s, ByteArray state, ByteArray value, IntArray index,
            IntArray errors) {
        int e = context.globalIdx;
        int slot = s.get(5);
        int k = index.get(s.get(2));
        if (k < 0 || k >= s.get(4)) {
            Errors.raise(errors, Errors.INDEX, s.get(3), k);
        } else {
            if (e < slot) {
                state.set(s.get(0) + k * slot + e, value.get(s.get(1) + e));
            }
        }
    }

    static void shorts(KernelContext context, IntArray s, ShortArray state, ShortArray value, IntArray index,
            IntArray errors) {
        int e = context.globalIdx;
        int slot = s.get(5);
        int k = index.get(s.get(2));
        if (k < 0 || k >= s.get(4)) {
            Errors.raise(errors, Errors.INDEX, s.get(3), k);
        } else {
            if (e < slot) {
                state.set(s.get(0) + k * slot + e, value.get(s.get(1) + e));
            }
        }
    }

    static void longs(KernelContext context, IntArray s, LongArray state, LongArray value, IntArray index,
            IntArray errors) {
        int e = context.globalIdx;
        int slot = s.get(5);
        int k = index.get(s.get(2));
        if (k < 0 || k >= s.get(4)) {
            Errors.raise(errors, Errors.INDEX, s.get(3), k);
        } else {
            if (e < slot) {
                state.set(s.get(0) + k * slot + e, value.get(s.get(1) + e));
            }
        }
    }
}
