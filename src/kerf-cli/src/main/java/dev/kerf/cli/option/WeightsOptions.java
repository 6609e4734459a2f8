package dev.kerf.cli.option;

import dev.kerf.Kerf;
import dev.kerf.model.ModelKind;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Which network. */
public final class WeightsOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--model", paramLabel = "KIND", description = "Fails unless the weights are of this kind: unet, maskrcnn, sam, sam2 or u2net.")
    private String model;

    @Option(names = "--weights", paramLabel = "FILE|NAME", converter = WeightsPath.class, description = "A safetensors file, a PyTorch checkpoint, or the name of fetched weights (see 'kerf weights fetch')."
            + " By default the network that comes with Kerf.")
    private Path file;

    /** Whether the network that comes with Kerf is used. */
    public boolean embedded() {
        return file == null;
    }

    /** Where they are; null for the network that comes with Kerf. */
    public Path file() {
        return file;
    }

    /** Opens the weights, to be closed. */
    public Weights open() {
        ModelKind wanted = model == null ? null : Usage.of(spec, () -> Kerf.modelNamed(model));
        Weights open = embedded() ? Kerf.embeddedWeights() : Weights.open(file);
        return wanted == null ? open : ModelCommands.checked(open, wanted);
    }
}
