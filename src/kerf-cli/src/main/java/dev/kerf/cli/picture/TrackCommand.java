package dev.kerf.cli.picture;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.option.PathConverter;
import dev.kerf.cli.picture.ClipFrames.Look;
import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.cli.picture.TrackOutput.Format;
import dev.kerf.cli.option.Claims;
import dev.kerf.cli.option.DeviceOptions;
import dev.kerf.cli.option.ModelCommands;
import dev.kerf.cli.option.OutputDirectory;
import dev.kerf.cli.option.PrecisionConverter;
import dev.kerf.cli.option.ImageSizeConverter;
import dev.kerf.cli.option.Usage;
import dev.kerf.cli.option.WeightsPath;
import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import dev.kerf.image.Picture;
import dev.kerf.image.video.LiveSource;
import dev.kerf.image.video.VideoFrames;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.sam2.ClipTracker;
import dev.kerf.model.sam2.Prediction;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.model.sam2.Sam2;
import dev.kerf.model.sam2.Sam2.FrameResult;
import dev.kerf.model.sam2.StreamTracker;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Stream;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kerf track}: what is pointed at, through a video. */
@Command(name = "track", mixinStandardHelpOptions = true, sortOptions = false, description = "Follows what you point at through a video, with SAM 2, 2.1 or EdgeTAM.", footer = {
    "", "Example: kerf track street.mp4 --weights sam2.1_hiera_tiny.pt --object 1 --point 0:210,95",
    "Prompts begin with their frame's number, from 0. Of each object there must be one at least.",
    "Writes NAME-masks/FRAME.png, each object's number for its pixels, and NAME-overlay.gif.",
    "FRAME is the file's name in a folder, otherwise the frame's number in five digits: 00000 …"})
