package dev.kerf.model.sam2;

import dev.kerf.backend.Device;
import dev.kerf.error.BadWeightsException;
import dev.kerf.image.Image;
import dev.kerf.image.Picture;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.plan.WarmUp;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A network that looks at an image once and then finds whatever prompts show in it: {@link Sam} or {@link Sam2}.
 *
 * <pre>{@code
 * try (Device device = Backends.open("cpu");
 *         Weights weights = Weights.open(Path.of("sam_vit_b_01ec64.pth"));
 *         PromptModel sam = PromptModel.load(device, weights, 0, ModelOptions.of());
 *         ImageView view = sam.look(Image.read(Path.of("street.jpg")))) {
 *     Prediction cyclist = view.predict(Prompt.point(210, 95));
 *     List<GeneratedMask> all = new MaskGenerator(sam, sam.everything()).generate(image, done -> { });
 * }
 * }</pre>
 */
public interface PromptModel extends AutoCloseable {
    /**
     * Loads whichever of them weights are.
     *
     * @param imageSize side of the square that the network sees images at, in pixels; 0 for the one it was trained with
     * @throws BadWeightsException if they are of neither, or a tensor is missing, misshapen or left over
     */
    static PromptModel load(Device device, Weights weights, int imageSize, ModelOptions options) {
        if (Sam.KIND.accepts(weights)) {
            return Sam.load(device, weights, imageSize, options);
        }
        Sam2.Settings settings = Sam2.Settings.of();
        return Sam2.load(device, weights, imageSize == 0 ? settings : settings.imageSize(imageSize), options);
    }

    /** What the network is called: {@code SAM ViT-B}, {@code SAM 2.1 tiny}. */
    String name();

    /**
     * Looks at a picture: the costly part, once.
     *
     * @return its features, to be closed by the caller
     */
    ImageView look(Picture picture);

    /**
     * A view of a picture that this network looked at before, in another process perhaps. That they are of the same weights
     * and the same picture is the caller's to know.
     *
     * <pre>{@code
     * Safetensors.write(Path.of("street.features"), view.features(), Map.of());
     * ImageView again = sam.restore(640, 480, features);
     * }</pre>
     *
     * @param width  columns of the picture
     * @param height rows of the picture
     * @param kept   what {@link ImageView#features} gave
     * @return to be closed by the caller
     * @throws dev.kerf.error.BadInputException if they aren't the features that this network has
     */
    ImageView restore(int width, int height, Map<String, HostTensor> kept);

    /**
     * Looks at several pictures, one after the other: each keeps the device busy by itself.
     *
     * @return a view of each, to be closed by the caller; none if one fails
     */
    default List<ImageView> look(List<? extends Picture> pictures) {
        List<ImageView> views = new ArrayList<>();
        try {
            pictures.forEach(p -> views.add(look(p)));
            return List.copyOf(views);
        } catch (RuntimeException e) {
            views.forEach(ImageView::close);
            throw e;
        }
    }

    /**
     * Compiles what pictures of these forms need, for a point or a box and one mask or three, and answers such prompts for
     * empty pictures until times are steady. Trackers compile for the numbers of memories that a frame attends to as they
     * meet them.
     *
     * @param limit most time for each form, after the first call
     */
    default void warmUp(Duration limit, Picture.Form... forms) {
        for (Picture.Form form : forms) {
            Picture blank = form.blank();
            Prompt point = Prompt.point(0.5 * form.width(), 0.5 * form.height());
            Prompt box = Prompt.box(0, 0, form.width(), form.height());
            WarmUp.untilSteady(limit, () -> {
                try (ImageView view = look(blank)) {
                    view.predict(point);
                    view.candidates(point);
                    view.predict(box);
                    view.candidates(box);
                }
            });
        }
    }

    /**
     * Every stage of the answer to a prompt, by upstream's names: those of the image encoder, then those of the prompt
     * and mask decoder.
     */
    Map<String, HostTensor> trace(Image image, Prompt prompt, boolean multimask);

    /** What upstream keeps by default where masks of everything are asked for. */
    MaskGenerator.Settings everything();

    /** How many plans were compiled since the model was loaded. */
    long compiled();

    /** Closes plans and gives the weights back. */
    @Override
    void close();
}
