package dev.kerf.cli.console;

/** What the command returns to the shell. */
public final class ExitCode {
    public static final int OK = 0;
    /** Nothing came of it. */
    public static final int FAILED = 1;
    /** The command line makes no sense. */
    public static final int USAGE = 2;
    /** Some images failed, the rest are done. */
    public static final int SOME_FAILED = 3;

    private ExitCode() {}
}
