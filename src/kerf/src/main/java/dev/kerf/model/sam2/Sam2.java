package dev.kerf.model.sam2;

import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.graph.Graph;
import dev.kerf.image.Image;
import dev.kerf.image.Picture;
import dev.kerf.image.PixelFormat;
import dev.kerf.model.ModelKind;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.plan.PlanCache;
import dev.kerf.model.sam2.network.Sam2Graphs;
import dev.kerf.model.sam2.network.Sam2VideoGraphs;
import dev.kerf.model.sam2.network.Sam2VideoGraphs.FrameRequest;
import dev.kerf.model.sam2.network.Sam2Config;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * SAM 2 on a device: shown a thing by points, a box or a mask, it finds the thing's pixels.
 *
 * <pre>{@code
 * try (Device device = Backends.open("cpu");
 *         Weights weights = Weights.open(Path.of("sam2.1_hiera_tiny.pt"));
 *         Sam2 sam = Sam2.load(device, weights);
 *         ImageView view = sam.look(Image.read(Path.of("street.jpg")))) {
 *     Prediction cyclist = view.predict(Prompt.point(210, 95));
 *     Prediction bicycle = view.predict(Prompt.box(180, 60, 260, 190).background(212, 80));
 * }
 * }</pre>
 *
 * <p>May be used by many threads at once: each call takes compiled plans of its own from bounded caches, all plans
 * share the weights, and a call gives the same answer as alone. A {@link dev.kerf.backend.Limit} gives a call, on a view
 * or a tracker too, a deadline and lets another thread cancel it. The device and the weight file must outlive the model, the
 * model its views.
 */
public final class Sam2 implements PromptModel {
    /**
     * Where the objects are in one frame.
     *
     * @param frame   its number, from 0
     * @param objects each object's mask by the object's number, in the order in which objects were first prompted; an
     *                object that isn't in the frame has an empty mask
     */
    public record FrameResult(int frame, Map<Integer, Prediction> objects) {}

    /**
     * What upstream's predictors leave to their callers.
     *
     * @param imageSize        side of the square that images are resized to, in pixels; a multiple of 32
     * @param dynamicMultimask whether a single mask that isn't stable gives way to the best of three (upstream's
     *                         {@code dynamic_multimask_via_stability})
     * @param binarizeClicked  whether the mask of a frame with clicks enters the memory as 0 and 1 (upstream's
     *                         {@code binarize_mask_from_pts_for_mem_enc})
     * @param holeArea         holes of a video's masks that are filled: of up to so many pixels of the network's masks
     *                         (upstream's {@code fill_hole_area}); 0 for none
     */
    public record Settings(int imageSize, boolean dynamicMultimask, boolean binarizeClicked, int holeArea) {
        /** Checks the ranges. */
        public Settings {
            Sam2Config.check(imageSize, holeArea);
        }

        /** Those of upstream's predictors: 1024 pixels, both of the others on, holes of up to 8 pixels. */
        public static Settings of() {
            return new Settings(Sam2Config.IMAGE_SIZE, true, true, Sam2Config.HOLE_AREA);
        }

        /** These with another side of the network's input. */
        public Settings imageSize(int side) {
            return new Settings(side, dynamicMultimask, binarizeClicked, holeArea);
        }

        /** These filling other holes of a video's masks. */
        public Settings holeArea(int pixels) {
            return new Settings(imageSize, dynamicMultimask, binarizeClicked, pixels);
        }
    }

    /** What is known of these models before one is loaded. */
    public static final ModelKind KIND = new Sam2Kind();
    /** Compiled plans of each part that are kept at least; of the image encoder 2 if the options don't say. */
    public static final int PLANS = 4;

    private final Sam2Config config;
    private final Device device;
    private final DeviceWeights weights;
    private final Prompting prompting;
    private final PlanCache<Look, Executable> encoders;

    private final PlanCache<Size, Executable> givens;
    private final PlanCache<FrameRequest, Executable> frames;
    private final PlanCache<Remember, Executable> remembers;
    private final PlanCache<SlotsPlan, Executable> memories;

    /** Frames put into memory; their masks are bound if they were tracked, uploaded if they were prompted. */
    record Remember(int objects, int slots, boolean tracked) {}

    /** A slot read or written. */
    record SlotsPlan(int slots, boolean reads) {}

    /** A picture's form and what it is. */
    record Look(Picture.Form form, boolean video) {}

    /** An image's size. */
    record Size(int height, int width) {}

