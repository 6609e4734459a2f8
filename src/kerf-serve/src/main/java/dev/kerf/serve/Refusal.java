package dev.kerf.serve;

/** A request that isn't answered, with the status that says so. */
final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final int retryAfter;

    Refusal(int status, String message) {
        this(status, message, 0);
    }

    /** One that may be repeated after so many seconds. */
    Refusal(int status, String message, int retryAfter) {
        super(message, null, false, false);
        this.status = status;
        this.retryAfter = retryAfter;
    }

    int status() {
        return status;
    }

    /** Seconds; 0 where repeating doesn't help. */
    int retryAfter() {
        return retryAfter;
    }
}
