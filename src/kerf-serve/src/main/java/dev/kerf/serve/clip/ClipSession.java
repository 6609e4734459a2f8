package dev.kerf.serve.clip;

import dev.kerf.error.BadInputException;
import dev.kerf.image.video.FrameSource.Frame;
import dev.kerf.image.video.VideoFrames;
import dev.kerf.json.Json;
import dev.kerf.mask.Mask;
import dev.kerf.mask.RunLength;
import dev.kerf.model.sam2.ClipTracker;
import dev.kerf.model.sam2.Prediction;
import dev.kerf.model.sam2.Sam2;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * A video in memory: its frames and the tracker that follows objects through them. The tracker is made when it is first needed
 * and told what the work on disk says, so that a session can be closed at any time and begun again. May be used by many threads;
 * the tracker is used by one at a time, and so are the frames that are shown.
 */
public final class ClipSession implements AutoCloseable {
    private final Path video;
    private final Sam2 sam;
    private final ClipWork work;
    private final Function<Json, Shown> reader;
    private final long frameBytes;
    private final long memoryBytes;
    private final ReentrantLock tracking = new ReentrantLock();
    private final ReentrantLock showing = new ReentrantLock();
    private VideoFrames tracked;
    private VideoFrames shown;
    private ClipTracker tracker;
    private volatile long trackerBytes;
    private volatile long shownBytes;

    /**
     * A session in which nothing is read yet.
     *
     * @param sam         null if there is none: frames can be shown then, and nothing else
     * @param reader      of what an object is shown by, as the work keeps it
     * @param frameBytes  that frames may take, those that are shown and those that are tracked each
     * @param memoryBytes that the tracker's memories of frames may take on the heap
     */
    public ClipSession(Path video, Sam2 sam, ClipWork work, Function<Json, Shown> reader, long frameBytes,
            long memoryBytes) {
        this.video = video;
        this.sam = sam;
        this.work = work;
        this.reader = reader;
        this.frameBytes = frameBytes;
        this.memoryBytes = memoryBytes;
    }

    /** What is kept of it. */
    public ClipWork work() {
        return work;
    }

    /** A frame, to be shown. Throws {@link dev.kerf.error.BadFileException} if the video is damaged, or gone. */
    public Frame frame(int index) {
        showing.lock();
        try {
            Frame found = shown().at(index);
            shownBytes = shown().bytes();
            return found;
        } finally {
            showing.unlock();
        }
    }

    /** What a frame's files are called. */
    public String name(int index) {
        showing.lock();
        try {
            return shown().name(index);
        } finally {
            showing.unlock();
        }
    }

    private VideoFrames shown() {
        if (shown == null) {
            shown = new VideoFrames(video, frameBytes);
        }
        return shown;
    }

    /** The tracker, which knows what the work says. */
    private ClipTracker tracker() {
        if (sam == null) {
            throw new BadInputException("following things through a video takes SAM 2");
        }
        if (tracker != null) {
            return tracker;
        }
        if (tracked == null) {
            tracked = new VideoFrames(video, frameBytes);
        }
        ClipTracker made = sam.track(ClipTracker.Frames.of(tracked));
        try {
            for (Map.Entry<Integer, Map<Integer, Json>> object : work.shown().entrySet()) {
                object.getValue().forEach((frame, json) -> answer(made, frame, object.getKey(), reader.apply(json)));
            }
        } catch (RuntimeException | Error e) {
            made.close();
            throw e;
        }
        tracker = made;
        return made;
    }

    /** Shows an object in a frame, in place of what showed it there before; its mask is kept. */
    public Found show(int frame, int object, Shown shows) {
        tracking.lock();
        try {
            ClipTracker t = tracker();
            if (work.isShown(object, frame)) {
                t.clear(frame, object);
            }
            Found answer = Found.of(object, answer(t, frame, object, shows));
            work.show(frame, shows, answer);
            return answer;
        } finally {
            count();
            tracking.unlock();
        }
    }

    private static Prediction answer(ClipTracker t, int frame, int object, Shown shows) {
        return shows.mask().isPresent()
                ? t.mask(frame, object, tensor(shows.mask().get()))
                : t.prompt(frame, object, shows.prompt());
    }

    private static HostTensor tensor(RunLength runs) {
        Mask mask = runs.decode();
        byte[] inside = new byte[runs.width() * runs.height()];
        for (int i = 0; i < inside.length; i++) {
            inside[i] = (byte) (mask.get(i % runs.width(), i / runs.width()) ? 1 : 0);
        }
        return HostTensor.of(Shape.of(runs.height(), runs.width()), inside);
    }

    /** What {@link #show} would answer; none while objects are followed, which a pointer doesn't wait for. */
    public Found preview(int frame, int object, Shown shows) {
        if (!tracking.tryLock()) {
            return null;
        }
        try {
            return Found.of(object, tracker().preview(frame, object, shows.prompt()));
        } finally {
            count();
            tracking.unlock();
        }
    }

    /** Takes back what shows an object in a frame. */
    public void hide(int frame, int object) {
        tracking.lock();
        try {
            work.hide(frame, object);
            if (tracker != null && tracker.objects().contains(object) && !tracker.clear(frame, object)) {
                again(object);
            }
        } finally {
            count();
            tracking.unlock();
        }
    }

    /** Tells the tracker anew what shows an object, as if it had never been shown by anything else. */
    private void again(int object) {
        if (tracker != null && tracker.objects().contains(object)) {
            tracker.remove(object);
            work.shown().get(object).forEach((frame, json) -> answer(tracker, frame, object, reader.apply(json)));
        }
    }

    /** Removes an object. */
    public void remove(int object) {
        tracking.lock();
        try {
            work.remove(object);
            if (tracker != null && tracker.objects().contains(object)) {
                tracker.remove(object);
            }
        } finally {
            count();
            tracking.unlock();
        }
    }

    /** Lets an object end before a frame. */
    public void end(int object, int frame) {
        tracking.lock();
        try {
            if (work.end(object, frame)) {
                again(object);
            }
        } finally {
            count();
            tracking.unlock();
        }
    }

    /**
     * Follows objects into one frame and keeps their masks.
     *
     * @param some numbers; those that aren't there, aren't shown anywhere or have ended are left out
     * @return their masks; empty if none is left
     */
    public List<Found> follow(Set<Integer> some, int frame, boolean backward) {
        tracking.lock();
        try {
            Set<Integer> which = work.followed(some, frame);
            if (which.isEmpty()) {
                return List.of();
            }
            ClipTracker t = tracker();
            List<Found> found = new ArrayList<>();
            t.propagate(which, frame, 1, backward, r -> r.objects().forEach((o, p) -> found.add(Found.of(o, p))));
            work.put(frame, found);
            t.trim(memoryBytes, frame);
            return found;
        } finally {
            count();
            tracking.unlock();
        }
    }

    private void count() {
        trackerBytes = (tracked == null ? 0 : tracked.bytes()) + (tracker == null ? 0 : tracker.bytes());
    }

    /** Bytes that it takes, on the device and the heap. */
    public long bytes() {
        return trackerBytes + shownBytes;
    }

    /** Frees it; nobody may use it any more. */
    @Override
    public void close() {
        if (tracker != null) {
            tracker.close();
        }
        if (tracked != null) {
            tracked.close();
        }
        if (shown != null) {
            shown.close();
        }
    }
}
