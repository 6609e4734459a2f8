package dev.kerf.cli.option;

import dev.kerf.Kerf;
import dev.kerf.error.BadInputException;
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

    @Option(names = "--model", paramLabel = "KIND", description = "Fails unless the weights are of this kind: unet, maskrcnn or sam2.")
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
        String wanted = model == null ? null : Usage.of(spec, () -> Kerf.modelNamed(model)).name();
        Weights open = embedded() ? Kerf.embeddedWeights() : Weights.open(file);
        String found = Kerf.findModel(open).map(ModelKind::name).orElse("unknown");
        if (wanted != null && !wanted.equals(found)) {
            String source = open.source();
            open.close();
            throw new BadInputException(source + " holds a model of kind '" + found + "', not '" + wanted + "'");
        }
        return open;
    }
}
