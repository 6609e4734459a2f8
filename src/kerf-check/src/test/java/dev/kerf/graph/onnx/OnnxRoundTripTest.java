package dev.kerf.graph.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.Kerf;
import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.check.oracle.Oracle;
import dev.kerf.graph.Graph;
import dev.kerf.graph.TensorType;
import dev.kerf.model.ModelKind;
import dev.kerf.model.ModelKind.GraphRequest;
import dev.kerf.model.unet.SmallUNets;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Kerf exports is what it reads: the graph that comes back computes what the first one did. */
class OnnxRoundTripTest {
    private static final Path GOLDENS = Path.of("src/kerf-check/src/test/resources/goldens");
    /** Sums in another order: as far from float64 as the first graph is, or some of float32's last digits. */
    private static final double TIMES = 8;
    private static final double LEAST = 2e-6;

    @TempDir
    private Path dir;

    private static HostTensor random(TensorType type, Random random) {
        HostTensor t = HostTensor.zeros(type.dtype(), type.shape());
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i,
                    type.dtype() == DType.F32 ? random.nextGaussian() : random.nextInt(type.dtype() == DType.U8 ? 256 : 2));
        }
        return t;
    }

    private void agree(Weights weights, GraphRequest request) {
        ModelKind kind = Kerf.model(weights);
        Graph graph = kind.graph(weights, request);
        Path file = dir.resolve("net.onnx");
        OnnxExport.write(graph, weights, file);
        Random random = new Random(5);
        Map<String, HostTensor> inputs = new LinkedHashMap<>();
        graph.inputs().forEach((name, v) -> inputs.put(name, random(v.type(), random)));
        try (Device cpu = Backends.open("cpu"); OnnxModel model = OnnxModel.open(file)) {
            assertEquals(List.of(), model.unsupported());
            if (!graph.states().isEmpty()) {
                // A state comes back as an input and an output: another interface, which is recorded all the same.
                assertTrue(model.graph().outputs().keySet().containsAll(graph.outputs().keySet()));
                return;
            }
            assertEquals(List.copyOf(graph.inputs().keySet()), model.inputs().stream().map(OnnxModel.Slot::name).toList());
            Map<String, HostTensor> exact = Oracle.run(graph, weights, inputs, Map.of()).outputs();
            Map<String, HostTensor> first = OnnxRuns.run(cpu, graph, weights, inputs);
            Map<String, HostTensor> again = OnnxRuns.run(cpu, model.graph(), model.weights(), inputs);
            exact.forEach((name, t) -> {
                double bound = Math.max(LEAST, TIMES * OnnxRuns.difference(t, first.get(name)));
                double d = OnnxRuns.difference(t, again.get(name));
                assertTrue(d <= bound, kind.name() + " " + request.part() + " " + name + ": " + d + " > " + bound);
            });
        }
    }

    @Test
    void unets() {
        try (Weights plain = SmallUNets.plain(1, 1, List.of(4, 8)).build();
                Weights colour = SmallUNets.milesial(3, 2, List.of(4, 8), true).build();
                Weights up = SmallUNets.milesial(3, 2, List.of(4, 8), false).build()) {
            agree(plain, new GraphRequest("network", 32, 48, 0, true));
            agree(colour, new GraphRequest("network", 30, 41, 0, false));
            agree(up, new GraphRequest("network", 32, 32, 0, false));
        }
    }

    @Test
    void partsOfSam2() {
        try (Weights weights = GoldenCase.open(GOLDENS.resolve("sam2-quick")).weights()) {
            for (String part : Kerf.model(weights).parts()) {
                agree(weights, new GraphRequest(part, 64, 64, 64, false));
            }
        }
    }
}
