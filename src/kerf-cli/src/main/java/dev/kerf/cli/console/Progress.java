package dev.kerf.cli.console;

import java.util.function.Consumer;
import java.util.function.IntSupplier;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A bar on a terminal, or nothing. */
public final class Progress implements AutoCloseable {
    private final Console console;
    private final IntSupplier columns;
    private final ProgressBar bar;

    private Progress(Console console, IntSupplier columns, ProgressBar bar) {
        this.console = console;
        this.columns = columns;
        this.bar = bar;
    }

    /** Shows nothing. */
    public static Progress none() {
        return new Progress(null, null, null);
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
        return bar(console, builder, () -> Terminal.columns(Terminal.ERR));
    }

    /** @param columns of the terminal, asked each time, since people change it */
    static Progress bar(Console console, ProgressBarBuilder builder, IntSupplier columns) {
        // The consumer is our own because the library's asks the terminal by a native library of its own.
        Consumer<String> line = text -> {
            console.err().print("\r" + text);
            console.err().flush();
        };
        return new Progress(console, columns, builder.setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(200)
                .setConsumer(new DelegatingProgressBarConsumer(line, Terminal.COLUMNS) {
                    @Override
                    public int getMaxRenderedLength() { return width(columns); }
                })
                .build());
    }

    /** The last column stays free: some terminals go to the next line from there. */
    private static int width(IntSupplier columns) {
        return columns.getAsInt() - 1;
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

    /** Says something beside the bar. */
    public void say(String message) {
        if (bar != null) {
            bar.setExtraMessage(message);
        }
    }

    /** Clears the line for a message; the bar comes back by itself. */
    public void clear() {
        if (bar != null) {
            console.err().print("\r" + " ".repeat(width(columns)) + "\r");
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
