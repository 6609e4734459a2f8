package dev.kerf.spark;

import dev.kerf.mask.Instances;
import dev.kerf.mask.LabelMap;
import java.util.List;
import java.util.function.IntFunction;

/**
 * What a network says of an image: labels or things.
 *
 * @param labels     a number for each pixel; null of things
 * @param categories of the numbers' objects, where a number isn't a class by itself; null where it is
 * @param things     null of labels
 * @param classes    how many labels there are
 * @param names      of categories
 * @param background the label that is no object; -1 for none
 * @param tiles      how many pieces the image was taken in
 */
record Answer(LabelMap labels, List<Integer> categories, Instances things, int classes, IntFunction<String> names,
        int background,
        int tiles) {
    static Answer labels(LabelMap labels, List<String> names, int background, int tiles) {
        return new Answer(labels, null, null, names.size(), i -> i < names.size() ? names.get(i) : "class " + i, background,
                tiles);
    }

    static Answer things(Instances things, IntFunction<String> names) {
        return new Answer(null, null, things, 0, names, -1, 1);
    }

    /** Segments of a panoptic picture: labels are their ids from 1, with a category each. */
    static Answer segments(LabelMap ids, List<Integer> categories, IntFunction<String> names) {
        return new Answer(ids, categories, null, categories.size() + 1, names, 0, 1);
    }
}
