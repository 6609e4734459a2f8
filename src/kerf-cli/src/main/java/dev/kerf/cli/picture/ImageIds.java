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
 * inputs, from 1.
 */
final class ImageIds {
    private final Map<Input, Long> ids;

    private ImageIds(Map<Input, Long> ids) {
        this.ids = ids;
    }

    /**
     * @param shared whether all results go into one file, so that the ids have to differ
     * @throws BadInputException if two are alike there
     */
    static ImageIds of(List<Input> inputs, boolean shared) {
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
        return new ImageIds(ids);
    }

    private static String stem(Input input) {
        String name = input.file().getFileName().toString();
        return name.contains(".") ? name.substring(0, name.indexOf('.')) : name;
    }

    long of(Input input) {
        return ids.get(input);
    }
}
