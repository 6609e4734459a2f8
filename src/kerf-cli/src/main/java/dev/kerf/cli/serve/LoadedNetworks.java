package dev.kerf.cli.serve;

import dev.kerf.Kerf;
import dev.kerf.backend.Device;
import dev.kerf.cli.option.ModelCommands;
import dev.kerf.error.BadInputException;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.model.sam2.PromptModel;
import dev.kerf.model.sam2.Sam;
import dev.kerf.model.sam2.Sam2;
import dev.kerf.model.unet.UNet;
import dev.kerf.serve.Networks;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** The networks of some files, one of a kind at most, and the U-Net that comes with Kerf where none was given. */
final class LoadedNetworks implements AutoCloseable {
    private final Deque<Runnable> open = new ArrayDeque<>();
    private PromptModel sam;
    private Weights samWeights;
    private UNet unet;
    private MaskRcnn rcnn;

    private LoadedNetworks() {}

    /**
     * Loads them.
     *
     * @param files of weights; which network they are of, they say
     * @throws BadInputException if two are of one kind, or one is of a kind that can't be served
     */
    static LoadedNetworks load(Device device, List<Path> files, int imageSize, ModelOptions options) {
        LoadedNetworks loaded = new LoadedNetworks();
        boolean done = false;
        try {
            for (Path file : files) {
                loaded.add(device, ModelCommands.open(file, Sam2.KIND, Sam.KIND, UNet.KIND, MaskRcnn.KIND), imageSize, options);
            }
            if (loaded.unet == null) {
                loaded.add(device, Kerf.embeddedWeights(), imageSize, options);
            }
            done = true;
            return loaded;
        } finally {
            if (!done) {
                loaded.close();
            }
        }
    }

    private void add(Device device, Weights weights, int imageSize, ModelOptions options) {
        open.push(weights::close);
        if (UNet.KIND.accepts(weights)) {
            once(unet, weights);
            unet = UNet.load(device, weights, options);
            open.push(unet::close);
        } else if (MaskRcnn.KIND.accepts(weights)) {
            once(rcnn, weights);
            rcnn = MaskRcnn.load(device, weights, options);
            open.push(rcnn::close);
        } else {
            once(sam, weights);
            sam = PromptModel.load(device, weights, imageSize, options);
            samWeights = weights;
            open.push(sam::close);
        }
    }

    private static void once(Object before, Weights weights) {
        if (before != null) {
            throw new BadInputException(weights.source() + " is the second network of its kind: give one to click with, one"
                    + " U-Net and one Mask R-CNN at most");
        }
    }

    Networks networks() {
        return new Networks(Optional.ofNullable(sam), Optional.of(unet), Optional.ofNullable(rcnn),
                Optional.ofNullable(samWeights));
    }

    /** The latest first. */
    @Override
    public void close() {
        while (!open.isEmpty()) {
            open.pop().run();
        }
    }
}
