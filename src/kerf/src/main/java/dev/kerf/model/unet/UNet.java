package dev.kerf.model.unet;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.Graph;
import dev.kerf.image.Image;
import dev.kerf.image.Picture;
import dev.kerf.mask.LabelMap;
import dev.kerf.model.DeviceResult;
import dev.kerf.model.ModelKind;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.nn.PictureInput;
import dev.kerf.model.plan.FiniteCheck;
import dev.kerf.model.plan.PlanCache;
import dev.kerf.model.plan.PlanResult;
import dev.kerf.model.plan.WarmUp;
import dev.kerf.model.unet.Tiling.Span;
import dev.kerf.model.unet.UNetRequest.Source;
import dev.kerf.model.unet.UNetRequest.Wanted;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * A U-Net on a device: pictures in, labels out.
 *
 * <pre>{@code
 * try (Device device = Backends.open("cpu");
 *         Weights weights = Weights.open(Path.of("unet.safetensors"));
 *         UNet net = UNet.load(device, weights)) {
 *     Segmentation s = net.segment(Image.read(Path.of("cells.png")), SegmentOptions.of());
 *     s.labels().get(0, 0); // class of the first pixel
 * }
 * }</pre>
 *
 * <p>May be used by many threads at once: each call takes a compiled plan of its own from a bounded cache, all plans share
 * the weights, and a call gives the same answer as alone. A {@link dev.kerf.backend.Limit} gives a call a deadline and lets
 * another thread cancel it. The device and the weight file must outlive the network.
 */
public final class UNet implements AutoCloseable {
    /** What is known of these models before one is loaded. */
    public static final ModelKind KIND = new UNetKind();
    /** Plans that a network keeps at most if its options don't say. */
    public static final int PLANS = 4;
    /** Pictures of one form that are computed together at most. */
    public static final int BATCH = 4;

    /** Bytes for each pixel and each channel of the finest level: skip connection and decoder, two buffers, rounded up. */
    private static final long BYTES_PER_CHANNEL = 24;

    private final UNetConfig config;
    private final Weights source;
    private final Device device;
    private final DeviceWeights weights;
    private final CompileOptions compile;
    private final PlanCache<UNetRequest, Executable> plans;

    private UNet(Device device, Weights source, ModelOptions options) {
        this.config = UNetConfig.of(source);
        this.source = source;
        this.device = device;
        Graph any = UNetGraph.planes(config, source, 1, 1 << config.depth(), 1 << config.depth());
        source.requireAllUsed(any.weights().stream().flatMap(w -> w.tensors().stream()).toList(),
                List.of("*.num_batches_tracked"));
        this.weights = device.load(source);
        this.compile = options.compile();
        this.plans = new PlanCache<>(options.plansOr(PLANS),
                request -> device.compile(UNetGraph.record(config, source, request), weights, compile));
    }

    /**
     * Reads the architecture and checks every tensor.
     *
     * @throws dev.kerf.error.BadWeightsException if the file is no U-Net, or a tensor is missing, misshapen or left over
     */
    public static UNet load(Device device, Weights weights) {
        return load(device, weights, ModelOptions.of());
    }

    /** The same with storage, arithmetic, memory and number of plans of the caller's choice. */
    public static UNet load(Device device, Weights weights, ModelOptions options) {
        return new UNet(device, weights, options);
    }

    /**
     * The network as a graph of float32 planes: input {@code image} (1, C, height, width), already normalised; outputs
     * {@code labels}, {@code logits} (1, K, height, width) and {@code probabilities}; stages by their upstream names.
     */
    public static Graph graph(Weights weights, int height, int width) {
        return graph(weights, 1, height, width);
    }

    /** The same for several images at once: input {@code image} (batch, C, height, width). */
    public static Graph graph(Weights weights, int batch, int height, int width) {
        return UNetGraph.planes(UNetConfig.of(weights), weights, batch, height, width);
    }

    /** What the network calls itself, or its kind. */
    public String name() {
        return config.name();
    }

    /** Names of the classes by label; a network of one logit has two, absent and present. */
    public List<String> classNames() {
        return config.classNames();
    }

