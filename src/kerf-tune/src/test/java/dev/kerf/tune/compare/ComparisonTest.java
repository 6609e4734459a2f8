package dev.kerf.tune.compare;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import dev.kerf.tune.Simulation;
import dev.kerf.tune.compare.Comparison.MethodResult;
import dev.kerf.tune.result.Results;
import dev.kerf.tune.result.Results.About;
import dev.kerf.tune.result.Trial;
import dev.kerf.tune.result.Trial.Times;
import dev.kerf.tune.result.Trial.Validity;
import dev.kerf.tune.search.RandomSearch;
import dev.kerf.tune.search.Search;
import dev.kerf.tune.search.SearchStrategy;
import dev.kerf.tune.space.Space;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntBinaryOperator;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ComparisonTest {
    /** Costs of a × b configurations; those of 0 fail. */
    private static Results file(int a, int b, IntBinaryOperator cost) {
        List<Trial> trials = new ArrayList<>();
        for (int x = 0; x < a; x++) {
            for (int y = 0; y < b; y++) {
                Map<String, Json> c = new LinkedHashMap<>();
                c.put("x", Json.of(x));
                c.put("y", Json.of(y));
                int of = cost.applyAsInt(x, y);
                trials.add(new Trial(c, of == 0 ? Validity.RUNTIME : Validity.CORRECT, of == 0 ? Double.NaN : of,
                        new Times(2, 0, 1, 0, 0, List.of()), "", ""));
            }
        }
        return new Results(new About("D", "k", Map.of(), List.of(
                new Space.Parameter("x", IntStream.range(0, a).mapToObj(Json::of).toList()),
                new Space.Parameter("y", IntStream.range(0, b).mapToObj(Json::of).toList())), Results.TIME), trials);
    }

    /** The mean over all ways to draw n, one by one. */
    @Test
    void theBaselineIsTheMeanOverAllDraws() {
        int[] costs = {5, 0, 3, 9, 3, 0, 7, 8};
        Baseline baseline = Baseline.of(new Simulation(file(2, 4, (x, y) -> costs[4 * x + y])));
        for (int n = 1; n <= 8; n++) {
            double sum = 0;
            int ways = 0;
            for (int drawn = 0; drawn < 256; drawn++) {
                if (Integer.bitCount(drawn) == n) {
                    int chosen = drawn;
                    int best = IntStream.range(0, 8).filter(i -> (chosen >> i & 1) == 1 && costs[i] > 0).map(i -> costs[i])
                            .min()
                            .orElse(0);
                    sum += best;
                    ways += best > 0 ? 1 : 0;
                }
            }
            assertEquals(sum / ways, baseline.expected(n), 1e-12, n + " draws");
        }
        assertEquals(3, baseline.optimum());
        assertEquals(6, baseline.median());
        // Of 3 and 6, within 3.15: all but one or two of eight.
        int end = baseline.evaluations();
        assertTrue(baseline.expected(end) <= 3.15 && baseline.expected(end - 1) > 3.15, end + " evaluations");
        assertEquals(3.0 * end, baseline.seconds());
        assertEquals((baseline.expected(1) + baseline.expected(2)) / 2, baseline.at(4.5), 1e-12);
    }

    /** Goes straight to the optimum. */
    private static final class Clairvoyant implements SearchStrategy {
        @Override
        public String name() {
            return "clairvoyant";
        }

        @Override
        public String what() {
            return "";
        }

        @Override
        public Search start(Space space, RandomGenerator random, Map<String, Double> settings) {
            return new Search() {
                private boolean asked;

                @Override
                public int ask() {
                    int next = asked ? DONE : space.number(Map.of("x", Json.of(7), "y", Json.of(3)));
                    asked = true;
                    return next;
                }

                @Override
                public void tell(int configuration, double cost) {}
            };
        }
    }

    private static int hills(int x, int y) {
        return x == 12
                ? 0
                : 100 + 10 * Math.abs(x - 7) + 15 * Math.abs(y - 3) + (x * 31 + y * 17) % 7 * (x == 7 && y == 3 ? 0 : 5);
    }

    @Test
    void randomSearchIsZeroAndTheOptimumAtOnceIsOne() {
        Comparison c = Comparison.of(Map.of("hills", file(24, 16, ComparisonTest::hills)),
                List.of(new RandomSearch(), new Clairvoyant(), SearchStrategy.of("greedy-ils")), 64, _ -> {});
        List<MethodResult> methods = c.spaces().getFirst().methods();
        MethodResult random = methods.get(0);
        assertTrue(Math.abs(random.score()) < 2 * random.interval(), random.toString());
        MethodResult best = methods.get(1);
        // The first step may come before the first evaluation ends.
        assertEquals(1, best.p()[Comparison.TIMES - 1], 1e-12);
        assertEquals(1, best.share()[Comparison.TIMES / 2], 1e-12);
        assertEquals(1.0, best.near().orElseThrow());
        assertTrue(best.score() > 0.9 && best.interval() < 1e-9, best.toString());
        assertTrue(methods.get(2).score() > random.score() + random.interval(), c.scores().toString());
        assertEquals(List.of("clairvoyant", "greedy-ils", "random"), List.copyOf(c.scores().keySet()));
        Json json = c.json(64);
        assertEquals(best.score(), json.at("scores").at("clairvoyant").asDouble());
        assertEquals(Comparison.TIMES, json.at("spaces").at(0).at("methods").at(0).at("p").size());
        String page = ComparisonPage.html(c, 64);
        assertEquals(2, page.split("<svg ").length - 1);
        assertEquals(6, page.split("<polyline ").length - 1);
        assertTrue(!page.contains("http") && !page.contains("<script"), "needs nothing else");
    }

    @Test
    void importanceIsTheShareOfVarianceBetweenValues() {
        Map<String, Double> one = Importance.of(file(4, 5, (x, y) -> 1 << x));
        assertEquals(1, one.get("x"), 1e-12);
        assertEquals(0, one.get("y"), 1e-12);
        // Products add up in logarithms: var(0, 1, 2, 3) : var(0, 2, 4, 6), in units of ln 2.
        Map<String, Double> both = Importance.of(file(4, 4, (x, y) -> 1 << x + 2 * y));
        assertEquals(0.2, both.get("x"), 1e-12);
        assertEquals(0.8, both.get("y"), 1e-12);
        // Neither says anything by itself.
        Map<String, Double> xor = Importance.of(file(2, 2, (x, y) -> 1 + (x ^ y)));
        assertEquals(0, xor.get("x") + xor.get("y"), 1e-12);
    }

    /** The best set of one space may be another's worst, and may have failed there or not be there at all. */
    @Test
    void setsAreTakenFromSpaceToSpace() {
        Map<String, Results> files = new LinkedHashMap<>();
        files.put("a", file(3, 3, (x, y) -> 1 + x + y));
        files.put("b", file(3, 3, (x, y) -> x == 0 && y == 0 ? 10 : 2 + 2 * x + y));
        files.put("c", file(3, 3, (x, y) -> x == 0 ? 0 : 5 + 3 * x + y));
        Comparison c = Comparison.of(files, List.of(new RandomSearch()), 2, _ -> {});
        assertArrayEquals(new double[][] {{1, 0.5, 0.5}, {0.3, 1, 3.0 / 4}, {Double.NaN, Double.NaN, 1}}, c.portability());
        assertTrue(c.json(2).at("portability").at(2).at(0).isNull());
    }

    @Test
    void whatHasNothingToFindIsRefused() {
        assertThrows(BadInputException.class,
                () -> Comparison.of(Map.of("flat", file(3, 3, (x, y) -> 4)), List.of(new RandomSearch()), 2, _ -> {}));
    }
}
