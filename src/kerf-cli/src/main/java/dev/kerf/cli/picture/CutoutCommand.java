package dev.kerf.cli.picture;

import dev.kerf.backend.Device;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.Task;
import dev.kerf.cli.console.Text;
import dev.kerf.cli.option.DeviceOptions;
import dev.kerf.cli.option.OutputDirectory;
import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.mask.Background;
import dev.kerf.model.matting.Matting;
import dev.kerf.tensor.HostTensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kerf cutout}: what pictures are of, without their backgrounds. */
@Command(name = "cutout", mixinStandardHelpOptions = true, sortOptions = false, description = "Cuts out what pictures are of, with soft edges and without the old background's colours in them: by U2-Net, IS-Net or"
        + " another network whose result is a matte.", footer = {
            "", "Example: kerf cutout photo.jpg --weights isnet-general-use.onnx --background white",
            "Writes NAME-cutout.png into the current directory unless told otherwise.",
            "Exit codes: 0 done, 1 failed, 2 usage, 3 some images failed and the rest are done."})
public final class CutoutCommand implements Callable<Integer> {
    private final Console console;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "1..*", paramLabel = "IMAGE", description = "PNG, JPEG, BMP, TIFF, GIF; or a directory of these.")
    private List<String> images;

    @Mixin
    private MatteOptions network;

    @Option(names = "--background", paramLabel = "transparent|blur|COLOUR|FILE", defaultValue = "transparent", converter = BackgroundText.Converter.class, description = "What is put behind: nothing (by default), the picture's own background out of focus, a colour such as"
            + " #ffffff or white, or another picture, made to cover everything.")
    private BackgroundText background;

    @Option(names = "--sigma", paramLabel = "S", converter = SigmaConverter.class, description = "How far blur reaches: a Gaussian's standard deviation in pixels; by default a fiftieth of the longer side.")
    private Double sigma;

    @Option(names = "--matte", description = "Also writes the matte, NAME-matte.png: grey, white where all of a pixel belongs.")
    private boolean matte;

    @Mixin
    private DeviceOptions device;

    @Mixin
    private ResultOptions output;

    @Mixin
    private ImageOptions folders;

    @Mixin
    private JobOptions jobs;

    public CutoutCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (sigma != null && !background.text().equals("blur")) {
            throw new ParameterException(spec.commandLine(), "--sigma is for --background blur");
        }
        List<Input> inputs = folders.of(images, output.directory, console.notes(output.quiet));
        Task<Image> first = Task.start(inputs.getFirst()::read);
        List<Path> read = new ArrayList<>(List.of(network.weights));
        if (background.file() != null) {
            read.add(background.file());
        }
        ImageInputs.claims(inputs, read, this::files);
        Background behind = background.read(sigma == null ? 0 : sigma);
        try (Device opened = device.open();
                MatteOptions.Loaded net = network.load(opened);
                OutputDirectory _ = new OutputDirectory(output.directory);
                Jobs many = jobs.open(network.weights, net.matting().name(), opened.info(), inputs.size(), output.directory,
                        background.file())) {
            ImageReport report = new ImageReport(console, output.quiet, output.json, opened.info(), net.matting().name());
            return new ImageRun<>(work(net.matting(), behind), report, many).run(inputs, first);
        }
    }

    private List<Path> files(Input input) {
        Path cut = output.directory.resolve(input.name() + "-cutout.png");
        return matte ? List.of(cut, output.directory.resolve(input.name() + "-matte.png")) : List.of(cut);
    }

    private ImageRun.Work<Image, HostTensor> work(Matting net, Background behind) {
        return new ImageRun.Work<>() {
            @Override
            public Image read(Input input) {
                return input.read();
            }

            @Override
            public HostTensor find(Image image) {
                return net.matte(image);
            }

            @Override
            public ImageRun.Written write(Input input, Image image, HostTensor shares) {
                List<Path> made = files(input);
                network.cut(image, shares).onto(behind).writePng(made.getFirst());
                if (matte) {
                    NetworkRun.grey(shares).writePng(made.getLast());
                }
                double share = MatteOptions.share(shares);
                return new ImageRun.Written(image.width(), image.height(), Text.fixed(100 * share, 1) + " % foreground",
                        Json.object().put("foreground", share), made);
            }
        };
    }
}
