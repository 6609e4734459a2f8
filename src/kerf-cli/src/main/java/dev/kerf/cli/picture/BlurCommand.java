package dev.kerf.cli.picture;

import dev.kerf.backend.Device;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.Task;
import dev.kerf.cli.option.DeviceOptions;
import dev.kerf.cli.option.OutputDirectory;
import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.image.Image;
import dev.kerf.image.video.FrameSink;
import dev.kerf.image.video.FrameSource;
import dev.kerf.json.Json;
import dev.kerf.mask.Background;
import dev.kerf.model.matting.Matting;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kerf blur}: backgrounds out of focus, of pictures and of videos. */
@Command(name = "blur", mixinStandardHelpOptions = true, sortOptions = false, description = "Blurs the background of pictures and videos: by U2-Net, IS-Net or another network whose result is a matte.", footer = {
    "", "Example: kerf blur call.mp4 --weights u2netp --sigma 20",
    "Writes NAME-blur.png of a picture and NAME-blur.ENDING of a video into the current directory unless",
    "told otherwise. Videos go through frame by frame, with memory that doesn't grow; sound stays behind.",
    "Exit codes: 0 done, 1 failed, 2 usage, 3 some failed and the rest are done."})
public final class BlurCommand implements Callable<Integer> {
    private final Console console;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "1..*", paramLabel = "IMAGE|VIDEO", description = "PNG, JPEG, BMP, TIFF, GIF, or a directory of these; an animated GIF or a Y4M file; other videos are read through ffmpeg"
            + " if it is there.")
    private List<String> files;

    @Mixin
    private MatteOptions network;

    @Option(names = "--sigma", paramLabel = "S", converter = SigmaConverter.class, description = "How far it reaches: a Gaussian's standard deviation in pixels; by default a fiftieth of the longer side.")
    private Double sigma;

    private String ending;

    @Option(names = "--video", paramLabel = "gif|y4m|mp4", description = "How videos are written: gif, y4m, or mp4 and others through ffmpeg; by default as they are read.")
    private void ending(String text) {
        if (!text.matches("[A-Za-z0-9]+")) {
            throw new ParameterException(spec.commandLine(),
                    "--video " + text + ": expected gif, y4m or the ending of a video's name, such as mp4");
        }
        ending = text;
    }

    @Mixin
    private DeviceOptions device;

    @Mixin
    private ResultOptions output;

    @Mixin
    private ImageOptions folders;

    @Mixin
    private JobOptions jobs;

    public BlurCommand(Console console) {
        this.console = console;
    }

    /** What became of an input: a picture to be written, or none of a video that is. */
    private record Made(Image image, int width, int height, int frames) {}

    @Override
    public Integer call() {
        List<Input> inputs = folders.of(files, output.directory, console.notes(output.quiet));
        Task<Footage> first = Task.start(() -> Footage.read(inputs.getFirst()));
        ImageInputs.claims(inputs, network.weights, i -> List.of(result(i)));
        try (Device opened = device.open();
                MatteOptions.Loaded net = network.load(opened);
                OutputDirectory _ = new OutputDirectory(output.directory);
                Jobs many = jobs.open(network.weights, net.matting().name(), opened.info(), inputs.size(), output.directory)) {
            ImageReport report = new ImageReport(console, output.quiet, output.json, opened.info(), net.matting().name());
            return new ImageRun<>(work(net.matting()), report, many).run(inputs, first);
        }
    }

    /** The file for one input. */
    private Path result(Input input) {
        String to = !Footage.moves(input) ? "png" : ending != null ? ending : Footage.ending(input.file());
        return output.directory.resolve(input.name() + "-blur." + (to.isEmpty() ? "mp4" : to));
    }

    private Image blurred(Matting net, Image image) {
        return network.cut(image, net.matte(image)).onto(new Background.Blurred(sigma == null ? 0 : sigma));
    }

    /** Writes a video on the way. */
    private Made through(Matting net, Input input) {
        try (FrameSource from = FrameSource.open(input.file());
                FrameSink to = FrameSink.open(result(input), from.width(), from.height(), from.rate())) {
            return new Made(null, from.width(), from.height(), FrameRun.run(from, i -> blurred(net, i), to));
        }
    }

    private ImageRun.Work<Footage, Made> work(Matting net) {
        return new ImageRun.Work<>() {
            @Override
            public Footage read(Input input) {
                return Footage.read(input);
            }

            @Override
            public Made find(Footage footage) {
                return switch (footage) {
                    case Footage.Still s -> {
                        Image made = blurred(net, s.image());
                        yield new Made(made, made.width(), made.height(), 1);
                    }
                    case Footage.Moving m -> through(net, m.input());
                };
            }

            @Override
            public ImageRun.Written write(Input input, Footage footage, Made made) {
                if (made.image() != null) {
                    made.image().writePng(result(input));
                }
                return new ImageRun.Written(made.width(), made.height(),
                        made.image() != null ? "background blurred" : made.frames() + " frames",
                        Json.object().put("frames", made.frames()), List.of(result(input)));
            }
        };
    }
}
