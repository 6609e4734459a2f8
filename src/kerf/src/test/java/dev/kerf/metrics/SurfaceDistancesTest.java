package dev.kerf.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Spacing;
import dev.kerf.json.Json;
import dev.kerf.mask.Mask;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Distances of surfaces: those of DeepMind's surface-distance and scipy's directed_hausdorff, to within float64's rounding. */
class SurfaceDistancesTest {
    private static List<Json> figures() throws IOException {
        try (var in = SurfaceDistancesTest.class.getResourceAsStream("distances.json")) {
            return Json.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8), "distances.json").items();
        }
    }

    private static byte[] bytes(Json bits) {
        byte[] out = bits.asString().getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < out.length; i++) {
            out[i] -= '0';
        }
        return out;
    }

    private static SurfaceDistances of(Json e) {
        return SurfaceDistances.of(bytes(e.at("truth")), bytes(e.at("predicted")),
                Arrays.stream(e.at("shape").asLongs()).mapToInt(n -> (int) n).toArray(), e.at("spacing").asDoubles());
    }

    private static void same(Json expected, double found, String what) {
        double want = expected.isNull() ? Double.NaN : expected.isString() ? Double.POSITIVE_INFINITY : expected.asDouble();
        assertEquals(want, found, Double.isFinite(want) ? 1e-12 * Math.max(1, want) : 0, what);
    }

    @Test
    void asSurfaceDistanceAndScipyHaveThem() throws IOException {
        Set<Integer> axes = new HashSet<>();
        int scipy = 0;
        for (Json e : figures()) {
            String name = e.at("name").asString();
            axes.add(e.at("shape").size());
            SurfaceDistances d = of(e);
            if (d.isEmpty()) {
                // It has infinite percentiles there; here nothing has no score at all.
                assertTrue(Double.isNaN(d.hausdorff()) && Double.isNaN(d.surfaceDice(1)) && Double.isNaN(d.averageFromTruth())
                        && Double.isNaN(d.averageSymmetric()), name);
                continue;
            }
            for (int percent : new int[] {50, 95, 100}) {
                same(e.at("hausdorff" + percent), d.hausdorff(percent), name + ", percentile " + percent);
            }
            same(e.at("dice0"), d.surfaceDice(0), name);
            same(e.at("dice1"), d.surfaceDice(1), name);
            same(e.at("dice1.5"), d.surfaceDice(1.5), name);
            if (e.find("scipy").isPresent()) {
                scipy++;
                same(e.at("scipy"), d.hausdorff(), name + ", by scipy");
                same(e.at("average").at(0), d.averageFromTruth(), name);
                same(e.at("average").at(1), d.averageFromPredicted(), name);
                double low = Math.min(d.averageFromTruth(), d.averageFromPredicted());
                double high = Math.max(d.averageFromTruth(), d.averageFromPredicted());
                assertTrue(d.averageSymmetric() >= low - 1e-12 && d.averageSymmetric() <= high + 1e-12, name);
            } else {
                assertEquals(Double.POSITIVE_INFINITY, d.averageSymmetric(), name);
                assertEquals(Double.POSITIVE_INFINITY, Math.max(d.averageFromTruth(), d.averageFromPredicted()), name);
            }
        }
        assertEquals(Set.of(2, 3), axes);
        assertEquals(17, scipy);
    }

    @Test
    void masksOfPictures() throws IOException {
        for (Json e : figures()) {
            if (e.at("shape").size() == 2) {
                int h = e.at("shape").at(0).asInt();
                int w = e.at("shape").at(1).asInt();
                Spacing spacing = Spacing.of(e.at("spacing").at(1).asDouble(), e.at("spacing").at(0).asDouble(), "mm");
                SurfaceDistances d = SurfaceDistances.of(Mask.of(w, h, bytes(e.at("truth"))),
                        Mask.of(w, h, bytes(e.at("predicted"))),
                        spacing);
                assertEquals(of(e).hausdorff95(), d.hausdorff95(), e.at("name").asString());
            }
        }
    }

    @Test
    void everyCodeHasASurface() {
        double[] areas = SurfaceElements.of(1, 1, 1);
        assertEquals(0, areas[0] + areas[255]);
        for (int code = 1; code < 255; code++) {
            assertTrue(areas[code] > 0, "code " + code);
        }
    }

    @Test
    void limitsOfMeans() {
        Bootstrap.Interval alike = Bootstrap.of().mean(new double[] {0.25, Double.NaN, 0.25, 0.25});
        assertEquals(new Bootstrap.Interval(0.25, 0.25, 0.25, 3), alike);
        double[] cases = new double[400];
        Arrays.setAll(cases, i -> i % 20 / 20.0);
        Bootstrap.Interval many = Bootstrap.of().mean(cases);
        assertEquals(0.475, many.mean(), 1e-12);
        // 1.96 standard errors of the mean.
        double error = 1.96 * Math.sqrt(Arrays.stream(cases).map(v -> (v - 0.475) * (v - 0.475)).average().orElseThrow() / 400);
        assertEquals(many.mean() - error, many.low(), 0.1 * error);
        assertEquals(many.mean() + error, many.high(), 0.1 * error);
        assertEquals(many, Bootstrap.of().mean(cases));
        assertEquals(0, Bootstrap.of().mean(new double[] {Double.NaN}).cases());
        assertEquals(Double.POSITIVE_INFINITY, Bootstrap.of().mean(new double[] {1, Double.POSITIVE_INFINITY}).high());
    }

    @Test
    void refuses() {
        assertThrows(BadInputException.class, () -> SurfaceDistances.of(new byte[4], new byte[4], new int[] {4}, 1));
        assertThrows(BadInputException.class, () -> SurfaceDistances.of(new byte[4], new byte[5], new int[] {2, 2}, 1, 1));
        assertThrows(BadInputException.class, () -> SurfaceDistances.of(new byte[4], new byte[4], new int[] {2, 2}, 1, 0));
        assertThrows(BadInputException.class, () -> SurfaceDistances.of(Mask.empty(2, 2), Mask.empty(2, 3), Spacing.PIXELS));
        SurfaceDistances d = SurfaceDistances.of(new byte[] {1}, new byte[] {1}, new int[] {1, 1}, 1, 1);
        assertThrows(BadInputException.class, () -> d.hausdorff(101));
        assertThrows(BadInputException.class, () -> d.surfaceDice(-1));
        assertThrows(BadInputException.class, () -> new Bootstrap(0, 0.95, 1));
    }
}
