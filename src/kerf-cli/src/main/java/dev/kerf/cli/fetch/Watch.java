package dev.kerf.cli.fetch;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/** Closes a stream on which nothing comes for too long, so that whoever reads it gets an error. */
final class Watch implements AutoCloseable {
    private final InputStream stream;
    private final long patience;
    private final Thread dog;
    private volatile long fed = System.nanoTime();
    private volatile boolean barked;

    Watch(InputStream stream, Duration patience) {
        this.stream = stream;
        this.patience = patience.toNanos();
        dog = Thread.ofVirtual().start(this::watch);
    }

    private void watch() {
        try {
            for (long left = patience; left > 0; left = fed + patience - System.nanoTime()) {
                Thread.sleep(Duration.ofNanos(left));
            }
            barked = true;
            stream.close();
        } catch (InterruptedException | IOException e) {
            // Interrupted when the reader is done; a stream that can't be closed is as good as closed.
            return;
        }
    }

    /** Something came. */
    void feed() {
        fed = System.nanoTime();
    }

    /** Whether it closed the stream. */
    boolean barked() {
        return barked;
    }

    @Override
    public void close() {
        dog.interrupt();
    }
}
