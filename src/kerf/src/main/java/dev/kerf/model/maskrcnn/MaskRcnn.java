package dev.kerf.model.maskrcnn;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.error.BadInputException;
import dev.kerf.error.BadWeightsException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.SourceOp.WeightExpr;
import dev.kerf.image.Image;
import dev.kerf.image.Picture;
import dev.kerf.image.PixelFormat;
import dev.kerf.mask.Box;
import dev.kerf.mask.Instances;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Panoptic;
import dev.kerf.model.DeviceResult;
import dev.kerf.model.ModelKind;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.nn.PictureInput;
import dev.kerf.model.plan.FiniteCheck;
import dev.kerf.model.plan.PlanCache;
import dev.kerf.model.plan.PlanResult;
import dev.kerf.model.plan.WarmUp;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import dev.kerf.weights.Weights.TensorInfo;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A Mask R-CNN on a device: pictures in, instances out.
 *
 * <pre>{@code
 * try (Device device = Backends.open("cpu");
 *         Weights weights = Weights.open(Path.of("maskrcnn_resnet50_fpn.pth"));
 *         MaskRcnn net = MaskRcnn.load(device, weights)) {
 *     Instances found = net.detect(Image.read(Path.of("street.jpg")), DetectOptions.of().score(0.5f));
 *     found.items().forEach(i -> System.out.println(net.className(i.category()) + " " + i.score() + " " + i.box()));
 * }
 * }</pre>
 *
 * <p>It takes torchvision's {@code maskrcnn_resnet50_fpn} and {@code _v2} with ResNet-50, 101 or 152, under the older and the
 * newer tensor names, and Detectron2's R50-FPN and R101-FPN. May be used by many threads at once: each call takes a compiled
 * plan of its own from a bounded cache, all plans share the weights, and a call gives the same answer as alone. A
 * {@link dev.kerf.backend.Limit} gives a call a deadline and lets another thread cancel it. The device and the weight file must
 * outlive the network.
 */
public final class MaskRcnn implements AutoCloseable {
    /** What is known of these models before one is loaded. */
    public static final ModelKind KIND = new RcnnKind();
    /** Plans that a network keeps at most if its options don't say. */
    public static final int PLANS = 3;
    /** Pictures of one form that are computed together at most. */
    public static final int BATCH = 4;

    private static final List<String> NOT_NEEDED = List.of("*.num_batches_tracked", "pixel_mean", "pixel_std",
            "proposal_generator.anchor_generator.cell_anchors.*");

    private final RcnnConfig config;
    private final ClassNames names;
    private final Weights source;
    private final Device device;
    private final DeviceWeights weights;
    private final PlanCache<RcnnRequest, Executable> plans;

    private final CompileOptions compile;

    private MaskRcnn(Device device, Weights source, ModelOptions options) {
        this.config = RcnnConfig.of(source);
        this.names = ClassNames.of(source, config);
        this.source = source;
        this.device = device;
        check(RcnnGraph.detect(config, source, smallest(config.semantic()), true));
        this.weights = device.load(source);
        this.compile = options.compile();
        this.plans = new PlanCache<>(options.plansOr(PLANS),
                request -> device.compile(RcnnGraph.detect(config, source, request, true), weights, compile));
    }

    private static RcnnRequest smallest(boolean semantic) {
        return new RcnnRequest(new Picture.Form(64, 64, PixelFormat.RGB8), 1, semantic, DetectOptions.of().size(64, 64));
    }

    /**
     * Reads the architecture and checks every tensor.
     *
     * @throws BadWeightsException if the file is no Mask R-CNN, or a tensor is missing, misshapen or left over
     */
    public static MaskRcnn load(Device device, Weights weights) {
        return load(device, weights, ModelOptions.of());
    }

    /** The same with storage, arithmetic, memory and number of plans of the caller's choice. */
    public static MaskRcnn load(Device device, Weights weights, ModelOptions options) {
        return new MaskRcnn(device, weights, options);
    }

