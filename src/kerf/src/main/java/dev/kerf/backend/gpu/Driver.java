package dev.kerf.backend.gpu;

import dev.kerf.backend.Device;
import dev.kerf.backend.gpu.kernel.Dialect;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.error.DeviceException;
import dev.kerf.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a GPU programming interface has to offer: one opened device, memory, kernels, launches, queues. Lowering, memory
 * planning and everything else above is shared by all drivers. A failed native call is a {@link DeviceException} that names
 * the call, its status, the kernel or size, and the device.
 *
 * <p>Whoever makes a buffer, queue, event, timer, launch or recording closes it, once; a second close does nothing, use after
 * close is a {@link dev.kerf.error.ClosedException}. Kernels are cached by the driver and live as long as it does. Closing
 * the driver frees whatever is left.
 *
 * <h2>Threads</h2>
 * A driver may be used by any thread; a queue, launch or recording by one thread at a time.
 */
public interface Driver extends AutoCloseable {
    /**
     * What lowering and parameter choice need to know of a device.
     *
     * @param info              what users see
     * @param architecture      a name shared by devices with the same instruction set, such as {@code sm_90}; may be empty
     * @param alignment         bytes that offsets within a buffer are best aligned to
     * @param maxGroup          most work-items in a group
     * @param localMemory       bytes of memory that a group shares
     * @param unifiedMemory     whether the device works in the host's memory
     * @param typedMemory       whether a buffer holds elements of one dtype and can't be read as another's
     * @param code              what code it takes
     */
    record Facts(
            Device.Info info, String architecture, int alignment, int maxGroup, long localMemory,
            boolean unifiedMemory, boolean typedMemory, Code code) {
        /** A device of OpenCL, whose memory is bytes. */
        public Facts(Device.Info info, String architecture, int alignment, int maxGroup, long localMemory,
                boolean unifiedMemory) {
            this(info, architecture, alignment, maxGroup, localMemory, unifiedMemory, false, Code.OPENCL);
        }

        /** The number of NVIDIA's architecture, 90 for sm_90; 0 for any other. */
        public int sm() {
            return architecture.matches("sm_\\d+") ? Integer.parseInt(architecture.substring(3)) : 0;
        }
    }

    /**
     * What code a driver takes.
     *
     * @param dialect      the language of its compiler
     * @param isa          ten times the latest version of PTX that it loads; 0 if it loads none
     * @param dynamicLocal bytes of LOCAL memory that a group can get at launch; 0 if it gets none
     */
    record Code(Dialect dialect, int isa, long dynamicLocal) {
        /** OpenCL C from source. */
        public static final Code OPENCL = new Code(Dialect.OPENCL, 0, 0);
    }

    /** Device memory. Owned by whoever allocated it. */
    interface Buffer extends AutoCloseable {
        /** Its size. */
        long bytes();

        /** A number of bytes for people. */
        static String size(long bytes) {
            int unit = Math.max(0, (63 - Long.numberOfLeadingZeros(Math.max(1, bytes))) / 10);
            return unit == 0
                    ? bytes + " bytes"
                    : String.format(Locale.ROOT, "%.1f %ciB", bytes / Math.pow(1024, unit), "KMGTPE".charAt(unit - 1));
        }

        @Override
        void close();
    }

    /** A compiled kernel; cached and closed by the driver. */
    interface Kernel {
        /** Its entry's name. */
        String name();
    }

    /** A kernel with all its arguments and its geometry: nothing is built when it is launched. */
    interface Launch extends AutoCloseable {
        /**
         * Replaces one buffer argument; what is already in a queue keeps the old one, so do recordings until they are
         * {@linkplain Recording#update updated}.
         */
        void argument(int index, Buffer buffer);

        /** Replaces one 64-bit argument; likewise. */
        void argument(int index, long value);

        @Override
        void close();
    }

    /** Launches recorded to be replayed as one. */
    interface Recording extends AutoCloseable {
        /**
         * Takes over the arguments that its launches have now, for the replays after this. Allocates nothing.
         *
         * @return false if the driver can't change a recording: it must be made again
         */
        default boolean update() {
            return false;
        }

        @Override
        void close();
    }

