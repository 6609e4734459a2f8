package dev.kerf.cli.picture;

import dev.kerf.backend.Device;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.Text;
import dev.kerf.cli.console.Version;
import dev.kerf.cli.option.Claims;
import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.cli.picture.Measurements.Thing;
import dev.kerf.formats.Annotations;
import dev.kerf.formats.Annotations.Item;
import dev.kerf.formats.Annotations.Kind;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.mask.Box;
import dev.kerf.mask.Coco;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Mask;
import dev.kerf.mask.Overlay;
import dev.kerf.mask.Palette;
import dev.kerf.mask.RunLength;
import dev.kerf.measure.Intensities;
import dev.kerf.model.sam2.Prediction;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.tensor.HostTensor;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** What becomes of masks that were found in an image. */
final class MaskOutput {
    /** What is found has no other class. */
    static final String THING = "thing";

    /** Files that can be made. */
    enum Format {
        /** NAME-masks.png: each pixel's thing by number, 0 for none; of things that overlap the smaller. */
        LABELS,
        /** NAME-mask-1.png …: each thing by itself, white on black. */
        MASKS,
        /** NAME-masks.json: COCO annotations with run lengths. */
        RLE
    }

    @Option(names = "--out", paramLabel = "DIR", defaultValue = ".", description = "Where files go; made if it isn't there. By default the current directory.")
    Path directory;

    @Option(names = "--overlay", negatable = true, defaultValue = "true", fallbackValue = "true", description = "Also draws the masks over the image, NAME-overlay.png; on by default.")
    private boolean overlay;

    @Option(names = "--legend", negatable = true, defaultValue = "true", fallbackValue = "true", description = "The overlay says which colour is which thing and how much of the image it covers; on by default.")
    boolean legend;

    @Option(names = "--format", split = ",", paramLabel = "FORMAT", description = "One or more of labels (a PNG of numbers; the default), masks (a PNG for each; with --multimask the default) and rle (COCO JSON).")
    private List<Format> formats = List.of();

    @Option(names = "--quiet", description = "Writes nothing on the terminal but errors.")
    boolean quiet;

    @Option(names = "--json", description = "Writes one JSON document on standard output.")
    private boolean json;

    private Claims claims;

    /**
     * A mask.
     *
     * @param object logit of the thing being there; NaN where nobody asked
     */
    record Found(RunLength mask, double iou, double object, double stability) {
        static Found of(Prediction p) {
            return new Found(RunLength.encode(p.mask()), p.iou(), p.object(), p.stability());
        }
    }

    /** A binary tensor (H, W) as a mask. */
    static Mask mask(HostTensor binary) {
        return Mask.of(binary.shape().size(1), binary.shape().size(0), binary.data().toArray(ValueLayout.JAVA_BYTE));
    }

    /** Whether the masks are answers to one question, which overlap and are told apart by their files. */
    private boolean candidates;

    /**
     * Takes masks as answers to one question from now on.
     *
     * @throws ParameterException if they are to be put into one map of labels, which holds one number a pixel
     */
    void candidates(CommandSpec spec) {
        candidates = true;
        if (formats.contains(Format.LABELS)) {
            throw new ParameterException(spec.commandLine(),
                    "--format labels: the masks of --multimask overlap, and a pixel has one label; take "
                            + "masks, rle");
        }
    }

    private List<Format> formats() {
        return formats.isEmpty() ? List.of(candidates ? Format.MASKS : Format.LABELS) : formats;
    }

    /** Makes sure that no result takes the place of what it is made from. */
    void check(Path image, Path weights) {
        claims = new Claims(List.of(image, weights));
        claims.take(image.toString(), Stream.of("-masks.png", "-masks.json", "-overlay.png").map(e -> file(image, e)).toList(),
                "--out");
    }

    /** Takes the table's file and those for other programs, too. */
    void claim(Measurements measured, AnnotationFiles annotations, Input input) {
        measured.claim(claims);
        annotations.claim(claims);
        claims.take(input.title(), annotations.of(input.name()), "--out");
    }

    /** Writes the masks for other programs. */
    void annotate(AnnotationFiles annotations, Input input, Image picture, List<Found> found) {
        annotations.add(() -> new Annotations(input.file().getFileName().toString(), picture.width(), picture.height(),
                found.stream().map(f -> new Item(THING, Kind.THING, f.mask, OptionalDouble.of(Math.clamp(f.iou, 0, 1)), 0))
                        .toList()),
                input.name());
        annotations.finish();
    }

    /** Measures the masks, if that is wanted. */
    void measure(Console console, Measurements measured, Path image, Image picture, List<Found> found) {
        measured.things(image.toString(), IntStream.range(0, found.size())
                .mapToObj(i -> new Thing(0, i + 1, found.get(i).mask::decode, Map.of("predicted_iou", found.get(i).iou)))
                .toList(),
                measured.spacing(image), Intensities.of(picture), i -> (candidates ? "mask " : "thing ") + i);
        measured.write(console, quiet || json);
    }

