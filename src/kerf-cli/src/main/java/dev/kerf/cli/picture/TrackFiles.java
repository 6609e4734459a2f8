package dev.kerf.cli.picture;

import dev.kerf.backend.Device;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.Progress;
import dev.kerf.cli.console.Text;
import dev.kerf.cli.console.Version;
import dev.kerf.cli.option.Claims;
import dev.kerf.cli.picture.Measurements.Thing;
import dev.kerf.error.BadFileException;
import dev.kerf.error.KerfException;
import dev.kerf.file.AtomicFile;
import dev.kerf.formats.Annotations;
import dev.kerf.formats.Annotations.Item;
import dev.kerf.formats.Annotations.Kind;
import dev.kerf.image.Image;
import dev.kerf.image.video.FrameSink;
import dev.kerf.image.video.FrameSource.Frame;
import dev.kerf.json.Json;
import dev.kerf.mask.Box;
import dev.kerf.mask.Coco;
import dev.kerf.mask.Instances;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Overlay;
import dev.kerf.mask.Palette;
import dev.kerf.mask.RunLength;
import dev.kerf.measure.Intensities;
import dev.kerf.model.sam2.Prediction;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.model.sam2.Sam2.FrameResult;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A video's masks on their way to files: label maps and JSON as frames come, the overlay in their order at the end. */
final class TrackFiles implements AutoCloseable {
    /** What is followed has no other class. */
    private static final String OBJECT = "object";

    private final TrackOutput options;
    private final Console console;
    private final Path video;
    private final String title;
    private final TrackedFrames frames;
    /** What the user showed, by frame. */
    private final Map<Integer, List<Prompt>> shown;
    private final String network;
    private final Device.Info device;
    private final String name;
    private final Progress progress;
    private final long start = System.nanoTime();
    private final Map<Integer, Json> found = new TreeMap<>();
    private final Map<Integer, LabelMap> labels = new TreeMap<>();
    private final FrameSink sink;
    private final CocoTrack coco;
    private final AnnotationFiles annotations;
    private final Set<Path> files = new LinkedHashSet<>();
    private final Claims claims;
    private final Measurements measured;
    private int written;
    private int followed;

    TrackFiles(TrackOutput options, Console console, Path video, String title, TrackedFrames frames,
            Map<Integer, List<Prompt>> shown,
            String network, Device.Info device, Claims claims, Measurements measured) {
        this.claims = claims;
        this.measured = measured;
        measured.claim(claims);
        this.options = options;
        this.shown = shown;
        this.console = console;
        this.video = video;
        this.title = title;
        this.frames = frames;
        this.network = network;
        this.device = device;
        String file = video.toAbsolutePath().normalize().getFileName().toString();
        int dot = file.lastIndexOf('.');
        this.name = dot > 0 && Files.isRegularFile(video) ? file.substring(0, dot) : file;
        this.progress = console.terminal() && !options.quiet && frames.count() > 0
                ? Progress.bar(console, frames.count(), "frames")
                : Progress.none();
        this.sink = sink();
        this.coco = options.formats.contains(TrackOutput.Format.COCO) ? coco() : null;
        this.annotations = options.annotation.in(options.directory.resolve(name + "-annotations"));
    }

    private FrameSink sink() {
        return switch (options.overlay) {
            case "none" -> null;
            case "png" -> new FramePictures(folder("-overlay"), frames, file -> add(file, "the overlay"));
            default -> FrameSink.open(add(options.directory.resolve(name + "-overlay." + options.overlay), "the overlay"),
                    frames.width(), frames.height(), frames.rate());
        };
    }

    /** A file that is about to be written, and what it shows. */
    private Path add(Path file, String what) {
        claims.take(what, List.of(file), "--out");
        files.add(file);
        return file;
    }

    private CocoTrack coco() {
        try {
            return new CocoTrack(add(options.directory.resolve(name + "-track.json"), "COCO's format"));
        } catch (KerfException e) {
            close();
            throw e;
        }
    }

