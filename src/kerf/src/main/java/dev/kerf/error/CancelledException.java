package dev.kerf.error;

/** A call was given up because its limit was cancelled, by another thread say. What it was asked of stays usable. */
public final class CancelledException extends KerfException {
    private static final long serialVersionUID = 1L;

    /** An error with a message for the user. */
    public CancelledException(String message) {
        super(message);
    }

    /** An error with a message for the user and the error that led to it. */
    public CancelledException(String message, Throwable cause) {
        super(message, cause);
    }
}
