package dev.kerf;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.BadWeightsException;
import dev.kerf.model.ModelKind;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.model.matting.Matting;
import dev.kerf.model.sam2.Sam;
import dev.kerf.model.sam2.Sam2;
import dev.kerf.model.unet.UNet;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What comes with Kerf. Everything else starts from {@link dev.kerf.backend.Backends} (devices), {@link Weights} (files) and
 * the models, such as {@link dev.kerf.model.unet.UNet}.
 *
 * <pre>{@code
 * try (Device device = Backends.open("cpu");
 *         Weights weights = Kerf.embeddedWeights();
 *         UNet net = UNet.load(device, weights)) {
 *     LabelMap labels = net.segment(Image.read(Path.of("tissue.png")), SegmentOptions.of()).labels();
 * }
 * }</pre>
 */
public final class Kerf {
    private static final String EMBEDDED = "weights/kerf-membrane.safetensors";

    /** The kinds of models that there are; the name of each is its own. */
    public static final List<ModelKind> MODELS = List.of(
            UNet.KIND,
            MaskRcnn.KIND,
            Sam2.KIND,
            Sam.KIND,
            Matting.KIND);

    private Kerf() {}

    /**
     * The network that the jar carries: a small U-Net that tells cell membranes from cell interiors in electron microscopy
     * (see {@code weights/README.md}). To be closed.
     */
    public static Weights embeddedWeights() {
        try (InputStream in = Kerf.class.getResourceAsStream(EMBEDDED)) {
            if (in == null) {
                throw new BadFileException("this build carries no network: " + EMBEDDED + " isn't in its jar");
            }
            return Weights.ofSafetensors(in.readAllBytes(), "kerf-membrane");
        } catch (IOException e) {
            throw new BadFileException(EMBEDDED + ": can't be read (" + e + ")", e);
        }
    }

    /** The kind that weights belong to, told by their tensors' names. */
    public static Optional<ModelKind> findModel(Weights weights) {
        return MODELS.stream().filter(k -> k.accepts(weights)).findFirst();
    }

    /**
     * The kind that weights belong to.
     *
     * @throws BadWeightsException if it is none of these; says which there are
     */
    public static ModelKind model(Weights weights) {
        return findModel(weights).orElseThrow(() -> new BadWeightsException(weights.source() + " holds no model that is known ("
                + names() + "): its tensors are " + weights.names().stream().limit(3).toList() + " …"));
    }

    /**
     * A kind by its name.
     *
     * @throws BadInputException if there is none; says which there are
     */
    public static ModelKind modelNamed(String name) {
        return MODELS.stream().filter(k -> k.name().equals(name)).findFirst().orElseThrow(() -> new BadInputException(
                "this version of Kerf has no model '" + name + "'; it has " + names()));
    }

    private static String names() {
        return MODELS.stream().map(ModelKind::name).collect(Collectors.joining(", "));
    }
}
