package dev.kerf.error;

/** Work on a stream didn't end by the deadline given. It goes on; wait again or close the stream. */
public final class DeadlineExceededException extends KerfException {
    private static final long serialVersionUID = 1L;

    /** An error with a message for the user. */
    public DeadlineExceededException(String message) {
        super(message);
    }

    /** An error with a message for the user and the error that led to it. */
    public DeadlineExceededException(String message, Throwable cause) {
        super(message, cause);
    }
}
