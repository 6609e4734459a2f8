package dev.kerf.check.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.BackendsUnderTest;
import dev.kerf.backend.Precision;
import dev.kerf.backend.SharedDevices;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every stage of what the references compute, within ten times what float32 itself costs, and what models make of it: labels,
 * masks, detections, panoptic maps. {@code -Dkerf.test.goldens=DIR} runs another case, or those in another folder.
 */
class GoldenTest {
    @RegisterExtension
    static final SharedDevices DEVICES = new SharedDevices();

    private static final Path CASES = Path
            .of(System.getProperty("kerf.test.goldens", "src/kerf-check/src/test/resources/goldens"));

    static Stream<Arguments> cases() {
        return BackendsUnderTest.devices().flatMap(
                device -> Golden.find(List.of(CASES)).stream().map(folder -> Arguments.of(device, folder)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void everyStageOfTheReference(String backend, Path folder) throws Exception {
        Golden golden = Golden.of(folder);
        DEVICES.on(backend, device -> {
            List<Golden.Figure> figures = golden.run(device, Precision.FLOAT32);
            assertTrue(figures.size() > golden.golden().stages().size());
            assertEquals(List.of(), figures.stream().filter(f -> !f.passed()).toList());
        });
    }
}
