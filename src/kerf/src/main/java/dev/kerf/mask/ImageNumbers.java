package dev.kerf.mask;

import dev.kerf.json.Json;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The numbers by which the images of a data set are known: the file's ids or, where these are strings, as some tools write
 * them, their places in the strings' order from 1. So images are in the order in which pycocotools has them.
 */
final class ImageNumbers {
    private final boolean strings;
    private final Map<String, Long> places;

    private ImageNumbers(boolean strings, Map<String, Long> places) {
        this.strings = strings;
        this.places = places;
    }

    /** Of the ids that a file gives its images, all numbers or all strings. */
    static ImageNumbers of(List<Json> ids) {
        return new ImageNumbers(!ids.isEmpty() && ids.getFirst().isString(), new HashMap<>()).and(ids);
    }

    /** These, and for ids of another file that these images don't have the numbers after them. */
    ImageNumbers and(List<Json> ids) {
        Map<String, Long> all = new HashMap<>(places);
        ids.stream().map(this::text).sorted().forEach(id -> all.putIfAbsent(id, all.size() + 1L));
        return new ImageNumbers(strings, strings ? all : places);
    }

    /** The number of an id; none if no image has this string. */
    @Nullable
    Long of(Json id) {
        return strings ? places.get(text(id)) : Long.valueOf(text(id));
    }

    private String text(Json id) {
        if (id.isString() != strings) {
            throw id.error("expected a " + (strings ? "string" : "number") + " for an id, as other images have, found " + id);
        }
        return strings ? id.asString() : Long.toString(id.asLong());
    }
}