    private Sam2(Device device, Weights source, Sam2Config config, ModelOptions chosen) {
        Sam2Graphs.requireFits(config, source);
        this.config = config;
        this.device = device;
        this.weights = device.load(source);
        int plans = Math.max(PLANS, chosen.plans());
        this.prompting = new Prompting(config.prompts(), device, weights, chosen.compile(), plans, config.holeArea());
        this.encoders = new PlanCache<>(chosen.plansOr(2), l -> compile(Sam2Graphs.look(config, l.form, l.video)));
        this.givens = new PlanCache<>(1, s -> compile(Sam2VideoGraphs.given(config, s.height, s.width)));
        this.frames = new PlanCache<>(plans, r -> compile(Sam2VideoGraphs.frame(config, r)));
        this.remembers = new PlanCache<>(plans,
                r -> compile(Sam2VideoGraphs.remember(config, r.objects, r.slots,
                        !r.tracked && config.binarizeClicked())));
        this.memories = new PlanCache<>(plans, m -> compile(
                m.reads ? Sam2VideoGraphs.readSlot(config, m.slots) : Sam2VideoGraphs.writeSlot(config, m.slots)));
    }

    /**
     * Tells size and version from the tensors and checks every one of them; settings are those of upstream's
     * predictors.
     *
     * @throws dev.kerf.error.BadWeightsException if the file is no SAM 2 or 2.1 checkpoint, or a tensor is missing,
     *                                            misshapen or left over
     */
    public static Sam2 load(Device device, Weights weights) {
        return load(device, weights, ModelOptions.of());
    }

    /** Likewise with storage, arithmetic, memory and number of plans of the caller's choice. */
    public static Sam2 load(Device device, Weights weights, ModelOptions options) {
        return load(device, weights, Settings.of(), options);
    }

    /** Likewise with other settings than those of upstream's predictors, too. */
    public static Sam2 load(Device device, Weights weights, Settings settings, ModelOptions options) {
        Sam2Config found = Sam2Config.of(weights);
        return new Sam2(device, weights, new Sam2Config(found.size(), found.version(), settings.imageSize,
                settings.dynamicMultimask, settings.binarizeClicked, settings.holeArea), options);
    }

    @Override
    public String name() {
        return config.label();
    }

    /** Size, version and settings. */
    Sam2Config config() {
        return config;
    }

    @Override
    public long compiled() {
        return Stream.of(encoders, prompting.decoders(), prompting.upscalers(), givens, frames, remembers, memories)
                .mapToLong(PlanCache::compiled).sum();
    }

    @Override
    public ImageView look(Picture picture) {
        return look(picture, false);
    }

    @Override
    public ImageView restore(int width, int height, Map<String, HostTensor> kept) {
        return prompting.restore(width, height,
                Sam2Graphs.look(config, new Picture.Form(width, height, PixelFormat.RGB8), false), kept);
    }

    /** Those of upstream's SAM2AutomaticMaskGenerator. */
    @Override
    public MaskGenerator.Settings everything() {
        return MaskGenerator.Settings.of();
    }

    /** Likewise at a frame of a video, which upstream resizes in another way. */
    ImageView lookAtFrame(Picture frame) {
        return look(frame, true);
    }

    private ImageView look(Picture given, boolean video) {
        Picture picture = Prompting.of8Bits(given);
        return prompting.look(picture, encoders, new Look(picture.form(), video));
    }

    /**
     * Follows things through a video whose frames can all be asked for at any time: see {@link ClipTracker}.
     *
     * @return to be closed by the caller
     */
    public ClipTracker track(ClipTracker.Frames video) {
        return new ClipTracker(this, video);
    }

    /** {@link #track(ClipTracker.Frames)} of frames that are in memory already. */
    public ClipTracker track(List<? extends Picture> video) {
        return track(ClipTracker.Frames.of(video));
    }

    /**
     * Follows things through frames that arrive one at a time, however long: see {@link StreamTracker}.
     *
     * @return to be closed by the caller
     */
    public StreamTracker stream() {
        return new StreamTracker(this);
    }

    @Override
    public Map<String, HostTensor> trace(Image image, Prompt prompt, boolean multimask) {
        prompt.check(image.width(), image.height(), config.maskSize());
        Image rgb = image.toRgb8();
        return prompting.trace(rgb, Sam2Graphs.image(config, rgb.height(), rgb.width()), prompt, multimask);
    }

    private Executable compile(Graph graph) {
        return prompting.compile(graph);
    }

    /** What answers prompts. */
    Prompting prompting() {
        return prompting;
    }

    Device device() {
        return device;
    }

    PlanCache<Size, Executable> givens() {
        return givens;
    }

    PlanCache<FrameRequest, Executable> frames() {
        return frames;
    }

    PlanCache<Remember, Executable> remembers() {
        return remembers;
    }

    PlanCache<SlotsPlan, Executable> memories() {
        return memories;
    }

    @Override
    public void close() {
        givens.close();
        frames.close();
        remembers.close();
        memories.close();
        encoders.close();
        prompting.close();
        weights.close();
    }
}
