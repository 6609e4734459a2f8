package dev.kerf.model.sam2;

import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import dev.kerf.image.Picture;
import dev.kerf.image.video.VideoFrames;
import dev.kerf.model.sam2.Sam2.FrameResult;
import dev.kerf.tensor.HostTensor;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.IntPredicate;

/**
 * Follows things through a video, forward and backward, with prompts on any frame: upstream's video predictor to the
 * letter. All conditioning frames are attended to; what was found in each frame is kept, so that a correction can be
 * followed from anywhere. Memories beyond the few that a frame attends to move to host memory: with a 1024 × 1024
 * network about a megabyte for each object and frame.
 *
 * <pre>{@code
 * try (ClipTracker clip = sam.track(video)) {
 *     clip.prompt(0, 1, Prompt.point(210, 350));             // object 1 in frame 0
 *     clip.prompt(0, 2, Prompt.box(300, 0, 500, 400));       // object 2
 *     clip.propagate(r -> save(r.frame(), r.objects()));
 *     clip.prompt(40, 1, Prompt.point(250, 330));            // where it was lost
 *     clip.propagate(40, video.count(), false, r -> save(r.frame(), r.objects()));
 *     clip.prompt(60, 3, Prompt.point(90, 80));              // a third, which comes later: the others stay as they are
 *     clip.propagate(Set.of(3), 60, video.count(), false, r -> save(r.frame(), r.objects()));
 * }
 * }</pre>
 *
 * <p>Whoever is given results may prompt, correct, clear and remove objects meanwhile, in frames that were given or others:
 * what comes next is found with it, and what came before isn't found again.
 *
 * <p>To be used by one thread at a time; several trackers of one model may run at once.
 */
public final class ClipTracker implements AutoCloseable {
    /** A video whose frames can be asked for in any order, any number of times. All frames have one size. */
    public interface Frames {
        /** How many frames there are. */
        int count();

        /** Frame {@code index}, from 0. */
        Picture frame(int index);

        /** Those of a file or folder; whoever opened it closes it. */
        static Frames of(VideoFrames video) {
            return new Frames() {
                @Override
                public int count() {
                    return video.count();
                }

                @Override
                public Picture frame(int index) {
                    return video.frame(index);
                }
            };
        }

        /** Frames that are in memory already. */
        static Frames of(List<? extends Picture> frames) {
            List<Picture> all = List.copyOf(frames);
            return new Frames() {
                @Override
                public int count() {
                    return all.size();
                }

                @Override
                public Picture frame(int index) {
                    if (index < 0 || index >= all.size()) {
                        throw new BadInputException("frame " + index + " of " + all.size());
                    }
                    return all.get(index);
                }
            };
        }
    }

    private static final int VIEWS = 2;

    private final Sam2 sam;
    private final Frames video;
    private final Map<Integer, ImageView> views = new LinkedHashMap<>(4, 0.75f, true);
    private final Tracking tracking;
    private final int width;
    private final int height;
    private boolean closed;

    ClipTracker(Sam2 sam, Frames video) {
        if (video.count() < 1) {
            throw new BadInputException("the video has no frames");
        }
        this.sam = sam;
        this.video = video;
        Picture first = video.frame(0);
        this.width = first.width();
        this.height = first.height();
        this.tracking = new Tracking(sam, width, height);
    }

    /** Numbers of the objects, in the order in which they were first prompted. */
    public Set<Integer> objects() {
        return Set.copyOf(tracking.objects().keySet());
    }

    /**
     * Shows an object in a frame; prompts given for it there before are replaced, their answer is refined. A frame
     * that wasn't tracked yet becomes a conditioning frame; in one that was, the prompt corrects what was found.
     *
     * @param object the caller's number for it
     * @return its mask in that frame
     */
    public Prediction prompt(int frame, int object, Prompt prompt) {
        check(frame);
        tracking.settleOnly(object, this::view);
        return tracking.prompt(frame, object, prompt, view(frame), limits());
    }

    /**
     * What {@link #prompt} would answer after a {@link #clear} of the object in the frame; nothing of it is kept. For what is
     * shown while a pointer moves over a frame.
     *
     * @param object a number that may be new
     * @return the mask that the prompt would give
     */
    public Prediction preview(int frame, int object, Prompt prompt) {
        check(frame);
        tracking.settleOnly(object, this::view);
        return tracking.preview(frame, object, prompt, view(frame), limits());
    }

    /** Takes a mask (H, W) U8 as the object's in a frame; pixels that aren't 0 are the object's. */
    public Prediction mask(int frame, int object, HostTensor mask) {
        return tracking.give(check(frame), object, mask, view(frame));
    }

