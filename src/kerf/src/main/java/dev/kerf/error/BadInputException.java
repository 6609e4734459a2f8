package dev.kerf.error;

/** A value given by the caller is out of range: a wrong size, dtype, channel count or option. */
public final class BadInputException extends KerfException {
    private static final long serialVersionUID = 1L;

    /** An error with a message for the user. */
    public BadInputException(String message) {
        super(message);
    }

    /** An error with a message for the user and the error that led to it. */
    public BadInputException(String message, Throwable cause) {
        super(message, cause);
    }
}
