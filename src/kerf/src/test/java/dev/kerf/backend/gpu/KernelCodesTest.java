package dev.kerf.backend.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kerf.backend.Precision.Storage;
import dev.kerf.backend.gpu.device.ErrorCell;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.graph.MeasureOp.MaskForm;
import dev.kerf.graph.MoveOp.PadMode;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.ReduceOp.Reduction;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.ToIntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The numbers that kernels and manifests use for a choice are those of the op that makes it. */
class KernelCodesTest {
    /**
     * What a kernel defines.
     *
     * @param file    under kernels/
     * @param choice  what the names of its constants start with
     * @param codes   the names that follow, and their numbers
     * @param shipped the kernel whose manifest ships all of them as an attribute of that name; empty for none
     */
    record Codes(String file, String choice, Map<String, Integer> codes, String shipped) {}

    static Stream<Codes> codes() {
        Map<String, Integer> unary = of(PointwiseOp.Function.values(), PointwiseOp.Function::code);
        unary.put("CLAMP", PointwiseOp.Clamp.CODE);
        Map<String, Integer> forms = new TreeMap<>(Map.of("BYTES", new MaskForm.Bytes().code(), "BITS",
                new MaskForm.Bits().code(), "LOGITS", new MaskForm.Logits(0).code()));
        return Stream.of(
                new Codes("dialect.h", "ACT", of(Activation.values(), Activation::code), ""),
                new Codes("dialect.h", "STORAGE", of(Storage.values(), Storage::code), ""),
                new Codes("dialect.h", "ERROR", Map.of("CAPACITY", ErrorCell.CAPACITY, "INDEX", ErrorCell.INDEX), ""),
                new Codes("unary.cl", "FUNCTION", unary, "unary"),
                new Codes("binary.cl", "FUNCTION", of(PointwiseOp.Arithmetic.values(), PointwiseOp.Arithmetic::code),
                        "binary"),
                new Codes("compare.cl", "RELATION", of(PointwiseOp.Relation.values(), PointwiseOp.Relation::code),
                        "compare"),
                new Codes("reduce.h", "REDUCTION", of(Reduction.values(), Reduction::code), "reduce"),
                new Codes("pad.cl", "MODE", of(PadMode.values(), PadMode::code), "pad"),
                new Codes("mask_pack.cl", "FORM", forms, "mask_pack"));
    }

    private static <E extends Enum<E>> Map<String, Integer> of(E[] all, ToIntFunction<E> code) {
        return Arrays.stream(all).collect(Collectors.toMap(Enum::name, code::applyAsInt, (a, b) -> b, TreeMap::new));
    }

    @ParameterizedTest
    @MethodSource("codes")
    void kernelsUseTheOpsNumbers(Codes c) {
        Matcher m = Pattern.compile("(?m)^#define " + c.choice + "_(\\w+) (\\d+)$").matcher(Manifest.resource(c.file));
        Map<String, Integer> defined = new TreeMap<>();
        while (m.find()) {
            defined.put(m.group(1), Integer.parseInt(m.group(2)));
        }
        assertEquals(c.codes, defined);
        assertEquals(c.codes.size(), new TreeSet<>(c.codes.values()).size(), "no number twice");
        if (!c.shipped.isEmpty()) {
            Set<String> shipped = new TreeSet<>();
            Manifest.of(c.shipped).combinations().forEach(set -> shipped.add(set.get(c.choice)));
            Set<String> numbers = new TreeSet<>();
            c.codes.values().forEach(code -> numbers.add(String.valueOf(code)));
            assertEquals(numbers, shipped);
        }
    }
}
