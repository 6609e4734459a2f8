package dev.kerf.cli.serve;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Opens a page in the user's browser. The address isn't given to a program, whose arguments every user of the machine can
 * see, but stands in a file that only this one can read and that leads there.
 */
final class Browser implements AutoCloseable {
    private final String url;
    private Path file;

    Browser(String url) {
        this.url = url;
    }

    /** Opens it; or says why it can't. */
    synchronized Optional<String> open() {
        if (System.getenv("DISPLAY") == null && System.getenv("WAYLAND_DISPLAY") == null) {
            return Optional.of("there is no screen here to open a browser on; open the address above");
        }
        try {
            // Readable for this user alone, as the JDK makes such files.
            file = Files.createTempFile("kerf-serve-", ".html");
            Files.writeString(file, "<!doctype html><meta http-equiv=\"refresh\" content=\"0;url=" + url
                    + "\"><title>Kerf</title>");
            Process opener = new ProcessBuilder("xdg-open", file.toString()).redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
            if (opener.waitFor(5, TimeUnit.SECONDS) && opener.exitValue() != 0) {
                return Optional.of("no browser could be opened; open the address above");
            }
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of("no browser could be opened (" + e.getMessage() + "); open the address above");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    @Override
    public synchronized void close() {
        if (file != null) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                // It leads to a server that is gone.
                file.toFile().deleteOnExit();
            }
        }
    }
}
