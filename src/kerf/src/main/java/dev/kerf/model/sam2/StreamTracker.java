package dev.kerf.model.sam2;

import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import dev.kerf.image.Picture;
import dev.kerf.model.sam2.Sam2.FrameResult;
import dev.kerf.model.sam2.network.Sam2Config;
import dev.kerf.tensor.HostTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Follows things through frames that arrive one at a time, in memory that doesn't grow however long a camera runs.
 * Upstream's predictor with three limits: a frame is let go {@link #WINDOW} frames after it came, each object keeps at
 * most {@link #CONDITIONING} conditioning frames (its first and the newest), and only the current frame can be
 * prompted.
 *
 * <pre>{@code
 * try (StreamTracker camera = sam.stream()) {
 *     camera.next(frame);
 *     camera.prompt(1, Prompt.point(210, 350));
 *     while (running) {
 *         FrameResult r = camera.next(grab());
 *     }
 * }
 * }</pre>
 *
 * <p>To be used by one thread at a time; several trackers of one model may run at once.
 */
public final class StreamTracker implements AutoCloseable {
    /** Frames that are remembered. */
    public static final int WINDOW = Sam2Config.POINTERS;
    /** Conditioning frames that each object keeps. */
    public static final int CONDITIONING = 4;

    private final Sam2 sam;
    private Tracking tracking;
    private ImageView current;
    private int width;
    private int height;
    private int frame = -1;
    private boolean closed;

    StreamTracker(Sam2 sam) {
        this.sam = sam;
    }

    /** Number of the current frame, from 0; −1 before the first. */
    public int frame() {
        return frame;
    }

    /** Numbers of the objects. */
    public Set<Integer> objects() {
        return tracking == null ? Set.of() : Set.copyOf(tracking.objects().keySet());
    }

    /**
     * Takes the next frame and follows all objects into it.
     *
     * @throws BadInputException if it is of another size than the first
     */
    public FrameResult next(Picture image) {
        requireOpen();
        if (tracking == null) {
            width = image.width();
            height = image.height();
            tracking = new Tracking(sam, width, height);
        } else if (image.width() != width || image.height() != height) {
            throw new BadInputException("frame " + (frame + 1) + " is " + image.width() + "×" + image.height()
                    + " pixels, those before are " + width + "×" + height);
        }
        // Prompts are put into memory with the frame that they were given for.
        tracking.settle(_ -> current);
        ImageView next = sam.lookAtFrame(image);
        if (current != null) {
            current.close();
        }
        current = next;
        frame++;
        Map<Integer, Prediction> found = tracking.objects().isEmpty()
                ? Map.of()
                : tracking.step(_ -> true, frame, false, current, limits());
        tracking.objects().values().forEach(this::forget);
        return new FrameResult(frame, found);
    }

    /** Lets frames go that nothing will attend to. */
    private void forget(TrackedObject o) {
        List<Integer> old = new ArrayList<>(o.tracked.headMap(frame - WINDOW, true).keySet());
        old.forEach(t -> tracking.forget(o.tracked.remove(t)));
        while (o.conditioning.size() > CONDITIONING) {
            int second = o.conditioning.higherKey(o.conditioning.firstKey());
            tracking.forget(o.conditioning.remove(second));
        }
        o.visited.keySet().removeIf(t -> t <= frame - WINDOW);
    }

    /**
     * Shows an object in the current frame: a new one, or one to be corrected.
     *
     * @param object the caller's number for it
     * @return its mask in the current frame
     */
    public Prediction prompt(int object, Prompt prompt) {
        requireFrame();
        return tracking.prompt(frame, object, prompt, current, limits());
    }

    /**
     * Likewise in a frame by its number.
     *
     * @throws BadInputException unless it is the current one: others have been let go
     */
    public Prediction prompt(int at, int object, Prompt prompt) {
        requireFrame();
        if (at != frame) {
            throw new BadInputException("frame " + at + " can't be prompted: the stream is at frame " + frame
                    + " and keeps no other; use a clip to correct earlier frames");
        }
        return prompt(object, prompt);
    }

    /** Takes a mask (H, W) U8 as the object's in the current frame; pixels that aren't 0 are the object's. */
    public Prediction mask(int object, HostTensor mask) {
        requireFrame();
        return tracking.give(frame, object, mask, current);
    }

    /** Lets go of an object. */
    public void remove(int object) {
        requireFrame();
        tracking.remove(object);
    }

    private Tracking.Limits limits() {
        return new Tracking.Limits(CONDITIONING, Integer.MAX_VALUE);
    }

    private void requireFrame() {
        requireOpen();
        if (frame < 0) {
            throw new BadInputException("there is no frame yet: give one by next()");
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new ClosedException("the tracker is closed");
        }
    }

    /** Frees what the device holds for it. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            if (current != null) {
                current.close();
            }
            if (tracking != null) {
                tracking.close();
            }
        }
    }
}
