package dev.kerf.measure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Mask;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Masks taken apart, on every back end: as scikit-image and scipy do it, pixel by pixel. */
class ObjectFinderTest {
    private static final String DEVICES = "dev.kerf.backend.BackendsUnderTest#devices";

    private static int[] find(Device device, ObjectRules rules, Mask mask) {
        try (ObjectFinder finder = new ObjectFinder(device, rules)) {
            return finder.find(mask).numbers().toArray();
        }
    }

    /** Numbers in the order of their first pixels, as components have them. */
    private static int[] inOrder(int[] numbers) {
        int[] of = new int[Arrays.stream(numbers).max().orElse(0) + 1];
        int last = 0;
        for (int n : numbers) {
            if (n > 0 && of[n] == 0) {
                of[n] = ++last;
            }
        }
        return Arrays.stream(numbers).map(n -> of[n]).toArray();
    }

    private static int[] pixels(Mask mask) {
        return IntStream.range(0, mask.width() * mask.height())
                .map(i -> mask.get(i % mask.width(), i / mask.width()) ? 1 : 0).toArray();
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void asScikitImageAndScipy(String id) throws IOException {
        List<Json> figures = Drawn.figures("objects.json");
        assertEquals(9, figures.size());
        int split = 0;
        try (Device device = Backends.open(id)) {
            for (Json e : figures) {
                String name = e.at("name").asString();
                Mask mask = Drawn.mask(e.at("mask"));
                for (int c : new int[] {4, 8}) {
                    ObjectRules rules = ObjectRules.of().connectivity(c);
                    int[] labels = Drawn.numbers(e.at("labels" + c));
                    assertArrayEquals(labels, find(device, rules, mask), name + ", " + c);
                    ObjectRules whole = ObjectRules.of().connectivity(c).fillHoles(Long.MAX_VALUE);
                    int[] filled = pixels(Drawn.mask(e.at("filled" + c)));
                    assertArrayEquals(filled, Arrays.stream(find(device, whole, mask)).map(n -> Math.min(n, 1)).toArray(),
                            name + ", filled, " + c);
                    for (double depth : new double[] {0.5, 1}) {
                        int[] apart = Drawn.numbers(e.at("split" + c + "-" + depth));
                        split += Arrays.stream(apart).max().orElse(0) > Arrays.stream(labels).max().orElse(0) ? 1 : 0;
                        assertArrayEquals(inOrder(apart), inOrder(find(device, rules.split(depth), mask)),
                                name + ", split, " + c + ", " + depth);
                    }
                }
                for (int r = 1; r <= 3; r++) {
                    ObjectRules whole = ObjectRules.of().connectivity(ObjectRules.WHOLE);
                    assertArrayEquals(pixels(Drawn.mask(e.at("opened" + r))), find(device, whole.open(r), mask),
                            name + ", opened " + r);
                    assertArrayEquals(pixels(Drawn.mask(e.at("closed" + r))), find(device, whole.close(r), mask),
                            name + ", closed " + r);
                }
            }
        }
        assertTrue(split > 10, split + " pictures were split");
    }

    @Test
    void distancesAsScipyHasThem() throws IOException {
        for (Json e : Drawn.figures("objects.json")) {
            Mask mask = Drawn.mask(e.at("mask"));
            int[] pixels = pixels(mask);
            byte[] in = new byte[pixels.length];
            for (int i = 0; i < in.length; i++) {
                in[i] = (byte) pixels[i];
            }
            double[] squares = DistanceTransform.squares(in, new int[] {mask.height(), mask.width()}, 1, 1);
            assertArrayEquals(Arrays.stream(Drawn.numbers(e.at("distance"))).asDoubleStream().toArray(), squares, 0,
                    e.at("name").asString());
        }
        assertArrayEquals(new double[] {Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY},
                DistanceTransform.of(new byte[] {1, 1}, new int[] {1, 2}, 1, 1));
        assertThrows(BadInputException.class, () -> DistanceTransform.of(new byte[3], new int[] {1, 2}, 1, 1));
        assertThrows(BadInputException.class, () -> DistanceTransform.of(new byte[2], new int[] {-1, -2}, 1, 1));
        assertThrows(BadInputException.class, () -> DistanceTransform.of(new byte[0], new int[] {0, -1}, 1, 1));
    }

    /** Every element, by looking at all others: three axes, none as long as another. */
    @Test
    void distancesInVolumes() {
        Random random = new Random(4);
        int[] shape = {5, 6, 7};
        double[] spacing = {2.5, 0.7, 1.1};
        byte[] in = new byte[5 * 6 * 7];
        for (int i = 0; i < in.length; i++) {
            in[i] = (byte) (random.nextInt(30) == 0 ? 0 : 1);
        }
        double[] found = DistanceTransform.of(in, shape, spacing);
        for (int i = 0; i < in.length; i++) {
            double least = Double.POSITIVE_INFINITY;
            for (int k = 0; k < in.length; k++) {
                if (in[k] == 0) {
                    double z = (i / 42 - k / 42) * spacing[0];
                    double y = (i / 7 % 6 - k / 7 % 6) * spacing[1];
                    double x = (i % 7 - k % 7) * spacing[2];
                    least = Math.min(least, Math.sqrt(z * z + y * y + x * x));
                }
            }
            assertEquals(least, found[i], 1e-14 * least, "element " + i);
        }
    }

    @Test
    void labelsAreTakenOneAfterTheOther() {
        LabelMap labels = LabelMap.of(7, 3, new byte[] {
            2, 2, 0, 1, 1, 0, 5,
            0, 0, 0, 1, 0, 0, 0,
            2, 0, 0, 0, 0, 1, 1});
        try (Device device = Backends.open("cpu");
                ObjectFinder finder = new ObjectFinder(device, ObjectRules.of().areas(2, 3))) {
            ObjectMap found = finder.find(labels, 0);
            assertEquals(List.of(1, 1, 2), found.categories());
            assertArrayEquals(new int[] {
                3, 3, 0, 1, 1, 0, 0,
                0, 0, 0, 1, 0, 0, 0,
                0, 0, 0, 0, 0, 2, 2}, found.numbers().toArray());
            assertEquals(List.of(3L, 2L, 2L), found.measure().stream().map(Region::area).toList());
            assertEquals(0, finder.find(Mask.empty(3, 3)).size());
        }
        try (Device device = Backends.open("cpu");
                ObjectFinder classes = new ObjectFinder(device, ObjectRules.of().connectivity(ObjectRules.WHOLE))) {
            ObjectMap found = classes.find(labels, ObjectFinder.NO_BACKGROUND);
            assertEquals(List.of(0, 1, 2, 5), found.categories());
            assertEquals(List.of(1, 2, 2, 1), found.measure().stream().map(Region::parts).toList());
        }
    }

    /** What grows over the others hides them: no object of no pixels is left. */
    @Test
    void theGreaterLabelHasThePixel() {
        LabelMap labels = LabelMap.of(3, 3, new byte[] {4, 4, 4, 4, 1, 4, 4, 4, 4});
        try (Device device = Backends.open("cpu");
                ObjectFinder finder = new ObjectFinder(device, ObjectRules.of().fillHoles(1))) {
            ObjectMap found = finder.find(labels, 0);
            assertEquals(List.of(4), found.categories());
            assertEquals(9, found.measure().getFirst().area());
        }
        try (Device device = Backends.open("cpu");
                ObjectFinder full = new ObjectFinder(device, ObjectRules.of().split(0.5))) {
            assertEquals(1, full.find(Drawn.mask("###", "###")).size(), "nothing is outside");
        }
    }

    @Test
    void holesUpToAnArea() {
        Mask mask = Drawn.mask("######", "#.##.#", "####.#", "######");
        try (Device device = Backends.open("cpu");
                ObjectFinder finder = new ObjectFinder(device, ObjectRules.of().fillHoles(1))) {
            assertEquals(1, finder.find(mask).measure().getFirst().holes());
        }
    }

    @Test
    void refuses() {
        assertThrows(BadInputException.class, () -> ObjectRules.of().connectivity(6));
        assertThrows(BadInputException.class, () -> ObjectRules.of().open(-1));
        assertThrows(BadInputException.class, () -> ObjectRules.of().split(Double.NaN));
        assertThrows(BadInputException.class, () -> ObjectRules.of().areas(5, 4));
        assertThrows(BadInputException.class, () -> ObjectRules.of().split(1).connectivity(ObjectRules.WHOLE));
    }
}
