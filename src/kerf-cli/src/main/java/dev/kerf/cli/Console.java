package dev.kerf.cli;

import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/**
 * Where a command writes: results to {@code out}, everything else to {@code err}, both in UTF-8.
 *
 * @param out      results
 * @param err      errors, notes and progress
 * @param terminal whether {@code err} is a terminal that someone watches
 */
record Console(PrintWriter out, PrintWriter err, boolean terminal) {
    static Console of(OutputStream out, OutputStream err, boolean terminal) {
        return new Console(writer(out, false), writer(err, true), terminal);
    }

    private static PrintWriter writer(OutputStream to, boolean flush) {
        return new PrintWriter(new OutputStreamWriter(to, StandardCharsets.UTF_8), flush);
    }

    /** One line of an error or note, whatever line breaks the text has. */
    void note(String text) {
        StringBuilder line = new StringBuilder("kerf: ");
        text.codePoints().map(c -> Character.isISOControl(c) ? ' ' : c).forEach(line::appendCodePoint);
        out.flush();
        err.println(line);
    }
}
