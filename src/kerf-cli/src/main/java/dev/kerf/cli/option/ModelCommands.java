package dev.kerf.cli.option;

import dev.kerf.Kerf;
import dev.kerf.error.BadInputException;
import dev.kerf.model.ModelKind;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.model.sam2.Sam2;
import dev.kerf.model.unet.UNet;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.Map;

/** Which commands run which kind of model. */
public final class ModelCommands {
    private static final Map<ModelKind, String> COMMANDS = Map.of(UNet.KIND, "'kerf segment'", MaskRcnn.KIND,
            "'kerf detect' or, if it knows stuff, 'kerf panoptic'", Sam2.KIND, "'kerf sam' or 'kerf track'");

    private ModelCommands() {}

    /**
     * Opens the weights of one kind of model, to be closed.
     *
     * @throws BadInputException if they are of another kind that is known; says which command runs it
     */
    public static Weights open(Path file, ModelKind wanted) {
        Weights weights = Weights.open(file);
        ModelKind found = Kerf.findModel(weights).orElse(wanted);
        if (found != wanted) {
            weights.close();
            throw new BadInputException(file + " holds a model of kind '" + found.name() + "', not '" + wanted.name()
                    + "': use " + COMMANDS.getOrDefault(found, "another command"));
        }
        return weights;
    }
}
