package dev.kerf.check.op;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Small graphs that together use every op, over awkward shapes: 1, primes, one past a tile. */
public final class OpCases {
    private OpCases() {}

    /** All cases. */
    public static List<OpCase> all() {
        return families().values().stream().flatMap(List::stream).toList();
    }

    /** All cases by what they are about. */
    public static Map<String, List<OpCase>> families() {
        Map<String, List<OpCase>> families = new LinkedHashMap<>();
        family(families, "convolution", SpatialCases::convolutions);
        family(families, "pooling and resizing", SpatialCases::images);
        family(families, "matrix", ArithmeticCases::matrices);
        family(families, "normalisation", ArithmeticCases::norms);
        family(families, "elementwise", ArithmeticCases::pointwise);
        family(families, "moving", MoveCases::moves);
        family(families, "reduction", ArithmeticCases::reductions);
        family(families, "counted", MoveCases::counts);
        family(families, "states", MoveCases::states);
        family(families, "selection", DetectorCases::selections);
        family(families, "boxes", DetectorCases::boxes);
        family(families, "measuring", PixelCases::measures);
        family(families, "frames", PixelCases::frames);
        return families;
    }

    private static void family(Map<String, List<OpCase>> families, String name, Consumer<List<OpCase>> record) {
        List<OpCase> cases = new ArrayList<>();
        record.accept(cases);
        families.put(name, cases);
    }
}