    /** Planes that the network takes. */
    public int inputChannels() {
        return config.inputChannels();
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
     * Compiles what pictures of these forms need and segments empty ones, one at a time, until times are steady.
     *
     * @param limit most time for each form, after the first call
     */
    public void warmUp(Duration limit, SegmentOptions options, Picture.Form... forms) {
        for (Picture.Form form : forms) {
            Picture blank = form.blank();
            WarmUp.untilSteady(limit, () -> segment(blank, options));
        }
    }

    /** Pixels to each side that a label depends on: the least overlap of tiles. */
    public int receptiveRadius() {
        List<Integer> encoder = IntStream.rangeClosed(0, config.depth())
                .map(l -> UNetBlock.of(source, config.names().encoder(l), config.norm()).radius()).boxed().toList();
        List<Integer> decoder = IntStream.range(0, config.depth())
                .map(l -> UNetBlock.of(source, config.names().decoder(l), config.norm()).radius()).boxed().toList();
        return Tiling.radius(encoder, decoder);
    }

    /** Where tiles may begin: at multiples of this, so that poolings meet the same pixels. */
    public int tileMultiple() {
        return 1 << config.depth();
    }

    /** Side of the largest tile that takes a quarter of the device's memory. */
    public int largestTile() {
        return Math.max(1, (int) Math.sqrt(mostPixels()) / tileMultiple()) * tileMultiple();
    }

    /** Whether each picture is standardised by the mean and the deviation of its own planes, which a tile alone doesn't tell. */
    public boolean standardisesEach() {
        return config.statistics() instanceof UNetConfig.InputStatistics.PerImage;
    }

    /**
     * Whether a tiled result equals the untiled one. It does unless a part of the network depends on the size of what it
     * sees: bilinear up-sampling with {@code align_corners} does, and so do group and instance norm.
     */
    public boolean tilesExactly() {
        return config.upSampling() == UNetConfig.UpSampling.TRANSPOSED
                && !(config.norm() instanceof UNetConfig.Norm.Group);
    }

    /**
     * Segments a picture. A grey picture fills all planes of a colour network; a colour one is mixed to luma for a grey
     * network; alpha is dropped.
     *
     * @throws BadInputException if the channels don't fit, the picture is too small or too large, or a logit isn't finite
     */
    public Segmentation segment(Picture picture, SegmentOptions options) {
        return segment(List.of(picture), options).getFirst();
    }

    /** Segments several pictures, as each alone; those of one form are computed together, {@link #BATCH} at a time. */
    public List<Segmentation> segment(List<? extends Picture> pictures, SegmentOptions options) {
        return PictureInput.together(pictures, Picture::form, BATCH, (some, names) -> {
            UNetRequest r = request(some, wanted(options), options);
            if (tileSide(r, options) == SegmentOptions.WHOLE) {
                return whole(r, input -> PictureInput.upload(input, some), options, names);
            }
            return IntStream.range(0, some.size()).mapToObj(i -> {
                List<Picture> one = some.subList(i, i + 1);
                return segment(request(one, wanted(options), options), input -> PictureInput.upload(input, one), options,
                        names.subList(i, i + 1));
            }).toList();
        });
    }

    /**
     * Segments pictures of one form and leaves the result on the device: {@code labels} (N, H, W), U8, or I32 for more than
     * 256 classes; if asked for, {@code logits} (N, K, H, W).
     *
     * @return to be closed by the caller
     * @throws BadInputException if the pictures differ in form, or have to be tiled: tiles are put together on the host; or
     *                           a logit isn't finite
     */
    public DeviceResult segmentOnDevice(List<? extends Picture> pictures, SegmentOptions options) {
        PictureInput.requireOneForm(pictures);
        UNetRequest r = request(pictures, wanted(options), options);
        if (tileSide(r, options) != SegmentOptions.WHOLE) {
            throw new BadInputException(r.images() + " pictures of " + r.width() + "x" + r.height() + " pixels are tiled, "
                    + "and tiles are put together on the host: use segment, or give smaller pictures or fewer");
        }
        return PlanResult.of(plans.lease(r), e -> {
            PictureInput.upload(e.input("image"), pictures);
            e.run();
            FiniteCheck.require(e, PictureInput.names(pictures.size()));
        });
    }

    private UNetRequest request(List<? extends Picture> pictures, Wanted wanted, SegmentOptions options) {
        return resize(UNetRequest.of(pictures.getFirst().form(), pictures.size(), wanted), options);
    }

    /**
     * Segments float32 planes (C, H, W), or (H, W) for one, in the range that pixels have after division by their largest
     * value; the network's own normalisation is applied.
     *
     * @throws BadInputException if the planes don't fit, or a value or a logit isn't finite
     */
    public Segmentation segment(HostTensor planes, SegmentOptions options) {
        UNetRequest r = resize(UNetRequest.of(planes, Source.PLANES, wanted(options)), options);
        FiniteCheck.requireInput("the image", planes);
        return segment(r, input -> input.upload(Tiling.dense(planes, r.inputType())), options, PictureInput.names(1));
    }

    /**
     * Segments planes as {@link #segment(HostTensor, SegmentOptions)} does, but without the network's own normalisation: they are normalised
     * already, as tiles of a picture are by what the whole picture's planes have.
     *
     * @throws BadInputException if the planes don't fit, or a value or a logit isn't finite
     */
    public Segmentation segmentNormalised(HostTensor planes, SegmentOptions options) {
        UNetRequest r = UNetRequest.of(planes, Source.NORMALISED, wanted(options));
        if (options.scale() != 1) {
            throw new BadInputException("planes that are normalised are taken as they are, not at scale " + options.scale());
        }
        FiniteCheck.requireInput("the image", planes);
        return segment(r, input -> input.upload(Tiling.dense(planes, r.inputType())), options, PictureInput.names(1));
    }

    /** Every stage for a picture, by its name, in order; {@code labels} and {@code probabilities} too. */
    public Map<String, HostTensor> trace(Picture picture, SegmentOptions options) {
        return trace(request(List.of(picture), Wanted.EVERYTHING, options),
                input -> PictureInput.upload(input, List.of(picture)));
    }

    /** Every stage for planes (C, H, W) or (H, W). */
    public Map<String, HostTensor> trace(HostTensor planes, SegmentOptions options) {
        UNetRequest r = resize(UNetRequest.of(planes, Source.PLANES, Wanted.EVERYTHING), options);
        return trace(r, input -> input.upload(Tiling.dense(planes, r.inputType())));
    }

    private Map<String, HostTensor> trace(UNetRequest r, Consumer<DeviceTensor> fill) {
        Graph graph = UNetGraph.record(config, source, r);
        Map<String, HostTensor> out = new LinkedHashMap<>();
        CompileOptions all = compile.keep(graph.stages().keySet().toArray(String[]::new));
        try (Executable e = device.compile(graph, weights, all)) {
            fill.accept(e.input("image"));
            e.run();
            graph.kept(graph.stages().keySet()).keySet().forEach(name -> out.put(name, e.output(name).toHost()));
        }
        return out;
    }

    private static Wanted wanted(SegmentOptions options) {
        return options.logits() ? Wanted.LABELS_AND_LOGITS : Wanted.LABELS;
    }

    private UNetRequest resize(UNetRequest r, SegmentOptions options) {
        if (options.scale() == 1) {
            return r;
        }
        int h = (int) Math.max(1, options.scale() * r.height());
        int w = (int) Math.max(1, options.scale() * r.width());
        return r.resized(h, w);
    }

    private Segmentation segment(
            UNetRequest r, Consumer<DeviceTensor> fill, SegmentOptions options, List<String> name) {
        int tile = tileSide(r, options);
        return tile == SegmentOptions.WHOLE
                ? whole(r, fill, options, name).getFirst()
                : tiled(r, fill, options, tile, name);
    }

    private List<Segmentation> whole(
            UNetRequest r, Consumer<DeviceTensor> fill, SegmentOptions options, List<String> names) {
        try (var lease = plans.lease(r)) {
            Executable e = lease.plan();
            fill.accept(e.input("image"));
            e.run();
            FiniteCheck.require(e, names);
            HostTensor labels = e.output("labels").toHost();
            HostTensor logits = options.logits() ? e.output("logits").toHost() : null;
            return IntStream.range(0, r.images()).mapToObj(i -> result(labels, logits, i, 1)).toList();
        }
    }

    private Segmentation result(HostTensor labels, HostTensor logits, int i, int tiles) {
        return new Segmentation(new LabelMap(Tiling.image(labels, i)), logits == null ? null : Tiling.image(logits, i),
                config.classNames(), tiles);
    }

    private Segmentation tiled(
            UNetRequest r, Consumer<DeviceTensor> fill, SegmentOptions options, int tile, List<String> name) {
        int multiple = 1 << config.depth();
        int margin = Math.ceilDiv(receptiveRadius(), multiple) * multiple;
        HostTensor planes = normalised(r, fill);
        int k = config.logits(source);
        boolean needLogits = options.logits() || r.isResized();
        DType labelType = k <= 256 ? DType.U8 : DType.I32;
        HostTensor labels = HostTensor.zeros(labelType, Shape.of(1, r.netHeight(), r.netWidth()));
        HostTensor logits = needLogits
                ? HostTensor.zeros(DType.F32, Shape.of(1, k, r.netHeight(), r.netWidth()))
                : null;
        int tiles = 0;
        for (Span y : Tiling.spans(r.netHeight(), tile, margin, multiple)) {
            for (Span x : Tiling.spans(r.netWidth(), tile, margin, multiple)) {
                runTile(planes, y, x, labels, logits, name);
                tiles++;
            }
        }
        if (r.isResized()) {
            UNetRequest back = UNetRequest.of(Tiling.image(logits, 0), Source.LOGITS, wanted(options))
                    .resized(r.height(), r.width());
            Segmentation s = whole(back, input -> input.upload(Tiling.dense(logits, back.inputType())), options, name)
                    .getFirst();
            return new Segmentation(s.labels(), s.logits(), s.classNames(), tiles);
        }
        return result(labels, options.logits() ? logits : null, 0, tiles);
    }

    /** The whole image resized and normalised, so that tiles share its statistics: (1, C, h, w). */
    private HostTensor normalised(UNetRequest r, Consumer<DeviceTensor> fill) {
        try (var lease = plans.lease(r.wanting(Wanted.NORMALISED))) {
            fill.accept(lease.plan().input("image"));
            lease.plan().run();
            return lease.plan().output("input").toHost();
        }
    }

    private void runTile(
            HostTensor planes, Span y, Span x, HostTensor labels, HostTensor logits, List<String> name) {
        int c = config.inputChannels();
        UNetRequest r = UNetRequest.planes(Source.NORMALISED, c, y.size(), x.size(),
                logits == null ? Wanted.LABELS : Wanted.LABELS_AND_LOGITS);
        try (var lease = plans.lease(r)) {
            Executable e = lease.plan();
            e.input("image").upload(Tiling.window(planes, y, x));
            e.run();
            FiniteCheck.require(e, name);
            Tiling.keep(e.output("labels").toHost(), labels, y, x);
            if (logits != null) {
                Tiling.keep(e.output("logits").toHost(), logits, y, x);
            }
        }
    }

    /** The side of a tile, or {@link SegmentOptions#WHOLE}. */
    private int tileSide(UNetRequest r, SegmentOptions options) {
        int multiple = 1 << config.depth();
        int margin = Math.ceilDiv(receptiveRadius(), multiple) * multiple;
        int least = 2 * margin + multiple;
        if (options.tile() > 0) {
            int side = Math.max(least, Math.ceilDiv(options.tile(), multiple) * multiple);
            return side >= r.netHeight() && side >= r.netWidth() ? SegmentOptions.WHOLE : side;
        }
        long pixels = mostPixels();
        if (options.tile() == SegmentOptions.WHOLE || (long) r.images() * r.netHeight() * r.netWidth() <= pixels) {
            return SegmentOptions.WHOLE;
        }
        int side = (int) Math.sqrt(pixels) / multiple * multiple;
        if (side < least) {
            throw new BadInputException("an image of " + r.netWidth() + "×" + r.netHeight() + " pixels doesn't fit into "
                    + device.info().name() + ", and neither does a tile of " + least + "×" + least
                    + ": resize the image, or use another device");
        }
        return side;
    }

    /** Pixels whose activations take a quarter of the device's memory, and whose largest tensor one allocation can hold. */
    private long mostPixels() {
        long width = config.widths().getFirst();
        long byMemory = device.info().memoryBytes() / 4 / (BYTES_PER_CHANNEL * width);
        long largest = Math.min(device.info().maxAllocationBytes(), Integer.MAX_VALUE * 4L);
        return Math.min(byMemory, largest / (2 * width * Float.BYTES));
    }

    /** Closes plans and gives the weights back. */
    @Override
    public void close() {
        plans.close();
        weights.close();
    }
}