public final class TrackCommand implements Callable<Integer> {
    private final Console console;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "VIDEO", description = "A folder of images, an animated GIF, a Y4M file; others are read through ffmpeg if it is there, and so are cam:0 and streams such as rtsp://…, of which the newest frame is taken.")
    private String source;

    @Mixin
    private LiveOptions live;

    @Option(names = "--weights", required = true, paramLabel = "FILE|NAME", converter = WeightsPath.class, description = "A SAM 2, 2.1 or EdgeTAM checkpoint: the official .pt file, safetensors made from it, or the name of fetched"
            + " weights, such as sam2.1-tiny.")
    private Path weights;

    @ArgGroup(exclusive = false, multiplicity = "1..*")
    private List<ObjectPrompts> objects;

    @Option(names = "--backward", description = "Also follows towards the beginning from the first prompt.")
    private boolean backward;

    @Option(names = "--stream", description = "Frame by frame as from a camera: memory doesn't grow, prompts must come in their frames' order.")
    private boolean stream;

    @Option(names = "--image-size", paramLabel = "N", defaultValue = "1024", converter = ImageSizeConverter.class, description = "Side that the network sees frames at; the official networks know 1024.")
    private int imageSize;

    @Option(names = "--precision", paramLabel = "P", defaultValue = "f32", converter = PrecisionConverter.class, description = "How numbers are stored and multiplied: f32, tf32x3, tf32, f16 or bf16, if the device has it.")
    private Precision precision;

    @Mixin
    private DeviceOptions device;

    @Mixin
    private TrackOutput output;

    @Mixin
    private MeasureOptions measure;

    public TrackCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        measure.check();
        if (stream && backward) {
            throw new ParameterException(spec.commandLine(), "--stream goes forward only");
        }
        boolean camera = LiveSource.isAddress(source);
        ClipRun.check(camera ? List.of(Input.live(source)) : List.of(),
                output.json || measure.wanted() || output.formats.contains(Format.RLE),
                live);
        if (!camera && live.ends()) {
            throw new ParameterException(spec.commandLine(),
                    "--frames and --time are for cameras; a video is followed to its end");
        }
        if (camera && backward) {
            throw new ParameterException(spec.commandLine(), "a camera goes forward only");
        }
        Path video = camera ? Input.live(source).file() : PathConverter.path(source);
        Map<Integer, Map<Integer, Prompt>> prompts = new LinkedHashMap<>();
        Map<Integer, Map<Integer, HostTensor>> masks = new LinkedHashMap<>();
        Map<Integer, List<Integer>> removals = new TreeMap<>();
        List<Path> read = new ArrayList<>(List.of(video, weights));
        for (ObjectPrompts o : objects) {
            if (o.number() < 1 || o.number() > 255 || prompts.put(o.number(), Usage.of(spec, o::prompts)) != null) {
                throw new ParameterException(spec.commandLine(),
                        "--object " + o.number() + ": expected different numbers from 1 to 255");
            }
            Map<Integer, Path> files = Usage.of(spec, o::maskFiles);
            read.addAll(files.values());
            if (prompts.get(o.number()).isEmpty() && files.isEmpty()) {
                throw new ParameterException(spec.commandLine(),
                        "--object " + o.number() + " has no prompt: give --point, --box or --mask after it");
            }
            Map<Integer, HostTensor> shown = new TreeMap<>();
            files.forEach((frame, file) -> shown.put(frame, ObjectPrompts.read(file)));
            masks.put(o.number(), shown);
            int last = Stream.concat(prompts.get(o.number()).keySet().stream(), files.keySet().stream())
                    .max(Integer::compare).orElseThrow();
            o.removed().ifPresent(f -> {
                if (f <= last) {
                    throw new ParameterException(spec.commandLine(), "--remove " + f + ": object " + o.number()
                            + " is shown in frame " + last + "; it can go after that");
                }
                removals.computeIfAbsent(f, _ -> new ArrayList<>()).add(o.number());
            });
        }
        if (camera) {
            follow(video, prompts, masks, removals, read);
            return ExitCode.OK;
        }
        try (VideoFrames frames = new VideoFrames(video);
                Weights checkpoint = ModelCommands.open(weights, Sam2.KIND)) {
            checkFrames(prompts, frames.count());
            checkFrames(masks, frames.count());
            removals.keySet().stream().filter(f -> f >= frames.count()).findFirst().ifPresent(f -> {
                throw new BadInputException("--remove " + f + ": the video has " + frames.count() + " frames, from 0");
            });
            Sam2.Settings settings = Sam2.Settings.of().imageSize(imageSize);
            try (OutputDirectory _ = new OutputDirectory(output.directory);
                    Device opened = device.open();
                    Sam2 sam = Sam2.load(opened, checkpoint, settings,
                            ModelOptions.of().precision(precision));
                    Measurements measured = measure.open(opened);
                    TrackFiles files = output.open(console, video, video.toString(), TrackedFrames.of(frames), byFrame(prompts),
                            sam.name(), opened.info(),
                            new Claims(read), measured)) {
                int first = first(prompts, masks);
                if (!backward) {
                    files.begin(first);
                }
                Consumer<FrameResult> each = r -> files.add(frames.at(r.frame()), r);
                if (stream) {
                    stream(sam, frames, prompts, masks, removals, each);
                } else {
                    clip(sam, frames, prompts, masks, removals, first, each);
                }
                files.finish(0, null);
            }
        }
        return ExitCode.OK;
    }

    /** Of all objects, by frame. */
    private static Map<Integer, List<Prompt>> byFrame(Map<Integer, Map<Integer, Prompt>> prompts) {
        Map<Integer, List<Prompt>> out = new TreeMap<>();
        prompts.values().forEach(object -> object.forEach(
                (frame, prompt) -> out.computeIfAbsent(frame, _ -> new ArrayList<>()).add(prompt)));
        return out;
    }

    private static void checkFrames(Map<Integer, ? extends Map<Integer, ?>> byObject, int count) {
        byObject.forEach((object, frames) -> frames.keySet().forEach(f -> {
            if (f >= count) {
                throw new BadInputException("object " + object + " is shown in frame " + f + ", the video has " + count
                        + " frames, from 0");
            }
        }));
    }

    /** The first frame with a prompt. */
    private static int first(Map<Integer, Map<Integer, Prompt>> prompts, Map<Integer, Map<Integer, HostTensor>> masks) {
        return Stream.of(prompts, masks)
                .flatMap(m -> m.values().stream())
                .flatMap(m -> m.keySet().stream())
                .min(Integer::compare)
                .orElseThrow();
    }

    private void clip(Sam2 sam, VideoFrames frames, Map<Integer, Map<Integer, Prompt>> prompts,
            Map<Integer, Map<Integer, HostTensor>> masks, Map<Integer, List<Integer>> removals, int first,
            Consumer<FrameResult> each) {
        try (ClipTracker clip = sam.track(ClipTracker.Frames.of(frames))) {
            masks.forEach((object, byFrame) -> byFrame.forEach((f, m) -> clip.mask(f, object, m)));
            prompts.forEach((object, byFrame) -> byFrame.forEach((f, p) -> clip.prompt(f, object, p)));
            if (backward && first > 0) {
                clip.propagate(first, first + 1, true, r -> {
                    if (r.frame() < first) {
                        each.accept(r);
                    }
                });
            }
            clip.propagate(first, frames.count(), false, r -> {
                each.accept(r);
                removals.getOrDefault(r.frame() + 1, List.of()).forEach(clip::remove);
            });
        }
    }

    private static void stream(Sam2 sam, VideoFrames frames, Map<Integer, Map<Integer, Prompt>> prompts,
            Map<Integer, Map<Integer, HostTensor>> masks, Map<Integer, List<Integer>> removals, Consumer<FrameResult> each) {
        try (StreamTracker camera = sam.stream()) {
            for (int i = 0; i < frames.count(); i++) {
                FrameResult found = step(camera, i, frames.frame(i), prompts, masks, removals);
                if (!found.objects().isEmpty()) {
                    each.accept(found);
                }
            }
        }
    }

    /** Follows into a frame, and shows what is to be shown in it. */
    private static FrameResult step(StreamTracker camera, int frame, Picture image,
            Map<Integer, Map<Integer, Prompt>> prompts, Map<Integer, Map<Integer, HostTensor>> masks,
            Map<Integer, List<Integer>> removals) {
        removals.getOrDefault(frame, List.of()).forEach(camera::remove);
        FrameResult found = camera.next(image);
        Map<Integer, Prediction> shown = new LinkedHashMap<>(found.objects());
        masks.forEach((object, byFrame) -> {
            if (byFrame.containsKey(frame)) {
                shown.put(object, camera.mask(object, byFrame.get(frame)));
            }
        });
        prompts.forEach((object, byFrame) -> {
            if (byFrame.containsKey(frame)) {
                shown.put(object, camera.prompt(object, byFrame.get(frame)));
            }
        });
        return new FrameResult(frame, shown);
    }

    /** Through a camera's frames, the newest whenever the one before is done; prompts are for those that are looked at. */
    private void follow(Path name, Map<Integer, Map<Integer, Prompt>> prompts, Map<Integer, Map<Integer, HostTensor>> masks,
            Map<Integer, List<Integer>> removals, List<Path> read) {
        Latencies latencies = new Latencies();
        try (Weights checkpoint = ModelCommands.open(weights, Sam2.KIND);
                OutputDirectory _ = new OutputDirectory(output.directory);
                Device opened = device.open();
                Sam2 sam = Sam2.load(opened, checkpoint, Sam2.Settings.of().imageSize(imageSize),
                        ModelOptions.of().precision(precision));
                ClipFrames camera = new ClipFrames.Live(LiveSource.open(source));
                Measurements measured = measure.open(opened);
                StreamTracker tracker = sam.stream();
                Interrupt stop = new Interrupt()) {
            LiveFrames frames = new LiveFrames(camera);
            try (TrackFiles files = output.open(console, name, LiveSource.shown(source), frames, byFrame(prompts), sam.name(),
                    opened.info(), new Claims(read), measured)) {
                long end = live.end();
                BooleanSupplier enough = () -> stop.given() || System.nanoTime() - end > 0;
                KerfException broken = null;
                for (int i = 0; i < live.frames() && !enough.getAsBoolean(); i++) {
                    Optional<Look> look;
                    try {
                        look = camera.next(enough);
                    } catch (KerfException e) {
                        // What came before is kept. Ctrl-C reaches ffmpeg as well, whose end is none of the stream's then.
                        broken = stop.given() ? null : e;
                        break;
                    }
                    if (look.isEmpty()) {
                        break;
                    }
                    frames.look(look.get());
                    FrameResult found = step(tracker, i, look.get().sight().picture(), prompts, masks, removals);
                    if (found.objects().isEmpty()) {
                        files.begin(i + 1);
                    } else {
                        files.add(frames.at(i), found);
                    }
                    latencies.add((System.nanoTime() - look.get().arrived()) / 1e9);
                }
                files.finish(camera.dropped(), latencies);
                if (broken != null) {
                    throw broken;
                }
            }
        }
    }
}
