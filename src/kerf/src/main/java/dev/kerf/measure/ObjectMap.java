package dev.kerf.measure;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Spacing;
import dev.kerf.mask.Box;
import dev.kerf.mask.LabelMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Objects of a picture, none over another: a number for each pixel. Made by {@link ObjectFinder}. */
public final class ObjectMap {
    private final int width;
    private final int height;
    private final int[] numbers;
    private final List<Integer> categories;

    /**
     * Takes the array over. Objects that have no pixel left are left out and the others renumbered.
     *
     * @param categories of the objects from number 1
     */
    ObjectMap(int width, int height, int[] numbers, List<Integer> categories) {
        this.width = width;
        this.height = height;
        this.numbers = numbers;
        int[] renumbered = new int[categories.size() + 1];
        for (int n : numbers) {
            renumbered[n] = n;
        }
        List<Integer> left = new ArrayList<>();
        for (int n = 1; n < renumbered.length; n++) {
            if (renumbered[n] > 0) {
                left.add(categories.get(n - 1));
                renumbered[n] = left.size();
            }
        }
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = renumbered[numbers[i]];
        }
        this.categories = List.copyOf(left);
    }

    /** Objects by their numbers: of each label that occurs, but 0, the pixels, however many parts they are in. */
    public static ObjectMap of(LabelMap numbers) {
        int[] all = numbers.toArray();
        int[] present = Arrays.stream(all).filter(n -> n > 0).distinct().sorted().toArray();
        for (int i = 0; i < all.length; i++) {
            all[i] = all[i] > 0 ? Arrays.binarySearch(present, all[i]) + 1 : 0;
        }
        return new ObjectMap(numbers.width(), numbers.height(), all, Arrays.stream(present).boxed().toList());
    }

    /** How many objects there are. */
    public int size() {
        return categories.size();
    }

    /** The category of each object, from that of number 1: the label that it was found in. */
    public List<Integer> categories() {
        return categories;
    }

    /** For each pixel the number of its object, from 1; 0 where there is none. */
    public LabelMap numbers() {
        return LabelMap.of(width, height, numbers.clone());
    }

    /** Measures all of them by pixels alone. */
    public List<Region> measure() {
        return measure(Spacing.PIXELS, null);
    }

    /**
     * Measures all of them, in the order of their numbers.
     *
     * @param spacing     of the picture's pixels
     * @param intensities of the picture, where they are wanted
     * @throws BadInputException if those are of another size; and as {@link Region#of}
     */
    public List<Region> measure(Spacing spacing, @Nullable Intensities intensities) {
        Box[] boxes = boxes();
        List<Region> out = new ArrayList<>();
        for (int k = 1; k < boxes.length; k++) {
            Box b = boxes[k];
            byte[] in = new byte[b.width() * b.height()];
            for (int y = 0; y < b.height(); y++) {
                for (int x = 0; x < b.width(); x++) {
                    in[y * b.width() + x] = (byte) (numbers[(b.y() + y) * width + b.x() + x] == k ? 1 : 0);
                }
            }
            out.add(Region.of(new Crop(b, in, width, height), k, categories.get(k - 1), spacing, intensities));
        }
        return out;
    }

    private Box[] boxes() {
        int n = categories.size() + 1;
        int[][] ends = new int[n][];
        for (int i = 0; i < numbers.length; i++) {
            int x = i % width;
            int y = i / width;
            int[] e = ends[numbers[i]];
            if (e == null) {
                ends[numbers[i]] = new int[] {x, y, x, y};
            } else {
                e[0] = Math.min(e[0], x);
                e[2] = Math.max(e[2], x);
                e[3] = y;
            }
        }
        Box[] boxes = new Box[n];
        for (int k = 1; k < n; k++) {
            int[] e = ends[k];
            boxes[k] = new Box(e[0], e[1], e[2] - e[0] + 1, e[3] - e[1] + 1);
        }
        return boxes;
    }

    /** Size and number of objects, such as {@code 640x480, 12 objects}. */
    @Override
    public String toString() {
        return width + "x" + height + ", " + size() + " objects";
    }
}
