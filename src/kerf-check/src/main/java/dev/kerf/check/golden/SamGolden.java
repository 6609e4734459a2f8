package dev.kerf.check.golden;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Precision;
import dev.kerf.graph.Graph;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.model.DeviceResult;
import dev.kerf.model.sam2.ImageView;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.model.sam2.Sam;
import dev.kerf.model.sam2.network.PromptConfig;
import dev.kerf.model.sam2.network.PromptGraphs;
import dev.kerf.model.sam2.network.PromptGraphs.DecoderRequest;
import dev.kerf.model.sam2.network.SamConfig;
import dev.kerf.model.sam2.network.SamGraphs;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Safetensors;
import dev.kerf.weights.Weights;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Cases of SAM, the first. Every stage is held to the case's bound, and so are the answers that users get; with float16
 * storage as {@link Sam2Golden} does.
 */
final class SamGolden implements Golden.Model {
    private final Sam2Golden second = new Sam2Golden();

    @Override
    public String silent(GoldenCase golden, Precision precision) {
        return second.silent(golden, precision);
    }

    @Override
    public List<Golden.Figure> decided(GoldenCase golden, Map<String, HostTensor> stages) {
        return second.decided(golden, stages);
    }

    @Override
    public List<Golden.Figure> stored(GoldenCase golden, Map<String, HostTensor> stages, Map<String, HostTensor> exact) {
        return second.stored(golden, stages, exact);
    }

    /** Stages of a prompt have its name before theirs. */
    @Override
    public Map<String, HostTensor> stages(Device device, GoldenCase golden, Precision precision) {
        Map<String, HostTensor> results = new LinkedHashMap<>();
        Image image = Image.read(golden.file("image")).toRgb8();
        try (Weights weights = golden.weights(); DeviceWeights loaded = device.load(weights)) {
            SamConfig config = SamConfig.of(weights).withImageSize(golden.description().at("image_size").asInt());
            Graph graph = SamGraphs.image(config, image.height(), image.width());
            try (Executable encoder = compile(device, loaded, graph, precision)) {
                encoder.input("image").upload(image.toTensor().data());
                encoder.run();
                graph.stages().keySet().forEach(s -> results.put(s, encoder.output(s).toHost()));
                golden.description().at("prompts").members().forEach((name, json) -> {
                    Prompt prompt = prompt(golden, name, json);
                    boolean multimask = json.at("multimask_output").asBoolean();
                    int points = prompt.points().size() + (prompt.box() == null ? 1 : 2);
                    Graph answer = PromptGraphs.decoder(config.prompts(),
                            new DecoderRequest(1, points, prompt.mask() != null, multimask));
                    try (Executable decoder = compile(device, loaded, answer, precision);
                            Executable whole = compile(device, loaded, PromptGraphs.upscale(config.prompts(), 1,
                                    multimask ? 3 : 1, image.height(), image.width(), 0), precision)) {
                        decoder.bindInput("image_embeddings", encoder.output("image_embeddings"));
                        upload(decoder, prompt, points, image, config.prompts());
                        decoder.run();
                        answer.stages().keySet().forEach(s -> results.put(s.equals("image_pe") ? s : name + "." + s,
                                decoder.output(s).toHost()));
                        whole.bindInput("low_res_masks", decoder.output("low_res_masks"));
                        whole.run();
                        results.put(name + ".masks", whole.output("logits").toHost());
                    }
                });
            }
        }
        return results;
    }

    private static Executable compile(Device device, DeviceWeights weights, Graph graph, Precision precision) {
        return device.compile(graph, weights, CompileOptions.of().precision(precision)
                .keep(graph.stages().keySet().toArray(String[]::new)));
    }

    /** Points, then the corners of the box or the padding, from pixels of the picture to those of the network's input. */
    private static void upload(Executable decoder, Prompt prompt, int n, Image image, PromptConfig config) {
        float[] points = new float[2 * n];
        int[] labels = new int[n];
        int at = 0;
        for (Prompt.Point p : prompt.points()) {
            labels[at] = p.foreground() ? 1 : 0;
            put(points, at++, p.x(), p.y(), image, config);
        }
        Prompt.Corners box = prompt.box();
        if (box == null) {
            labels[at] = -1; // where the padding lies doesn't count
        } else {
            labels[at] = 2;
            put(points, at++, box.left(), box.top(), image, config);
            labels[at] = 3;
            put(points, at, box.right(), box.bottom(), image, config);
        }
        decoder.input("points").upload(HostTensor.of(Shape.of(1, n, 2), points).data());
        decoder.input("labels").upload(HostTensor.of(Shape.of(1, n), labels).data());
        if (prompt.mask() != null) {
            decoder.input("mask_input").upload(prompt.mask().data());
        }
    }

    private static void put(float[] points, int at, double x, double y, Image image, PromptConfig config) {
        double column = x * config.seen(image.width(), image.height()) / image.width();
        double row = y * config.seen(image.height(), image.width()) / image.height();
        points[2 * at] = (float) ((column + 0.5) / config.imageSize());
        points[2 * at + 1] = (float) ((row + 0.5) / config.imageSize());
    }

    private static Prompt prompt(GoldenCase golden, String name, Json json) {
        List<Prompt.Point> points = new ArrayList<>();
        if (!json.at("points").isNull()) {
            for (int i = 0; i < json.at("points").size(); i++) {
                double[] xy = json.at("points").at(i).asDoubles();
                points.add(new Prompt.Point(xy[0], xy[1], json.at("labels").at(i).asLong() == 1));
            }
        }
        Prompt.Corners box = null;
        if (!json.at("box").isNull()) {
            double[] c = json.at("box").asDoubles();
            box = new Prompt.Corners(c[0], c[1], c[2], c[3]);
        }
        HostTensor mask = null;
        if (json.find("mask_input").isPresent()) {
            try (Safetensors s = Safetensors.open(golden.path("inputs.safetensors"))) {
                mask = HostTensor.of(s.tensor(name + ".mask_input").shape(),
                        s.tensor(name + ".mask_input").toFloatArray());
            }
        }
        return new Prompt(points, box, mask);
    }

    /** The answers of {@link ImageView}, beside the case's masks. */
    @Override
    public List<Golden.Figure> used(Device device, GoldenCase golden, Map<String, HostTensor> stages) {
        Map<String, HostTensor> answers = new LinkedHashMap<>();
        try (Weights weights = golden.weights();
                Sam sam = Sam.load(device, weights);
                ImageView view = sam.look(Image.read(golden.file("image")))) {
            golden.description().at("prompts").members().forEach((name, json) -> {
                boolean multimask = json.at("multimask_output").asBoolean();
                try (DeviceResult found = view.predictOnDevice(List.of(prompt(golden, name, json)), multimask)) {
                    answers.put(name + ".masks", found.get("logits").toHost());
                }
            });
        }
        return golden.compare(answers).stream().filter(r -> answers.containsKey(r.stage()))
                .map(r -> new Golden.Figure("ImageView: " + r.stage(), r.relativeL2(), r.bound(), false, "relative L2"))
                .toList();
    }
}
