package dev.kerf.formats;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import dev.kerf.formats.Annotations.Item;
import dev.kerf.formats.Annotations.Kind;
import dev.kerf.mask.RunLength;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Reads YOLO's labels: of a directory, of the directory {@code labels} in it, or beside a {@code data.yaml}. A line has a class's number
 * and then either a box (middle, width, height) or the corners of an outline, all as shares of the picture's width and height; a
 * number more is the score that Ultralytics writes with {@code save_conf}. Where objects are tracked, their numbers come last, which only
 * shows in that some are more than 1, as no share and no score is: then the last of each line that is whole is one.
 */
final class Yolo {
    /** Text files that are no labels. */
    private static final Set<String> OTHERS = Set.of("classes.txt", "obj.names", "train.txt", "val.txt", "test.txt",
            "readme.txt", "license.txt");
    /** A number of an object. */
    private static final Pattern TRACK = Pattern.compile("[1-9]\\d{0,8}");
    /** What rounding may add to a share. */
    private static final double SLACK = 0.01;

    private Yolo() {}

    static AnnotationSet read(Path path, PictureSizes sizes) {
        Path directory = Files.isDirectory(path) ? path : path.toAbsolutePath().getParent();
        List<String> names = YoloNames.near(path, directory);
        Path labels = directory.resolve("labels");
        List<Path> files = Listing.under(Files.isDirectory(labels) ? labels : directory, ".txt").stream()
                .filter(f -> !OTHERS.contains(f.getFileName().toString().toLowerCase(java.util.Locale.ROOT))).toList();
        if (files.isEmpty()) {
            throw new BadInputException(path + ": has no labels of YOLO's (.txt)");
        }
        boolean tracked = files.stream().flatMap(f -> lines(f).stream()).anyMatch(Yolo::hasTrack);
        List<Annotations> pictures = new ArrayList<>();
        for (Path file : files) {
            String name = Annotations.stem(file.getFileName().toString());
            PictureSizes.Size size = sizes.need(name, file);
            List<Item> items = new ArrayList<>();
            List<String> lines = lines(file);
            for (int i = 0; i < lines.size(); i++) {
                if (!lines.get(i).isBlank()) {
                    items.add(item(lines.get(i).strip().split("\\s+"), tracked, size, names, file + ", line " + (i + 1)));
                }
            }
            pictures.add(new Annotations(name, size.width(), size.height(), items));
        }
        return AnnotationSet.of(AnnotationFormat.YOLO, names, pictures, Map.of());
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new BadFileException(file + ": can't be read as text (" + e.getMessage() + ")", e);
        }
    }

    /** Whether the last number is whole and more than 1. */
    private static boolean hasTrack(String line) {
        String[] parts = line.strip().split("\\s+");
        return parts.length >= 6 && TRACK.matcher(parts[parts.length - 1]).matches() && !parts[parts.length - 1].equals("1");
    }

    private static Item item(String[] numbers, boolean tracked, PictureSizes.Size size, List<String> names, String where) {
        boolean track = tracked && numbers.length >= 6 && TRACK.matcher(numbers[numbers.length - 1]).matches();
        String[] parts = track ? Arrays.copyOf(numbers, numbers.length - 1) : numbers;
        if (parts.length < 5) {
            throw new BadFileException(where + ": has " + parts.length
                    + " numbers; a class and a box have 5, a class and an outline 7 or more");
        }
        double[] v = new double[parts.length];
        for (int i = 0; i < v.length; i++) {
            v[i] = number(parts[i], where);
        }
        if (v[0] != Math.rint(v[0]) || v[0] < 0 || !names.isEmpty() && v[0] >= names.size()) {
            throw new BadFileException(where + ": class " + parts[0] + (names.isEmpty() ? "" : "; there are " + names.size()));
        }
        boolean box = v.length <= 6;
        boolean scored = v.length % 2 == 0;
        int end = scored ? v.length - 1 : v.length;
        for (int i = 1; i < end; i++) {
            if (v[i] < -SLACK || v[i] > 1 + SLACK) {
                throw new BadFileException(where + ": " + parts[i]
                        + " is no share of a width or height; YOLO's labels have 0 to 1 rather than pixels");
            }
        }
        double[] corners = box
                ? new double[] {v[1] - v[3] / 2, v[2] - v[4] / 2, v[1] + v[3] / 2, v[2] - v[4] / 2, v[1] + v[3] / 2,
                    v[2] + v[4] / 2, v[1] - v[3] / 2, v[2] + v[4] / 2}
                : Arrays.copyOfRange(v, 1, end);
        for (int i = 0; i < corners.length; i++) {
            corners[i] *= i % 2 == 0 ? size.width() : size.height();
        }
        String label = names.isEmpty() ? "class " + (int) v[0] : names.get((int) v[0]);
        try {
            return new Item(label, Kind.THING, RunLength.ofPolygons(size.width(), size.height(), List.of(corners)),
                    scored ? OptionalDouble.of(v[v.length - 1]) : OptionalDouble.empty(),
                    track ? Integer.parseInt(numbers[numbers.length - 1]) : 0);
        } catch (KerfException e) {
            throw new BadFileException(where + ": " + e.getMessage(), e);
        }
    }

    private static double number(String text, String where) {
        try {
            double v = Double.parseDouble(text);
            if (Double.isFinite(v)) {
                return v;
            }
        } catch (NumberFormatException e) {
            throw new BadFileException(where + ": '" + text + "' is no number", e);
        }
        throw new BadFileException(where + ": '" + text + "' is no number");
    }
}
