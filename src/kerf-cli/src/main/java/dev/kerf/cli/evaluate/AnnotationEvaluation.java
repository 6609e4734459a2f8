package dev.kerf.cli.evaluate;

import dev.kerf.cli.console.Console;
import dev.kerf.cli.picture.AnnotationOptions;
import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.formats.AnnotationFormat;
import dev.kerf.formats.AnnotationSet;
import dev.kerf.formats.Annotations;
import dev.kerf.formats.Annotations.Kind;
import dev.kerf.formats.PictureSizes;
import dev.kerf.formats.PictureSizes.Size;
import dev.kerf.image.Image;
import dev.kerf.image.ImageInfo;
import dev.kerf.mask.CocoDataset;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** Sides of a comparison that are of annotation programs: how they are read, and what they are compared as. */
final class AnnotationEvaluation {
    private static final String BACKGROUND = "background";
    private static final Set<AnnotationFormat> WITHOUT_SIZES = Set.of(AnnotationFormat.YOLO, AnnotationFormat.QUPATH);

    @Option(names = "--truth-format", paramLabel = "FORMAT", converter = AnnotationOptions.Converter.class, description = "What the truth is, where it isn't seen by itself: yolo, qupath, cvat, label-studio or cityscapes.")
    private AnnotationFormat truthFormat;

    @Option(names = "--predicted-format", paramLabel = "FORMAT", converter = AnnotationOptions.Converter.class, description = "Likewise of what was predicted.")
    private AnnotationFormat predictedFormat;

    @Option(names = "--images", paramLabel = "DIR", description = "The pictures of YOLO's or QuPath's files, which don't say how large they are.")
    private Path images;

    @Option(names = "--semantic", description = "Compares annotations class by class and pixel by pixel rather than object by object.")
    private boolean semantic;

    /** The two sides; one that is none of annotation programs' is empty. */
    record Sides(Optional<AnnotationSet> predicted, Optional<AnnotationSet> truth) {}

    /** The first of the options that was given; null if none was. */
    String given() {
        return truthFormat != null
                ? "--truth-format"
                : predictedFormat != null ? "--predicted-format" : images != null ? "--images" : semantic ? "--semantic" : null;
    }

    /** Whether classes are compared rather than objects. */
    boolean semantic() {
        return semantic;
    }

    /** Whether one of the sides is of an annotation program. */
    boolean concerns(Path predicted, Path truth) {
        return format(predicted, predictedFormat).isPresent() || format(truth, truthFormat).isPresent();
    }

    private static Optional<AnnotationFormat> format(Path path, AnnotationFormat said) {
        return said != null || !Files.exists(path) ? Optional.ofNullable(said) : AnnotationFormat.detect(path);
    }

    /** Reads the sides that are; the side that knows the pictures' sizes first. */
    Sides read(Path predicted, Path truth, Console console) {
        for (Path side : List.of(predicted, truth)) {
            if (!Files.exists(side)) {
                throw new BadFileException(side + ": no such file or directory");
            }
        }
        Optional<AnnotationFormat> left = format(predicted, predictedFormat);
        Optional<AnnotationFormat> right = format(truth, truthFormat);
        Map<String, Size> known = new HashMap<>();
        if (images != null) {
            sizes(images, known);
        }
        if (left.isEmpty()) {
            others(predicted, known);
        }
        if (right.isEmpty()) {
            others(truth, known);
        }
        PictureSizes sizes = name -> Optional.ofNullable(known.get(name));
        boolean leftFirst = left.isPresent() && right.filter(WITHOUT_SIZES::contains).isPresent();
        AnnotationSet first = leftFirst ? set(left, predicted, sizes, console) : set(right, truth, sizes, console);
        if (first != null) {
            first.pictures()
                    .forEach(p -> known.putIfAbsent(LabelPairs.stem(Path.of(p.file())), new Size(p.width(), p.height())));
        }
        AnnotationSet second = leftFirst ? set(right, truth, sizes, console) : set(left, predicted, sizes, console);
        return new Sides(Optional.ofNullable(leftFirst ? first : second), Optional.ofNullable(leftFirst ? second : first));
    }

