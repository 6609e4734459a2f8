package dev.kerf.serve.export;

import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import dev.kerf.mask.Coco;
import dev.kerf.mask.RunLength;
import java.util.ArrayList;
import java.util.List;

/**
 * The objects that were drawn over a picture.
 *
 * @param width  of the picture
 * @param height of the picture
 * @param items  in their order; later ones lie over earlier ones
 */
public record Drawing(int width, int height, List<Item> items) {
    private static final int MOST_ITEMS = 5_000;
    private static final int LONGEST_NAME = 200;

    /**
     * An object.
     *
     * @param name   what it is called
     * @param colour 0xRRGGBB
     * @param mask   its pixels
     */
    public record Item(String name, int colour, RunLength mask) {}

    /** Copies the list. */
    public Drawing {
        items = List.copyOf(items);
    }

    /**
     * Reads {@code {"objects": [{"name": "…", "colour": "#rrggbb", "segmentation": …}]}}, which may say more of each. Objects
     * without a segmentation are left out.
     *
     * @throws dev.kerf.error.KerfException saying what isn't of this form
     */
    public static Drawing of(Json json, int width, int height) {
        Json objects = json.at("objects");
        if (objects.size() > MOST_ITEMS) {
            throw new BadInputException(objects.size() + " objects; at most " + MOST_ITEMS + " are taken");
        }
        List<Item> items = new ArrayList<>();
        for (Json o : objects.items()) {
            String name = o.at("name").asString();
            String colour = o.at("colour").asString();
            if (name.length() > LONGEST_NAME || !colour.matches("#[0-9a-fA-F]{6}")) {
                throw o.error("a name of " + LONGEST_NAME + " characters at most and a colour like #3a7bff are expected");
            }
            Json segmentation = o.find("segmentation").filter(s -> !s.isNull()).orElse(null);
            if (segmentation != null) {
                items.add(new Item(name, Integer.parseInt(colour.substring(1), 16), Coco.mask(segmentation, width, height)));
            }
        }
        return new Drawing(width, height, items);
    }

    /** The number of the topmost object of each pixel, from 1; 0 where there is none. */
    int[] topmost() {
        int[] labels = new int[width * height];
        for (int k = 0; k < items.size(); k++) {
            int[] counts = items.get(k).mask.counts();
            int at = 0;
            for (int i = 0; i < counts.length; i++) {
                for (int end = at + counts[i]; at < end; at++) {
                    if ((i & 1) != 0) {
                        labels[at % height * width + at / height] = k + 1;
                    }
                }
            }
        }
        return labels;
    }
}
