package dev.kerf.model.onnx;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.FrameOp;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.PointwiseOp.Cast;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.TensorType;
import dev.kerf.graph.onnx.OnnxModel;
import dev.kerf.image.Picture;
import dev.kerf.mask.Instances;
import dev.kerf.mask.LabelMap;
import dev.kerf.model.nn.PictureInput;
import dev.kerf.model.onnx.OnnxOptions.Answer;
import dev.kerf.model.plan.FiniteCheck;
import dev.kerf.model.plan.PlanCache;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A network of an ONNX model on a device: one picture in, labels, a matte or instances out, prepared and answered on the device.
 *
 * <pre>{@code
 * try (OnnxModel model = OnnxModel.open(Path.of("net.onnx"));
 *         OnnxNetwork net = OnnxNetwork.load(device, model, OnnxOptions.of())) {
 *     LabelMap labels = net.run(Image.read(Path.of("photo.jpg")), false, true).labels();
 * }
 * }</pre>
 */
public final class OnnxNetwork implements AutoCloseable {
    private static final int PLANS = 4;
    private static final int MULTIPLE = 32;
    private static final String IMAGE = "kerf.image";
    private static final String RAW = "kerf.raw";

    private final OnnxModel model;
    private final OnnxModel.Slot input;
    private final String output;
    private final OnnxOptions options;
    private final Device device;
    private final DeviceWeights weights;
    private final YoloMetadata said;
    private final boolean instances;
    private final PlanCache<Request, Plan> plans;

    /** What a plan is for: pictures of a form, or a tensor of a shape. */
    private record Request(Picture.@Nullable Form form, @Nullable Shape shape, boolean raw, boolean answered) {}

    /** @param box where the picture lies in what the network sees, if it finds instances */
    private record Plan(Executable executable, int classes, @Nullable Letterbox box) implements AutoCloseable {
        @Override
        public void close() {
            executable.close();
        }
    }

    /**
     * What a network says of a picture.
     *
     * @param labels  the class of each pixel; null unless asked for, or if there are instances
     * @param classes how many there are; 0 where only the labels say
     * @param matte   float32 (height, width), if the network makes one
     * @param raw     the output as it is, if asked for
     * @param found   the instances, the surest first, if the network finds such and they are asked for; categories are its
     *                classes from 0
     */
    public record Result(@Nullable LabelMap labels, int classes, @Nullable HostTensor matte, @Nullable HostTensor raw,
            @Nullable Instances found) {}

    private OnnxNetwork(Device device, OnnxModel model, OnnxOptions options, OnnxModel.Slot input, String output, int plans) {
        this.device = device;
        this.model = model;
        this.options = options;
        this.input = input;
        this.output = output;
        this.weights = device.load(model.weights());
        this.said = YoloMetadata.of(model);
        this.instances = options.answer() == Answer.INSTANCES
                || options.answer() == Answer.AUTO && options.output().isEmpty() && said.segments();
        this.plans = new PlanCache<>(plans, this::compile);
    }

    /**
     * Puts a model on a device.
     *
     * @throws BadInputException if it takes more than one input or none of four axes, or has no such output
     * @throws BadFileException  if it gives nothing
     */
    public static OnnxNetwork load(Device device, OnnxModel model, OnnxOptions options) {
        return load(device, model, options, PLANS);
    }

    /** Likewise with another number of compiled plans that are kept at most. */
    public static OnnxNetwork load(Device device, OnnxModel model, OnnxOptions options, int plans) {
        List<OnnxModel.Slot> in = model.inputs();
        if (in.size() != 1) {
            throw new BadInputException("the model takes " + in + ", expected one picture");
        }
        int rank = in.getFirst().extents().size();
        if (rank != 4 && rank != 0) {
            throw new BadInputException(
                    "the model takes " + in.getFirst() + ", expected a picture (1, channels, height, width)");
        }
        List<String> out = model.outputs().stream().map(OnnxModel.Slot::name).toList();
        if (out.isEmpty()) {
            throw new BadFileException("the model gives nothing");
        }
        if (!options.output().isEmpty() && !out.contains(options.output())) {
            throw new BadInputException("the model has no output '" + options.output() + "', only " + out);
        }
        return new OnnxNetwork(device, model, options, in.getFirst(),
                options.output().isEmpty() ? out.getFirst() : options.output(), plans);
    }

    /** Whether channels are the last axis of a picture: (1, height, width, channels). */
    public static boolean channelsLast(OnnxModel.Slot input) {
        return input.extents().size() == 4 && List.of(1L, 3L, 4L).contains(input.extent(3))
                && !List.of(1L, 3L, 4L).contains(input.extent(1));
    }

