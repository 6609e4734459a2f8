package dev.kerf.cli.picture;

import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.error.BadInputException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * COCO's ids of images: the number that a file is named by ({@code 000000000139.jpg} is 139), otherwise its place among the
 * inputs, from 1. Frames of videos follow in turn.
 */
final class ImageIds {
    private final Map<Input, Long> ids;
    private final boolean shared;
    private Input last;
    private long next;

    private ImageIds(Map<Input, Long> ids, boolean shared) {
        this.ids = ids;
        this.shared = shared;
        this.next = ids.values().stream().mapToLong(i -> i).max().orElse(0);
    }

    /** Whether all results go into one file. */
    boolean shared() {
        return shared;
    }

    /**
     * @param shared whether all results go into one file, so that the ids have to differ
     * @throws BadInputException if two are alike there
     */
    static ImageIds of(List<Input> all, boolean shared) {
        List<Input> inputs = all.stream().filter(i -> !i.moves()).toList();
        boolean numbered = inputs.stream().allMatch(i -> i.pages() == 1 && stem(i).matches("\\d{1,18}"));
        Map<Input, Long> ids = new LinkedHashMap<>();
        Set<Long> seen = new HashSet<>();
        for (Input i : inputs) {
            long id = numbered ? Long.parseLong(stem(i)) : ids.size() + 1;
            if (!seen.add(id) && shared) {
                throw new BadInputException(i.file() + ": a second image with the id " + id);
            }
            ids.put(i, id);
        }
        return new ImageIds(ids, shared);
    }

    private static String stem(Input input) {
        String name = input.file().getFileName().toString();
        return name.contains(".") ? name.substring(0, name.indexOf('.')) : name;
    }

    /** Frames are numbered in turn behind the pictures. */
    long of(Input input) {
        if (ids.containsKey(input)) {
            return ids.get(input);
        }
        if (!input.equals(last)) {
            last = input;
            next++;
        }
        return next;
    }
}
