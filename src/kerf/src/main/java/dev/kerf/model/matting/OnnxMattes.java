package dev.kerf.model.matting;

import dev.kerf.backend.Device;
import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.onnx.OnnxModel;
import dev.kerf.image.Picture;
import dev.kerf.json.Json;
import dev.kerf.model.onnx.OnnxNetwork;
import dev.kerf.model.onnx.OnnxOptions;
import dev.kerf.model.onnx.OnnxOptions.Answer;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A network of an ONNX model whose result is a matte. */
final class OnnxMattes implements Matting.Network {
    private static final String MEAN = "kerf.input.mean";
    private static final String STD = "kerf.input.std";

    private final String label;
    private final OnnxNetwork net;

    OnnxMattes(Device device, OnnxModel model, MattingOptions options, int plans) {
        Trained trained = trained(model);
        this.label = trained.label();
        OnnxOptions given = OnnxOptions.of().answer(Answer.MATTE).precision(options.precision()).scale(options.scale())
                .blueFirst(options.blueFirst()).output(options.output()).mean(options.mean()).std(options.std());
        if (!options.normalised()) {
            given = numbers(model, given, trained);
        }
        this.net = OnnxNetwork.load(device, model, size(model, options, given, trained), plans);
    }

    /** By its ops; where no graph can be recorded, {@link OnnxNetwork#load} or its first run says why. */
    private static Trained trained(OnnxModel model) {
        if (model.inputs().size() != 1 || model.inputs().getFirst().extents().size() != 4) {
            return Trained.OTHER;
        }
        OnnxModel.Slot in = model.inputs().getFirst();
        boolean last = OnnxNetwork.channelsLast(in);
        long[] dims = new long[4];
        for (int i = 0; i < 4; i++) {
            long open = i == 0 ? 1 : i == (last ? 3 : 1) ? 3 : Trained.U2NET.side();
            dims[i] = in.extent(i) > 0 ? in.extent(i) : open;
        }
        Graph graph = model.graph(Map.of(in.name(), Shape.of(dims)));
        return Trained.of(graph);
    }

    /** Those that an export of Kerf's says, or those of the architecture. */
    private static OnnxOptions numbers(OnnxModel model, OnnxOptions given, Trained trained) {
        Map<String, String> said = model.metadata();
        if (said.containsKey(MEAN) && said.containsKey(STD)) {
            return given.mean(list(said, MEAN)).std(list(said, STD));
        }
        return said.containsKey("kerf.input.normalise") ? given : given.mean(trained.mean()).std(trained.std());
    }

    private static List<Double> list(Map<String, String> metadata, String key) {
        List<Double> numbers = new ArrayList<>();
        try {
            Json.parse(Objects.requireNonNull(metadata.get(key)), key).items().forEach(n -> numbers.add(n.asDouble()));
        } catch (KerfException e) {
            throw new BadInputException("the model says " + key + " " + metadata.get(key)
                    + ", which is no list of numbers; give mean and standard deviation", e);
        }
        return numbers;
    }

    /** The one asked for, the model's, or, where its extents are open, the one that the architecture was trained with. */
    private static OnnxOptions size(OnnxModel model, MattingOptions options, OnnxOptions given, Trained trained) {
        if (options.height() > 0) {
            return given.size(options.height(), options.width());
        }
        boolean open = model.inputs().stream().findFirst().map(OnnxModel.Slot::extents)
                .map(e -> e.size() != 4 || e.stream().skip(1).filter(x -> !x.matches("[1-9][0-9]*")).count() > 0).orElse(true);
        return open ? given.size(trained.side(), trained.side()) : given;
    }

    @Override
    public String label() {
        return label;
    }

    @Override
    public HostTensor shares(Picture picture) {
        return Objects.requireNonNull(net.run(picture, false, true).matte());
    }

    @Override
    public Map<String, HostTensor> trace(Picture picture) {
        return Map.of("matte", shares(picture));
    }

    @Override
    public void close() {
        net.close();
    }
}
