package dev.kerf.check.op;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kerf.backend.Backends;
import dev.kerf.backend.BackendsUnderTest;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Every op on every device against the oracle. */
class OpCasesTest {
    @TestFactory
    Stream<DynamicTest> ops() {
        return BackendsUnderTest.devices().flatMap(id -> OpCases.all().stream().map(c -> DynamicTest.dynamicTest(
                id + " " + c, () -> {
                    try (Device device = Backends.open(id)) {
                        assertEquals(List.of(), c.check(device, CompileOptions.of()).failures());
                        assertEquals(List.of(), c.check(device, CompileOptions.of().unfused()).failures());
                    }
                })));
    }
}
