package dev.kerf.bench;

import dev.kerf.check.golden.Golden;
import dev.kerf.cli.Main;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.openjdk.jmh.runner.RunnerException;

/**
 * Runs {@code kerf bench} with ONNX Runtime on the class path and the networks of the sources; {@code bindings [--out DIR]}
 * measures native calls by JMH, {@code folder} what a folder of pictures costs beside the network alone.
 */
public final class Bench {
    private static final String REPORTS = "bench/reports";

    private Bench() {}

    /** See the class; ends the process with the command's exit code. */
    public static void main(String[] args) throws IOException, RunnerException {
        if (args.length > 0 && args[0].equals("bindings")) {
            Bindings.run(Path.of(args.length == 3 && args[1].equals("--out") ? args[2] : REPORTS));
            return;
        }
        if (args.length > 0 && args[0].equals("folder")) {
            Folder.run(List.of(args).subList(1, args.length));
            return;
        }
        System.setProperty(Golden.HOME, "src/kerf-check/src/test/resources");
        Main.main(Stream.concat(Stream.of("bench"), Stream.of(args)).toArray(String[]::new));
    }
}
