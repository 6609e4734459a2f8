package dev.kerf.model.unet;

import dev.kerf.error.BadWeightsException;
import dev.kerf.weights.Weights;
import java.util.function.IntFunction;

/**
 * What a U-Net calls its modules. Levels count from 0, the finest.
 *
 * @param depth               number of poolings
 * @param milesial            whether it is milesial/Pytorch-UNet's layout; else enc1 … bottom … dec1
 */
record UNetNames(int depth, boolean milesial) {
    private static final String MILESIAL_HEAD = "outc.conv.weight";
    private static final String OTHER_HEAD = "head.weight";

    /**
     * Finds out the layout.
     *
     * @throws BadWeightsException if it is none that is known; says which are
     */
    public static UNetNames of(Weights weights) {
        if (weights.contains(MILESIAL_HEAD)) {
            int depth = count(weights, level -> "down" + level + ".maxpool_conv.1.double_conv.");
            return checked(new UNetNames(depth, true), weights);
        }
        if (weights.contains(OTHER_HEAD)) {
            int depth = count(weights, level -> "enc" + level + ".");
            return checked(new UNetNames(depth, false), weights);
        }
        throw new BadWeightsException(weights.source() + " is no U-Net that is known: expected the tensor names of "
                + "milesial/Pytorch-UNet (inc.double_conv.0.weight … outc.conv.weight) or of the layout enc1.0.weight … "
                + "head.weight; it has " + weights.names().stream().limit(3).toList() + " …");
    }

    /** Whether the tensors' names are those of a U-Net. */
    static boolean known(Weights weights) {
        return weights.contains(MILESIAL_HEAD) || weights.contains(OTHER_HEAD);
    }

    private static UNetNames checked(UNetNames names, Weights weights) {
        if (names.depth < 1) {
            throw new BadWeightsException(weights.source() + ": a U-Net without levels: no tensor of "
                    + (names.milesial ? "down1" : "enc1"));
        }
        return names;
    }

    private static int count(Weights weights, IntFunction<String> prefix) {
        int n = 0;
        while (hasPrefix(weights, prefix.apply(n + 1))) {
            n++;
        }
        return n;
    }

    private static boolean hasPrefix(Weights weights, String prefix) {
        return weights.names().stream().anyMatch(n -> n.startsWith(prefix));
    }

    /** The two convolutions of the encoder at a level; level {@link #depth} is the bottom. */
    public String encoder(int level) {
        if (milesial) {
            return level == 0 ? "inc.double_conv" : "down" + level + ".maxpool_conv.1.double_conv";
        }
        return level == depth ? "bottom" : "enc" + (level + 1);
    }

    /** The transposed convolution from level + 1 to a level; there is none with bilinear up-sampling. */
    public String up(int level) {
        return milesial ? "up" + (depth - level) + ".up" : "up" + (level + 1);
    }

    /** The two convolutions of the decoder at a level. */
    public String decoder(int level) {
        return milesial ? "up" + (depth - level) + ".conv.double_conv" : "dec" + (level + 1);
    }

    /** The last convolution, 1×1, to the logits. */
    public String head() {
        return milesial ? "outc.conv" : "head";
    }

    /** Name of the stage after the encoder's convolutions at a level. */
    public String encoderStage(int level) {
        if (milesial) {
            return level == 0 ? "inc" : "down" + level;
        }
        return encoder(level);
    }

    /** Name of the stage after the decoder's convolutions at a level. */
    public String decoderStage(int level) {
        return milesial ? "up" + (depth - level) : decoder(level);
    }

    /** Whether the skip connection stands before the up-sampled part when they are joined. */
    public boolean skipFirst() {
        return milesial;
    }

    /** Whether this layout's training normalised each image by its own statistics, where no metadata says. */
    public boolean normalisesEachImage() {
        return !milesial;
    }
}
