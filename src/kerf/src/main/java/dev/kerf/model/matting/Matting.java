package dev.kerf.model.matting;

import dev.kerf.backend.Device;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.onnx.OnnxModel;
import dev.kerf.image.Picture;
import dev.kerf.model.ModelKind;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.util.Map;

/**
 * Tells how much of each pixel belongs to what a picture is of: by U²-Net, U²-Netp or IS-Net from their checkpoints, or by an ONNX
 * model of one of them or of another network whose result is a matte.
 *
 * <pre>{@code
 * try (Device device = Backends.open("cpu");
 *         OnnxModel model = OnnxModel.open(Path.of("isnet-general-use.onnx"));    // or Weights.open(Path.of("u2net.pth"))
 *         Matting matting = Matting.load(device, model, MattingOptions.of())) {
 *     Image photo = Image.read(Path.of("cat.jpg"));
 *     Cutout.of(photo, matting.matte(photo)).onto(new Background.Transparent()).writePng(Path.of("cat.png"));
 * }
 * }</pre>
 *
 * <p>A picture is resized to the size that the network was trained with (U²-Net 320 × 320, IS-Net 1024 × 1024, a model's own if its
 * extents are fixed) and normalised as then: by what an export of Kerf's says, else as upstream's code for U²-Net or IS-Net does, which
 * an ONNX model's ops tell apart, else with ImageNet's mean and deviation. {@link MattingOptions} says otherwise.
 *
 * <p>May be used by many threads at once. The device and the weights or the model must outlive it.
 */
public final class Matting implements AutoCloseable {
    /** What is known of the checkpoints before one is loaded. */
    public static final ModelKind KIND = new SaliencyKind();

    /** Plans that are kept at most: for pictures of different forms, or threads at the same time. */
    private static final int PLANS = 2;
    /** What a matte's smallest and largest number differ by at least where it is stretched. */
    private static final double FLAT = 1e-6;

    /** What makes shares of a picture. */
    sealed interface Network extends AutoCloseable permits CheckpointMattes, OnnxMattes {
        String label();

        /** float32 (height, width) of the picture's size. */
        HostTensor shares(Picture picture);

        /** Named stages in order. */
        Map<String, HostTensor> trace(Picture picture);

        @Override
        void close();
    }

    private final Network network;

    private Matting(Network network) {
        this.network = network;
    }

    /**
     * Puts a checkpoint on a device.
     *
     * @throws dev.kerf.error.BadWeightsException if it is no U²-Net or IS-Net, or a tensor is missing, misshapen or left over
     */
    public static Matting load(Device device, Weights weights, MattingOptions options) {
        return new Matting(new CheckpointMattes(device, SaliencyNet.of(weights), options, PLANS));
    }

    /**
     * Puts an ONNX model on a device.
     *
     * @throws BadInputException                     if it doesn't take one picture, or has no such output
     * @throws dev.kerf.error.UnsupportedOpException if it has an operator that isn't supported
     */
    public static Matting load(Device device, OnnxModel model, MattingOptions options) {
        return new Matting(new OnnxMattes(device, model, options, PLANS));
    }

    /** The architecture: {@code U²-Net}, {@code U²-Netp}, {@code IS-Net}, or {@code network} of a model of another one. */
    public String name() {
        return network.label();
    }

    /**
     * The matte of a picture: float32 (height, width), stretched to reach from 0 to 1 as upstream's code does, resized bilinearly. Alpha
     * of the picture's own is left aside.
     *
     * @throws BadInputException if the network's result is no matte, or not finite
     */
    public HostTensor matte(Picture picture) {
        HostTensor shares = network.shares(picture);
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (long i = 0; i < shares.elements(); i++) {
            double v = shares.getDouble(i);
            if (!Double.isFinite(v)) {
                throw new BadInputException(
                        "the network's matte isn't finite: the image or the weights hold values that are too "
                                + "large or no numbers");
            }
            low = Math.min(low, v);
            high = Math.max(high, v);
        }
        if (high - low >= FLAT) {
            for (long i = 0; i < shares.elements(); i++) {
                shares.setDouble(i, (shares.getDouble(i) - low) / (high - low));
            }
        }
        return shares;
    }

    /**
     * Every stage of a checkpoint's network for a picture, by its upstream name, in order: {@code input} normalised, {@code stage1} …
     * {@code stage6}, {@code stage5d} … {@code stage1d}, {@code logits}, {@code matte} in the picture's size and not yet stretched. Of an
     * ONNX model the matte alone.
     */
    public Map<String, HostTensor> trace(Picture picture) {
        return network.trace(picture);
    }

    /** Closes plans and gives the weights back; the model or the weight file stays open. */
    @Override
    public void close() {
        network.close();
    }
}
