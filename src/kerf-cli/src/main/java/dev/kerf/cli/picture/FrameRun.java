package dev.kerf.cli.picture;

import dev.kerf.cli.console.Task;
import dev.kerf.image.Image;
import dev.kerf.image.video.FrameSink;
import dev.kerf.image.video.FrameSource;
import dev.kerf.image.video.FrameSource.Frame;
import java.util.function.UnaryOperator;

/**
 * Takes a video's frames through something one after the other: while one is worked on the next is being read and the one before
 * written. Memory doesn't grow with the video: of its frames at most {@value #HELD} are held, and of results two.
 */
final class FrameRun {
    /** The next frame, and the one that is worked on. */
    static final int HELD = 2;

    private FrameRun() {}

    /** Completes the sink's file; returns how many frames there were. */
    static int run(FrameSource from, UnaryOperator<Image> work, FrameSink to) {
        int count = 0;
        Task<Frame> next = read(from);
        Task<Boolean> written = null;
        try {
            for (Frame frame = next.get(); frame != null; frame = next.get()) {
                next = read(from);
                Frame made = frame.with(work.apply(frame.image()));
                if (written != null) {
                    written.get();
                }
                written = Task.start(() -> {
                    to.write(made);
                    return true;
                });
                count++;
            }
            if (written != null) {
                written.get();
            }
            to.finish();
            return count;
        } finally {
            // Whatever went wrong, nobody reads or writes when the caller closes both.
            next.settle();
            if (written != null) {
                written.settle();
            }
        }
    }

    private static Task<Frame> read(FrameSource from) {
        return Task.start(() -> from.hasNext() ? from.next() : null);
    }
}
