package dev.kerf.cli.picture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.image.video.FrameSink;
import dev.kerf.image.video.FrameSource;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A video goes through frame by frame: what is held doesn't grow with it. */
class FrameRunTest {
    private static final int FRAMES = 300;

    /** Frames read and not yet written, and frames themselves as long as anybody holds them. */
    private final AtomicInteger ahead = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    private final List<WeakReference<Image>> given = new CopyOnWriteArrayList<>();

    private final class Camera implements FrameSource {
        private final int frames;
        private int next;

        Camera(int frames) {
            this.frames = frames;
        }

        @Override
        public boolean hasNext() {
            return next < frames;
        }

        @Override
        public Frame next() {
            most.accumulateAndGet(ahead.incrementAndGet(), Math::max);
            Image image = Image.blank(8, 8, PixelFormat.RGB8);
            image.setSample(0, 0, 0, next % 256);
            given.add(new WeakReference<>(image));
            Frame frame = new Frame(next, rate().time(next), rate().duration(), image);
            next++;
            return frame;
        }

        @Override
        public String name() {
            return "camera";
        }

        @Override
        public int width() {
            return 8;
        }

        @Override
        public int height() {
            return 8;
        }

        @Override
        public Rate rate() {
            return new Rate(25, 1);
        }

        @Override
        public OptionalInt count() {
            return OptionalInt.empty();
        }

        @Override
        public String frameName(int index) {
            return Integer.toString(index);
        }

        @Override
        public void close() {
            next = frames;
        }
    }

    private final class Screen implements FrameSink {
        private final List<Integer> shown = new ArrayList<>();
        private int alive;
        private boolean finished;

        @Override
        public void write(FrameSource.Frame frame) {
            assertEquals(shown.size(), frame.index());
            shown.add(frame.image().sample(0, 0, 0));
            if (frame.index() % 50 == 49) {
                alive = Math.max(alive, held());
            }
            ahead.decrementAndGet();
        }

        private int held() {
            System.gc();
            return (int) given.stream().filter(r -> r.get() != null).count();
        }

        @Override
        public void finish() {
            finished = true;
        }

        @Override
        public void close() {
            finished = false;
        }
    }

    @Test
    void whatIsHeldDoesntGrow() {
        Screen screen = new Screen();
        int count = FrameRun.run(new Camera(FRAMES), image -> {
            Image out = Image.blank(8, 8, PixelFormat.RGB8);
            out.setSample(0, 0, 0, image.sample(0, 0, 0) + 1);
            return out;
        }, screen);
        assertEquals(FRAMES, count);
        assertEquals(FRAMES, screen.shown.size());
        assertEquals(44, screen.shown.get(FRAMES - 1), "299 % 256 + 1, in order");
        assertTrue(screen.finished);
        // One that is read, one that is worked on or done, one that is written.
        assertTrue(most.get() <= FrameRun.HELD + 1, most + " frames between reading and writing");
        // The collector also finds frames that threads are just done with or read while it counts: a few, however many there were.
        assertTrue(screen.alive > 0 && screen.alive < FRAMES / 10, screen.alive + " frames alive of " + FRAMES);
    }

    @Test
    void troubleEndsItAndNobodyGoesOn() {
        Screen screen = new Screen();
        assertThrows(BadFileException.class, () -> FrameRun.run(new Camera(FRAMES), image -> {
            if (given.size() > 9) {
                throw new BadFileException("the tenth");
            }
            return image;
        }, screen));
        assertTrue(!screen.finished && given.size() <= 11, given.size() + " frames read");
        int read = given.size();
        assertThrows(BadFileException.class, () -> FrameRun.run(new Camera(FRAMES), image -> image, new FrameSink() {
            @Override
            public void write(FrameSource.Frame frame) {
                throw new BadFileException("no space");
            }

            @Override
            public void finish() {
                throw new AssertionError("finished");
            }

            @Override
            public void close() {
                ahead.set(0);
            }
        }));
        assertTrue(given.size() <= read + 4, given.size() - read + " frames read");
    }
}
