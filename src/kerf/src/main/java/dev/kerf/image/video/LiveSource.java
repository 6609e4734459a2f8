package dev.kerf.image.video;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import dev.kerf.image.Image;
import dev.kerf.image.Nv12;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A camera or a stream, read through {@code ffmpeg}: the newest frame, as NV12. A frame that nobody has come for when the next
 * arrives is dropped, so that whoever is slow sees fewer frames rather than old ones, and memory holds three.
 *
 * <pre>{@code
 * try (LiveSource camera = LiveSource.open("cam:0")) {
 *     for (Optional<LiveSource.Shot> s = camera.next(); s.isPresent(); s = camera.next()) {
 *         Instances found = net.detect(s.get().frame(), options);
 *         …
 *     }
 * }
 * }</pre>
 *
 * <p>Addresses: {@code cam:0} (or a device's path; on Windows its name), {@code rtsp://}, {@code rtmp://}, {@code srt://},
 * {@code udp://}, {@code rtp://}, {@code tcp://}, {@code http://} and their forms with TLS. {@link #next}, {@link #rgb} and
 * {@link #close} are for one thread at a time.
 */
public final class LiveSource implements AutoCloseable {
    /** One is filled, one waits, one is with the caller. */
    private static final int BUFFERS = 3;
    /** Milliseconds until somebody who waits looks up. */
    private static final long PATIENCE = 100;

    private final String name;
    private final Ffmpeg ffmpeg;
    private final Y4mReader reader;
    private final byte[] planes;
    private final YuvToRgb convert;
    private final Thread thread;

    // Guarded by this.
    private final Deque<byte[]> free = new ArrayDeque<>();
    private @Nullable Shot waiting;
    private @Nullable Shot given;
    private long arrived;
    private long dropped;
    private boolean ended;
    private boolean closed;
    private @Nullable RuntimeException failure;

    /**
     * A frame.
     *
     * @param index   of those that arrived, counted from 0; numbers between two are of dropped ones
     * @param arrived {@link System#nanoTime} when the last of it was read
     * @param frame   the picture, until the next is asked for
     * @param data    its bytes
     */
    public record Shot(long index, long arrived, Nv12 frame, byte[] data) {}

    private LiveSource(String name, Ffmpeg ffmpeg, Y4mReader reader) {
        this.name = name;
        this.ffmpeg = ffmpeg;
        this.reader = reader;
        int width = reader.width();
        int height = reader.height();
        planes = new byte[width * height * 3 / 2];
        convert = new YuvToRgb(Yuv.of("420jpeg", name), width, height, false);
        for (int i = 0; i < BUFFERS; i++) {
            free.add(new byte[planes.length]);
        }
        thread = Thread.ofPlatform().daemon().name("kerf-live").start(this::read);
    }

    /** Whether a text is the address of a camera or a stream rather than a file's name. */
    public static boolean isAddress(String text) {
        return LiveAddress.is(text);
    }

    /** The address without a password that it may have, to be shown. */
    public static String shown(String address) {
        return LiveAddress.shown(address);
    }

    /**
     * Begins to read.
     *
     * @throws BadInputException if it is no such address
     * @throws BadFileException  if there is no {@code ffmpeg} on the PATH, or it gets no picture
     */
    public static LiveSource open(String address) {
        String path = System.getenv("PATH");
        return open(address, path == null ? "" : path);
    }

    /** As {@link #open(String)}, with ffmpeg looked for in the directories of {@code path}. */
    static LiveSource open(String address, String path) {
        List<String> arguments = new ArrayList<>(List.of("-nostdin"));
        arguments.addAll(LiveAddress.of(address).arguments(System.getProperty("os.name")));
        // Sizes of NV12 are even; frames come as they come, none twice.
        arguments.addAll(List.of("-map", "0:v:0", "-vf",
                "yadif=deint=interlaced,scale=trunc(iw/2)*2:trunc(ih/2)*2:out_color_matrix=bt601:out_range=tv", "-vsync",
                "passthrough", "-pix_fmt",
                "yuv420p", "-f", "yuv4mpegpipe", "pipe:1"));
        String name = LiveAddress.shown(address);
        Ffmpeg ffmpeg = Ffmpeg.start(name, address, path, arguments);
        try {
            return new LiveSource(name, ffmpeg, new Y4mReader(name, new BufferedInputStream(ffmpeg.output(), 1 << 16), -1));
        } catch (BadFileException e) {
            try (ffmpeg) {
                ffmpeg.explain();
            }
            throw e;
        } catch (IOException e) {
            try (ffmpeg) {
                ffmpeg.explain();
            }
            throw new BadFileException(name + ": can't be read: " + e.getMessage(), e);
        }
    }

    /** What messages call it: the address without a password. */
    public String name() {
        return name;
    }

    /** Columns of every frame, even. */
    public int width() {
        return reader.width();
    }

    /** Rows of every frame, even. */
    public int height() {
        return reader.height();
    }

    /** Frames a second, as the stream says. */
    public FrameSource.Rate rate() {
        return reader.rate();
    }

    /** How many frames have arrived. */
    public synchronized long arrived() {
        return arrived;
    }

    /** How many of them nobody came for in time. */
    public synchronized long dropped() {
        return dropped;
    }

    /** On a thread of its own, so that the pipe is always empty. */
    private void read() {
        try {
            while (reader.read(planes)) {
                byte[] to = buffer();
                if (to == null) {
                    return;
                }
                interleave(planes, to);
                deliver(to);
            }
            ffmpeg.await();
            end(null);
        } catch (IOException e) {
            end(new BadFileException(name + ": frame " + arrived() + " can't be read: " + e.getMessage(), e));
        } catch (RuntimeException e) {
            end(e);
        }
    }

    private synchronized byte @Nullable [] buffer() {
        return closed ? null : free.pop();
    }

    private void interleave(byte[] from, byte[] to) {
        int pixels = width() * height();
        int quarter = pixels / 4;
        System.arraycopy(from, 0, to, 0, pixels);
        for (int i = 0; i < quarter; i++) {
            to[pixels + 2 * i] = from[pixels + i];
            to[pixels + 2 * i + 1] = from[pixels + quarter + i];
        }
    }

    private synchronized void deliver(byte[] data) {
        if (waiting != null) {
            free.push(waiting.data);
            dropped++;
        }
        waiting = new Shot(arrived++, System.nanoTime(), new Nv12(width(), height(), Nv12.Matrix.BT601_LIMITED, width(),
                MemorySegment.ofArray(data)), data);
        notifyAll();
    }

    private synchronized void end(@Nullable RuntimeException why) {
        failure = closed ? null : why;
        ended = true;
        notifyAll();
    }

    /**
     * Waits for a frame that hasn't been given out; none at the stream's end. The frame before belongs to this again.
     *
     * @throws BadFileException if the stream broke off
     */
    public Optional<Shot> next() {
        return next(() -> false);
    }

    /**
     * Waits likewise until somebody says that it is enough, who is asked ten times a second; none then, too.
     *
     * @throws BadFileException if the stream broke off
     */
    public synchronized Optional<Shot> next(BooleanSupplier enough) {
        if (given != null) {
            free.push(given.data);
            given = null;
        }
        try {
            while (waiting == null && !ended && !closed && !enough.getAsBoolean()) {
                wait(PATIENCE);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BadFileException(name + ": interrupted while waiting for a frame", e);
        }
        if (closed) {
            throw new ClosedException(name + ": the stream is closed");
        }
        if (waiting == null && failure != null) {
            throw failure;
        }
        given = waiting;
        waiting = null;
        return Optional.ofNullable(given);
    }

    /** The frame that was given out last as RGB8, in memory of its own. */
    public Image rgb(Shot shot) {
        int pixels = width() * height();
        byte[] apart = new byte[shot.data.length];
        System.arraycopy(shot.data, 0, apart, 0, pixels);
        for (int i = 0; i < pixels / 4; i++) {
            apart[pixels + i] = shot.data[pixels + 2 * i];
            apart[pixels + pixels / 4 + i] = shot.data[pixels + 2 * i + 1];
        }
        return convert.apply(apart);
    }

    /** Ends ffmpeg. Closing twice is closing once. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            notifyAll();
        }
        // A read in progress ends with the process.
        ffmpeg.close();
        try {
            thread.join();
            reader.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            throw new BadFileException(name + ": can't be closed: " + e.getMessage(), e);
        }
    }
}
