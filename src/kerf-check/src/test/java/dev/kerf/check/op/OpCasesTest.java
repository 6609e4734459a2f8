package dev.kerf.check.op;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kerf.backend.BackendsUnderTest;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Precision;
import dev.kerf.backend.Precision.Storage;
import dev.kerf.backend.SharedDevices;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.LayoutOp;
import dev.kerf.graph.Op;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Every op on every device against the oracle. */
class OpCasesTest {
    @RegisterExtension
    static final SharedDevices DEVICES = new SharedDevices();

    /** The sealed family is the list of what there is: an op without a case fails here by its name. */
    @Test
    void everyOpHasCases() {
        Set<Class<?>> used = OpCases.all().stream().flatMap(c -> c.record().nodes().stream()).map(Node::op)
                .map(Op::getClass).collect(Collectors.toSet());
        List<String> without = recorded().filter(op -> !used.contains(op)).map(Class::getSimpleName).toList();
        assertEquals(List.of(), without);
        assertEquals(used.size(), recorded().count());
    }

    /** All ops but those that passes make for back ends that want them, which have tests of their own. */
    private static Stream<Class<?>> recorded() {
        return members(Op.class).filter(op -> !LayoutOp.class.isAssignableFrom(op));
    }

    private static Stream<Class<?>> members(Class<?> family) {
        return family.isSealed()
                ? Arrays.stream(family.getPermittedSubclasses()).flatMap(OpCasesTest::members)
                : Stream.of(family);
    }

    @Test
    void aCaseHasOneName() {
        List<String> names = OpCases.all().stream().map(OpCase::name).toList();
        assertEquals(names.size(), Set.copyOf(names).size());
    }

    @TestFactory
    Stream<DynamicTest> ops() {
        return BackendsUnderTest.devices().flatMap(id -> OpCases.all().stream().map(c -> DynamicTest.dynamicTest(
                id + " " + c, () -> DEVICES.on(id, device -> {
                    assertEquals(List.of(), c.check(device, CompileOptions.of()).failures());
                    assertEquals(List.of(), c.check(device, CompileOptions.of().unfused()).failures());
                    for (Precision p : device.info().precisions()) {
                        if (p.storage() != Storage.F32) {
                            assertEquals(List.of(), c.check(device, CompileOptions.of().precision(p)).failures());
                        }
                    }
                }))));
    }
}
