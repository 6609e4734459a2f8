package dev.kerf.error;

/** A graph is recorded wrongly: operand shapes or dtypes that an op can't take. The message names the op and the shapes. */
public final class GraphException extends KerfException {
    private static final long serialVersionUID = 1L;

    /** An error with a message for the user. */
    public GraphException(String message) {
        super(message);
    }

    /** An error with a message for the user and the error that led to it. */
    public GraphException(String message, Throwable cause) {
        super(message, cause);
    }
}
