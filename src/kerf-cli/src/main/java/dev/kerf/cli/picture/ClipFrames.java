package dev.kerf.cli.picture;

import dev.kerf.cli.console.Task;
import dev.kerf.image.video.FrameSource;
import dev.kerf.image.video.FrameSource.Frame;
import dev.kerf.image.video.LiveSource;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** Frames one after the other: all of a video, the newest of a camera. */
sealed interface ClipFrames extends AutoCloseable {
    /**
     * A frame.
     *
     * @param index   from 0; of a camera of those that were looked at
     * @param name    what files of it are called
     * @param time    seconds from the first
     * @param arrived {@link System#nanoTime} when it was there
     */
    record Look(int index, String name, double time, long arrived, Sight sight) {}

    int width();

    int height();

    FrameSource.Rate rate();

    /** The next; none at the end or, of a camera, where it is enough. The one before is gone. */
    Optional<Look> next(BooleanSupplier enough);

    /** How many came in time for nobody. */
    long dropped();

    @Override
    void close();

    /** A video; the next frame is decoded while one is worked on. */
    final class Filmed implements ClipFrames {
        private final FrameSource source;
        private Task<Frame> ahead;

        Filmed(FrameSource source) {
            this.source = source;
            ahead = read();
        }

        private Task<Frame> read() {
            return Task.start(() -> source.hasNext() ? source.next() : null);
        }

        @Override
        public int width() {
            return source.width();
        }

        @Override
        public int height() {
            return source.height();
        }

        @Override
        public FrameSource.Rate rate() {
            return source.rate();
        }

        @Override
        public Optional<Look> next(BooleanSupplier enough) {
            Frame f = ahead.get();
            if (f == null) {
                return Optional.empty();
            }
            ahead = read();
            return Optional
                    .of(new Look(f.index(), source.frameName(f.index()), f.time(), System.nanoTime(), Sight.of(f.image())));
        }

        @Override
        public long dropped() {
            return 0;
        }

        @Override
        public void close() {
            ahead.settle();
            source.close();
        }
    }

    /** A camera or stream. */
    final class Live implements ClipFrames {
        private final LiveSource source;
        private int index;
        private long first;

        Live(LiveSource source) {
            this.source = source;
        }

        @Override
        public int width() {
            return source.width();
        }

        @Override
        public int height() {
            return source.height();
        }

        @Override
        public FrameSource.Rate rate() {
            return source.rate();
        }

        @Override
        public Optional<Look> next(BooleanSupplier enough) {
            return source.next(enough).map(shot -> {
                first = index == 0 ? shot.arrived() : first;
                return new Look(index, String.format(Locale.ROOT, "%05d", index++), (shot.arrived() - first) / 1e9,
                        shot.arrived(), Sight.of(shot.frame(), () -> source.rgb(shot)));
            });
        }

        @Override
        public long dropped() {
            return source.dropped();
        }

        @Override
        public void close() {
            source.close();
        }
    }
}
