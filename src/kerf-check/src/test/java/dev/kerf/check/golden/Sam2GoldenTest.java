package dev.kerf.check.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.BackendsUnderTest;
import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.tensor.HostTensor;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every stage of what upstream computes, within ten times what float32 itself costs, and every mask's pixels. */
class Sam2GoldenTest {
    static Stream<Arguments> cases() {
        return BackendsUnderTest.devices().flatMap(device -> Stream.of("sam2-quick", "sam2-predictor-quick",
                "sam2-small-quick").map(name -> Arguments.of(device, name)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void everyStageOfTheReference(String backend, String name) {
        GoldenCase golden = GoldenCase.open(Path.of("src/kerf-check/src/test/resources/goldens").resolve(name));
        try (Device device = Backends.open(backend)) {
            Map<String, HostTensor> stages = Sam2Case.stages(golden, device, Precision.FLOAT32);
            var rows = golden.compare(stages);
            assertTrue(rows.stream().allMatch(GoldenCase.Row::passed), () -> backend + ": " + rows);
            golden.stages().keySet().stream().filter(s -> s.endsWith("low_res_masks")).forEach(s ->
                    assertEquals(0, golden.wrongSigns(s, stages.get(s)), s));
        }
    }
}
