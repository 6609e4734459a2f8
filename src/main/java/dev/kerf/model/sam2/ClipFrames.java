package dev.kerf.model.sam2;

import dev.kerf.image.Image;

/** A video whose frames can be asked for in any order, any number of times. All frames have one size. */
public interface ClipFrames {
    /** How many frames there are. */
    int count();

    /** Frame {@code index}, from 0. */
    Image frame(int index);
}