    /** Says that frames before this one will have no masks. */
    void begin(int first) {
        for (int i = written; sink != null && i < first; i++) {
            draw(i, nothing());
        }
    }

    private LabelMap nothing() {
        return LabelMap.of(frames.width(), frames.height(), new byte[frames.width() * frames.height()]);
    }

    /** Takes a frame's masks; a later result for the same frame replaces an earlier one. */
    void add(Frame frame, FrameResult result) {
        LabelMap map = map(result);
        if (options.formats.contains(TrackOutput.Format.LABELS)) {
            String frameName = frames.name(result.frame());
            map.writePng(add(folder("-masks").resolve(frameName + ".png"), "frame " + frameName), Palette.of(256, 0));
        }
        if (options.formats.contains(TrackOutput.Format.MASKS)) {
            result.objects().forEach((object, p) -> writeMask(frames.name(result.frame()), object, p));
        }
        if (coco != null) {
            coco.write(frame, instances(result));
        }
        annotate(frames.name(result.frame()), result);
        followed++;
        if (options.json || options.formats.contains(TrackOutput.Format.RLE)) {
            found.put(result.frame(), json(frame, result));
        }
        measure(frame, result);
        if (sink != null) {
            labels.put(result.frame(), map);
            // Frames follow one another where objects are followed forward; the rest waits for its turn.
            while (labels.containsKey(written)) {
                draw(written, labels.remove(written));
            }
        }
        progress.step();
    }

    /** Objects of a frame, whose numbers are their groups. */
    private void annotate(String frame, FrameResult result) {
        if (!annotations.wanted()) {
            return;
        }
        folder("-annotations");
        annotations.begin(List.of(OBJECT)).claim(claims);
        annotations.of(frame).forEach(f -> add(f, "frame " + frame));
        List<Item> items = new ArrayList<>();
        result.objects().forEach((object, p) -> items.add(new Item(OBJECT, Kind.THING, RunLength.encode(p.mask()),
                OptionalDouble.of(Math.clamp(p.iou(), 0, 1)), object)));
        annotations.add(() -> new Annotations(frame + ".png", frames.width(), frames.height(), items), frame);
    }

    private void measure(Frame frame, FrameResult result) {
        List<Thing> things = new ArrayList<>();
        Map<String, Object> when = new LinkedHashMap<>();
        when.put("frame", result.frame());
        when.put("time", frame.time());
        result.objects().forEach((object, p) -> things.add(new Thing(object, object, p::mask, when)));
        measured.things(title, things, measured.spacing(video), Intensities.of(frame.image()), i -> "object " + i);
    }

    private Path folder(String ending) {
        Path folder = options.directory.resolve(name + ending);
        try {
            return Files.createDirectories(folder);
        } catch (IOException e) {
            throw new BadFileException(folder + ": can't be made (" + e.getMessage() + ")", e);
        }
    }

    private void writeMask(String frame, int object, Prediction p) {
        p.mask().toImage().writePng(add(folder("-masks").resolve(frame + "-object-" + object + ".png"),
                "object " + object + " of frame " + frame));
    }

    /** Masks of an earlier run, of frames and objects that have none now, would be taken for this one's. */
    private void removeEarlierMasks() {
        Path folder = options.directory.resolve(name + "-masks");
        Set<String> ours = IntStream.range(0, frames.count()).mapToObj(frames::name).collect(Collectors.toSet());
        try {
            List<Path> earlier = Files.isDirectory(folder)
                    ? EarlierResults.masks(folder, ours).stream().filter(f -> !files.contains(f) && !claims.isInput(f)).toList()
                    : List.of();
            for (Path mask : earlier) {
                Files.delete(mask);
            }
            if (!earlier.isEmpty()) {
                console.notes(options.quiet).accept(folder + ": removed " + earlier.size() + " of an earlier run's masks");
            }
        } catch (IOException e) {
            throw new BadFileException(folder + ": an earlier run's masks can't be removed (" + e.getMessage() + ")", e);
        }
    }

