package dev.kerf.spark;

import dev.kerf.Kerf;
import dev.kerf.backend.Device;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.onnx.OnnxModel;
import dev.kerf.model.ModelKind;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.model.sam2.Sam;
import dev.kerf.model.sam2.Sam2;
import dev.kerf.model.unet.UNet;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.List;

/** A network on an executor's device, for any number of tasks at once. */
interface Network extends AutoCloseable {
    /** Takes decoded images together; an answer for each. */
    List<Answer> find(List<Sight> images);

    /** Takes an image that stays in its file. */
    default Answer stream(Sight image) {
        throw new BadInputException(image.path() + ": takes more than --stream-above says when decoded, and only U-Nets read "
                + "rasters by windows; give a greater --stream-above and the memory for it");
    }

    @Override
    void close();

    /**
     * Loads what a file holds.
     *
     * @param plans compiled plans that are kept at most
     * @throws BadInputException if it holds no network for the task
     */
    static Network load(Device device, ModelFile file, Task task, Settings settings, int plans) {
        Path local = file.local();
        if (local != null && OnnxModel.looksLike(local)) {
            return OnnxFinder.load(device, OnnxModel.open(local), task, settings, plans);
        }
        Weights weights = file.open();
        try {
            ModelKind kind = Kerf.model(weights);
            ModelOptions options = ModelOptions.of().precision(settings.precision);
            return switch (task) {
                case SEGMENT -> {
                    require(kind == UNet.KIND, file, kind, task);
                    yield new UNetFinder(UNet.load(device, weights, options.plans(plans)), weights, settings);
                }
                case DETECT, PANOPTIC -> {
                    require(kind == MaskRcnn.KIND, file, kind, task);
                    yield new RcnnFinder(MaskRcnn.load(device, weights, options.plans(plans)), weights, task, settings);
                }
                case PROMPTS -> {
                    require(kind == Sam.KIND || kind == Sam2.KIND, file, kind, task);
                    yield PromptFinder.load(device, weights, options);
                }
            };
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    private static void require(boolean fits, ModelFile file, ModelKind kind, Task task) {
        if (!fits) {
            throw new BadInputException(file.name() + " holds a model of kind '" + kind.name() + "', which is not for the task "
                    + task + "; segment takes U-Nets, detect and panoptic Mask R-CNN, prompts SAM, SAM 2 and EdgeTAM, "
                    + "segment and detect ONNX models");
        }
    }
}
