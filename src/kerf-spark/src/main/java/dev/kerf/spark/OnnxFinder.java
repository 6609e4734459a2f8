package dev.kerf.spark;

import dev.kerf.backend.Device;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.onnx.OnnxModel;
import dev.kerf.json.Json;
import dev.kerf.model.onnx.OnnxNetwork;
import dev.kerf.model.onnx.OnnxNetwork.Result;
import dev.kerf.model.onnx.OnnxOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** A network of an ONNX model: labels of those that label pixels, instances of those that find such. */
final class OnnxFinder implements Network {
    /** Ultralytics' way to name classes: a dictionary as Python prints it. */
    private static final Pattern NAMED = Pattern.compile("\\d+\\s*:\\s*(?:'([^']*)'|\"([^\"]*)\")");

    private final OnnxModel model;
    private final OnnxNetwork net;
    private final Task task;
    private final Settings settings;
    private final List<String> said;

    private OnnxFinder(OnnxModel model, OnnxNetwork net, Task task, Settings settings) {
        this.model = model;
        this.net = net;
        this.task = task;
        this.settings = settings;
        this.said = said(model);
    }

    static OnnxFinder load(Device device, OnnxModel model, Task task, Settings settings, int plans) {
        try {
            if (task != Task.SEGMENT && task != Task.DETECT) {
                throw new BadInputException(
                        "an ONNX model segments or detects; for " + task + " weights of a network that Kerf "
                                + "has are needed");
            }
            return new OnnxFinder(model, OnnxNetwork.load(device, model, options(model, settings), plans), task, settings);
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    private static OnnxOptions options(OnnxModel model, Settings s) {
        OnnxOptions out = OnnxOptions.of().precision(s.precision).scale(s.inputScale == null ? 1 / 255.0 : s.inputScale)
                .mean(s.mean == null ? numbers(model, "kerf.input.mean") : s.mean)
                .std(s.std == null ? numbers(model, "kerf.input.std") : s.std).blueFirst(s.bgr).answer(s.answer)
                .output(s.output);
        out = out.instances(s.score == null ? out.score() : s.score.floatValue(),
                s.overlap == null ? out.overlap() : s.overlap.floatValue(), s.most == null ? out.most() : s.most);
        return s.inputSize == null ? out : out.size(s.inputSize[0], s.inputSize[1]);
    }

    /** Numbers that Kerf's own exports say. */
    private static List<Double> numbers(OnnxModel model, String key) {
        String text = model.metadata().get(key);
        return text == null ? List.of() : Json.parse(text, key).items().stream().map(Json::asDouble).toList();
    }

    private static List<String> said(OnnxModel model) {
        String own = model.metadata().get("kerf.classes");
        if (own != null) {
            return Json.parse(own, "kerf.classes").items().stream().map(Json::asString).toList();
        }
        List<String> names = new ArrayList<>();
        Matcher m = NAMED.matcher(model.metadata().getOrDefault("names", ""));
        while (m.find()) {
            names.add(m.group(1) != null ? m.group(1) : m.group(2));
        }
        return names;
    }

    @Override
    public List<Answer> find(List<Sight> images) {
        return images.stream().map(s -> answer(net.run(s.image(), false, true))).toList();
    }

    private Answer answer(Result result) {
        if (result.found() != null && task == Task.DETECT) {
            List<String> names = settings.named(said);
            return Answer.things(result.found(), i -> i < names.size() ? names.get(i) : "class " + i);
        } else if (result.labels() == null || task == Task.DETECT) {
            throw new BadInputException("the network finds " + (result.found() == null
                    ? "no instances: its task is segment"
                    : "instances: its task is detect"));
        }
        int classes = result.classes() > 0 ? result.classes() : result.labels().max() + 1;
        List<String> own = result.matte() != null
                ? List.of("background", "foreground")
                : said.size() == classes ? said : IntStream.range(0, classes).mapToObj(i -> "class " + i).toList();
        List<String> names = settings.named(own);
        return Answer.labels(result.labels(), names, settings.background(names), 1);
    }

    @Override
    public void close() {
        net.close();
        model.close();
    }
}
