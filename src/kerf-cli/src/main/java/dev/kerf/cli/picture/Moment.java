package dev.kerf.cli.picture;

import dev.kerf.image.Image;
import java.util.function.Consumer;

/**
 * A video or a camera, or a frame of one.
 *
 * @param address of a camera or stream; empty for a file
 * @param title   as it is told to people: without a password
 * @param number  of the frame; -1 for all of it
 * @param frame   what the frame is called; empty for all of it
 * @param joined  takes the overlay on its way into a video; null where it is a file of its own
 */
record Moment(String address, String title, int number, String frame, Consumer<Image> joined) {
    /** Whether it is a frame. */
    boolean isFrame() { return number >= 0; }
}
