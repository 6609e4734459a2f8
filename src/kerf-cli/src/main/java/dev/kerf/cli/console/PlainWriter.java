package dev.kerf.cli.console;

import java.io.FilterWriter;
import java.io.IOException;
import java.io.Writer;

/**
 * Writes what a terminal shows and nothing that it obeys: names and metadata come from files, and one may hold an escape
 * sequence that hides or changes what else is said. Control characters but tabs and line ends become {@code �}.
 */
final class PlainWriter extends FilterWriter {
    PlainWriter(Writer out) {
        super(out);
    }

    private static char plain(char c) {
        return Character.isISOControl(c) && c != '\t' && c != '\n' && c != '\r' ? '\uFFFD' : c;
    }

    @Override
    public void write(int c) throws IOException {
        super.write(plain((char) c));
    }

    @Override
    public void write(char[] text, int from, int count) throws IOException {
        char[] copy = new char[count];
        for (int i = 0; i < count; i++) {
            copy[i] = plain(text[from + i]);
        }
        super.write(copy, 0, count);
    }

    @Override
    public void write(String text, int from, int count) throws IOException {
        write(text.toCharArray(), from, count);
    }
}