    private static AnnotationSet set(Optional<AnnotationFormat> format, Path path, PictureSizes sizes, Console console) {
        if (format.isEmpty()) {
            return null;
        }
        AnnotationSet set = format.get().read(path, sizes);
        Set<String> names = new HashSet<>();
        for (Annotations p : set.pictures()) {
            if (!names.add(LabelPairs.stem(Path.of(p.file())))) {
                throw new BadInputException(path + ": has two pictures called '" + p.file()
                        + "' or so, which can't be told apart; compare them one by one");
            }
        }
        if (!set.leftOut().isEmpty()) {
            console.note(path + ": without area and left out: " + String.join(", ", set.leftOut().entrySet().stream()
                    .map(e -> e.getValue() + " " + e.getKey()).sorted().toList()));
        }
        return set;
    }

    /** Of pictures in a directory and in those in it. */
    private static void sizes(Path directory, Map<String, Size> into) {
        try (Stream<Path> files = Files.walk(directory, FileVisitOption.FOLLOW_LINKS)) {
            files.filter(Files::isRegularFile).filter(LabelFile::isPicture).forEach(f -> {
                ImageInfo info = Image.info(f);
                into.putIfAbsent(LabelPairs.stem(f), new Size(info.width(), info.height()));
            });
        } catch (IOException | UncheckedIOException e) {
            throw new BadInputException(directory + ": can't be listed (" + e.getMessage() + ")", e);
        }
    }

    /** Of labels in a directory, or of a COCO data set's images. */
    private static void others(Path path, Map<String, Size> into) {
        if (Files.isDirectory(path)) {
            for (var entry : LabelPairs.labels(path).entrySet()) {
                var labels = LabelFile.read(entry.getValue(), null).labels();
                into.putIfAbsent(entry.getKey(), new Size(labels.width(), labels.height()));
            }
        } else if (AnnotatedCoco.isDataset(path)) {
            CocoDataset.read(path).images().values().stream().filter(p -> p.width() > 0).forEach(
                    p -> into.putIfAbsent(LabelPairs.stem(Path.of(p.file())), new Size(p.width(), p.height())));
        }
    }

    /**
     * Writes the sides as label pictures, by whose names they are paired.
     *
     * @param names   of the classes from label 0; null for those of the annotations, after a background
     * @param objects whether pixels have the numbers of objects instead
     * @return the names
     */
    List<String> paint(Sides sides, List<String> names, boolean objects, Path predicted, Path truth) {
        List<String> classes = names != null || objects ? names : together(sides);
        sides.predicted.ifPresent(s -> paint(s, classes, predicted));
        sides.truth.ifPresent(s -> paint(s, classes, truth));
        return classes;
    }

    private static List<String> together(Sides sides) {
        if (sides.predicted.isEmpty() || sides.truth.isEmpty()) {
            throw new BadInputException("annotations have names of classes and labels numbers: give --classes, the names from "
                    + "label 0, with 'background' for what isn't annotated");
        }
        Set<String> all = new LinkedHashSet<>(List.of(BACKGROUND));
        all.addAll(sides.truth.get().labels());
        all.addAll(sides.predicted.get().labels());
        return new ArrayList<>(all);
    }

    /** Null classes for numbers of objects. */
    private static void paint(AnnotationSet set, List<String> classes, Path directory) {
        for (Annotations p : set.pictures()) {
            int[] next = {0};
            int elsewhere = classes == null ? 0 : classes.indexOf(BACKGROUND);
            var map = p.paint(i -> classes == null ? i.kind() == Kind.THING ? ++next[0] : -1 : number(i.label(), classes),
                    elsewhere < 0 ? Integer.MAX_VALUE : elsewhere);
            if (map.max() == Integer.MAX_VALUE) {
                throw new BadInputException(
                        p.file() + ": not all of it is annotated, and --classes has no 'background' for the rest");
            }
            map.tensor().writeNpy(directory.resolve(LabelPairs.stem(Path.of(p.file())) + ".npy"));
        }
    }

    private static int number(String label, List<String> classes) {
        int number = classes.indexOf(label);
        if (number < 0) {
            throw new BadInputException("the annotations have a class '" + label + "', which isn't one of --classes "
                    + String.join(",", classes));
        }
        return number;
    }
}
