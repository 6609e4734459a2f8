package dev.kerf.model.maskrcnn;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.backend.HostView;
import dev.kerf.error.BadInputException;
import dev.kerf.error.BadWeightsException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.WeightExpr;
import dev.kerf.image.Image;
import dev.kerf.mask.Instances;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Panoptic;
import dev.kerf.mask.PanopticMerge;
import dev.kerf.model.PlanCache;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.TensorInfo;
import dev.kerf.weights.Weights;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A Mask R-CNN on a device: images in, instances out.
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
 * plan of its own from a bounded cache, all plans share the weights, and a call gives the same answer as alone. The device and
 * the weight file must outlive the network.
 */
public final class MaskRcnn implements AutoCloseable {
    /** Plans that a network keeps at most, for different image sizes or for threads at the same time. */
    public static final int PLANS = 3;
    /** Images of one size that are computed together at most. */
    public static final int BATCH = 4;

    private static final List<String> NOT_NEEDED = List.of("*.num_batches_tracked", "pixel_mean", "pixel_std",
            "proposal_generator.anchor_generator.cell_anchors.*");

    private final RcnnConfig config;
    private final ClassNames names;
    private final Weights source;
    private final Device device;
    private final DeviceWeights weights;
    private final PlanCache<RcnnRequest, Executable> plans;

    private MaskRcnn(Device device, Weights source) {
        this.config = RcnnConfig.of(source);
        this.names = ClassNames.of(source, config);
        this.source = source;
        this.device = device;
        check(RcnnGraph.detect(config, source, smallest(config.semantic()), true));
        this.weights = device.load(source);
        this.plans = new PlanCache<>(PLANS,
                request -> device.compile(RcnnGraph.detect(config, source, request, true), weights, CompileOptions.of()));
    }

    private static RcnnRequest smallest(boolean semantic) {
        return new RcnnRequest(false, 1, 3, false, 64, 64, semantic, DetectOptions.of().size(64, 64));
    }

    /**
     * Reads the architecture and checks every tensor.
     *
     * @throws BadWeightsException if the file is no Mask R-CNN, or a tensor is missing, misshapen or left over
     */
    public static MaskRcnn load(Device device, Weights weights) {
        return new MaskRcnn(device, weights);
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
        return RcnnGraph.detect(RcnnConfig.of(weights), weights,
                new RcnnRequest(false, 1, 3, false, height, width, false, options), false);
    }

    /** What instances' categories mean; numbers of classes that have no name give "class N". */
    public String className(int category) {
        return names.name(category);
    }

    /** Numbers of all classes of things, ascending. */
    public List<Integer> categories() {
        return names.categories();
    }

    /** How many compiled plans there are; at most {@link #PLANS}. */
    public int plans() {
        return plans.size();
    }

    /**
     * Finds instances, the surest first; perhaps none.
     *
     * @throws dev.kerf.error.BadInputException if the image is too large for the device
     */
    public Instances detect(Image image, DetectOptions options) {
        return detect(List.of(image), options).getFirst();
    }

    /** Finds instances in several images; those of one size and form are computed together, {@link #BATCH} at a time. */
    public List<Instances> detect(List<Image> images, DetectOptions options) {
        Map<RcnnRequest, List<Integer>> groups = new LinkedHashMap<>();
        for (int i = 0; i < images.size(); i++) {
            groups.computeIfAbsent(RcnnRequest.of(images.get(i), 1, false, options), k -> new ArrayList<>()).add(i);
        }
        Instances[] found = new Instances[images.size()];
        groups.values().forEach(group -> {
            for (int at = 0; at < group.size(); at += BATCH) {
                run(images, group.subList(at, Math.min(group.size(), at + BATCH)), options, found);
            }
        });
        return List.of(found);
    }

    private void run(List<Image> images, List<Integer> batch, DetectOptions options, Instances[] found) {
        RcnnRequest request = RcnnRequest.of(images.get(batch.getFirst()), batch.size(), false, options);
        try (var lease = plans.lease(request)) {
            Executable e = lease.plan();
            upload(e, request, batch.stream().map(images::get).toList());
            e.run();
            Detected detected = Detected.of(e);
            for (int i = 0; i < batch.size(); i++) {
                found[batch.get(i)] = detected.instances(i, request, config, names);
            }
        }
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
     * @throws BadInputException if the network has no semantic branch
     */
    public Panoptic panoptic(Image image, DetectOptions options, PanopticMerge merge) {
        requirePanoptic();
        RcnnRequest request = RcnnRequest.of(image, 1, true, options);
        try (var lease = plans.lease(request)) {
            Executable e = lease.plan();
            e.input("image").upload(view(image, request));
            e.run();
            HostTensor labels = e.output("semantic").toHost();
            return merge.merge(Detected.of(e).instances(0, request, config, names),
                    new LabelMap(labels.reshape(Shape.of(image.height(), image.width()))), names::stuff);
        }
    }

    private static void upload(Executable e, RcnnRequest request, List<Image> images) {
        if (images.size() == 1) {
            e.input("image").upload(view(images.getFirst(), request));
            return;
        }
        HostTensor all = HostTensor.zeros(request.inputType().dtype(), request.inputType().shape());
        long bytes = all.data().byteSize() / images.size();
        for (int i = 0; i < images.size(); i++) {
            all.data().asSlice(i * bytes, bytes).copyFrom(images.get(i).packed().data().asSlice(0, bytes));
        }
        e.input("image").upload(all.data());
    }

    private static HostView view(Image image, RcnnRequest request) {
        Shape shape = request.inputType().shape().with(0, 1);
        return HostView.of(image.data(), request.inputType().dtype(), shape, image.rowStride() * image.height(),
                image.rowStride(), image.format().pixelBytes(), image.format().sampleBytes());
    }

    /** Every stage for an image, by its upstream name, in order; the outputs too. Rows past {@code count} hold anything. */
    public Map<String, HostTensor> trace(Image image, DetectOptions options) {
        RcnnRequest request = RcnnRequest.of(image, 1, config.semantic(), options);
        return run(RcnnGraph.detect(config, source, request, true), image, request, Map.of());
    }

    /**
     * What the heads make of given boxes, in pixels of the resized image: {@code box_roi_align}, {@code class_logits} and
     * {@code box_regression} of proposals (R, 4), {@code mask_logits} of boxes (D, 4).
     */
    public Map<String, HostTensor> traceHeads(Image image, HostTensor proposals, HostTensor boxes, DetectOptions options) {
        RcnnRequest request = RcnnRequest.of(image, 1, false, options);
        Graph graph = RcnnGraph.heads(config, source, request, proposals.shape().size(0), boxes.shape().size(0));
        return run(graph, image, request, Map.of("proposals", proposals, "boxes", boxes));
    }

    private Map<String, HostTensor> run(
            Graph graph, Image image, RcnnRequest request, Map<String, HostTensor> boxes) {
        Map<String, HostTensor> out = new LinkedHashMap<>();
        CompileOptions all = CompileOptions.of().keep(graph.stages().keySet().toArray(String[]::new));
        try (Executable e = device.compile(graph, weights, all)) {
            e.input("image").upload(view(image, request));
            boxes.forEach((name, t) -> e.input(name).upload(t.data()));
            e.run();
            graph.kept(graph.stages().keySet()).keySet().forEach(name -> out.put(name, e.output(name).toHost()));
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
