package dev.kerf.tornado;

/** What TornadoVM says, without its colours. */
final class Reason {
    private static final String COLOURS = "\u001B\\[[0-9;]*m";

    private Reason() {}

    /** A message with those of its causes. */
    static String of(Throwable e) {
        StringBuilder all = new StringBuilder(e.getClass().getSimpleName() + ": " + e.getMessage());
        for (Throwable c = e.getCause(); c != null; c = c.getCause()) {
            all.append("; ").append(c.getClass().getSimpleName()).append(": ").append(c.getMessage());
        }
        return all.toString().replaceAll(COLOURS, "").strip();
    }
}
