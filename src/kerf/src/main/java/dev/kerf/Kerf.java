package dev.kerf;

import dev.kerf.error.BadFileException;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.io.InputStream;

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
}
