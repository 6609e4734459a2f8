package dev.kerf.error;

/** A back end asked for by name can't start. The message says why and what to install. */
public final class BackendUnavailableException extends KerfException {
    private static final long serialVersionUID = 1L;

    /** An error with a message for the user. */
    public BackendUnavailableException(String message) {
        super(message);
    }

    /** An error with a message for the user and the error that led to it. */
    public BackendUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
