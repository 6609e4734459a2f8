package dev.kerf.image.video;

import dev.kerf.error.BadInputException;

/**
 * Frames per second as a fraction: 30000/1001 is NTSC's.
 *
 * @param frames  frames in so many seconds, 1 or more
 * @param seconds 1 or more
 */
public record FrameRate(int frames, int seconds) {
    /** Checks that there is time between the frames. */
    public FrameRate {
        if (frames < 1 || seconds < 1) {
            throw new BadInputException("a rate of " + frames + "/" + seconds + " frames per second; both from 1");
        }
    }

    /** When a frame, counted from 0, is shown: seconds from the first. */
    public double time(int index) {
        return (double) index * seconds / frames;
    }

    /** Seconds from a frame to the next. */
    public double duration() {
        return (double) seconds / frames;
    }

    /** Such as {@code 25} or {@code 30000/1001}. */
    @Override
    public String toString() {
        return seconds == 1 ? Integer.toString(frames) : frames + "/" + seconds;
    }
}