    /**
     * Takes a picture.
     *
     * @param raw      whether the output is wanted as it is
     * @param answered whether labels are wanted
     * @throws BadInputException if nothing of a picture can be made of the network's result, or it isn't finite
     */
    public Result run(Picture picture, boolean raw, boolean answered) {
        return run(new Request(picture.form(), null, raw, answered),
                e -> PictureInput.upload(e.input(IMAGE), List.of(picture)));
    }

    /**
     * Takes what a network is given, float32 (1, C, H, W) or (C, H, W), as it is.
     *
     * @param raw      whether the output is wanted as it is
     * @param answered whether labels are wanted; of one picture alone
     * @throws BadInputException as of a picture, and if an element isn't finite
     */
    public Result run(HostTensor tensor, boolean raw, boolean answered) {
        Shape s = tensor.shape();
        if (s.rank() != 3 && s.rank() != 4) {
            throw new BadInputException("a tensor " + tensor + ", the network takes (C, H, W) or (N, C, H, W)");
        }
        Shape whole = s.rank() == 4 ? s : Shape.of(1, s.dim(0), s.dim(1), s.dim(2));
        if (tensor.dtype() == DType.F32) {
            FiniteCheck.requireInput("the image", tensor);
        }
        return run(new Request(null, whole, raw, answered), e -> {
            DType to = e.input(IMAGE).type().dtype();
            e.input(IMAGE).upload(tensor.to(to).data());
        });
    }

    /**
     * What the network is given of a picture: (1, C, H, W), or with channels last, in the model's element type.
     *
     * @throws BadInputException if the picture has no such channels
     */
    public HostTensor prepare(Picture picture) {
        GraphBuilder g = new GraphBuilder();
        g.output(RAW,
                prepared(g, picture.form(), instances ? letterbox(new Request(picture.form(), null, true, false)) : null));
        try (Executable e = device.compile(g.build(), weights, CompileOptions.of())) {
            PictureInput.upload(e.input(IMAGE), List.of(picture));
            e.run();
            return e.output(RAW).toHost();
        }
    }

    private Result run(Request request, Consumer<Executable> fill) {
        try (var lease = plans.lease(request)) {
            Executable e = lease.plan().executable();
            fill.accept(e);
            e.run();
            Map<String, Value> outputs = e.graph().outputs();
            if (outputs.containsKey(FiniteCheck.OUTPUT)) {
                FiniteCheck.require(e, PictureInput.names(1));
            }
            Letterbox box = lease.plan().box();
            return new Result(
                    outputs.containsKey(OnnxAnswers.LABELS) ? new LabelMap(e.output(OnnxAnswers.LABELS).toHost()) : null,
                    lease.plan().classes(),
                    outputs.containsKey(OnnxAnswers.MATTE) ? e.output(OnnxAnswers.MATTE).toHost() : null,
                    request.raw ? e.output(RAW).toHost() : null,
                    box != null ? OnnxInstances.of(e, box) : null);
        }
    }

    private Plan compile(Request r) {
        GraphBuilder g = new GraphBuilder();
        Letterbox box = instances ? letterbox(r) : null;
        Value x = r.form != null
                ? prepared(g, r.form, box)
                : g.input(IMAGE, new TensorType(input.dtype(), shape(r.shape)));
        Map<String, Value> made = model.record(g, Map.of(input.name(), x), Map.of());
        Value y = made.get(output);
        if (r.raw) {
            g.output(RAW, y);
        }
        int classes = 0;
        if (r.answered && instances) {
            classes = found(g, made);
        } else if (r.answered) {
            boolean last = channelsLast(input);
            int height = r.form != null ? r.form.height() : r.shape.size(last ? 1 : 2);
            int width = r.form != null ? r.form.width() : r.shape.size(last ? 2 : 3);
            classes = new OnnxAnswers(g, height, width).record(y, last, options.answer(), OnnxAnswers.between(g, y));
        }
        return new Plan(device.compile(g.build(), weights, CompileOptions.of().precision(options.precision())), classes,
                r.answered ? box : null);
    }

    /** What instances are made of: the outputs of three and of four axes. */
    private int found(GraphBuilder g, Map<String, Value> made) {
        List<Value> rows = made.values().stream().filter(v -> v.type().shape().rank() == 3).toList();
        List<Value> planes = made.values().stream().filter(v -> v.type().shape().rank() == 4).toList();
        if (rows.isEmpty() || planes.isEmpty()) {
            throw new BadInputException("the network gives " + made.values().stream().map(Value::type).toList()
                    + ", of which no instances can be made: rows (1, …, …) and prototypes (1, K, height, width) are expected");
        }
        Value prototypes = channelsLast(input) ? g.permute(planes.getFirst(), 0, 3, 1, 2) : planes.getFirst();
        var layout = OnnxRows.Layout.of(rows.getFirst().type().shape(), prototypes.type().shape().size(1), said.names().size(),
                said.chosen());
        return new OnnxRows(g, options).record(rows.getFirst(), layout, prototypes);
    }

