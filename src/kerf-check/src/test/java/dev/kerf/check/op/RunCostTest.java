package dev.kerf.check.op;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RunCostTest {
    private static final String DEVICES = "dev.kerf.backend.BackendsUnderTest#devices";

    @ParameterizedTest
    @MethodSource(DEVICES)
    void runsAllocateNothing(String id) {
        try (Device device = Backends.open(id)) {
            assumeTrue(RunCost.excused(device).isEmpty(), RunCost.excused(device));
            assertEquals(List.of(), RunCost.runsAllocateNothing(device, CompileOptions.of()).failures());
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void manyRunsDontGrowMemory(String id) {
        int runs = id.startsWith("cpu") ? 1_000_000 : 100_000;
        try (Device device = Backends.open(id)) {
            assertEquals(List.of(), RunCost.runsDontGrow(device, CompileOptions.of(), runs).failures());
            assertEquals(List.of(), RunCost.memoryComesBack(device, CompileOptions.of()).failures());
        }
    }
}
