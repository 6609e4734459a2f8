package dev.kerf.check.op;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.Lowering;
import dev.kerf.backend.gpu.Parity;
import dev.kerf.backend.gpu.Target;
import dev.kerf.backend.gpu.TunedParameters;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.check.ptx.Card;
import dev.kerf.check.ptx.LaunchCounter;
import dev.kerf.graph.StateOp;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Every variant of every kernel on every device that reads it, in its kernel's place wherever its {@code when} holds, held to the oracle.
 * The manifests are the list: a new variant is tested here by being there. What its kernel's own parity test adds are shapes.
 */
class VariantCasesTest {
    /** Of the cases that launch a variant, so many are run: kernels' parity tests have more shapes. */
    private static final int CASES = 2;

    private static List<Manifest> variants() {
        try (Stream<Path> files = Files.list(Path.of("kernels", "manifest"))) {
            return files.sorted().map(f -> Manifest.of(f.getFileName().toString().replace(".json", "")))
                    .flatMap(m -> m.variants().stream()).toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Float32, or those that a variant is for. */
    private static List<Precision> precisions(Manifest variant) {
        return variant.precisions().isEmpty() ? List.of(Precision.FLOAT32) : variant.precisions();
    }

    /** The cases whose lowering launches a variant when it is forced. */
    private static List<OpCase> launching(
            Driver.Facts facts, Manifest variant, Precision precision, Map<String, Long> parameters) {
        TunedParameters tuned = TunedParameters.of(facts);
        return OpCases.all().stream().filter(c -> {
            Target target = Target.of(facts, c.record(), Set.of(), precision, tuned, forced(variant, parameters));
            return target.graph().nodes().stream().filter(n -> !(n.op() instanceof StateOp))
                    .flatMap(n -> Lowering.lower(n, target).stream())
                    .anyMatch(call -> call.kernel().name().equals(variant.name()));
        }).toList();
    }

    private static Target.Forced forced(Manifest variant, Map<String, Long> parameters) {
        return new Target.Forced(Map.of(variant.variantOf(), variant.name()), Map.of(variant.name(), parameters));
    }

    /** On a GPU, or on a CPU by its OpenCL: a variant that no case launches would be tested by nobody. */
    @Test
    void everyVariantHasACase() {
        List<String> without = new ArrayList<>();
        try (LaunchCounter h100 = new LaunchCounter(Card.of("h100"))) {
            Driver.Facts cpu = new Driver.Facts(new Device.Info("opencl", 0, Device.Info.Kind.CPU, "a processor", "V", "1",
                    1L << 34, 1L << 32, 8, List.of(Precision.FLOAT32)), "", 64, 4096, 1 << 20, false);
            for (Manifest v : variants()) {
                Precision p = precisions(v).getFirst();
                if (launching(h100.device().driver().facts(), v, p, Map.of()).isEmpty()
                        && launching(cpu, v, p, Map.of()).isEmpty()) {
                    without.add(v.name() + " when " + v.when());
                }
            }
        }
        assertEquals(List.of(), without, "a case of OpCases whose sizes are such");
    }

    @TestFactory
    Stream<DynamicTest> variantsAreRight() {
        // TornadoVM's are other code, and it has no variants but those that are classes.
        return Parity.devices().filter(id -> !id.startsWith("tornado:")).flatMap(id -> variants().stream()
                .map(v -> DynamicTest.dynamicTest(id + " " + v.name(), () -> isRight(id, v))));
    }

    private static void isRight(String id, Manifest variant) {
        Map<String, Long> parameters = Map.of();
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE)) {
            if (device.info().kind() == Device.Info.Kind.CPU && variant.devices().equals(List.of("GPU"))) {
                parameters = least(variant, device.driver().facts());
            }
        }
        try (GpuDevice device = Parity.open(id, forced(variant, parameters))) {
            for (Precision p : precisions(variant)) {
                if (!device.info().takes(p)) {
                    continue;
                }
                List<OpCase> cases = launching(device.driver().facts(), variant, p, parameters);
                for (OpCase c : cases.subList(0, Math.min(CASES, cases.size()))) {
                    assertEquals(List.of(), c.check(device, CompileOptions.of().precision(p).unfused()).failures(), c.name());
                }
            }
        }
    }

    /** The smallest values that constraints allow: a CPU's compiler takes minutes over a GPU's tile. */
    private static Map<String, Long> least(Manifest variant, Driver.Facts facts) {
        List<Map<String, Long>> all = List.of(Map.of());
        for (Map.Entry<String, Manifest.Parameter> p : variant.parameters().entrySet()) {
            all = all.stream().flatMap(set -> p.getValue().values().stream().map(value -> {
                Map<String, Long> more = new LinkedHashMap<>(set);
                more.put(p.getKey(), value);
                return more;
            })).toList();
        }
        return all.stream().filter(set -> {
            Map<String, Long> names = new HashMap<>(set);
            names.put("max_group", (long) facts.maxGroup());
            names.put("local_memory", facts.localMemory());
            // Those over sizes are held where the set is forced.
            return variant.constraints().stream().allMatch(c -> !names.keySet().containsAll(c.names()) || c.holds(names));
        }).min(Comparator.comparingLong(set -> set.values().stream().mapToLong(Long::longValue).sum())).orElseThrow();
    }
}
