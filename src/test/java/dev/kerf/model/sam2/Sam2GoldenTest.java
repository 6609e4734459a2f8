package dev.kerf.model.sam2;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.graph.Graph;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.model.GoldenCase;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Safetensors;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every stage of what upstream computes, within ten times what float32 itself costs. */
class Sam2GoldenTest {
    private static final Path GOLDENS = Path.of("src/test/resources/goldens");

    static Stream<Arguments> cases() {
        return dev.kerf.backend.BackendsUnderTest.devices().flatMap(device -> Stream.of(
                Arguments.of(device, "sam2-quick"), Arguments.of(device, "sam2-predictor-quick")));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void everyStageOfTheReference(String backend, String name) {
        GoldenCase golden = GoldenCase.open(GOLDENS.resolve(name));
        // The two cases share pictures and weights.
        Path files = GOLDENS.resolve("sam2-quick");
        Map<String, HostTensor> results = new LinkedHashMap<>();
        try (Device device = Backends.open(backend);
                Weights weights = GoldenCase.open(files).weights();
                DeviceWeights loaded = device.load(weights)) {
            Sam2Config config = Sam2Config.of(weights)
                    .withImageSize(golden.description().at("image_size").asInt())
                    .withPredictorSettings(golden.description().find("predictor_settings").isPresent());
            Graph graph = Sam2Graphs.image(config, config.imageSize(), config.imageSize());
            try (Executable encoder = compile(device, loaded, graph)) {
                encoder.input("image").upload(Image.read(files.resolve("frame0.png")).toRgb8().toTensor().data());
                encoder.run();
                graph.stages().keySet().forEach(s -> results.put(s, encoder.output(s).toHost()));
                golden.description().at("prompts").members().forEach((prompt, json) ->
                        decode(device, loaded, config, encoder, files, prompt, json, results));
            }
            new GoldenVideo(device, loaded, config, files, golden.description()).run(results);
            var rows = golden.compare(results);
            assertTrue(rows.stream().allMatch(GoldenCase.Row::passed), () -> backend + ": " + rows);
        }
    }

    /** The encoder of the next size: other blocks see the whole image. */
    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void theSmallImageEncoder(String backend) {
        GoldenCase golden = GoldenCase.open(GOLDENS.resolve("sam2-small-quick"));
        Map<String, HostTensor> results = new LinkedHashMap<>();
        try (Device device = Backends.open(backend);
                Weights weights = golden.weights();
                DeviceWeights loaded = device.load(weights)) {
            Graph graph = Sam2Graphs.image(Sam2Config.of(weights).withImageSize(256), 256, 256);
            try (Executable encoder = compile(device, loaded, graph)) {
                encoder.input("image").upload(
                        Image.read(GOLDENS.resolve("sam2-quick/frame0.png")).toRgb8().toTensor().data());
                encoder.run();
                graph.stages().keySet().forEach(s -> results.put(s, encoder.output(s).toHost()));
            }
            var rows = golden.compare(results);
            assertTrue(rows.stream().allMatch(GoldenCase.Row::passed), () -> backend + ": " + rows);
        }
    }

    static Executable compile(Device device, DeviceWeights weights, Graph graph) {
        return device.compile(graph, weights,
                CompileOptions.of().keep(graph.stages().keySet().toArray(String[]::new)));
    }

    /** Points and labels of a prompt with the padding that ends them, in the network's terms. */
    static void uploadPoints(Executable e, Json prompt, int imageSize) {
        long[] given = prompt.at("labels").asLongs();
        int n = given.length + 1;
        float[] points = new float[2 * n];
        int[] labels = new int[n];
        labels[n - 1] = -1;
        for (int i = 0; i < given.length; i++) {
            labels[i] = (int) given[i];
            double[] xy = prompt.at("points").at(i).asDoubles();
            points[2 * i] = (float) ((xy[0] + 0.5) / imageSize);
            points[2 * i + 1] = (float) ((xy[1] + 0.5) / imageSize);
        }
        // Padding lies at the image's origin, half a pixel in, but its place doesn't count.
        e.input("points").upload(HostTensor.of(Shape.of(1, n, 2), points).data());
        e.input("labels").upload(HostTensor.of(Shape.of(1, n), labels).data());
    }

    private static void decode(Device device, DeviceWeights weights, Sam2Config config, Executable encoder, Path files,
            String prompt, Json json, Map<String, HostTensor> results) {
        int n = json.at("labels").size() + 1;
        boolean mask = json.find("mask_input").isPresent();
        Graph graph = Sam2Graphs.decoder(config,
                new Sam2Graphs.DecoderRequest(1, n, mask, json.at("multimask_output").asBoolean()));
        try (Executable decoder = compile(device, weights, graph)) {
            decoder.bindInput("image_embeddings", encoder.output("image_embeddings"));
            decoder.bindInput("high_res_features_0", encoder.output("high_res_features_0"));
            decoder.bindInput("high_res_features_1", encoder.output("high_res_features_1"));
            uploadPoints(decoder, json, config.imageSize());
            if (mask) {
                try (Safetensors s = Safetensors.open(files.resolve("inputs.safetensors"))) {
                    decoder.input("mask_input").upload(s.tensor("mask.mask_input").data());
                }
            }
            decoder.run();
            graph.stages().keySet().forEach(s -> results.put(s.equals("image_pe") ? s : prompt + "." + s,
                    decoder.output(s).toHost()));
        }
    }
}
