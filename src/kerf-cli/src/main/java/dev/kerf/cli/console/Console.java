package dev.kerf.cli.console;

import dev.kerf.error.KerfException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * Where a command writes: results to {@code out}, everything else to {@code err}, both in UTF-8 and without what a terminal
 * would obey.
 *
 * @param out      results
 * @param err      errors, notes and progress
 * @param terminal whether {@code err} is a terminal that someone watches
 */
public record Console(PrintWriter out, PrintWriter err, boolean terminal) {
    public static Console of(OutputStream out, OutputStream err, boolean terminal) {
        return new Console(writer(out, false), writer(err, true), terminal);
    }

    private static PrintWriter writer(OutputStream to, boolean flush) {
        return new PrintWriter(new PlainWriter(new OutputStreamWriter(to, StandardCharsets.UTF_8)), flush);
    }

    /** One line of an error or note, whatever line breaks the text has. */
    public void note(String text) {
        out.flush();
        err.println("kerf: " + Text.line(text));
    }

    /** {@link #note}, or nothing for a user who wants quiet. */
    public Consumer<String> notes(boolean quiet) {
        return quiet ? _ -> {} : this::note;
    }

    /** What the user is told of an error. */
    public static String explain(Throwable e) {
        return switch (e) {
            case KerfException known -> known.getMessage();
            case OutOfMemoryError memory -> "not enough memory (" + memory.getMessage()
                    + "): try smaller tiles (--tile 512), or give more with KERF_JAVA_OPTIONS=-Xmx8g";
            case IOException file -> file.getClass().getSimpleName() + ": " + file.getMessage();
            default -> "unexpected " + e.getClass().getSimpleName() + ": " + e.getMessage()
                    + (System.getenv("KERF_DEBUG") == null ? "; set KERF_DEBUG=1 for the stack trace" : "");
        };
    }
}
