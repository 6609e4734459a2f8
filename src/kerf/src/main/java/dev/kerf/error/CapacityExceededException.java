package dev.kerf.error;

/** A device-side count outgrew its capacity in a run. Nothing was cut off: the run's results are not to be used. */
public final class CapacityExceededException extends KerfException {
    private static final long serialVersionUID = 1L;

    /** An error with a message for the user. */
    public CapacityExceededException(String message) {
        super(message);
    }

    /** An error with a message for the user and the error that led to it. */
    public CapacityExceededException(String message, Throwable cause) {
        super(message, cause);
    }
}
