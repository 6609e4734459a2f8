package dev.kerf.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.TensorType;
import dev.kerf.graph.onnx.OnnxExport;
import dev.kerf.graph.onnx.OnnxModel;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Safetensors;
import dev.kerf.weights.Weights;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.params.provider.MethodSource;

/** Weight files and arrays. */
class WeightsFuzzTest {
    /** A byte of deflate stands for 1032; a tensor is held once in the file's form and once dense. */
    private static final Held HELD = new Held(1032 * 4);

    private static void values(Weights weights) {
        try (weights) {
            weights.metadata();
            weights.tensors().forEach(t -> weights.tensor(t.name()));
        }
    }

    static Stream<byte[]> safetensorsFiles() throws IOException {
        Path file = Files.createTempFile("kerf-seed", ".safetensors");
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        tensors.put("a", HostTensor.of(Shape.of(2, 2), new float[] {1, 2, 3, 4}));
        tensors.put("module.b", HostTensor.zeros(DType.F16, Shape.of(3)));
        tensors.put("module.c", HostTensor.zeros(DType.I64, Shape.of()));
        Safetensors.write(file, tensors, Map.of("format", "pt"));
        byte[] bytes = Files.readAllBytes(file);
        Files.delete(file);
        return Stream.of(bytes);
    }

    @MethodSource("safetensorsFiles")
    @FuzzTest
    void safetensors(byte[] input) {
        HELD.reading(input, () -> values(Weights.ofSafetensors(input, "fuzz")));
        HELD.readingFile(input, "fuzz.safetensors", file -> values(Weights.open(file)));
    }

    static Stream<byte[]> indices() {
        return Seeds.texts("{\"metadata\": {\"total_size\": 8}, \"weight_map\": {\"a\": \"one.safetensors\"}}");
    }

    @MethodSource("indices")
    @FuzzTest
    void safetensorsIndex(byte[] input) {
        HELD.readingFile(input, "model.safetensors.index.json", file -> values(Weights.open(file)));
    }

    static Stream<byte[]> zips() {
        return Seeds.files("dev/kerf/weights", ".pt").filter(b -> b[0] == 'P');
    }

    @MethodSource("zips")
    @FuzzTest
    void torchZip(byte[] input) {
        HELD.readingFile(input, "fuzz.pt", file -> values(Weights.open(file)));
    }

    static Stream<byte[]> pickles() {
        return Seeds.files("dev/kerf/weights", ".pt").filter(b -> b[0] != 'P');
    }

    @MethodSource("pickles")
    @FuzzTest
    void torchLegacy(byte[] input) {
        HELD.readingFile(input, "fuzz.pt", file -> values(Weights.open(file)));
    }

    /** The pickle alone, which the archive's checksum hides from the fuzzer. */
    static Stream<byte[]> archived() {
        return Seeds.entries("dev/kerf/weights", ".pt", "data.pkl");
    }

    @MethodSource("archived")
    @FuzzTest
    void torchPickle(byte[] input) throws IOException {
        byte[] zip = zip(Map.of("archive/data.pkl", input, "archive/data/0", new byte[64]));
        HELD.readingFile(zip, "fuzz.pt", file -> values(Weights.open(file)));
    }

    private static byte[] zip(Map<String, byte[]> entries) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, byte[]> e : entries.entrySet()) {
                zip.putNextEntry(new ZipEntry(e.getKey()));
                zip.write(e.getValue());
            }
        }
        return out.toByteArray();
    }

    static Stream<byte[]> models() throws IOException {
        Path file = Files.createTempFile("kerf-seed", ".onnx");
        GraphBuilder g = new GraphBuilder();
        g.output("y", g.relu(g.matMul(g.input("x", TensorType.f32(1, 2)), g.weight("w", Shape.of(2, 2)))));
        OnnxExport.write(g.build(), Weights.of(Map.of("w", HostTensor.of(Shape.of(2, 2), new float[4]))), file);
        byte[] bytes = Files.readAllBytes(file);
        Files.delete(file);
        return Stream.of(bytes);
    }

    @MethodSource("models")
    @FuzzTest
    void onnx(byte[] input) {
        HELD.reading(input, () -> {
            values(Weights.ofOnnx(input, "fuzz"));
            try (OnnxModel model = OnnxModel.of(input, "fuzz")) {
                model.operators();
                model.graph();
            }
        });
    }

    static Stream<byte[]> formulas() {
        return Seeds.texts(
                """
                {"format": 1, "salt": "s", "tensors": {"a": {"shape": [2, 3], "scale": 0.5}, "b": {"shape": [], "stored": true}}}""",
                "{\"format\": 1, \"tensors\": {\"a\": {\"shape\": [1073741824], \"scale\": 1e300}}}");
    }

    @MethodSource("formulas")
    @FuzzTest
    void formula(byte[] input) {
        HELD.readingFile(input, "weights.json", file -> {
            try (Weights w = Weights.formula(file, Optional.empty())) {
                w.tensors();
            }
        });
    }

    static Stream<byte[]> npys() throws IOException {
        Path file = Files.createTempFile("kerf-seed", ".npy");
        HostTensor.of(Shape.of(2, 3), new float[] {1, 2, 3, 4, 5, 6}).writeNpy(file);
        byte[] bytes = Files.readAllBytes(file);
        Files.delete(file);
        return Stream.of(bytes);
    }

    @MethodSource("npys")
    @FuzzTest
    void npy(byte[] input) {
        HELD.readingFile(input, "fuzz.npy", HostTensor::readNpy);
    }

    static Stream<byte[]> npzs() throws IOException {
        byte[] npy = npys().findFirst().orElseThrow();
        return Stream.of(zip(Map.of("arr_0.npy", npy)), zip(new LinkedHashMap<>(Map.of("a.npy", npy, "b.npy", npy))));
    }

    @MethodSource("npzs")
    @FuzzTest
    void npz(byte[] input) {
        HELD.readingFile(input, "fuzz.npz", HostTensor::readNpy);
    }
}
