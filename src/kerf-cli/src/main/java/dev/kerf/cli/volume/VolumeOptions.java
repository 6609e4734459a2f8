package dev.kerf.cli.volume;

import dev.kerf.error.BadInputException;
import dev.kerf.medical.Affine;
import dev.kerf.medical.Axis;
import dev.kerf.medical.Volume;
import dev.kerf.medical.Window;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToIntFunction;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** How volumes are cut into slices, and what a slice shows. */
public final class VolumeOptions {
    /** Which way a volume is cut. */
    public enum Cut {
        /** Across the file's first axis. */
        X,
        /** Across its second. */
        Y,
        /** Across its third. */
        Z,
        /** From head to feet. */
        AXIAL,
        /** From front to back. */
        CORONAL,
        /** From left to right. */
        SAGITTAL;

        Axis axis(Affine place) {
            return switch (this) {
                case X -> Axis.X;
                case Y -> Axis.Y;
                case Z -> Axis.Z;
                case SAGITTAL -> place.closest(0);
                case CORONAL -> place.closest(1);
                case AXIAL -> place.closest(2);
            };
        }
    }

    /**
     * What is shown of values.
     *
     * @param given what was said; none for all values from the least to the greatest
     * @param raw   whether networks get the values as they are
     */
    record Shown(Optional<Window> given, boolean raw) {}

    @Option(names = "--axis", paramLabel = "AXIS", defaultValue = "z", description = "Volumes: which way they are cut into slices: across x, y or z of the file, or axial, coronal or sagittal, by where the file says that it lies. DICOM: z alone.")
    private Cut cut;

    @Option(names = "--window", paramLabel = "C,W", converter = ShownConverter.class, description = "Volumes: the values that a network sees, by center and width, from black to white; 'full' for all from the least to the greatest, 'raw' for values as they are. By default what the file says, or full.")
    private Shown shown;

    @Option(names = "--per-slice", description = "Volumes: --measure measures each slice's objects as those of a picture, rather than the volume's.")
    private boolean perSlice;

    @Option(names = "--codes", paramLabel = "CLASS=CODE", converter = ClassCode.Converter.class, description = "DICOM segmentations: what a class, by name or number, is: VALUE:SCHEME:MEANING of its type, and behind a slash of its category (by default that of an anatomical structure), such as liver=10200004:SCT:Liver. Classes without are coded as tissue.")
    private List<ClassCode> codes = List.of();

    /** The first of the options that was given; null if none was. */
    public String given() {
        return cut != Cut.Z
                ? "--axis"
                : shown != null ? "--window" : perSlice ? "--per-slice" : codes.isEmpty() ? null : "--codes";
    }

    /** Whether slices are measured one by one. */
    public boolean perSlice() {
        return perSlice;
    }

    /** The files that are made: those kinds, none for what a volume itself is. */
    public VolumeOutputs outputs(Path directory, Set<VolumeOutputs.Kind> kinds, ToIntFunction<List<String>> background) {
        return new VolumeOutputs(directory, kinds, background, codes);
    }

    Axis axis(Volume volume) {
        Axis axis = cut.axis(volume.grid().toPatient());
        if (cut.ordinal() > Cut.Z.ordinal() && !volume.grid().spacing().isKnown()) {
            throw new BadInputException(volume.title() + ": doesn't say where it lies; choose --axis x, y or z");
        }
        return axis;
    }

    /** What of a volume is shown; none where values are taken as they are. */
    Optional<Window> window(Volume volume) {
        if (shown != null && shown.raw) {
            return Optional.empty();
        }
        Optional<Window> said = shown == null ? volume.window() : shown.given;
        return Optional.of(said.orElseGet(() -> Window.of(volume)));
    }

    /** Reads a window. */
    static final class ShownConverter implements ITypeConverter<Shown> {
        @Override
        public Shown convert(String text) {
            switch (text) {
                case "full" :
                    return new Shown(Optional.empty(), false);
                case "raw" :
                    return new Shown(Optional.empty(), true);
                default :
                    break;
            }
            String[] parts = text.split(",", -1);
            try {
                if (parts.length == 2) {
                    return new Shown(Optional.of(new Window(Double.parseDouble(parts[0]), Double.parseDouble(parts[1]),
                            Window.Shape.LINEAR_EXACT)), false);
                }
            } catch (NumberFormatException | BadInputException e) {
                throw expected(text);
            }
            throw expected(text);
        }

        private static TypeConversionException expected(String text) {
            return new TypeConversionException("'" + text + "': expected center and width, such as 40,400, or full or raw");
        }
    }
}
