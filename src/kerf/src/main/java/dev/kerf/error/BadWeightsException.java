package dev.kerf.error;

/** A tensor is missing, misshapen or not expected. The message names the tensor, the expected and the actual shape. */
public final class BadWeightsException extends KerfException {
    private static final long serialVersionUID = 1L;

    /** An error with a message for the user. */
    public BadWeightsException(String message) {
        super(message);
    }

    /** An error with a message for the user and the error that led to it. */
    public BadWeightsException(String message, Throwable cause) {
        super(message, cause);
    }
}
