package dev.kerf.cli.serve;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.option.DeviceOptions;
import dev.kerf.cli.option.ImageSizeConverter;
import dev.kerf.cli.option.PrecisionConverter;
import dev.kerf.cli.option.Usage;
import dev.kerf.cli.option.WeightsPath;
import dev.kerf.model.ModelOptions;
import dev.kerf.serve.ServeOptions;
import dev.kerf.serve.Server;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kerf serve}: a page to click on. */
@Command(name = "serve", mixinStandardHelpOptions = true, sortOptions = false, description = "Opens a page to click on, and answers programs over HTTP.", footer = {
    "", "Example: kerf serve photos/ --weights sam2.1-tiny",
    "Prints the page's address on one line; whoever knows it can use the server, others can't. Ends with Ctrl-C.",
    "Without weights of SAM a click selects a connected region of a U-Net's class: a cell, of the network that comes with Kerf.",
    "The interface for programs is described at openapi.json, below that address."})
public final class ServeCommand implements Callable<Integer> {
    private final Console console;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "FOLDER", defaultValue = ".", description = "Where pictures are that may be opened; by default the current one.")
    private Path folder;

    @Option(names = "--weights", paramLabel = "FILE|NAME", converter = WeightsPath.class, description = "Of SAM, SAM 2, 2.1 or EdgeTAM to click with, of a U-Net to segment, of Mask R-CNN or Panoptic FPN to detect: files, or names"
            + " of fetched weights, such as sam2.1-tiny. May be given several times.")
    private List<Path> weights = List.of();

    @Option(names = "--port", paramLabel = "N", defaultValue = "0", description = "Port to listen at; 0, the default, for any that is free.")
    private int port;

    @Option(names = "--host", paramLabel = "ADDRESS", defaultValue = ServeOptions.LOOPBACK, description = "Address to listen at. Any other than 127.0.0.1 lets other machines in and takes a --token; nothing is encrypted.")
    private String host;

    @Option(names = "--token", paramLabel = "TEXT", description = "What the address holds so that it can't be guessed; by default random.")
    private String token;

    @Option(names = "--no-browser", description = "Only prints the address.")
    private boolean noBrowser;

    @Option(names = "--work", paramLabel = "FOLDER", description = "Where pictures that are sent and what is made of them are kept; by default .kerf in the folder.")
    private Path work;

    @Option(names = "--memory", paramLabel = "MIB", defaultValue = "1024", description = "What pictures and their features may take in memory; the least used give way.")
    private long memory;

    @Option(names = "--queue", paramLabel = "N", defaultValue = "32", description = "Requests that may wait for the network; more are told to ask again later.")
    private int queue;

    @Option(names = "--deadline", paramLabel = "SECONDS", defaultValue = "60", description = "Time that a prompt may take.")
    private long deadline;

    @Option(names = "--image-size", paramLabel = "N", converter = ImageSizeConverter.class, description = "Side that SAM sees images at; by default the one it was trained with, 1024 of the official ones.")
    private int imageSize;

    @Option(names = "--precision", paramLabel = "P", defaultValue = "f32", converter = PrecisionConverter.class, description = "How numbers are stored and multiplied: f32, tf32x3, tf32, f16 or bf16, if the device has it.")
    private Precision precision;

    @Mixin
    private DeviceOptions device;

    public ServeCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        ServeOptions options = Usage.of(spec, this::options);
        CountDownLatch stopped = new CountDownLatch(1);
        try (Device opened = device.open();
                LoadedNetworks networks = LoadedNetworks.load(opened, weights, imageSize,
                        ModelOptions.of().precision(precision));
                Server server = Server.start(options, networks.networks());
                Browser browser = new Browser(server.url())) {
            onSignal(server::close, browser::close);
            console.out().println(server.url());
            console.out().flush();
            if (!ServeOptions.isLoopback(host)) {
                console.note("other machines reach this server at port " + server.port() + "; who knows the token may read the"
                        + " folder's pictures and send others, and nothing is encrypted");
            }
            if (networks.networks().sam().isEmpty()) {
                console.note("a click selects a region of " + networks.networks().unet().orElseThrow().name()
                        + "; to point at anything, 'kerf weights fetch sam2.1-tiny' and --weights sam2.1-tiny");
            }
            if (!noBrowser) {
                browser.open().ifPresent(console::note);
            }
            stopped.await();
            return ExitCode.OK;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return ExitCode.OK;
        }
    }

    /** A signal ends the process; what was asked before is answered. */
    private static void onSignal(Runnable... ends) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            for (Runnable end : ends) {
                end.run();
            }
        }, "kerf-serve-stop"));
    }

    private ServeOptions options() {
        if (!ServeOptions.isLoopback(host) && token == null) {
            throw new ParameterException(spec.commandLine(), "--host " + host + " lets other machines in: give a --token of "
                    + ServeOptions.SHORTEST_TOKEN + " characters or more");
        }
        if (memory < 1 || memory > Integer.MAX_VALUE || deadline < 1 || deadline > Integer.MAX_VALUE) {
            throw new ParameterException(spec.commandLine(), "--memory " + memory + " --deadline " + deadline
                    + ": expected 1 or more");
        }
        ServeOptions plain = ServeOptions.of(folder);
        ServeOptions at = plain.at(host, port, token == null ? plain.token() : token).limits(plain.limits()
                .memory(memory << 20).waiting(queue).answer(Duration.ofSeconds(deadline)));
        return work == null ? at : at.work(work);
    }
}
