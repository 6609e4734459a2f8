package dev.kerf.backend.gpu.device;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.KernelCall;

/**
 * Where a kernel finds a tensor.
 *
 * @param buffer      the memory; null if it is a slot's, which may change
 * @param slot        the slot; null if it is a buffer
 * @param offset      first element
 * @param batchStride elements from one item of axis 0 to the next
 * @param type        C type of the stored elements, such as {@code real}
 */
record Location(Driver.Buffer buffer, Slot slot, long offset, long batchStride, String type)
        implements
            KernelCall.Binding.Place {}
