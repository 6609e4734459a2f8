package dev.kerf.model.sam2;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Picture;
import java.util.List;

/** A video whose frames can be asked for in any order, any number of times. All frames have one size. */
public interface ClipFrames {
    /** How many frames there are. */
    int count();

    /** Frame {@code index}, from 0. */
    Picture frame(int index);

    /** Frames that are in memory already. */
    static ClipFrames of(List<? extends Picture> frames) {
        List<Picture> all = List.copyOf(frames);
        return new ClipFrames() {
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
