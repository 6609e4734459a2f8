package dev.kerf.backend.gpu.tornado;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.Parity;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Buffers of {@value #ITEMS} floats and what TornadoVM's drivers do with them. */
final class TornadoFloats {
    static final int ITEMS = 64;
    static final long BYTES = 4L * ITEMS;

    private TornadoFloats() {}

    static Stream<String> devices() {
        return Parity.devices().filter(id -> id.startsWith("tornado:"));
    }

    static Driver open(String id) {
        return TornadoBackend.openDriver(Integer.parseInt(id.substring(id.indexOf(':') + 1)));
    }

    static List<Object> arguments(Manifest kernel, Map<String, Object> given) {
        List<Object> all = new ArrayList<>();
        for (Manifest.Argument a : kernel.arguments()) {
            Object none = switch (a.type()) {
                case "int" -> 0;
                case "float" -> 0f;
                default -> 0L;
            };
            all.add(given.getOrDefault(a.name(), none));
        }
        return all;
    }

    /** y = a + b for 64 floats. */
    static Driver.Launch add(Driver d, Driver.Buffer a, Driver.Buffer b, Driver.Buffer y) {
        Map<String, Object> given = new HashMap<>(Map.of("a", a, "b", b, "y", y, "N", 1, "inner", ITEMS, "d1", ITEMS));
        given.put("a_s1", 1L);
        given.put("b_s1", 1L);
        return d.launch(d.load("binary", Map.of("TYPE", "real", "FUNCTION", "0", "ACT", "0", "RANK", "1", "GROUP", "64",
                "ITEMS", "1")), new long[] {64, 1}, new long[] {64, 1}, arguments(Manifest.of("binary"), given));
    }

    /** Keeps a device busy for a while. */
    static Driver.Launch slow(Driver d, Driver.Buffer y, int rounds) {
        return d.launch(d.load("multiply_add", Map.of("GROUP", "64", "WIDE", "0")), new long[] {64}, new long[] {64},
                List.of(y, ITEMS, rounds, 0.999f, 0.001f));
    }

    static int argument(String name) {
        return Manifest.of("binary").index(name);
    }

    static Driver.Buffer filled(Driver d, Driver.Queue queue, float value) {
        Driver.Buffer buffer = d.allocate(BYTES, DType.F32);
        try (Driver.Staging stage = d.staging(BYTES)) {
            for (int i = 0; i < ITEMS; i++) {
                stage.memory().setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
            }
            queue.upload(buffer, 0, stage.memory(), 0, BYTES);
            queue.synchronize();
        }
        return buffer;
    }

    static float[] read(Driver.Queue queue, Driver.Buffer buffer) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment out = arena.allocate(BYTES, 4);
            queue.download(buffer, 0, out, 0, BYTES);
            queue.synchronize();
            return out.toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    static float[] all(float value) {
        float[] v = new float[ITEMS];
        Arrays.fill(v, value);
        return v;
    }
}
