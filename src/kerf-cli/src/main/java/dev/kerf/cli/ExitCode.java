package dev.kerf.cli;

/** What the command returns to the shell. */
final class ExitCode {
    static final int OK = 0;
    /** Nothing came of it. */
    static final int FAILED = 1;
    /** The command line makes no sense. */
    static final int USAGE = 2;
    /** Some images failed, the rest are done. */
    static final int SOME_FAILED = 3;

    private ExitCode() {}
}
