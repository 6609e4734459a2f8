/**
 * Videos, one picture after the other: folders of images, animated GIFs, Y4M, and whatever the {@code ffmpeg} command
 * reads or writes where it is installed. Nothing here holds more than a frame or two.
 */
@NullMarked
package dev.kerf.image.video;

import org.jspecify.annotations.NullMarked;