    /** Every tensor is there in its shape, and none is left over. */
    private void check(Graph graph) {
        List<String> used = new ArrayList<>();
        graph.nodes().forEach(n -> {
            if (n.op() instanceof SourceOp.Weight w && w.expr() instanceof WeightExpr.Tensor t) {
                used.add(t.name());
                TensorInfo info = source.find(t.name()).orElse(null);
                if (info == null || !info.shape().equals(t.shape())) {
                    source.tensor(t.name(), t.shape());
                }
            }
        });
        source.requireAllUsed(used, NOT_NEEDED);
    }

    /**
     * The network as a graph: input {@code image}, U8 (1, height, width, 3), red first; outputs {@code boxes} (1, D, 4) in
     * pixels of the image, {@code scores} and {@code labels} (1, D), {@code count} (1) and {@code masks} (1, D, 28, 28),
     * probabilities; rows past the count hold anything.
     */
    public static Graph graph(Weights weights, int height, int width, DetectOptions options) {
        return graph(weights, 1, height, width, options);
    }

    /** The same for several images at once: input {@code image} (batch, height, width, 3). */
    public static Graph graph(Weights weights, int batch, int height, int width, DetectOptions options) {
        return RcnnGraph.detect(RcnnConfig.of(weights), weights,
                new RcnnRequest(new Picture.Form(width, height, PixelFormat.RGB8), batch, false, options), false);
    }

    /** What instances' categories mean; numbers of classes that have no name give "class N". */
    public String className(int category) {
        return names.name(category);
    }

    /** Numbers of all classes of things, ascending. */
    public List<Integer> categories() {
        return names.categories();
    }

    /** How many compiled plans there are; at most {@link #PLANS}, or what the options say. */
    public int plans() {
        return plans.size();
    }

    /** How many plans were compiled since the network was loaded. */
    public long compiled() {
        return plans.compiled();
    }

    /**
     * Compiles what pictures of these forms need and looks at empty ones, one at a time, until times are steady.
     *
     * @param limit most time for each form, after the first call
     */
    public void warmUp(Duration limit, DetectOptions options, Picture.Form... forms) {
        for (Picture.Form form : forms) {
            Picture blank = form.blank();
            WarmUp.untilSteady(limit, () -> detect(blank, options));
        }
    }

    /**
     * Finds instances, the surest first; perhaps none.
     *
     * @throws BadInputException if the picture is too large for the device, or a logit isn't finite
     */
    public Instances detect(Picture picture, DetectOptions options) {
        return detect(List.of(picture), options).getFirst();
    }

    /**
     * Finds instances in overlapping parts of an image, and in the whole if asked for, and puts together what they show of one
     * thing. {@link DetectOptions#most} holds for each part.
     */
    public Instances detect(Image image, DetectOptions options, Crops crops) {
        List<Box> parts = new ArrayList<>(crops.boxes(image.width(), image.height()));
        if (crops.whole() && parts.size() > 1) {
            parts.add(new Box(0, 0, image.width(), image.height()));
        }
        List<Image> seen = parts.stream().map(b -> image.crop(b.x(), b.y(), b.width(), b.height())).toList();
        return crops.merge(image.width(), image.height(), parts, detect(seen, options));
    }

    /** Finds instances in several pictures; those of one form are computed together, {@link #BATCH} at a time. */
    public List<Instances> detect(List<? extends Picture> pictures, DetectOptions options) {
        return PictureInput.together(pictures, Picture::form, BATCH, (some, names) -> {
            RcnnRequest request = new RcnnRequest(some.getFirst().form(), some.size(), false, options);
            try (var lease = plans.lease(request)) {
                Executable e = lease.plan();
                PictureInput.upload(e.input("image"), some);
                e.run();
                FiniteCheck.require(e, names);
                Detected detected = Detected.of(e);
                return IntStream.range(0, some.size())
                        .mapToObj(i -> detected.instances(i, request, config, this.names)).toList();
            }
        });
    }

