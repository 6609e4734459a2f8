package dev.kerf.backend.cpu;

import dev.kerf.backend.DeviceTensor.HostView;
import dev.kerf.backend.cpu.kernel.Operand;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Copies between a caller's strided memory and a tensor. Recurses over the axes and allocates nothing. */
final class StridedCopy {
    private StridedCopy() {}

    static void run(HostView view, MemorySegment tensor, Operand operand, boolean upload) {
        int size = view.dtype().bytes();
        int rank = view.shape().rank();
        if (view.shape().elements() == 0) {
            return;
        }
        if (rank == 0 || operand.dense()) {
            axis(view, 0, 0, tensor, (long) operand.offset() * size, size, upload);
            return;
        }
        for (int i = 0; i < view.shape().size(0); i++) {
            long at = (operand.offset() + (long) i * operand.batchStride()) * size;
            axis(view, 1, i * view.strides().getFirst(), tensor, at, size, upload);
        }
    }

    private static void axis(
            HostView view, int axis, long from, MemorySegment tensor, long at, int size, boolean upload) {
        int rank = view.shape().rank();
        if (axis == rank) {
            element(view.memory(), from, tensor, at, size, upload);
            return;
        }
        int n = view.shape().size(axis);
        long stride = view.strides().get(axis);
        if (axis == rank - 1 && stride == size) {
            if (upload) {
                MemorySegment.copy(view.memory(), from, tensor, at, (long) n * size);
            } else {
                MemorySegment.copy(tensor, at, view.memory(), from, (long) n * size);
            }
            return;
        }
        long item = size * view.shape().product(axis + 1, rank);
        for (int i = 0; i < n; i++) {
            axis(view, axis + 1, from + i * stride, tensor, at + i * item, size, upload);
        }
    }

    private static void element(
            MemorySegment memory, long from, MemorySegment tensor, long at, int size, boolean upload) {
        for (int b = 0; b < size; b++) {
            if (upload) {
                tensor.set(ValueLayout.JAVA_BYTE, at + b, memory.get(ValueLayout.JAVA_BYTE, from + b));
            } else {
                memory.set(ValueLayout.JAVA_BYTE, from + b, tensor.get(ValueLayout.JAVA_BYTE, at + b));
            }
        }
    }
}
