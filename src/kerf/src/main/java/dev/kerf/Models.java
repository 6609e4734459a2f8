package dev.kerf;

import dev.kerf.error.BadInputException;
import dev.kerf.error.BadWeightsException;
import dev.kerf.model.ModelKind;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.model.sam2.Sam2;
import dev.kerf.model.unet.UNet;
import dev.kerf.weights.Weights;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The kinds of models that there are. */
public final class Models {
    /** All of them; the name of each is its own. */
    public static final List<ModelKind> ALL = List.of(
            UNet.KIND,
            MaskRcnn.KIND,
            Sam2.KIND);

    private Models() {}

    /** The kind that weights belong to, told by their tensors' names. */
    public static Optional<ModelKind> find(Weights weights) {
        return ALL.stream().filter(k -> k.accepts(weights)).findFirst();
    }

    /**
     * The kind that weights belong to.
     *
     * @throws BadWeightsException if it is none of these; says which there are
     */
    public static ModelKind of(Weights weights) {
        return find(weights).orElseThrow(() -> new BadWeightsException(weights.source() + " holds no model that is known ("
                + names() + "): its tensors are " + weights.names().stream().limit(3).toList() + " …"));
    }

    /**
     * A kind by its name.
     *
     * @throws BadInputException if there is none; says which there are
     */
    public static ModelKind named(String name) {
        return ALL.stream().filter(k -> k.name().equals(name)).findFirst().orElseThrow(() -> new BadInputException(
                "this version of Kerf has no model '" + name + "'; it has " + names()));
    }

    private static String names() {
        return ALL.stream().map(ModelKind::name).collect(Collectors.joining(", "));
    }
}
