package dev.kerf.error;

/** An object that owns device or native memory was used after it was closed. */
public final class ClosedException extends KerfException {
    private static final long serialVersionUID = 1L;

    /** An error with a message for the user. */
    public ClosedException(String message) {
        super(message);
    }

    /** An error with a message for the user and the error that led to it. */
    public ClosedException(String message, Throwable cause) {
        super(message, cause);
    }
}
