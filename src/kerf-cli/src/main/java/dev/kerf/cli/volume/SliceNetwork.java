package dev.kerf.cli.volume;

import dev.kerf.backend.Device;
import dev.kerf.mask.LabelMap;
import dev.kerf.medical.Slice;
import dev.kerf.medical.Window;
import java.util.List;
import java.util.Optional;

/** A network of pictures, which takes slices one after the other. */
public interface SliceNetwork {
    /**
     * What is in a slice.
     *
     * @param labels  the class of each pixel
     * @param classes names of classes, from label 0
     */
    record Found(LabelMap labels, List<String> classes) {}

    /** What it is called. */
    String name();

    /** What it runs on. */
    Device.Info device();

    /**
     * Runs it.
     *
     * @param window what of the slice is shown; none for its values as they are
     */
    Found find(Slice slice, Optional<Window> window);
}
