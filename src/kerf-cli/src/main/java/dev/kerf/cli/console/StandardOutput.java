package dev.kerf.cli.console;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/**
 * The process's standard output, which remembers how writing to it failed: a reader that went away ({@code kerf … | head}) is
 * no error, a full disk is one.
 */
public final class StandardOutput extends OutputStream {
    private final OutputStream to = new FileOutputStream(FileDescriptor.out);
    private IOException failure;

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] b, int from, int count) throws IOException {
        if (failure != null) {
            throw failure;
        }
        try {
            to.write(b, from, count);
        } catch (IOException e) {
            failure = e;
            throw e;
        }
    }

    /** Why the output is incomplete, for the user; null if it isn't, or if nobody wanted the rest. */
    public String trouble() {
        return failure == null || String.valueOf(failure.getMessage()).contains("Broken pipe")
                ? null
                : "standard output can't be written: " + failure.getMessage();
    }
}
