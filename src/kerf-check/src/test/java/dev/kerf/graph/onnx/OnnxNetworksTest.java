package dev.kerf.graph.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.error.KerfException;
import dev.kerf.tensor.HostTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Networks that {@code src/kerf-check/src/test/onnx/networks.py} exported to the folder that {@code -Dkerf.test.onnx.networks}
 * names, against what ONNX Runtime made of the same inputs. With {@code -Dkerf.test.onnx.backend} on another back end than cpu;
 * what each is off by goes to {@code -Dkerf.test.onnx.report}.
 */
class OnnxNetworksTest {
    /** Of the largest number of an output: float32 through dozens of layers, in another order of sums than the peer's. */
    private static final double BOUND = 1e-5;

    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void smallOnes(String id) throws IOException {
        try (Device device = Backends.open(id)) {
            compare(device, Path.of("src/kerf-check/src/test/resources/onnx"), "");
        }
    }

    @Test
    @EnabledIfSystemProperty(named = "kerf.test.onnx.networks", matches = ".+")
    void networksGiveWhatOnnxRuntimeGives() throws IOException {
        try (Device device = Backends.open(System.getProperty("kerf.test.onnx.backend", "cpu"))) {
            List<String> lines = compare(device, Path.of(System.getProperty("kerf.test.onnx.networks")),
                    System.getProperty("kerf.test.onnx.only", ""));
            if (System.getProperty("kerf.test.onnx.report") != null) {
                Files.write(Path.of(System.getProperty("kerf.test.onnx.report")), lines);
            }
        }
    }

    private static List<String> compare(Device device, Path networks, String only) throws IOException {
        List<Path> folders;
        try (Stream<Path> all = Files.list(networks)) {
            folders = all.filter(p -> Files.exists(p.resolve("output_0.npz"))).filter(p -> p.toString().contains(only)).sorted()
                    .toList();
        }
        assertTrue(!folders.isEmpty(), "there are no networks");
        List<String> wrong = new ArrayList<>();
        List<String> lines = new ArrayList<>();
        for (Path folder : folders) {
            String said = run(device, folder);
            lines.add("| " + folder.getFileName() + " | " + said + " |");
            if (!said.startsWith("off by")) {
                wrong.add(folder.getFileName() + " " + said);
            }
        }
        assertEquals(List.of(), wrong);
        return lines;
    }

    private static String run(Device device, Path folder) {
        try (OnnxModel model = OnnxModel.open(folder.resolve("model.onnx"))) {
            Map<String, HostTensor> inputs = new LinkedHashMap<>();
            List<OnnxModel.Slot> slots = model.inputs();
            for (int i = 0; i < slots.size(); i++) {
                inputs.put(slots.get(i).name(), HostTensor.readNpy(folder.resolve("input_" + i + ".npz")));
            }
            Map<String, HostTensor> made = OnnxRuns.run(device, model, inputs, Map.of());
            double most = 0;
            List<OnnxModel.Slot> outputs = model.outputs();
            for (int i = 0; i < outputs.size(); i++) {
                HostTensor peer = HostTensor.readNpy(folder.resolve("output_" + i + ".npz"));
                most = Math.max(most, OnnxRuns.difference(peer, made.get(outputs.get(i).name())));
            }
            return most <= BOUND ? "off by " + most : "FAILED: off by " + most;
        } catch (KerfException e) {
            return "REFUSED: " + e.getMessage();
        }
    }
}
