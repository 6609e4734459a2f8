package dev.kerf.cli.picture;

import dev.kerf.backend.Device;
import dev.kerf.cli.option.PathConverter;
import dev.kerf.cli.option.SpacingConverter;
import dev.kerf.cli.option.Usage;
import dev.kerf.image.Spacing;
import dev.kerf.measure.ObjectRules;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Stream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** Whether and how what is found is measured. */
final class MeasureOptions {
    /** Reads 4, 8 or none. */
    static final class ConnectivityConverter implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return switch (text) {
                case "4" -> 4;
                case "8" -> 8;
                case "none" -> ObjectRules.WHOLE;
                default -> throw new TypeConversionException("expected 4, 8 or none, not '" + text + "'");
            };
        }
    }

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--measure", paramLabel = "FILE", converter = PathConverter.class, description = "Also measures each object, into a table of this name: .csv or .json. The options that follow are about this.")
    private Path file;

    @Option(names = "--spacing", paramLabel = "X[,Y]UNIT", converter = SpacingConverter.class, description = "Width and height of a pixel, such as 0.25um or 0.7,0.5mm. By default what TIFF, NIfTI and DICOM files say, otherwise pixels alone are measured.")
    private Spacing spacing;

    @Option(names = "--connectivity", paramLabel = "4|8|none", converter = ConnectivityConverter.class, description = "An object is what is joined by edges (4) or by edges and corners (8; the default for labels of classes), or all of a class or mask (none; the default for masks of things).")
    private Integer connectivity;

    @Option(names = "--open", paramLabel = "R", description = "Opens masks by a disc of this radius first: takes thin parts away.")
    private Integer open;

    @Option(names = "--close", paramLabel = "R", description = "Then closes them by such a disc: fills gaps.")
    private Integer close;

    @Option(names = "--fill-holes", arity = "0..1", paramLabel = "N", fallbackValue = "9223372036854775807", description = "Then fills holes, all or, by --fill-holes=N, those of at most N pixels.")
    private Long fillHoles;

    @Option(names = "--split", arity = "0..1", paramLabel = "DEPTH", fallbackValue = "0.5", description = "Then tells objects apart that touch, by a watershed of the distance from the outside: middles are two if it is lower between them by more than this; 0.5 pixels unless given by --split=DEPTH.")
    private Double split;

    @Option(names = "--min-area", paramLabel = "N", description = "Leaves objects of fewer pixels out.")
    private Long minArea;

    @Option(names = "--max-area", paramLabel = "N", description = "Leaves objects of more pixels out.")
    private Long maxArea;

    /** Whether a table is asked for. */
    boolean wanted() {
        return file() != null;
    }

    /** Where the table goes; null where nothing is measured. */
    Path file() {
        return file;
    }

    /** The spacing that was given; null where the files say it. */
    Spacing spacing() {
        return spacing;
    }

    /**
     * Checks that all options go together.
     *
     * @throws ParameterException if they don't
     */
    void check() {
        if (file == null) {
            if (Stream.of(spacing, connectivity, open, close, fillHoles, split, minArea, maxArea).anyMatch(o -> o != null)) {
                throw new ParameterException(spec.commandLine(),
                        "--spacing, --connectivity, --open, --close, --fill-holes, --split, "
                                + "--min-area and --max-area are about what --measure FILE measures");
            }
            return;
        }
        String name = file.toString().toLowerCase(Locale.ROOT);
        if (!name.endsWith(".csv") && !name.endsWith(".json")) {
            throw new ParameterException(spec.commandLine(),
                    "--measure " + file + ": expected a name that ends in .csv or .json");
        }
        Usage.of(spec, () -> rules(ObjectRules.WHOLE));
    }

    /**
     * The rules that were asked for.
     *
     * @param usual connectivity where none was given
     */
    private ObjectRules rules(int usual) {
        ObjectRules all = ObjectRules.of();
        int joined = connectivity != null ? connectivity : usual == ObjectRules.WHOLE && split != null ? 8 : usual;
        return new ObjectRules(joined, or(open, all.open()), or(close, all.close()), or(fillHoles, all.fillHoles()),
                or(split, all.split()), or(minArea, all.minArea()), or(maxArea, all.maxArea()));
    }

    /** The rules for labels of classes. */
    ObjectRules ofClasses() {
        return rules(8);
    }

    private static <T> T or(T given, T usual) {
        return given == null ? usual : given;
    }

    /** What measures, to be closed: connected pixels of a class, and masks of things as they are, unless said otherwise. */
    Measurements open(Device device) {
        return new Measurements(this, device, rules(8), rules(ObjectRules.WHOLE));
    }

    /** What measures nothing, whatever the options say. */
    static Measurements none(Device device) {
        return new Measurements(new MeasureOptions(), device, ObjectRules.of(), ObjectRules.of());
    }
}
