package dev.kerf.cli.option;

import dev.kerf.Kerf;
import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import dev.kerf.model.ModelKind;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.model.matting.Matting;
import dev.kerf.model.sam2.Sam;
import dev.kerf.model.sam2.Sam2;
import dev.kerf.model.unet.UNet;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Which commands run which kind of model. */
public final class ModelCommands {
    private static final Map<ModelKind, String> COMMANDS = Map.of(UNet.KIND, "'kerf segment'", MaskRcnn.KIND,
            "'kerf detect' or, if it knows stuff, 'kerf panoptic'", Sam2.KIND, "'kerf sam' or 'kerf track'",
            Sam.KIND, "'kerf sam'", Matting.KIND, "'kerf cutout' or 'kerf blur'");

    private ModelCommands() {}

    /** Opens the weights of one of some kinds of models, to be closed. Throws as {@link #checked}. */
    public static Weights open(Path file, ModelKind... wanted) {
        return checked(Weights.open(file), wanted);
    }

    /**
     * The same weights if they are of one of some kinds of models; closed otherwise.
     *
     * @throws BadInputException if they are of another kind; says which command runs it
     * @throws dev.kerf.error.BadWeightsException if they are of none that is known
     */
    static Weights checked(Weights weights, ModelKind... wanted) {
        try {
            ModelKind found = Kerf.model(weights);
            if (List.of(wanted).contains(found)) {
                return weights;
            }
            String names = Stream.of(wanted).map(k -> "'" + k.name() + "'").collect(Collectors.joining(" or "));
            throw new BadInputException(weights.source() + " holds a model of kind '" + found.name() + "', not "
                    + names + ": use " + COMMANDS.getOrDefault(found, "another command"));
        } catch (KerfException e) {
            weights.close();
            throw e;
        }
    }
}
