package dev.kerf.cli.picture;

import dev.kerf.backend.Device;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.option.Claims;
import dev.kerf.cli.option.ReportFile;
import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.cli.volume.VolumePictures;
import dev.kerf.image.Spacing;
import dev.kerf.json.Json;
import dev.kerf.mask.Instances;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Mask;
import dev.kerf.measure.Intensities;
import dev.kerf.measure.MeasureTable;
import dev.kerf.measure.ObjectFinder;
import dev.kerf.measure.ObjectRules;
import dev.kerf.measure.Region;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/**
 * The table of {@code --measure}, filled image by image and written at the end; where none is wanted, it does nothing. Used by one thread
 * at a time, but for what is kept of an image.
 */
final class Measurements implements AutoCloseable {
    private static final String ROWS = "rows";

    private final MeasureOptions options;
    private final Path file;
    private final ObjectFinder ofClasses;
    private final ObjectFinder ofThings;
    private final MeasureTable table = new MeasureTable();
    private final ReportFile report;

    /**
     * A thing that was found.
     *
     * @param number   its own; 0 where it is numbered here
     * @param category its class
     * @param mask     its pixels, made when its turn comes
     * @param more     columns of its rows besides
     */
    record Thing(int number, int category, Supplier<Mask> mask, Map<String, Object> more) {
        static List<Thing> of(Instances found) {
            return found.items().stream()
                    .map(i -> new Thing(0, i.category(), i.mask()::decode, Map.of("score", i.score()))).toList();
        }
    }

    /** Begins the file, so that a place where none can be written is told of before the work. */
    Measurements(MeasureOptions options, Device device, ObjectRules ofClasses, ObjectRules ofThings) {
        this.options = options;
        this.file = options.file();
        this.report = new ReportFile(file);
        this.ofClasses = new ObjectFinder(device, ofClasses);
        this.ofThings = new ObjectFinder(device, ofThings);
    }

    /** Whether there is anything to do. */
    boolean wanted() {
        return file != null;
    }

    /** Takes the file, which must be no input and nobody else's. */
    void claim(Claims claims) {
        if (wanted()) {
            claims.take("the table of measures", List.of(file), "--measure");
        }
    }

    /** Of the pixels of a file: as it was given, or as the file says. */
    Spacing spacing(Path image) {
        if (options.spacing() != null) {
            return options.spacing();
        }
        if (VolumePictures.is(image)) {
            return VolumePictures.spacing(image);
        }
        return ImageInputs.isTiff(image) ? Spacing.read(image) : Spacing.PIXELS;
    }

    /** What a picture's pixels are worth. */
    static Intensities intensities(UNetInput picture) {
        return switch (picture) {
            case UNetInput.Pixels p -> Intensities.of(p.view());
            case UNetInput.Shot f -> Intensities.of(f.view());
            case UNetInput.Planes p -> Intensities.of(p.tensor());
        };
    }

    /**
     * Measures the objects of each class but the background, -1 for none; by any thread.
     *
     * @param kept  takes the rows, for {@link #collect}
     * @param names of labels
     */
    void classes(Json kept, Input input, UNetInput picture, LabelMap labels, int background, IntFunction<String> names) {
        if (wanted()) {
            MeasureTable own = new MeasureTable();
            own.add(input.title(), ofClasses.find(labels, background).measure(spacing(input.file()), intensities(picture)),
                    names);
            kept.put(ROWS, own.toJson());
        }
    }

    /** Takes the rows that were kept of an image. */
    void collect(Json kept) {
        if (wanted()) {
            kept.find(ROWS).ifPresent(table::add);
        }
    }

    /** Measures the objects of a volume's slice. */
    void slice(String title, Spacing spacing, LabelMap labels, Intensities values, int background, List<String> classes) {
        if (wanted()) {
            table.add(title, ofClasses.find(labels, background).measure(spacing, values), classes::get);
        }
    }

    /**
     * Measures things, which have the numbers from 1 in their order, or, where masks are taken apart, the parts have.
     *
     * @param image   by which rows name it
     * @param things  in their order; what is empty or left out has no row
     * @param spacing of the image's pixels
     * @param values  of its pixels
     * @param names   of categories
     */
    void things(String image, List<Thing> things, Spacing spacing, Intensities values, IntFunction<String> names) {
        if (wanted()) {
            things(table, image, things, spacing, values, names);
        }
    }

    /** Likewise by any thread; {@code kept} takes the rows, for {@link #collect}. */
    void things(Json kept, String image, List<Thing> things, Spacing spacing, Intensities values, IntFunction<String> names) {
        if (wanted()) {
            MeasureTable own = new MeasureTable();
            things(own, image, things, spacing, values, names);
            kept.put(ROWS, own.toJson());
        }
    }

    private void things(MeasureTable into, String image, List<Thing> things, Spacing spacing, Intensities values,
            IntFunction<String> names) {
        int number = 0;
        for (Thing t : things) {
            for (Region r : ofThings.find(t.mask.get()).measure(spacing, values)) {
                number++;
                into.add(image, t.more, List.of(r.named(t.number == 0 ? number : t.number, t.category)), names);
            }
        }
    }

    /** Writes the table, and says so unless the user wants nothing or JSON alone. */
    void write(Console console, boolean silent) {
        if (!wanted()) {
            return;
        }
        boolean json = file.toString().toLowerCase(Locale.ROOT).endsWith(".json");
        report.write(json ? table.toJson().pretty() + "\n" : table.toCsv());
        if (!silent) {
            console.out().println(file + "  " + table.size() + (table.size() == 1 ? " object" : " objects"));
        }
    }

    @Override
    public void close() {
        report.close();
        ofClasses.close();
        ofThings.close();
    }
}
