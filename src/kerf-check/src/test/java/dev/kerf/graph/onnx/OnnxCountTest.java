package dev.kerf.graph.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OrtException;
import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.error.UnsupportedOpException;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Extents that follow from how much a run finds: as ONNX Runtime has them, or refused. */
class OnnxCountTest {
    private static final HostTensor X = HostTensor.of(Shape.of(6), new float[] {0, 3, 0, -1, 5, 0});

    @TempDir
    private Path dir;

    /** Indices (n) of what isn't 0 and its extents (1, n) as {@code s}, of which {@code n} and {@code one} are taken. */
    private static OnnxWriter found() {
        return new OnnxWriter(17).input("x", 1, "6")
                .longs("first", Shape.of(1), 0).longs("second", Shape.of(1), 1).longs("all", Shape.of(1), -1)
                .longs("zero", Shape.of(), 0).longs("step", Shape.of(), 1)
                .node("NonZero", List.of("x"), List.of("at"))
                .node("Shape", List.of("at"), List.of("s"))
                .node("Gather", List.of("s", "second"), List.of("n"), Attribute.of("axis", 0))
                .node("Gather", List.of("s", "first"), List.of("one"), Attribute.of("axis", 0))
                .node("Transpose", List.of("at"), List.of("rows"), Attribute.of("perm", 1, 0));
    }

    private void agrees(String id, OnnxWriter w, String... outputs) throws IOException, OrtException {
        Path file = dir.resolve("net.onnx");
        Files.write(file, w.bytes());
        Map<String, HostTensor> peer = OnnxRuntime.run(file, Map.of("x", X));
        try (Device device = Backends.open(id); OnnxModel model = OnnxModel.open(file)) {
            Map<String, HostTensor> made = OnnxRuns.run(device, model, Map.of("x", X), Map.of());
            for (String name : outputs) {
                HostTensor expected = peer.get(name);
                HostTensor count = made.get(name + ".count");
                HostTensor all = made.get(name);
                int axis = count == null ? 0 : count.shape().rank();
                HostTensor valid = count == null
                        ? all
                        : Host.take(all, axis, LongStream.range(0, count.getLong(0)).toArray());
                assertEquals(expected.shape(), valid.shape(), name);
                assertArrayEquals(Host.doubles(expected), Host.doubles(valid), name);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void theExtentOfWhatWasFoundIsItsCount(String id) throws Exception {
        agrees(id, found().node("Size", List.of("at"), List.of("size")).node("Mul", List.of("n", "one"), List.of("product"))
                .output("n", 7).output("one", 7).output("size", 7).output("product", 7), "n", "one", "size", "product");
    }

    /** Numbers up to the count, constants of as many rows, rows under other extents, and put at the front of an empty tensor. */
    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void whatIsMadeOfAsMuchIsCountedToo(String id) throws Exception {
        agrees(id, found().longs("empty", Shape.of(6), 7, 7, 7, 7, 7, 7).longs("minus", Shape.of(1, 1), -2)
                .node("Reshape", List.of("n", "scalar"), List.of("limit")).longs("scalar", Shape.of(0))
                .node("Range", List.of("zero", "limit", "step"), List.of("range"))
                .node("ConstantOfShape", List.of("n"), List.of("blank"))
                .node("Concat", List.of("n", "first2"), List.of("wide"), Attribute.of("axis", 0))
                .longs("first2", Shape.of(1), 1)
                .node("Expand", List.of("minus", "wide"), List.of("spread"))
                .node("Add", List.of("spread", "rows"), List.of("moved"))
                .node("Reshape", List.of("rows", "n"), List.of("flat"))
                .node("Unsqueeze", List.of("rows", "first"), List.of("batch"))
                .node("Squeeze", List.of("batch", "first"), List.of("again"))
                .node("ScatterElements", List.of("empty", "range", "flat"), List.of("kept"), Attribute.of("axis", 0))
                .output("range", 7).output("blank", 1).output("moved", 7).output("flat", 7).output("batch", 7)
                .output("again", 7).output("kept", 7), "range", "blank", "moved", "flat", "batch", "again", "kept");
    }

    /** What is found among what was found: only rows that are valid are looked at, and picked. */
    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void whatIsFoundAmongWhatWasFound(String id) throws Exception {
        agrees(id, found().node("GatherND", List.of("x", "rows"), List.of("some"))
                .floats("most", Shape.of(), 4).node("Less", List.of("some", "most"), List.of("small"))
                .node("NonZero", List.of("small"), List.of("again"))
                .node("Transpose", List.of("again"), List.of("again rows"), Attribute.of("perm", 1, 0))
                .node("Squeeze", List.of("again rows", "second"), List.of("places"))
                .node("Gather", List.of("some", "places"), List.of("y"), Attribute.of("axis", 0))
                .node("GatherND", List.of("some", "again rows"), List.of("z"))
                .output("places", 7).output("y", 1).output("z", 1), "places", "y", "z");
    }

    @Test
    void otherExtentsAreRefused() {
        for (OnnxWriter w : List.of(
                found().node("Add", List.of("n", "first"), List.of("m")).node("ConstantOfShape", List.of("m"), List.of("y")),
                found().node("Expand", List.of("rows", "s"), List.of("y")),
                found().node("Reshape", List.of("x", "n"), List.of("y")))) {
            try (OnnxModel model = OnnxModel.of(w.output("y", 1).bytes(), "net.onnx")) {
                String m = assertThrows(UnsupportedOpException.class, model::graph).getMessage();
                assertTrue(m.contains("only known in a run"), m);
            }
        }
    }
}