    /** A point in a queue's work that others can wait for; signalled any number of times. Never signalled means passed. */
    interface Event extends AutoCloseable {
        /** Whether the work before the last signal has ended. */
        boolean passed();

        /** Waits for the work before the last signal. */
        void await();

        @Override
        void close();
    }

    /** Measures one launch at a time. */
    interface Timer extends AutoCloseable {
        /** Device time of the last launch measured, which must have ended. */
        long nanos();

        @Override
        void close();
    }

    /** Work in order. None of the methods but the waits blocks, and none allocates on the Java heap. */
    interface Queue extends AutoCloseable {
        /** Launches a kernel. */
        void launch(Launch launch);

        /** Launches a kernel and measures it. */
        void launch(Launch launch, Timer timer);

        /** Launches all kernels of a recording. */
        void replay(Recording recording);

        /** Copies native host memory to a buffer; the memory must stay as it is until the queue has passed this point. */
        void upload(Buffer to, long toOffset, MemorySegment from, long fromOffset, long bytes);

        /** Copies a buffer to native host memory, which must stay valid until the queue has passed this point. */
        void download(Buffer from, long fromOffset, MemorySegment to, long toOffset, long bytes);

        /** Copies between buffers, or within one where the ranges don't overlap. */
        void copy(Buffer from, long fromOffset, Buffer to, long toOffset, long bytes);

        /** Sets bytes to 0. */
        void zero(Buffer buffer, long offset, long bytes);

        /** Marks this point. */
        void signal(Event event);

        /** Work after this starts when the event's last signal, in whatever queue, has passed. */
        void await(Event event);

        /** Hands work over to the device, if the driver hasn't yet. */
        void flush();

        /** Waits for all work. */
        void synchronize();

        /**
         * Waits for all work, but not longer than a limit.
         *
         * @return whether all work has ended
         */
        boolean synchronize(long nanos);

        /** Throws unless a range is one of native memory; what drivers ask before a transfer. */
        static void checkNative(MemorySegment memory, long offset, long bytes) {
            if (!memory.isNative() || offset < 0 || bytes < 0 || offset > memory.byteSize() - bytes) {
                throw new IllegalArgumentException("bytes " + offset + " to " + (offset + bytes) + " of " + memory);
            }
        }

        /** Waits for all work, then frees the queue. */
        @Override
        void close();
    }

    /** The opened device. */
    Facts facts();

    /** Uninitialised device memory of at least 1 byte. */
    Buffer allocate(long bytes);

    /** The same for elements of a dtype, which must be told where memory is typed. */
    default Buffer allocate(long bytes, DType elements) {
        return allocate(bytes);
    }

    /** Host memory that transfers quickly; freed by closing. */
    Staging staging(long bytes);

    /** Whether copies from and to other host memory than that hold up the caller, so that all are to go through it. */
    default boolean stages() {
        return false;
    }

    /** Host memory for transfers. */
    interface Staging extends AutoCloseable {
        /** The memory, native. */
        MemorySegment memory();

        @Override
        void close();
    }

    /**
     * A compiled kernel, from the cache where it was loaded before.
     *
     * @param name       its entry; its {@link Manifest} says where its source lies
     * @param parameters preprocessor definitions
     */
    Kernel load(String name, Map<String, String> parameters);

    /**
     * A launch of a kernel.
     *
     * @param global    work-items along each axis, 1 to 3, multiples of {@code local}
     * @param local     work-items of a group along each axis
     * @param arguments in the kernel's order: Buffer, Integer, Long or Float, of the exact type
     */
    Launch launch(Kernel kernel, long[] global, long[] local, List<Object> arguments);

    /** Launches to be replayed as one, in order. Closing the launches makes it invalid. */
    Recording record(List<Launch> launches);

    /** A queue. */
    Queue queue();

    /** A queue whose launches can be measured. */
    Queue profiledQueue();

    /** An event. */
    Event event();

    /** A timer, for launches in a queue made by {@link #profiledQueue}. */
    Timer timer();

    /** Bytes of buffers not closed yet. */
    long allocatedBytes();

    /** Waits for work under way and frees everything that is left. */
    @Override
    void close();
}
