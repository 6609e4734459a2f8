package dev.kerf.tune.space;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import dev.kerf.tune.space.Space.Neighbourhood;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KernelSpaceTest {
    private static final Map<String, Long> FACTS = Map.of("max_group", 256L, "local_memory", 32768L, "compute_units", 8L,
            "dynamic_local", 0L, "M", 3000L);

    /** All combinations, tried one by one. */
    private static List<Map<String, Long>> filtered(Manifest kernel) {
        List<Map<String, Long>> all = List.of(Map.of());
        for (Map.Entry<String, Manifest.Parameter> p : kernel.parameters().entrySet()) {
            List<Map<String, Long>> longer = new ArrayList<>();
            for (Map<String, Long> shorter : all) {
                for (long v : p.getValue().values()) {
                    Map<String, Long> more = new HashMap<>(shorter);
                    more.put(p.getKey(), v);
                    longer.add(more);
                }
            }
            all = longer;
        }
        return all.stream().filter(set -> {
            Map<String, Long> names = new HashMap<>(FACTS);
            names.putAll(set);
            return kernel.constraints().stream().allMatch(c -> c.holds(names));
        }).toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"conv2d", "conv2d_direct", "conv2d_split", "matmul", "attention", "nms_bits", "unary",
        "layer_norm"})
    void hasWhatHoldsAllConstraints(String name) {
        Manifest kernel = Manifest.of(name);
        Space space = KernelSpace.of(kernel, FACTS);
        List<Map<String, Long>> found = new ArrayList<>();
        for (int i = 0; i < space.size(); i++) {
            Map<String, Long> set = new HashMap<>();
            space.configuration(i).forEach((p, v) -> set.put(p, v.asLong()));
            found.add(set);
            assertEquals(i, space.number(space.configuration(i)));
        }
        assertEquals(filtered(kernel), found);
    }

    /** A number that is made of parameters decides a constraint only when these have values. */
    @Test
    void constraintsSeeGivenNumbers() {
        Space space = KernelSpace.of(Manifest.parse("k", Json.parse("""
                {"file": "k.cl", "what": "", "arguments": ["int n"],
                 "parameters": {"A": {"default": 1, "values": [1, 2, 3]}, "B": {"default": 1, "values": [1, 2, 3]}},
                 "given": {"product": {"number": "A * B"}, "twice": {"number": "2 * product"}},
                 "constraints": ["twice <= n", "A != 3"],
                 "global": ["1"], "local": ["1"], "flops": "0", "bytes": "0"}""")), Map.of("n", 6L, "product", 100L));
        assertEquals(4, space.size());
        assertEquals("{A=2, B=1}", space.configuration(3).toString());
    }

    @Test
    void aSizeThatNobodyGaveIsNamed() {
        Map<String, Long> without = new HashMap<>(FACTS);
        without.remove("M");
        String said = assertThrows(BadInputException.class, () -> KernelSpace.of(Manifest.of("nms_bits"), without))
                .getMessage();
        assertTrue(said.contains("[M]") && said.contains("M <= 32 * GROUP"), said);
    }

    @Test
    void noneIsAnError() {
        Map<String, Long> tiny = new HashMap<>(FACTS);
        tiny.put("max_group", 1L);
        assertThrows(BadInputException.class, () -> KernelSpace.of(Manifest.of("conv2d"), tiny));
    }

    /** Of few parameters and many configurations, and the other way round. */
    @ParameterizedTest
    @ValueSource(strings = {"matmul", "attention", "conv2d_direct"})
    void neighboursDifferAsTheySay(String kernel) {
        Space space = KernelSpace.of(Manifest.of(kernel), FACTS);
        for (int c = 0; c < space.size(); c++) {
            List<Integer> hamming = new ArrayList<>();
            List<Integer> adjacent = new ArrayList<>();
            for (int o = 0; o < space.size(); o++) {
                int[] a = space.values(c);
                int[] b = space.values(o);
                int differing = 0;
                int step = 0;
                for (int i = 0; i < a.length; i++) {
                    differing += a[i] == b[i] ? 0 : 1;
                    step = Math.max(step, Math.abs(a[i] - b[i]));
                }
                assertEquals(differing, space.distance(c, o));
                if (differing == 1) {
                    hamming.add(o);
                }
                if (step == 1) {
                    adjacent.add(o);
                }
            }
            assertEquals(hamming, Arrays.stream(space.neighbours(c, Neighbourhood.HAMMING)).boxed().toList());
            assertEquals(adjacent, Arrays.stream(space.neighbours(c, Neighbourhood.ADJACENT)).boxed().toList());
        }
    }

    @Test
    void whatBreaksAConstraintBecomesTheNearest() {
        Space space = Space.listed(List.of(new Space.Parameter("a", List.of(Json.of(1), Json.of(2))),
                new Space.Parameter("b", List.of(Json.of("x"), Json.of("y"), Json.of("z")))),
                List.of(Map.of("a", Json.of(1), "b", Json.of("x")), Map.of("a", Json.of(2), "b", Json.of("y")),
                        Map.of("a", Json.of(2), "b", Json.of("z"))));
        assertEquals(-1, space.number(new int[] {0, 2}));
        int[] seen = new int[3];
        Random random = new Random(1);
        for (int i = 0; i < 200; i++) {
            seen[space.nearest(new int[] {0, 2}, random)]++;
        }
        assertEquals(0, seen[1]);
        assertTrue(seen[0] > 60 && seen[2] > 60, Arrays.toString(seen));
        assertEquals(1, space.nearest(new int[] {1, 1}, random));
        assertArrayEquals(new int[] {2}, space.neighbours(1, Neighbourhood.HAMMING));
    }
}
