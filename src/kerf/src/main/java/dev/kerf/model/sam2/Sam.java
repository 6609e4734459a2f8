package dev.kerf.model.sam2;

import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.image.Image;
import dev.kerf.image.Picture;
import dev.kerf.image.PixelFormat;
import dev.kerf.model.ModelKind;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.plan.PlanCache;
import dev.kerf.model.sam2.network.SamConfig;
import dev.kerf.model.sam2.network.SamGraphs;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.util.Map;

/**
 * SAM, the first (Kirillov et al. 2023, "Segment Anything"), ViT-B, ViT-L or ViT-H: shown a thing by points, a box or a mask,
 * it finds the thing's pixels. Prompts, answers and masks of everything are those of {@link Sam2}; it knows no video, and
 * doesn't say whether the thing is there ({@link Prediction#object} is NaN).
 *
 * <pre>{@code
 * try (Device device = Backends.open("cpu");
 *         Weights weights = Weights.open(Path.of("sam_vit_b_01ec64.pth"));
 *         Sam sam = Sam.load(device, weights);
 *         ImageView view = sam.look(Image.read(Path.of("street.jpg")))) {
 *     Prediction cyclist = view.predict(Prompt.point(210, 95));
 * }
 * }</pre>
 *
 * <p>May be used by many threads at once, as {@link Sam2}. The device and the weight file must outlive the model, the model its
 * views.
 */
public final class Sam implements PromptModel {
    /** What is known of these models before one is loaded. */
    public static final ModelKind KIND = new SamKind();

    private final SamConfig config;
    private final DeviceWeights weights;
    private final Prompting prompting;
    private final PlanCache<Picture.Form, Executable> encoders;

    private Sam(Device device, Weights source, SamConfig config, ModelOptions chosen) {
        SamGraphs.requireFits(config, source);
        this.config = config;
        this.weights = device.load(source);
        this.prompting = new Prompting(config.prompts(), device, weights, chosen.compile(),
                Math.max(Sam2.PLANS, chosen.plans()), 0);
        this.encoders = new PlanCache<>(chosen.plansOr(2), f -> prompting.compile(SamGraphs.look(config, f)));
    }

    /**
     * Tells the size from the tensors and checks every one of them; images are seen at the side that the checkpoint was trained
     * with, 1024 pixels of the official ones.
     *
     * @throws dev.kerf.error.BadWeightsException if the file is no checkpoint of SAM, the first, or a tensor is missing,
     *                                            misshapen or left over
     */
    public static Sam load(Device device, Weights weights) {
        return load(device, weights, 0, ModelOptions.of());
    }

    /**
     * Likewise with another side of the network's input, and storage, arithmetic, memory and number of plans of the caller's
     * choice.
     *
     * @param imageSize in pixels, a multiple of 16 from 64 to 4096; 0 for the checkpoint's own
     */
    public static Sam load(Device device, Weights weights, int imageSize, ModelOptions options) {
        SamConfig found = SamConfig.of(weights);
        return new Sam(device, weights, imageSize == 0 ? found : found.withImageSize(imageSize), options);
    }

    @Override
    public String name() {
        return config.label();
    }

    @Override
    public ImageView look(Picture given) {
        Picture picture = Prompting.of8Bits(given);
        return prompting.look(picture, encoders, picture.form());
    }

    @Override
    public ImageView restore(int width, int height, Map<String, HostTensor> kept) {
        return prompting.restore(width, height,
                SamGraphs.look(config, new Picture.Form(width, height, PixelFormat.RGB8)), kept);
    }

    @Override
    public Map<String, HostTensor> trace(Image image, Prompt prompt, boolean multimask) {
        prompt.check(image.width(), image.height(), config.prompts().maskSize());
        Image rgb = image.toRgb8();
        return prompting.trace(rgb, SamGraphs.image(config, rgb.height(), rgb.width()), prompt, multimask);
    }

    /** Those of upstream's SamAutomaticMaskGenerator: 32 points a side, 0.88, 0.95, 0.7, no crops, no cleaning. */
    @Override
    public MaskGenerator.Settings everything() {
        return MaskGenerator.Settings.of().thresholds(0.88, 0.95);
    }

    @Override
    public long compiled() {
        return encoders.compiled() + prompting.decoders().compiled() + prompting.upscalers().compiled();
    }

    @Override
    public void close() {
        encoders.close();
        prompting.close();
        weights.close();
    }
}
