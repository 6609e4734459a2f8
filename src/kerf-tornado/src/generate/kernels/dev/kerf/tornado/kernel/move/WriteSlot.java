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
            // for each E
            case E_CONSTANT -> new TaskPackage(a.id(), WriteSlot::E_LIST, a.context(), s, a.E_LIST("state"),
                    a.E_LIST("value"), index, errors);
            // end E
        };
    }

    // for each E
    static void E_LIST(KernelContext context, IntArray s, E_ARRAY state, E_ARRAY value, IntArray index,
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

    // end E
}