    private Path file(Path image, String ending) {
        String name = image.getFileName().toString();
        int dot = name.lastIndexOf('.');
        return directory.resolve((dot > 0 ? name.substring(0, dot) : name) + ending);
    }

    /** Writes the files and tells the user of each mask. */
    void write(Console console, Path image, Image picture, List<Prompt> prompts, List<Found> found, String network,
            Device.Info device, double seconds) {
        List<String> names = new ArrayList<>(List.of("background"));
        IntStream.rangeClosed(1, found.size()).forEach(i -> names.add("thing " + i));
        List<Path> files = new ArrayList<>();
        List<RunLength> all = found.stream().map(Found::mask).toList();
        if (formats().contains(Format.LABELS)) {
            files.add(file(image, "-masks.png"));
            labels(picture, all).writePng(files.getLast(), Palette.of(names.size(), 0));
        }
        for (int i = 0; formats().contains(Format.MASKS) && i < found.size(); i++) {
            files.add(file(image, "-mask-" + (i + 1) + ".png"));
            claims.take(image.toString(), List.of(files.getLast()), "--out");
            new LabelMap(found.get(i).mask.decode().toTensor()).writePng(files.getLast(), new int[] {0, 0xFFFFFF});
        }
        if (formats().contains(Format.RLE)) {
            files.add(file(image, "-masks.json"));
            Coco coco = new Coco(List.of(THING));
            int id = coco.addImage(image.getFileName().toString(), picture.width(), picture.height());
            found.forEach(f -> coco.add(id, 0, f.mask, OptionalDouble.of(Math.clamp(f.iou, 0, 1))));
            coco.write(files.getLast(), Coco.Form.RUN_LENGTH);
        }
        for (int i = 0; overlay && i < (candidates ? found.size() : 1); i++) {
            files.add(file(image, candidates ? "-overlay-" + (i + 1) + ".png" : "-overlay.png"));
            claims.take(image.toString(), List.of(files.getLast()), "--out");
            Overlay colours = Overlay.of(candidates ? List.of("background", "mask " + (i + 1)) : names, 0);
            Image drawn = (legend ? colours : colours.withoutText()).draw(picture,
                    labels(picture, candidates ? all.subList(i, i + 1) : all));
            PromptMarks.draw(drawn, prompts);
            drawn.writePng(files.getLast());
        }
        report(console, image, picture, found, network, device, files, seconds);
    }

    /** Numbers from 1 in the masks' order; where masks overlap, the smaller is on top. */
    static LabelMap labels(Image picture, List<RunLength> masks) {
        int[] out = new int[picture.width() * picture.height()];
        IntStream.range(0, masks.size()).boxed()
                .sorted(Comparator.comparingLong((Integer i) -> masks.get(i).area()).reversed())
                .forEach(i -> paint(out, masks.get(i), picture.width(), i + 1));
        return LabelMap.of(picture.width(), picture.height(), out);
    }

    private static void paint(int[] out, RunLength mask, int width, int label) {
        int[] counts = mask.counts();
        int at = 0;
        for (int i = 0; i < counts.length; i++) {
            for (int k = 0; k < counts[i]; k++, at++) {
                if (i % 2 == 1) {
                    out[at % mask.height() * width + at / mask.height()] = label;
                }
            }
        }
    }

    private void report(Console console, Path image, Image picture, List<Found> found, String network,
            Device.Info device, List<Path> files, double seconds) {
        if (json) {
            Json masks = Json.array();
            for (Found f : found) {
                Box b = f.mask.bounds();
                Json m = Json.object().put("area", f.mask.area())
                        .put("bbox", List.of(b.x(), b.y(), b.width(), b.height()))
                        .put("predicted_iou", f.iou).put("stability_score", f.stability)
                        .put("segmentation", Coco.segmentation(f.mask, Coco.Form.RUN_LENGTH));
                masks.add(Double.isNaN(f.object) ? m : m.put("object_score_logit", f.object));
            }
            console.out().println(Json.object().put("kerf", Version.text())
                    .put("network", network)
                    .put("backend", device.backend()).put("device", device.name()).put("image", image.toString())
                    .put("width", picture.width()).put("height", picture.height()).put("masks", masks)
                    .put("outputs", files.stream().map(Path::toString).toList()).put("seconds", seconds).pretty());
        } else if (!quiet) {
            double pixels = (double) picture.width() * picture.height();
            for (int i = 0; i < found.size(); i++) {
                Found f = found.get(i);
                Box b = f.mask.bounds();
                console.out().println((candidates ? "mask " : "thing ") + (i + 1) + "  "
                        + Text.fixed(100 * f.mask.area() / pixels, 1) + " %  at "
                        + b.x() + "," + b.y() + " size " + b.width() + "x" + b.height() + "  IoU " + Text.fixed(f.iou, 2)
                        + "  stability " + Text.fixed(f.stability, 2));
            }
            console.out().println(image + "  " + found.size() + (found.size() == 1 ? " mask  " : " masks  ")
                    + Text.fixed(seconds, 2) + " s");
        }
    }
}