    /**
     * Finds instances in pictures of one form and leaves them on the device: {@code boxes} F32 (B, D, 4), left, top, right and
     * bottom edge in pixels of the picture; {@code scores} F32 and {@code labels} I32 (B, D); {@code masks} U8 (B, D,
     * ⌈pixels / 8⌉), bits with the first pixel in the highest; {@code count} I32 (B), how many of the D hold.
     *
     * @return to be closed by the caller
     * @throws BadInputException if the pictures differ in form, or a logit isn't finite
     */
    public DeviceResult detectOnDevice(List<? extends Picture> pictures, DetectOptions options) {
        PictureInput.requireOneForm(pictures);
        return PlanResult.of(plans.lease(new RcnnRequest(pictures.getFirst().form(), pictures.size(), false, options)), e -> {
            PictureInput.upload(e.input("image"), pictures);
            e.run();
            FiniteCheck.require(e, PictureInput.names(pictures.size()));
        });
    }

    /** Whether the network gives every pixel a class too, so that {@link #panoptic} can be asked for. */
    public boolean isPanoptic() {
        return config.semantic();
    }

    /**
     * Refuses a network that finds things only.
     *
     * @throws BadInputException unless {@link #isPanoptic}
     */
    public void requirePanoptic() {
        if (!config.semantic()) {
            throw new BadInputException(source.source() + " finds things only: a panoptic picture needs a network with a "
                    + "semantic branch (Panoptic FPN, tensors sem_seg_head.…)");
        }
    }

    /** Numbers of all classes of stuff, ascending; none unless {@link #isPanoptic}. */
    public List<Integer> stuffCategories() {
        return names.stuffCategories();
    }

    /**
     * One segment for each thing and for each sort of stuff: the instances merged with the semantic branch's labels.
     *
     * @param merge how they are put together; what is below its score never comes in
     * @throws BadInputException if the network has no semantic branch, or a logit isn't finite
     */
    public Panoptic panoptic(Picture picture, DetectOptions options, Panoptic.Merge merge) {
        requirePanoptic();
        RcnnRequest request = new RcnnRequest(picture.form(), 1, true, options);
        try (var lease = plans.lease(request)) {
            Executable e = lease.plan();
            PictureInput.upload(e.input("image"), List.of(picture));
            e.run();
            FiniteCheck.require(e, PictureInput.names(1));
            HostTensor labels = e.output("semantic").toHost();
            return merge.merge(Detected.of(e).instances(0, request, config, names),
                    new LabelMap(labels.reshape(Shape.of(picture.height(), picture.width()))), names::stuff);
        }
    }

    /** Every stage for an image, by its upstream name, in order; the outputs too. Rows past {@code count} hold anything. */
    public Map<String, HostTensor> trace(Picture picture, DetectOptions options) {
        RcnnRequest request = new RcnnRequest(picture.form(), 1, config.semantic(), options);
        return run(RcnnGraph.detect(config, source, request, true), picture, Map.of());
    }

    /**
     * What the heads make of given boxes, in pixels of the resized image: {@code box_roi_align}, {@code class_logits} and
     * {@code box_regression} of proposals (R, 4), {@code mask_logits} of boxes (D, 4).
     */
    public Map<String, HostTensor> traceHeads(Picture picture, HostTensor proposals, HostTensor boxes,
            DetectOptions options) {
        RcnnRequest request = new RcnnRequest(picture.form(), 1, false, options);
        Graph graph = RcnnGraph.heads(config, source, request, proposals.shape().size(0), boxes.shape().size(0));
        return run(graph, picture, Map.of("proposals", proposals, "boxes", boxes));
    }

    private Map<String, HostTensor> run(Graph graph, Picture picture, Map<String, HostTensor> boxes) {
        Map<String, HostTensor> out = new LinkedHashMap<>();
        CompileOptions all = compile.keep(graph.stages().keySet().toArray(String[]::new));
        try (Executable e = device.compile(graph, weights, all)) {
            PictureInput.upload(e.input("image"), List.of(picture));
            boxes.forEach((name, t) -> e.input(name).upload(t.data()));
            e.run();
            graph.kept(graph.stages().keySet()).keySet().forEach(name -> out.put(name, e.output(name).toHost()));
            out.remove(FiniteCheck.OUTPUT);
        }
        return out;
    }

    /** Closes plans and gives the weights back. */
    @Override
    public void close() {
        plans.close();
        weights.close();
    }
}
