package dev.kerf.model.sam2;

import dev.kerf.image.Image;
import java.util.List;

/** A video whose frames can be asked for in any order, any number of times. All frames have one size. */
public interface ClipFrames {
    /** How many frames there are. */
    int count();

    /** Frame {@code index}, from 0. */
    Image frame(int index);

    /** Frames that are in memory already. */
    static ClipFrames of(List<Image> frames) {
        List<Image> all = List.copyOf(frames);
        return new ClipFrames() {
            @Override
            public int count() {
                return all.size();
            }

            @Override
            public Image frame(int index) {
                return all.get(index);
            }
        };
    }
}
