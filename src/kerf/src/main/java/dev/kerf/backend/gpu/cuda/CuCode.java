package dev.kerf.backend.gpu.cuda;

import dev.kerf.error.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.IntSupplier;

/**
 * Makes modules of code. PTX becomes machine code first, where {@linkplain KernelImages#assembled that is kept}; a driver
 * that refuses what was kept is given the PTX.
 */
final class CuCode {
    static final int JIT_INPUT_PTX = 1;

    private static final int JIT_INFO_LOG_BUFFER = 3;
    private static final int JIT_INFO_LOG_BUFFER_SIZE_BYTES = 4;
    private static final int JIT_ERROR_LOG_BUFFER = 5;
    private static final int JIT_ERROR_LOG_BUFFER_SIZE_BYTES = 6;
    private static final int LOG_BYTES = 16 << 10;
    private static final int LOG_IN_MESSAGE = 4000;

    private final CuContext context;
    private final KernelImages images;

    CuCode(CuContext context, KernelImages images) {
        this.context = context;
        this.images = images;
    }

    /** The module of a kernel's image. */
    long module(String kernel, KernelImages.Image image) {
        if (!image.ptx() || !context.cuda.links()) {
            return load(kernel, image);
        }
        KernelImages.Image machine = images.assembled(kernel, image, context.device().chip(),
                () -> assemble(kernel, image));
        try {
            return load(kernel, machine);
        } catch (DeviceException e) {
            if (machine == image || !CuStatus.refusesCode(e.status())) {
                throw e;
            }
            images.forget(kernel, image, context.device().chip());
            return load(kernel, image);
        }
    }

    private long load(String kernel, KernelImages.Image image) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cell = arena.allocate(ValueLayout.JAVA_LONG);
            MemorySegment code = terminated(arena, image);
            Log log = new Log(arena);
            log.check("cuModuleLoadDataEx", kernel, image, () -> context.cuda.cuModuleLoadDataEx(
                    cell.address(), code.address(), Log.OPTIONS, log.names.address(), log.values.address()));
            return cell.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /** PTX ends in a 0; after machine code it does no harm. */
    private static MemorySegment terminated(Arena arena, KernelImages.Image image) {
        MemorySegment code = arena.allocate(image.bytes().length + 1L, 16);
        MemorySegment.copy(image.bytes(), 0, code, ValueLayout.JAVA_BYTE, 0, image.bytes().length);
        return code;
    }

    /** A cubin of PTX. */
    @SuppressWarnings("restricted") // the driver says how many bytes there are
    private byte[] assemble(String kernel, KernelImages.Image image) {
        CudaApi cuda = context.cuda;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cells = arena.allocate(ValueLayout.JAVA_LONG, 2);
            MemorySegment code = terminated(arena, image);
            MemorySegment name = arena.allocateFrom(kernel);
            Log log = new Log(arena);
            context.call("cuLinkCreate", "of kernel " + kernel, () -> cuda.cuLinkCreate(
                    Log.OPTIONS, log.names.address(), log.values.address(), cells.address()));
            long link = cells.get(ValueLayout.JAVA_LONG, 0);
            try {
                log.check("cuLinkAddData", kernel, image, () -> cuda.cuLinkAddData(
                        link, JIT_INPUT_PTX, code.address(), code.byteSize(), name.address(), 0, 0, 0));
                log.check("cuLinkComplete", kernel, image,
                        () -> cuda.cuLinkComplete(link, cells.address(), cells.address() + 8));
                return MemorySegment.ofAddress(cells.get(ValueLayout.JAVA_LONG, 0))
                        .reinterpret(cells.getAtIndex(ValueLayout.JAVA_LONG, 1)).toArray(ValueLayout.JAVA_BYTE);
            } finally {
                context.free("cuLinkDestroy", () -> cuda.cuLinkDestroy(link));
            }
        }
    }

    /** Where the driver's compiler writes what it has to say. */
    private final class Log {
        static final int OPTIONS = 4;

        final MemorySegment names;
        final MemorySegment values;
        private final MemorySegment info;
        private final MemorySegment errors;

        Log(Arena arena) {
            info = arena.allocate(LOG_BYTES);
            errors = arena.allocate(LOG_BYTES);
            names = arena.allocateFrom(ValueLayout.JAVA_INT, JIT_INFO_LOG_BUFFER, JIT_INFO_LOG_BUFFER_SIZE_BYTES,
                    JIT_ERROR_LOG_BUFFER, JIT_ERROR_LOG_BUFFER_SIZE_BYTES);
            values = arena.allocateFrom(ValueLayout.JAVA_LONG, info.address(), LOG_BYTES, errors.address(), LOG_BYTES);
        }

        /** Makes a call and throws, with what was written, unless it succeeds. */
        void check(String call, String kernel, KernelImages.Image image, IntSupplier made) {
            context.enter();
            int status = made.getAsInt();
            context.leave();
            if (status == CuStatus.SUCCESS) {
                return;
            }
            String of = "of kernel " + kernel + " from " + image.origin();
            DeviceException e = context.error(status, call, of);
            String text = (errors.getString(0) + "\n" + info.getString(0)).strip();
            throw text.isEmpty()
                    ? e
                    : new DeviceException(call, status, context.cuda.name(status),
                            of + " on " + context.device().facts().info().name(),
                            CuStatus.advice(status) + ". The driver's compiler says:\n"
                                    + (text.length() <= LOG_IN_MESSAGE ? text : text.substring(0, LOG_IN_MESSAGE) + " …"),
                            false);
        }
    }
}