    private Instances instances(FrameResult result) {
        List<Instance> items = new ArrayList<>();
        result.objects().forEach((object, p) -> items.add(new Instance(object, p.iou(), RunLength.encode(p.mask()))));
        return new Instances(frames.width(), frames.height(), items);
    }

    private LabelMap map(FrameResult result) {
        int[] out = new int[frames.width() * frames.height()];
        // Where objects overlap, the one that the network is surer of is on top.
        float[] best = new float[out.length];
        result.objects().forEach((object, p) -> {
            float[] logits = p.logits().toFloatArray();
            for (int i = 0; i < out.length; i++) {
                if (logits[i] > best[i]) {
                    best[i] = logits[i];
                    out[i] = object;
                }
            }
        });
        return LabelMap.of(frames.width(), frames.height(), out);
    }

    private Json json(Frame frame, FrameResult result) {
        Json objects = Json.array();
        result.objects().forEach((object, p) -> objects.add(object(object, p)));
        return Json.object().put("frame", result.frame()).put("name", frames.name(result.frame()))
                .put("time", frame.time()).put("objects", objects);
    }

    private static Json object(int number, Prediction p) {
        RunLength mask = RunLength.encode(p.mask());
        Box b = p.bounds();
        return Json.object().put("object", number).put("area", mask.area())
                .put("bbox", List.of(b.x(), b.y(), b.width(), b.height()))
                .put("object_score_logit", p.object()).put("predicted_iou", p.iou())
                .put("segmentation", Coco.segmentation(mask, Coco.Form.RUN_LENGTH));
    }

    private void draw(int index, LabelMap map) {
        List<String> names = new ArrayList<>(List.of("background"));
        IntStream.rangeClosed(1, map.max()).forEach(i -> names.add("object " + i));
        Frame frame = frames.at(index);
        Overlay colours = Overlay.of(names, 0);
        Image drawn = (options.legend ? colours : colours.withoutText()).draw(frame.image(), map);
        PromptMarks.draw(drawn, shown.getOrDefault(index, List.of()));
        sink.write(frame.with(drawn));
        written = index + 1;
    }

    /** Completes the files and tells the user; of a camera also how it went. */
    void finish(long dropped, Latencies latencies) {
        if (sink != null) {
            for (int i = written; i < frames.count(); i++) {
                LabelMap map = labels.remove(i);
                draw(i, map != null ? map : nothing());
            }
            sink.finish();
        }
        if (coco != null) {
            coco.finish();
        }
        files.addAll(annotations.finish());
        removeEarlierMasks();
        double seconds = (System.nanoTime() - start) / 1e9;
        Json all = Json.object().put("kerf", Version.text())
                .put("network", network)
                .put("backend", device.backend()).put("device", device.name()).put("video", title)
                .put("width", frames.width()).put("height", frames.height())
                .put("frames", found.values().stream().toList());
        if (options.formats.contains(TrackOutput.Format.RLE)) {
            AtomicFile.write(add(options.directory.resolve(name + "-masks.json"), "all frames"),
                    all.toString().getBytes(StandardCharsets.UTF_8));
        }
        progress.close();
        measured.write(console, options.quiet || options.json);
        if (options.json) {
            if (latencies != null) {
                all.put("dropped", dropped).put("latency", latencies.json());
            }
            console.out().println(all.put("outputs", files.stream().map(Path::toString).sorted().toList())
                    .put("seconds", seconds).pretty());
        } else if (!options.quiet) {
            console.out().println(title + "  " + followed + " frames  " + Text.fixed(followed / seconds, 2) + " frames/s"
                    + (latencies == null ? "" : "  " + dropped + " dropped  " + latencies.text()));
        }
    }

    @Override
    public void close() {
        progress.close();
        if (sink != null) {
            sink.close();
        }
        if (coco != null) {
            coco.close();
        }
        if (annotations != null) {
            annotations.close();
        }
    }
}
