package dev.kerf.check.golden;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Precision;
import dev.kerf.graph.Graph;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.model.sam2.network.PromptGraphs;
import dev.kerf.model.sam2.network.Sam2Config;
import dev.kerf.model.sam2.network.Sam2Graphs;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Safetensors;
import dev.kerf.weights.Weights;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * SAM 2's cases. In float32 every stage is held to the case's bound and every pixel of a mask to the reference's; with float16
 * storage the mask logits of each prompt to the reference's, and the masks to those in float32. A case whose weights make so
 * much of rounding errors that float16's, 2¹³ times float32's, could cost more than ten times the bound, is for float32 alone.
 */
final class Sam2Golden implements Golden.Model {
    private static final String MASKS = "masks";
    private static final double FLOAT16_TO_FLOAT32 = 0x1p13;
    private static final double HOPELESS = 10 * Golden.HALF_LOGITS;

    @Override
    public String silent(GoldenCase golden, Precision precision) {
        double cost = golden.stages().entrySet().stream().filter(s -> s.getKey().endsWith(MASKS))
                .mapToDouble(s -> s.getValue().cost()).max().orElse(0);
        return cost * FLOAT16_TO_FLOAT32 <= HOPELESS
                ? ""
                : String.format(Locale.ROOT, "its weights make %.2e", cost)
                        + " of float32's rounding, and 2^13 times that of float16's";
    }

    @Override
    public List<Golden.Figure> decided(GoldenCase golden, Map<String, HostTensor> stages) {
        return golden.stages().keySet().stream().filter(s -> s.endsWith(MASKS) && stages.containsKey(s))
                .map(s -> new Golden.Figure(
                        s + " > 0", golden.wrongSigns(s, stages.get(s)), 0, false, "wrong beyond the margin"))
                .toList();
    }

    /** Stages of a prompt or a frame have its name before theirs. */
    @Override
    public Map<String, HostTensor> stages(Device device, GoldenCase golden, Precision precision) {
        Map<String, HostTensor> results = new LinkedHashMap<>();
        Json description = golden.description();
        try (Weights weights = golden.weights(); DeviceWeights loaded = device.load(weights)) {
            Sam2Config config = Sam2Config.of(weights)
                    .withImageSize(description.at("image_size").asInt())
                    .withPredictorSettings(golden.says("predictor_settings"));
            Setup setup = new Setup(golden, device, loaded, config, precision);
            Graph graph = Sam2Graphs.image(config, config.imageSize(), config.imageSize());
            try (Executable encoder = setup.compile(graph)) {
                encoder.input("image").upload(Image.read(golden.path(description.at("images").at(0).asString()))
                        .toRgb8().toTensor().data());
                encoder.run();
                graph.stages().keySet().forEach(s -> results.put(s, encoder.output(s).toHost()));
                description.at("prompts").members().forEach((prompt, json) -> setup.decode(encoder, prompt, json, results));
            }
            new CaseVideo(setup).run(results);
        }
        return results;
    }

    @Override
    public List<Golden.Figure> stored(
            GoldenCase golden, Map<String, HostTensor> stages, Map<String, HostTensor> exact) {
        List<Golden.Figure> figures = new ArrayList<>();
        for (GoldenCase.Row row : golden.compare(stages)) {
            if (row.stage().endsWith(MASKS)) {
                figures.add(new Golden.Figure(
                        row.stage(), row.relativeL2(), Golden.HALF_LOGITS, false, "relative L2" + row.remark()));
                HostTensor a = stages.get(row.stage());
                HostTensor b = exact.get(row.stage());
                double iou = Golden.iou(i -> a.getDouble(i) > 0, i -> b.getDouble(i) > 0, a.elements());
                if (!Double.isNaN(iou)) {
                    figures.add(new Golden.Figure(row.stage() + " > 0", iou, Golden.HALF_IOU, true, "IoU with float32"));
                }
            }
        }
        return figures;
    }

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
            Graph graph = Sam2Graphs.decoder(config, new PromptGraphs.DecoderRequest(
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
}
