package dev.kerf.graph.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.Kerf;
import dev.kerf.backend.BackendsUnderTest;
import dev.kerf.backend.SharedDevices;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.check.oracle.Oracle;
import dev.kerf.graph.Graph;
import dev.kerf.graph.TensorType;
import dev.kerf.model.ModelKind;
import dev.kerf.model.ModelKind.GraphRequest;
import dev.kerf.model.maskrcnn.DetectOptions;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.model.maskrcnn.SmallRcnns;
import dev.kerf.model.unet.SmallUNets;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What Kerf exports is what it reads: the graph that comes back computes what the first one did. */
class OnnxRoundTripTest {
    private static final Path GOLDENS = Path.of("src/kerf-check/src/test/resources/goldens");
    /** Sums in another order: as far from float64 as the first graph is, or some of float32's last digits. */
    private static final double TIMES = 8;
    private static final double LEAST = 2e-6;

    @RegisterExtension
    static final SharedDevices DEVICES = new SharedDevices();

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

    private void agree(Weights weights, GraphRequest request) throws Exception {
        ModelKind kind = Kerf.model(weights);
        Graph graph = kind.graph(weights, request);
        Random random = new Random(5);
        Map<String, HostTensor> inputs = new LinkedHashMap<>();
        graph.inputs().forEach((name, v) -> inputs.put(name, random(v.type(), random)));
        agree(weights, graph, inputs, kind.name() + " " + request.part());
    }

    /** A state goes in by its name, and out as NAME.next. */
    private Map<String, HostTensor> agree(Weights weights, Graph graph, Map<String, HostTensor> given, String what)
            throws Exception {
        Path file = dir.resolve("net.onnx");
        OnnxExport.write(graph, weights, file);
        Random random = new Random(7);
        Map<String, HostTensor> states = new LinkedHashMap<>();
        graph.states().forEach((name, v) -> states.put(name, random(v.type(), random)));
        Map<String, HostTensor> inputs = new LinkedHashMap<>(given);
        inputs.putAll(states);
        Oracle.Result oracle = Oracle.run(graph, weights, given, states);
        Map<String, HostTensor> exact = new LinkedHashMap<>(oracle.outputs());
        try (OnnxModel model = OnnxModel.open(file)) {
            assertEquals(List.of(), model.unsupported());
            Graph back = model.graph();
            assertEquals(inputs.keySet(), Set.copyOf(model.inputs().stream().map(OnnxModel.Slot::name).toList()));
            oracle.states().forEach((name, t) -> {
                if (back.outputs().containsKey(name + ".next")) {
                    exact.put(name + ".next", t);
                }
            });
            assertEquals(exact.keySet(), back.outputs().keySet());
            for (String id : BackendsUnderTest.devices().toList()) {
                DEVICES.on(id, device -> {
                    Map<String, HostTensor> first = OnnxRuns.run(device, graph, weights, inputs);
                    Map<String, HostTensor> again = OnnxRuns.run(device, back, model.weights(), inputs);
                    exact.forEach((name, t) -> compare(what + " " + name + " on " + id, t, first.get(name), again.get(name),
                            graph.outputs().containsKey(name) ? oracle.outputs().get("count") : null));
                });
            }
        }
        return exact;
    }

    private static void compare(String what, HostTensor exact, HostTensor first, HostTensor again, HostTensor count) {
        boolean rows = count != null && exact.shape().rank() > 1;
        HostTensor expected = rows ? Host.take(exact, 1, LongStream.range(0, count.getLong(0)).toArray()) : exact;
        HostTensor made = rows ? Host.take(again, 1, LongStream.range(0, count.getLong(0)).toArray()) : again;
        HostTensor plain = rows ? Host.take(first, 1, LongStream.range(0, count.getLong(0)).toArray()) : first;
        double bound = Math.max(LEAST, TIMES * OnnxRuns.difference(expected, plain));
        double d = OnnxRuns.difference(expected, made);
        assertTrue(d <= bound, what + ": " + d + " > " + bound);
    }

    @Test
    void unets() throws Exception {
        try (Weights plain = SmallUNets.plain(1, 1, List.of(4, 8)).build();
                Weights colour = SmallUNets.milesial(3, 2, List.of(4, 8), true).build();
                Weights up = SmallUNets.milesial(3, 2, List.of(4, 8), false).build()) {
            agree(plain, new GraphRequest("network", 32, 48, 0, true));
            agree(colour, new GraphRequest("network", 30, 41, 0, false));
            agree(up, new GraphRequest("network", 32, 32, 0, false));
        }
    }

    @Test
    void partsOfSam2() throws Exception {
        parts("sam2-quick", 64);
    }

    @ParameterizedTest
    @EnabledIfSystemProperty(named = "kerf.test.wide", matches = "true")
    @CsvSource({"sam-quick,64", "sam2-v20-quick,64", "edgetam-quick,256"})
    void partsOfOthers(String golden, int side) throws Exception {
        parts(golden, side);
    }

    private void parts(String golden, int side) throws Exception {
        try (Weights weights = GoldenCase.open(GOLDENS.resolve(golden)).weights()) {
            for (String part : Kerf.model(weights).parts()) {
                agree(weights, new GraphRequest(part, 64, 64, side, false));
            }
        }
    }

    /** Two levels of suppression, both with counts that a run finds. */
    @Test
    void detectors() throws Exception {
        for (Map<String, HostTensor> tensors : List.of(SmallRcnns.torchvision(6, true), SmallRcnns.detectron(6))) {
            HostTensor image = SmallRcnns.picture();
            DetectOptions options = SmallRcnns.options(tensors);
            try (Weights weights = SmallRcnns.weights(tensors)) {
                Graph graph = MaskRcnn.graph(weights, 50, 75, options);
                Map<String, HostTensor> exact = agree(weights, graph, Map.of("image", image),
                        Kerf.model(weights).describe(weights));
                assertTrue(exact.get("count").getLong(0) > 3);
            }
        }
    }
}
