package dev.kerf.check.golden;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Precision;
import dev.kerf.graph.Graph;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.model.sam2.Sam2Config;
import dev.kerf.model.sam2.Sam2Graphs;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Safetensors;
import dev.kerf.weights.Weights;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A golden case of SAM 2: an image, prompts on it, and a video whose first frame has the prompt {@code point}. Stages
 * of a prompt or a frame have its name before theirs.
 *
 * <pre>{@code
 * GoldenCase golden = GoldenCase.open(Path.of("goldens/sam2-quick"));
 * Map<String, HostTensor> stages = Sam2Case.stages(golden, device, Precision.FLOAT32);
 * List<GoldenCase.Row> rows = golden.compare(stages);
 * }</pre>
 */
final class Sam2Case {
    private Sam2Case() {}

    /**
     * What the parts of a case run with.
     *
     * @param golden    the case
     * @param device    where
     * @param weights   the case's, on the device
     * @param config    size of the model and of the case's images
     * @param precision storage of activations
     */
    record Setup(GoldenCase golden, Device device, DeviceWeights weights, Sam2Config config, Precision precision) {
        Executable compile(Graph graph) {
            return device.compile(graph, weights, CompileOptions.of().precision(precision)
                    .keep(graph.stages().keySet().toArray(String[]::new)));
        }

        /** Points and labels of a prompt with the padding that ends them, in the network's terms. */
        void uploadPoints(Executable e, Json prompt) {
            long[] given = prompt.at("labels").asLongs();
            int n = given.length + 1;
            float[] points = new float[2 * n];
            int[] labels = new int[n];
            labels[n - 1] = -1; // where the padding lies doesn't count
            for (int i = 0; i < given.length; i++) {
                labels[i] = (int) given[i];
                double[] xy = prompt.at("points").at(i).asDoubles();
                points[2 * i] = (float) ((xy[0] + 0.5) / config.imageSize());
                points[2 * i + 1] = (float) ((xy[1] + 0.5) / config.imageSize());
            }
            e.input("points").upload(HostTensor.of(Shape.of(1, n, 2), points).data());
            e.input("labels").upload(HostTensor.of(Shape.of(1, n), labels).data());
        }

        private void decode(Executable encoder, String prompt, Json json, Map<String, HostTensor> results) {
            boolean mask = json.find("mask_input").isPresent();
            Graph graph = Sam2Graphs.decoder(config, new Sam2Graphs.DecoderRequest(
                    1, json.at("labels").size() + 1, mask, json.at("multimask_output").asBoolean()));
            try (Executable decoder = compile(graph)) {
                decoder.bindInput("image_embeddings", encoder.output("image_embeddings"));
                decoder.bindInput("high_res_features_0", encoder.output("high_res_features_0"));
                decoder.bindInput("high_res_features_1", encoder.output("high_res_features_1"));
                uploadPoints(decoder, json);
                if (mask) {
                    try (Safetensors s = Safetensors.open(golden.path("inputs.safetensors"))) {
                        decoder.input("mask_input").upload(s.tensor(prompt + ".mask_input").data());
                    }
                }
                decoder.run();
                graph.stages().keySet().forEach(s -> results.put(s.equals("image_pe") ? s : prompt + "." + s,
                        decoder.output(s).toHost()));
            }
        }
    }

    /**
     * Runs a case.
     *
     * @return every stage of the case, in shape
     * @throws dev.kerf.error.BadFileException if a file of the case is missing or malformed
     */
    public static Map<String, HostTensor> stages(GoldenCase golden, Device device, Precision precision) {
        Map<String, HostTensor> results = new LinkedHashMap<>();
        Json description = golden.description();
        try (Weights weights = golden.weights(); DeviceWeights loaded = device.load(weights)) {
            Sam2Config config = Sam2Config.of(weights)
                    .withImageSize(description.at("image_size").asInt())
                    .withPredictorSettings(description.find("predictor_settings").isPresent());
            Setup setup = new Setup(golden, device, loaded, config, precision);
            Graph graph = Sam2Graphs.image(config, config.imageSize(), config.imageSize());
            try (Executable encoder = setup.compile(graph)) {
                encoder.input("image").upload(Image.read(golden.path(description.at("images").at(0).asString()))
                        .toRgb8().toTensor().data());
                encoder.run();
                graph.stages().keySet().forEach(s -> results.put(s, encoder.output(s).toHost()));
                description.at("prompts").members().forEach((prompt, json) ->
                        setup.decode(encoder, prompt, json, results));
            }
            new CaseVideo(setup).run(results);
        }
        return results;
    }
}
