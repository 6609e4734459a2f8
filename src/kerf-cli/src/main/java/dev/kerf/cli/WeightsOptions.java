package dev.kerf.cli;

import dev.kerf.Kerf;
import dev.kerf.error.BadInputException;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.model.sam2.Sam2Config;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** Which network. */
final class WeightsOptions {
    private static final List<String> KINDS = List.of("unet", "maskrcnn", "sam2");

    @Option(names = "--model", paramLabel = "KIND", description = "Kind of model: unet, maskrcnn, sam2. By default what the file says.")
    private String model;

    @Option(names = "--weights", paramLabel = "FILE|NAME", converter = WeightsPath.class,
            description = "A safetensors file, a PyTorch checkpoint, or the name of fetched weights (see 'kerf weights fetch')."
                    + " By default the network that comes with Kerf.")
    private Path file;

    /** Whether the network that comes with Kerf is used. */
    boolean embedded() {
        return file == null;
    }

    /** Opens the weights, to be closed. */
    Weights open() {
        if (model != null) {
            checkKind(model);
        }
        Weights open = embedded() ? Kerf.embeddedWeights() : Weights.open(file);
        if (model != null && !model.equals(kind(open))) {
            String source = open.source();
            String found = kind(open);
            open.close();
            throw new BadInputException(source + " holds a model of kind '" + found + "', not '" + model + "'");
        }
        return open;
    }

    private static String kind(Weights open) {
        return Sam2Config.accepts(open) ? "sam2" : MaskRcnn.accepts(open) ? "maskrcnn" : "unet";
    }

    /**
     * Refuses kinds of models that are not there.
     *
     * @throws BadInputException unless it is one of {@link #KINDS}
     */
    static void checkKind(String kind) {
        if (!KINDS.contains(kind)) {
            throw new BadInputException("this version of Kerf has no model '" + kind + "'; it has " + String.join(", ", KINDS));
        }
    }
}
