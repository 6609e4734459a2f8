package dev.kerf.graph.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.check.golden.TensorDifference;
import dev.kerf.graph.Graph;
import dev.kerf.model.sam2.network.Sam2Graphs;
import dev.kerf.model.sam2.network.PromptGraphs.DecoderRequest;
import dev.kerf.model.sam2.network.Sam2VideoGraphs;
import dev.kerf.model.sam2.network.Sam2VideoGraphs.FrameRequest;
import dev.kerf.model.sam2.network.Sam2Config;
import dev.kerf.model.sam2.network.PromptGraphs;
import dev.kerf.model.sam2.network.SamConfig;
import dev.kerf.model.sam2.network.SamGraphs;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Drawn;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The parts of SAM 2, of EdgeTAM and of SAM, the first, exported and run by ONNX Runtime, against the CPU back end. */
class Sam2OnnxTest {
    private static final Path QUICK = Path.of("src/kerf-check/src/test/resources/goldens/sam2-quick");
    /** The goldens' largest cost of float32 in masks, ten times: two float32 runs of an ill-conditioned network. */
    private static final double BOUND = 10 * 2.1e-4;

    @Test
    void everyPartComputesTheSame() {
        try (Weights weights = GoldenCase.open(QUICK).weights();
                Device cpu = Backends.open("cpu");
                DeviceWeights loaded = cpu.load(weights)) {
            Sam2Config config = Sam2Config.of(weights).withImageSize(64);
            DecoderRequest one = new DecoderRequest(1, 2, false, true);
            compare(cpu, loaded, weights, Sam2Graphs.image(config, 48, 80));
            compare(cpu, loaded, weights, Sam2Graphs.decoder(config, one));
            compare(cpu, loaded, weights, Sam2Graphs.decoder(config, new DecoderRequest(2, 4, true, false)));
            compare(cpu, loaded, weights, Sam2VideoGraphs.frame(config, new FrameRequest(one, 4, 2, 3)));
            compare(cpu, loaded, weights, Sam2VideoGraphs.remember(config, 2, 4, false));
        }
    }

    @Test
    void theFirstDoesToo() {
        try (Weights weights = GoldenCase.open(QUICK.resolveSibling("sam-quick")).weights();
                Device cpu = Backends.open("cpu");
                DeviceWeights loaded = cpu.load(weights)) {
            SamConfig config = SamConfig.of(weights).withImageSize(64);
            compare(cpu, loaded, weights, SamGraphs.image(config, 48, 80));
            compare(cpu, loaded, weights, PromptGraphs.decoder(config.prompts(), new DecoderRequest(2, 4, true, false)));
        }
    }

    @Test
    void edgeTamDoesToo() {
        try (Weights weights = GoldenCase.open(QUICK.resolveSibling("edgetam-quick")).weights();
                Device cpu = Backends.open("cpu");
                DeviceWeights loaded = cpu.load(weights)) {
            Sam2Config config = Sam2Config.of(weights).withImageSize(256);
            compare(cpu, loaded, weights, Sam2Graphs.image(config, 48, 80));
            compare(cpu, loaded, weights,
                    Sam2VideoGraphs.frame(config, new FrameRequest(new DecoderRequest(1, 2, false, true), 4, 2, 3)));
            compare(cpu, loaded, weights, Sam2VideoGraphs.remember(config, 2, 4, false));
        }
    }

    /** Integers: small ones, so that they are slots, ages, labels and truth values alike. */
    private static HostTensor made(String name, Graph graph) {
        var type = graph.inputs().containsKey(name) ? graph.inputs().get(name).type() : graph.states().get(name).type();
        if (type.dtype() == DType.F32) {
            return Drawn.tensor(name, type.shape(), name.equals("points") ? 0.5 : 1);
        }
        HostTensor t = HostTensor.zeros(type.dtype(), type.shape());
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, type.dtype() == DType.U8 ? i * 7919 % 256 : i % 2);
        }
        return t;
    }

    private static void compare(Device cpu, DeviceWeights loaded, Weights weights, Graph graph) {
        Map<String, HostTensor> in = new LinkedHashMap<>();
        graph.inputs().keySet().forEach(n -> in.put(n, made(n, graph)));
        graph.states().keySet().forEach(n -> in.put(n, made(n, graph)));
        Map<String, HostTensor> peer = OnnxRuntime.run(graph, weights, in);
        List<DeviceTensor.State> states = new ArrayList<>();
        Map<String, HostTensor> mine = new LinkedHashMap<>();
        try (Executable e = cpu.compile(graph, loaded, CompileOptions.of())) {
            graph.inputs().keySet().forEach(n -> e.input(n).upload(in.get(n).data()));
            graph.states().forEach((n, v) -> {
                DeviceTensor.State s = cpu.allocateState(v.type());
                s.upload(in.get(n).data());
                e.bindState(n, s);
                states.add(s);
            });
            e.run();
            graph.outputs().keySet().forEach(n -> mine.put(n, e.output(n).toHost()));
        } finally {
            states.forEach(DeviceTensor.State::close);
        }
        mine.forEach((name, t) -> {
            assertEquals(t.shape(), peer.get(name).shape());
            TensorDifference d = TensorDifference.of(peer.get(name), t);
            assertTrue(d.relativeL2() <= BOUND, name + ": " + d);
        });
    }
}
