package dev.kerf.error;

/** A back end was asked for an op, dtype or attribute that it declares it can't do. The message names all three. */
public final class UnsupportedOpException extends KerfException {
    private static final long serialVersionUID = 1L;

    /** An error with a message for the user. */
    public UnsupportedOpException(String message) {
        super(message);
    }

    /** An error with a message for the user and the error that led to it. */
    public UnsupportedOpException(String message, Throwable cause) {
        super(message, cause);
    }
}
