package dev.kerf.backend.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.backend.gpu.kernel.Dialect;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.check.op.OpCase;
import dev.kerf.check.op.OpCases;
import dev.kerf.check.op.Outcome;
import dev.kerf.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The parameters that are shipped for some devices are right on all: the ops' cases run with them forced. */
class TunedKernelsTest {
    private static final Pattern SHIPPED = Pattern.compile("(default|tornado|nvidia(_corporation)?|sm_\\d+)\\.json");
    private static final Path FOLDER = Path.of("kernels", "tuned");
    private static final List<String> FAMILIES = List.of(
            "pooling and resizing", "normalisation", "elementwise", "moving", "counted", "frames");

    private static List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.sorted().toList();
        }
    }

    private static Map<String, Long> parameters(Json entry) {
        Map<String, Long> all = new LinkedHashMap<>();
        entry.at("parameters").members().forEach((name, value) -> all.put(name, value.asLong()));
        return all;
    }

    @Test
    void areAllowed() throws IOException {
        for (Path file : files()) {
            Json.read(file).members().forEach((kernel, entries) -> {
                Manifest m = Manifest.of(kernel);
                for (Json entry : entries.items()) {
                    Map<String, Long> all = new HashMap<>(Map.of("max_group", 1024L, "local_memory", 48L << 10));
                    if (m.devices().equals(List.of("CPU"))) {
                        // No GPU ever runs it: it must do with the least that it asks for itself.
                        Map<String, Long> small = new HashMap<>();
                        m.when().names().forEach(n -> small.put(n, 1L));
                        all.put("local_memory", Stream.of(48L, 256L, 512L).map(k -> k << 10)
                                .filter(local -> {
                                    small.put("local_memory", local);
                                    return m.when().holds(small);
                                })
                                .findFirst().orElseThrow());
                    }
                    m.parameters().forEach((name, p) -> all.put(name, p.standard()));
                    parameters(entry).forEach((name, value) -> {
                        assertTrue(m.parameters().get(name).values().contains(value),
                                kernel + " " + name + " " + value);
                        all.put(name, value);
                    });
                    // Those over sizes are held where a launch is lowered.
                    m.constraints().stream().filter(c -> all.keySet().containsAll(c.names()))
                            .forEach(c -> assertTrue(c.holds(all), kernel + " " + c + " " + all));
                }
                // The last entry holds for all sizes where code ships for a file: none falls back to parameters that it doesn't ship
                // with. In a file of a device's own, as `kerf tune --accept=kernels/tuned` makes it, other sizes go on to the next.
                if (SHIPPED.matcher(file.getFileName().toString()).matches() && m.dialect().readBy(Dialect.CUDA)) {
                    assertTrue(entries.items().getLast().find("when").isEmpty(), file + " " + kernel);
                }
            });
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("dev.kerf.backend.gpu.Parity#devices")
    void areRight(String id) throws IOException {
        for (Path file : files()) {
            // TornadoVM's kernels are other code, which knows no other parameters; PTX ships for NVIDIA's.
            if (id.startsWith("tornado:") && !file.endsWith("tornado.json")
                    || id.startsWith("ptx:") && !file.endsWith("nvidia.json")) {
                continue;
            }
            Json tuned = Json.read(file);
            long most = tuned.members().values().stream().mapToLong(e -> e.items().size()).max().orElse(0);
            for (int round = 0; round < most; round++) {
                Map<String, Map<String, Long>> forced = new HashMap<>();
                for (Map.Entry<String, Json> kernel : tuned.members().entrySet()) {
                    List<Json> entries = kernel.getValue().items();
                    if (round < entries.size()) {
                        forced.put(kernel.getKey(), parameters(entries.get(round)));
                    }
                }
                check(id, new Target.Forced(Map.of(), forced), round == 0 ? FAMILIES : List.of("normalisation"));
            }
        }
    }

    private static void check(String id, Target.Forced forced, List<String> families) {
        List<String> failures = new ArrayList<>();
        try (GpuDevice device = Parity.open(id, forced)) {
            for (String family : families) {
                for (OpCase c : OpCases.families().get(family)) {
                    for (Precision p : device.info().precisions()) {
                        Outcome outcome = c.check(device, CompileOptions.of().precision(p));
                        outcome.failures().forEach(f -> failures.add(p + " " + outcome.name() + ": " + f));
                    }
                }
            }
        }
        assertEquals(List.of(), failures);
    }
}
