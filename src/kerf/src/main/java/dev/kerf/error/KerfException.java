package dev.kerf.error;

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
}