    private Letterbox letterbox(Request r) {
        boolean last = channelsLast(input);
        boolean open = input.extents().isEmpty();
        if (r.form == null) {
            return Letterbox.whole(r.shape.size(last ? 2 : 3), r.shape.size(last ? 1 : 2));
        }
        int rows = options.height() > 0 ? options.height() : said.height();
        int columns = options.width() > 0 ? options.width() : said.width();
        long height = open ? -1 : input.extent(last ? 1 : 2);
        long width = open ? -1 : input.extent(last ? 2 : 3);
        return Letterbox.of(r.form.width(), r.form.height(),
                extent(width, options.width() == 0 && width > 0 ? 0 : columns, r.form.width()),
                extent(height, options.height() == 0 && height > 0 ? 0 : rows, r.form.height()));
    }

    /** The shape, if the model takes it. */
    private Shape shape(Shape given) {
        for (int i = 0; i < input.extents().size(); i++) {
            long wanted = input.extent(i);
            if (wanted >= 0 && wanted != given.dim(i)) {
                throw new BadInputException("a tensor " + given + ", the network takes " + input);
            }
        }
        return given;
    }

    private Value prepared(GraphBuilder g, Picture.Form form, @Nullable Letterbox box) {
        boolean last = channelsLast(input);
        boolean open = input.extents().isEmpty();
        long channels = open ? 3 : input.extent(last ? 3 : 1);
        Value image = g.input(IMAGE, PictureInput.type(form, 1));
        Value x = PictureInput.planes(g, image, form, channels < 1 ? 3 : (int) channels, options.blueFirst());
        x = box != null
                ? box.record(g, x)
                : PictureInput.resized(g, x, extent(open ? -1 : input.extent(last ? 1 : 2), options.height(), form.height()),
                        extent(open ? -1 : input.extent(last ? 2 : 3), options.width(), form.width()), Interpolation.BILINEAR,
                        true);
        if (input.dtype() != DType.F32) {
            Value bytes = g.unary(Function.ROUND_HALF_EVEN, g.multiply(x, g.constant(255)));
            x = g.apply(new Cast(input.dtype()), bytes);
        } else {
            double factor = options.scale() * 255;
            x = Math.abs(factor - 1) < 1e-12 ? x : g.multiply(x, g.constant((float) factor));
            x = standardised(g, x);
        }
        return last ? g.permute(x, 0, 2, 3, 1) : x;
    }

    /** By the options; else, where an export of Kerf's says so, by each picture's own mean and deviation. */
    private Value standardised(GraphBuilder g, Value x) {
        boolean unsaid = options.mean().isEmpty() && options.std().isEmpty();
        if (unsaid && "image".equals(model.metadata().get("kerf.input.normalise"))) {
            return g.apply(new FrameOp.Standardise(), x, g.apply(new FrameOp.ImageStatistics(), x));
        }
        int channels = x.type().shape().size(1);
        List<Double> mean = filled(options.mean(), channels, 0.0);
        List<Double> std = filled(options.std(), channels, 1.0);
        boolean nothing = mean.stream().allMatch(m -> m == 0) && std.stream().allMatch(s -> s == 1);
        return nothing ? x : PictureInput.standardised(g, x, mean, std);
    }

    private static List<Double> filled(List<Double> given, int channels, double otherwise) {
        if (given.size() > 1 && given.size() != channels) {
            throw new BadInputException(given.size() + " means or standard deviations for " + channels + " channels");
        }
        return given.size() == channels ? given : Collections.nCopies(channels, given.isEmpty() ? otherwise : given.getFirst());
    }

    /** The model's own extent, the one asked for, or the picture's brought to a multiple. */
    private static int extent(long fixed, int asked, int own) {
        if (fixed > 0 && asked > 0 && fixed != asked) {
            throw new BadInputException("a picture of " + asked + " rows or columns, the network takes " + fixed);
        }
        return fixed > 0 ? (int) fixed : asked > 0 ? asked : Math.max(1, (own + MULTIPLE / 2) / MULTIPLE) * MULTIPLE;
    }

    /** Closes plans and gives the weights back; the model stays open. */
    @Override
    public void close() {
        plans.close();
        weights.close();
    }
}
