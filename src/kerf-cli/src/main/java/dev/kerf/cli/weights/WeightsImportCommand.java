package dev.kerf.cli.weights;

import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.console.Text;
import dev.kerf.cli.option.Claims;
import dev.kerf.tensor.DType;
import dev.kerf.weights.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kerf weights import}: a PyTorch checkpoint as safetensors. */
@Command(name = "import", mixinStandardHelpOptions = true, description = "Writes a PyTorch checkpoint's tensors as a safetensors file. Nothing from the checkpoint is run.")
final class WeightsImportCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(paramLabel = "CHECKPOINT", description = "A file written by torch.save.")
    private Path checkpoint;

    @Option(names = {"-o", "--out"}, required = true, paramLabel = "FILE", description = "The safetensors file to write.")
    private Path target;

    @Option(names = "--dtype", paramLabel = "f16|bf16|f32", description = "Converts floating-point tensors; by default each stays as it is.")
    private DType dtype;

    WeightsImportCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        Claims.spare("--out", target, checkpoint);
        Safetensors.importFrom(checkpoint, target, Optional.ofNullable(dtype));
        console.out().println(target + "  " + Text.bytes(Files.size(target)));
        return ExitCode.OK;
    }
}
