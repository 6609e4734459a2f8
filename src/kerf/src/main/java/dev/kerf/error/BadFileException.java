package dev.kerf.error;

/** A file is malformed, truncated, too large or of an unknown format. The message names the file and the place in it. */
public final class BadFileException extends KerfException {
    private static final long serialVersionUID = 1L;

    /** An error with a message for the user. */
    public BadFileException(String message) {
        super(message);
    }

    /** An error with a message for the user and the error that led to it. */
    public BadFileException(String message, Throwable cause) {
        super(message, cause);
    }
}
