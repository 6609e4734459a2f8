package dev.kerf.backend.gpu.cuda;

import java.util.Set;

/** Statuses of the driver that Kerf tells apart; their names come from the driver. */
final class CuStatus {
    static final int SUCCESS = 0;
    static final int INVALID_VALUE = 1;
    static final int OUT_OF_MEMORY = 2;
    static final int STUB_LIBRARY = 34;
    static final int DEVICE_UNAVAILABLE = 46;
    static final int NO_DEVICE = 100;
    static final int INVALID_IMAGE = 200;
    static final int NO_BINARY_FOR_GPU = 209;
    static final int ECC_UNCORRECTABLE = 214;
    static final int INVALID_PTX = 218;
    static final int NVLINK_UNCORRECTABLE = 220;
    static final int JIT_COMPILER_NOT_FOUND = 221;
    static final int UNSUPPORTED_PTX_VERSION = 222;
    static final int NOT_READY = 600;
    static final int ILLEGAL_ADDRESS = 700;
    static final int LAUNCH_OUT_OF_RESOURCES = 701;
    static final int LAUNCH_TIMEOUT = 702;
    static final int CONTEXT_IS_DESTROYED = 709;
    static final int ASSERT = 710;
    static final int HARDWARE_STACK_ERROR = 714;
    static final int ILLEGAL_INSTRUCTION = 715;
    static final int MISALIGNED_ADDRESS = 716;
    static final int INVALID_ADDRESS_SPACE = 717;
    static final int INVALID_PC = 718;
    static final int LAUNCH_FAILED = 719;
    static final int NOT_SUPPORTED = 801;
    static final int SYSTEM_DRIVER_MISMATCH = 803;
    static final int UNKNOWN = 999;

    private static final Set<Integer> LOST = Set.of(DEVICE_UNAVAILABLE, ECC_UNCORRECTABLE, NVLINK_UNCORRECTABLE,
            ILLEGAL_ADDRESS, LAUNCH_TIMEOUT, CONTEXT_IS_DESTROYED, ASSERT, HARDWARE_STACK_ERROR, ILLEGAL_INSTRUCTION,
            MISALIGNED_ADDRESS, INVALID_ADDRESS_SPACE, INVALID_PC, LAUNCH_FAILED, UNKNOWN);

    private CuStatus() {}

    /** Whether the context is of no more use after it: all that is asked of it from then on fails alike. */
    static boolean lost(int status) {
        return LOST.contains(status);
    }

    /** Whether a driver says by it that code isn't for it or its device: other code may be. */
    static boolean refusesCode(int status) {
        return status == NO_BINARY_FOR_GPU || status == INVALID_PTX || status == UNSUPPORTED_PTX_VERSION
                || status == INVALID_IMAGE || status == JIT_COMPILER_NOT_FOUND;
    }

    /** What the user can do. */
    static String advice(int status) {
        return switch (status) {
            case INVALID_IMAGE, NO_BINARY_FOR_GPU, INVALID_PTX, UNSUPPORTED_PTX_VERSION ->
                "the kernel's code is not for this GPU or newer than its driver; update the NVIDIA driver";
            case LAUNCH_OUT_OF_RESOURCES ->
                "the kernel needs more registers or shared memory than a group can have; try without tuned parameters";
            case LAUNCH_TIMEOUT ->
                "the kernel ran longer than a GPU with a display allows; use smaller tiles or batches. Nothing of "
                        + "this process can use the GPU any more: close the device, and start the process anew";
            default -> lost(status)
                    ? "a kernel or the GPU failed, maybe one launched before, and nothing of this process can use the "
                            + "GPU any more: close the device, and start the process anew; "
                            + "CUDA_LAUNCH_BLOCKING=1 shows which kernel it was"
                    : "see whether nvidia-smi works and the driver is up to date";
        };
    }
}
