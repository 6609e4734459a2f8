package dev.kerf.error;

import java.lang.foreign.MemorySegment;

/**
 * Root of every error that Kerf raises on purpose. The message says what was wrong, where, and what to do about it; it is
 * meant to be shown to a user as it stands.
 *
 * <pre>{@code
 * try (Device device = Backends.open("opencl")) {
 *     ...
 * } catch (BackendUnavailableException e) {
 *     System.err.println(e.getMessage()); // opencl: libOpenCL.so.1 not found; install an OpenCL loader …
 * }
 * }</pre>
 */
public sealed class KerfException extends RuntimeException
        permits BadFileException, BadWeightsException, BadInputException, GraphException, UnsupportedOpException,
        BackendUnavailableException, DeviceException, CapacityExceededException, DeadlineExceededException,
        CancelledException, ClosedException {
    private static final long serialVersionUID = 1L;

    /** An error with a message for the user. */
    protected KerfException(String message) {
        super(message);
    }

    /** An error with a message for the user and the error that led to it. */
    protected KerfException(String message, Throwable cause) {
        super(message, cause);
    }

    /**
     * Memory that a caller gave, if this thread may still use it.
     *
     * @param owner what it is of, for the message
     * @throws ClosedException   if what it was allocated from or mapped by is closed: an arena, a file of weights
     * @throws BadInputException if it belongs to another thread: to a confined arena
     */
    public static MemorySegment usable(MemorySegment memory, Object owner) {
        if (!memory.scope().isAlive()) {
            throw new ClosedException("the memory of " + owner + " is closed: the file or the arena that it is of");
        } else if (!memory.isAccessibleBy(Thread.currentThread())) {
            throw new BadInputException("the memory of " + owner + " belongs to another thread: allocate it in a shared arena "
                    + "(Arena.ofShared), not in a confined one");
        }
        return memory;
    }

    /**
     * Memory that a caller gave to be written to.
     *
     * @param owner what it is of, for the message
     * @throws ClosedException   as {@link #usable}
     * @throws BadInputException as {@link #usable}, and if it can only be read
     */
    public static MemorySegment writable(MemorySegment memory, Object owner) {
        if (memory.isReadOnly()) {
            throw new BadInputException("the memory of " + owner + " can only be read");
        }
        return usable(memory, owner);
    }
}
