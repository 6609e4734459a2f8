package dev.kerf.formats;

import dev.kerf.error.BadInputException;
import dev.kerf.mask.Instances;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.RunLength;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.IntFunction;
import java.util.function.ToIntFunction;

/**
 * What is annotated in one picture.
 *
 * <pre>{@code
 * Annotations found = Annotations.of("street.jpg", net.detect(image, options), names);
 * try (AnnotationWriter out = AnnotationFormat.CVAT.writer(Path.of("out"), List.of("person", "car"))) {
 *     out.add(found, "street");
 *     out.finish();
 * }
 * }</pre>
 *
 * @param file   name of the picture, without directories
 * @param width  of it in pixels
 * @param height of it in pixels
 * @param items  in their order; where they overlap, later ones lie on top
 */
public record Annotations(String file, int width, int height, List<Item> items) {
    /** What an item is. */
    public enum Kind {
        /** One countable object. */
        THING,
        /** A region of many objects that aren't told apart. */
        CROWD,
        /** All that there is of a class in the picture. */
        STUFF
    }

    /**
     * A region with a label.
     *
     * @param label its class
     * @param kind  what it is
     * @param mask  its pixels
     * @param score 0 … 1, how sure a network is of it
     * @param group number of the object, by which pictures of a video share it; 0 where it has none
     */
    public record Item(String label, Kind kind, RunLength mask, OptionalDouble score, int group) {}

    /**
     * Copies the list.
     *
     * @throws BadInputException if a mask is of another size
     */
    public Annotations {
        items = List.copyOf(items);
        for (Item i : items) {
            if (i.mask.width() != width || i.mask.height() != height) {
                throw new BadInputException("a mask of " + i.mask.width() + "x" + i.mask.height() + " in a picture of "
                        + width + "x" + height);
            }
        }
    }

    /** Of things, the surest on top. */
    public static Annotations of(String file, Instances found, IntFunction<String> names) {
        return new Annotations(file, found.width(), found.height(), found.byScore().items().reversed().stream()
                .map(i -> new Item(names.apply(i.category()), Kind.THING, i.mask(), OptionalDouble.of(i.score()), 0)).toList());
    }

    /**
     * Of labels: a region for each class that occurs.
     *
     * @param names      of classes from 0; greater labels are left out
     * @param background the class that is left out; -1 for none
     */
    public static Annotations of(String file, LabelMap labels, List<String> names, int background) {
        long[] counts = labels.counts(names.size());
        List<Item> items = new ArrayList<>();
        for (int c = 0; c < names.size(); c++) {
            if (c != background && counts[c] > 0) {
                items.add(new Item(names.get(c), Kind.STUFF, RunLength.encode(labels.mask(c)), OptionalDouble.empty(), 0));
            }
        }
        return new Annotations(file, labels.width(), labels.height(), items);
    }

    /**
     * A number for each pixel.
     *
     * @param number    of an item, 0 or more; negative for one that is passed over
     * @param elsewhere of pixels that no item covers
     */
    public LabelMap paint(ToIntFunction<Item> number, int elsewhere) {
        int[] out = new int[width * height];
        java.util.Arrays.fill(out, elsewhere);
        for (Item item : items) {
            int n = number.applyAsInt(item);
            int[] counts = item.mask.counts();
            int at = 0;
            for (int i = 0; i < counts.length; i++) {
                for (int end = at + counts[i]; at < end; at++) {
                    if ((i & 1) != 0 && n >= 0) {
                        out[at % height * width + at / height] = n;
                    }
                }
            }
        }
        return LabelMap.of(width, height, out);
    }

    /** The picture's name without its ending. */
    public String stem() {
        return stem(file);
    }

    static String stem(String file) {
        int dot = file.lastIndexOf('.');
        return dot <= 0 ? file : file.substring(0, dot);
    }
}
