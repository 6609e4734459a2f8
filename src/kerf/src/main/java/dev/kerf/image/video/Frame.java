package dev.kerf.image.video;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import java.util.Objects;

/**
 * One picture of a video.
 *
 * @param index    counted from 0
 * @param time     when it is to be shown, in seconds from the first frame
 * @param duration for how long, in seconds
 * @param image    the picture, in memory of its own: later frames leave it as it is
 */
public record Frame(int index, double time, double duration, Image image) {
    /** Checks the numbers. */
    public Frame {
        Objects.requireNonNull(image);
        if (index < 0 || !(time >= 0 && time < Double.POSITIVE_INFINITY)
                || !(duration >= 0 && duration < Double.POSITIVE_INFINITY)) {
            throw new BadInputException("frame " + index + " at " + time + " s for " + duration
                    + " s; numbers from 0 are possible");
        }
    }

    /** Another picture at the same place, such as an overlay over this one. */
    public Frame with(Image other) {
        return new Frame(index, time, duration, other);
    }
}