    /**
     * Takes back an object's prompts in a frame.
     *
     * @return whether it is as if they had never been given; not, if objects were followed since: then the mask that answered
     *         them stays in memory as one that was found
     */
    public boolean clear(int frame, int object) {
        check(frame);
        return tracking.object(object).clear(frame);
    }

    /** Lets go of an object. */
    public void remove(int object) {
        requireOpen();
        tracking.remove(object);
    }

    /** Bytes that memories of frames and the features of the frames looked at last take, on the device and the heap. */
    public long bytes() {
        return tracking.bytes() + views.values().stream().mapToLong(ImageView::bytes).sum();
    }

    /**
     * Lets memories of frames that were only tracked go, those farthest from a frame first, until all memories take no more than
     * so many bytes. The {@link StreamTracker#WINDOW} frames on both sides of it stay, and so do prompted ones: what is followed
     * from that frame is what it would have been.
     *
     * @param bytes that memories on the heap may take
     * @param frame where to go on from
     */
    public void trim(long bytes, int frame) {
        tracking.trim(bytes, check(frame));
    }

    /** Follows all objects from the first frame with a prompt to the video's end. */
    public void propagate(Consumer<FrameResult> each) {
        requireOpen();
        tracking.settle(this::view);
        int first = tracking.objects().values().stream()
                .flatMap(o -> o.conditioning.keySet().stream())
                .min(Integer::compare)
                .orElseThrow(() -> new BadInputException("no object has a prompt: prompt one first"));
        propagate(first, video.count() - first, false, each);
    }

    /**
     * Follows all objects from a frame, those that come while it goes on too; it ends early where none is left.
     *
     * @param start    the first frame
     * @param count    how many frames at most
     * @param backward whether towards the video's beginning
     * @param each     is given every frame's result as it is found
     */
    public void propagate(int start, int count, boolean backward, Consumer<FrameResult> each) {
        if (tracking.objects().isEmpty()) {
            throw new BadInputException("no object has a prompt: prompt one first");
        }
        follow(_ -> true, start, count, backward, each);
    }

    /**
     * Follows some objects from a frame; the others keep what was found of them, and aren't in the results.
     *
     * @param objects  their numbers; one that is removed meanwhile is left out from then on
     * @param start    the first frame
     * @param count    how many frames at most
     * @param backward whether towards the video's beginning
     * @param each     is given every frame's result as it is found
     */
    public void propagate(Set<Integer> objects, int start, int count, boolean backward, Consumer<FrameResult> each) {
        Set<Integer> some = Set.copyOf(objects);
        requireOpen();
        some.forEach(tracking::object);
        if (some.isEmpty()) {
            throw new BadInputException("follow no object: name one at least");
        }
        follow(some::contains, start, count, backward, each);
    }

    private void follow(IntPredicate which, int start, int count, boolean backward, Consumer<FrameResult> each) {
        check(start);
        if (count < 1) {
            throw new BadInputException("follow " + count + " frames: at least one");
        }
        int step = backward ? -1 : 1;
        for (int i = 0, t = start; i < count && t >= 0 && t < video.count(); i++, t += step) {
            requireOpen();
            if (tracking.objects().keySet().stream().noneMatch(which::test)) {
                return;
            }
            // Also what was prompted while the last result was looked at.
            tracking.settle(this::view);
            each.accept(new FrameResult(t, tracking.step(which, t, backward, view(t), limits())));
        }
    }

    private Tracking.Limits limits() {
        return new Tracking.Limits(Integer.MAX_VALUE, video.count());
    }

    private int check(int frame) {
        requireOpen();
        if (frame < 0 || frame >= video.count()) {
            throw new BadInputException("frame " + frame + " of a video of " + video.count() + " frames, from 0");
        }
        return frame;
    }

    private ImageView view(int frame) {
        ImageView known = views.get(frame);
        if (known != null) {
            return known;
        }
        Picture image = video.frame(frame);
        if (image.width() != width || image.height() != height) {
            throw new BadInputException("frame " + frame + " is " + image.width() + "×" + image.height()
                    + " pixels, those before are " + width + "×" + height);
        }
        while (views.size() >= VIEWS) {
            Iterator<ImageView> oldest = views.values().iterator();
            oldest.next().close();
            oldest.remove();
        }
        ImageView made = sam.lookAtFrame(image);
        views.put(frame, made);
        return made;
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
            views.values().forEach(ImageView::close);
            tracking.close();
        }
    }
}
