package dev.kerf.model.matting;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.TensorType;
import dev.kerf.image.Picture;
import dev.kerf.image.PixelFormat;
import dev.kerf.model.nn.PictureInput;
import dev.kerf.model.plan.PlanCache;
import dev.kerf.tensor.HostTensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** U²-Net or IS-Net from a checkpoint, on a device. */
final class CheckpointMattes implements Matting.Network {
    private static final String IMAGE = "image";
    private static final String MATTE = "matte";
    private static final int CHANNELS = 3;

    private final SaliencyNet net;
    private final MattingOptions options;
    private final Device device;
    private final DeviceWeights weights;
    private final PlanCache<Picture.Form, Executable> plans;

    CheckpointMattes(Device device, SaliencyNet net, MattingOptions options, int plans) {
        if (!options.output().isEmpty()) {
            throw new BadInputException("an output '" + options.output() + "' of a checkpoint: only ONNX models name outputs");
        }
        this.device = device;
        this.net = net;
        this.options = options;
        Graph any = graph(net, 1, Trained.U2NET.side(), Trained.U2NET.side(), false);
        net.weights().requireAllUsed(any.weights().stream().flatMap(w -> w.tensors().stream()).toList(), net.notNeeded());
        this.weights = device.load(net.weights());
        this.plans = new PlanCache<>(plans, form -> device.compile(record(form), this.weights, compile()));
    }

    private CompileOptions compile() {
        return CompileOptions.of().precision(options.precision());
    }

    /**
     * {@code image} to shares {@code matte} (batch, 1, height, width).
     *
     * @param pixels whether the image is U8 (batch, height, width, 3); else it is float32 (batch, 3, height, width), normalised
     */
    static Graph graph(SaliencyNet net, int batch, int height, int width, boolean pixels) {
        GraphBuilder g = new GraphBuilder();
        Picture.Form form = new Picture.Form(width, height, PixelFormat.RGB8);
        Value x = g.input(IMAGE,
                pixels ? PictureInput.type(form, batch) : TensorType.f32(batch, CHANNELS, height, width));
        if (pixels) {
            x = PictureInput.standardised(g, PictureInput.planes(g, x, form, CHANNELS, false), net.trained().mean(),
                    net.trained().std());
        }
        g.output(MATTE, SaliencyNet.shares(g, net.record(g, x)));
        return g.build();
    }

    private Graph record(Picture.Form form) {
        GraphBuilder g = new GraphBuilder();
        Value image = g.input(IMAGE, PictureInput.type(form, 1));
        Value x = PictureInput.planes(g, image, form, CHANNELS, options.blueFirst());
        int side = net.trained().side();
        x = PictureInput.resized(g, x, options.height() > 0 ? options.height() : side,
                options.width() > 0 ? options.width() : side, Interpolation.BILINEAR, true);
        float factor = (float) (options.scale() * 255);
        x = factor == 1 ? x : g.multiply(x, g.constant(factor));
        x = g.stage("input", PictureInput.standardised(g, x, each(options.mean(), net.trained().mean(), 0.0),
                each(options.std(), net.trained().std(), 1.0)));
        Value shares = SaliencyNet.shares(g, net.record(g, x)); // (1, 1, h, w)
        Value whole = PictureInput.resized(g, shares, form.height(), form.width(), Interpolation.BILINEAR, true);
        g.output(MATTE, g.stage(MATTE, g.reshape(whole, form.height(), form.width())));
        return g.build();
    }

    private List<Double> each(List<Double> given, List<Double> own, double otherwise) {
        List<Double> some = options.normalised() ? given : own;
        return switch (some.size()) {
            case 0 -> List.of(otherwise, otherwise, otherwise);
            case 1 -> List.of(some.getFirst(), some.getFirst(), some.getFirst());
            case CHANNELS -> some;
            default -> throw new BadInputException(some.size() + " means or standard deviations for " + CHANNELS + " channels");
        };
    }

    @Override
    public String label() {
        return net.label();
    }

    @Override
    public HostTensor shares(Picture picture) {
        try (var lease = plans.lease(picture.form())) {
            Executable e = lease.plan();
            PictureInput.upload(e.input(IMAGE), List.of(picture));
            e.run();
            return e.output(MATTE).toHost();
        }
    }

    @Override
    public Map<String, HostTensor> trace(Picture picture) {
        Graph graph = record(picture.form());
        Map<String, HostTensor> out = new LinkedHashMap<>();
        CompileOptions all = compile().keep(graph.stages().keySet().toArray(String[]::new));
        try (Executable e = device.compile(graph, weights, all)) {
            PictureInput.upload(e.input(IMAGE), List.of(picture));
            e.run();
            graph.kept(graph.stages().keySet()).keySet().forEach(name -> out.put(name, e.output(name).toHost()));
        }
        return out;
    }

    @Override
    public void close() {
        plans.close();
        weights.close();
    }
}
