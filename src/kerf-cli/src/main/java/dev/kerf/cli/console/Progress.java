package dev.kerf.cli.console;

import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A bar on a terminal, or nothing. */
public final class Progress implements AutoCloseable {
    private static final int WIDTH = 79;

    private final Console console;
    private final ProgressBar bar;

    private Progress(Console console, ProgressBar bar) {
        this.console = console;
        this.bar = bar;
    }

    /** Shows nothing. */
    public static Progress none() {
        return new Progress(null, null);
    }

    /** Shows how many of so many images are done. */
    public static Progress bar(Console console, int images) {
        return bar(console, images, "images");
    }

    /** Shows how much of something is done. */
    public static Progress bar(Console console, int steps, String what) {
        return bar(console, new ProgressBarBuilder().setInitialMax(steps).setTaskName(what));
    }

    /** Shows how much of a file has come; of how much is told later. */
    public static Progress bytes(Console console, String name) {
        return bar(console, new ProgressBarBuilder().setInitialMax(-1).setTaskName(name).setUnit(" MiB", 1 << 20).showSpeed());
    }

    private static Progress bar(Console console, ProgressBarBuilder builder) {
        // The consumer is our own because the library's asks the terminal by native code for its width.
        return new Progress(console, builder.setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(200)
                .setConsumer(new DelegatingProgressBarConsumer(line -> {
                    console.err().print("\r" + line);
                    console.err().flush();
                }, WIDTH))
                .build());
    }

    /** One more image is done. */
    public void step() {
        if (bar != null) {
            bar.step();
        }
    }

    /** So much is done, of so much, or of -1 if nobody knows. */
    public void at(long done, long total) {
        if (bar != null) {
            bar.maxHint(total);
            bar.stepTo(done);
        }
    }

    /** Clears the line for a message; the bar comes back by itself. */
    public void clear() {
        if (bar != null) {
            console.err().print("\r" + " ".repeat(WIDTH) + "\r");
            console.err().flush();
        }
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
            clear();
        }
    }
}
