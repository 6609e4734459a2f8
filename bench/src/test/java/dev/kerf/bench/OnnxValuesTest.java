package dev.kerf.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.check.golden.TensorDifference;
import dev.kerf.graph.Graph;
import dev.kerf.graph.onnx.OnnxModel;
import dev.kerf.tensor.HostTensor;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What ONNX Runtime makes of every node is what {@code kerf diff} is told, and what Kerf makes of it. */
class OnnxValuesTest {
    private static final Path NETWORKS = Path.of("src/kerf-check/src/test/resources/onnx");

    /** The last has its tensors in a file beside it. */
    @ParameterizedTest
    @ValueSource(strings = {"tiny-yolo-seg@ts14", "tiny-segformer@dynamo", "tiny-swin@dynamo"})
    void everyNode(String name) {
        Path file = NETWORKS.resolve(name).resolve("model.onnx");
        HostTensor input = HostTensor.readNpy(NETWORKS.resolve(name).resolve("input_0.npz"));
        try (OnnxModel model = OnnxModel.open(file);
                Device cpu = Backends.open("cpu");
                DeviceWeights weights = cpu.load(model.weights())) {
            String slot = model.inputs().getFirst().name();
            Map<String, HostTensor> values = new OnnxRuntime().values(file, Map.of(slot, input));
            assertTrue(values.keySet().containsAll(model.makers().keySet()), "all are told");
            HostTensor stored = HostTensor.readNpy(NETWORKS.resolve(name).resolve("output_0.npz"));
            assertEquals(0, TensorDifference.of(values.get(model.outputs().getFirst().name()), stored).relativeL2(), 1e-5);
            Map<String, HostTensor> known = new HashMap<>();
            Graph graph = model.graphOfAll(Map.of(), known);
            try (Executable e = cpu.compile(graph, weights, CompileOptions.of())) {
                e.input(slot).upload(input.data());
                e.run();
                graph.outputs().keySet().forEach(n -> known.put(n, e.output(n).toHost()));
            }
            assertTrue(known.size() > 60, known.size() + " results");
            known.forEach((n, t) -> {
                assertEquals(values.get(n).shape(), t.shape(), n);
                assertEquals(0, TensorDifference.of(t, values.get(n)).relativeL2(), 1e-4, n);
            });
        }
    }
}
