package dev.kerf.cli.picture;

import dev.kerf.cli.console.Task;
import dev.kerf.cli.console.Text;
import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.cli.picture.OutputOptions.Format;
import dev.kerf.error.BadInputException;
import dev.kerf.formats.Annotations;
import dev.kerf.json.Json;
import dev.kerf.mask.Coco;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Overlay;
import dev.kerf.mask.Palette;
import dev.kerf.model.unet.Segmentation;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Safetensors;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The files that are made of each image.
 *
 * @param directory  where they go
 * @param formats    which, besides the overlay
 * @param overlay    whether one is drawn
 * @param legend     whether it says what its colours are
 * @param classes    names by label
 * @param background the class without colour and annotations, or -1
 * @param annotations for other programs
 */
record SegmentFiles(
        Path directory, Set<Format> formats, boolean overlay, boolean legend, List<String> classes, int background,
        AnnotationFiles annotations) {
    private static final Map<Format, String> ENDINGS = new EnumMap<>(Map.of(
            Format.LABELS, "-labels.png", Format.RLE, "-rle.json", Format.POLYGONS, "-polygons.json",
            Format.NPY, "-logits.npy", Format.SAFETENSORS, "-logits.safetensors", Format.MATTE, "-matte.png", Format.NIFTI,
            ".nii.gz", Format.SEG, ".dcm", Format.GEOJSON, ".geojson"));
    private static final String OVERLAY = "-overlay.png";

    /** Names of the classes but the background. */
    List<String> coloured() {
        return IntStream.range(0, classes.size()).filter(i -> i != background).mapToObj(classes::get).toList();
    }

    /** The files for one image. */
    List<Path> of(Input input) {
        List<Path> files = new ArrayList<>();
        formats.forEach(f -> files.add(directory.resolve(input.name() + ENDINGS.get(f))));
        if (overlay && !input.joined()) {
            files.add(overlay(input));
        }
        files.addAll(annotations.of(input.name()));
        return files;
    }

    /** The file of a format for one image. */
    Path file(Input input, Format format) {
        return directory.resolve(input.name() + ENDINGS.get(format));
    }

    /** Where an image's overlay goes. */
    Path overlay(Input input) {
        return directory.resolve(input.name() + OVERLAY);
    }

    /** Writes the files of one image, those that take time side by side, and says what is in it; {@code kept} takes what goes on. */
    ImageRun.Written write(Input input, UNetInput picture, Segmentation result, Json kept) {
        LabelMap labels = result.labels();
        Task<Boolean> drawing = Task.start(() -> overlay && draw(input, picture, labels));
        try {
            formats.forEach(f -> write(f, directory.resolve(input.name() + ENDINGS.get(f)), input, labels, result.logits()));
            annotations.keep(kept, () -> Annotations.of(input.picture(), labels, classes, background));
        } finally {
            drawing.get();
        }
        long[] counts = labels.counts(classes.size());
        double pixels = (double) picture.width() * picture.height();
        Json shares = Json.array();
        for (int i = 0; i < counts.length; i++) {
            shares.add(Json.object().put("name", classes.get(i)).put("label", i).put("pixels", counts[i])
                    .put("share", counts[i] / pixels));
        }
        return new ImageRun.Written(picture.width(), picture.height(), shares(counts, pixels),
                Json.object().put("tiles", result.tiles()).put("classes", shares), of(input), kept);
    }

    /** Classes that occur, the largest first. */
    private String shares(long[] counts, double pixels) {
        return IntStream.range(0, counts.length).boxed()
                .filter(i -> counts[i] > 0)
                .sorted(Comparator.comparingLong((Integer i) -> counts[i]).reversed())
                .map(i -> classes.get(i) + " " + Text.fixed(100 * counts[i] / pixels, 1) + " %")
                .collect(Collectors.joining(", "));
    }

    private boolean draw(Input input, UNetInput picture, LabelMap labels) {
        Overlay colours = Overlay.of(classes, background);
        input.draw((legend ? colours : colours.withoutText()).draw(picture.view(), labels), overlay(input));
        return true;
    }

    private void write(Format format, Path file, Input input, LabelMap labels, HostTensor logits) {
        switch (format) {
            case LABELS -> labels.writePng(file, Palette.of(classes.size(), background));
            case RLE -> coco(input, labels).write(file, Coco.Form.RUN_LENGTH);
            case POLYGONS -> coco(input, labels).write(file, Coco.Form.POLYGONS);
            case NPY -> logits.writeNpy(file);
            case NIFTI, SEG, GEOJSON -> throw new BadInputException("--format " + format + ": there is none of a picture");
            case MATTE -> throw new BadInputException("--format matte: a U-Net gives labels, no matte");
            case SAFETENSORS -> Safetensors.write(file, Map.of("logits", logits), Map.of("image", input.file().toString()));
        }
    }

    private Coco coco(Input input, LabelMap labels) {
        Coco coco = new Coco(classes);
        coco.addLabels(coco.addImage(input.picture(), labels.width(), labels.height()), labels,
                background);
        return coco;
    }
}
