package dev.kerf.cli.picture;

import dev.kerf.error.BadInputException;
import dev.kerf.formats.AnnotationFormat;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** What of the results is written for other programs. */
public final class AnnotationOptions {
    @Option(names = "--annotations", split = ",", paramLabel = "FORMAT", converter = Converter.class, description = "Also writes outlines and masks for other programs, one or more of: yolo (NAME.txt and data.yaml), qupath (NAME.geojson), cvat (cvat.xml), label-studio (label-studio.json and .xml), cityscapes (NAME_gtFine_labelIds.png and _instanceIds.png).")
    private List<AnnotationFormat> formats = List.of();

    /** The files, to be begun and closed. */
    AnnotationFiles in(Path directory) {
        return new AnnotationFiles(directory, formats.isEmpty()
                ? EnumSet.noneOf(AnnotationFormat.class)
                : EnumSet.copyOf(formats));
    }

    /**
     * Refuses to be asked for.
     *
     * @throws BadInputException if a format is wanted
     */
    void refuse(String what) {
        if (!formats.isEmpty()) {
            throw new BadInputException(
                    "--annotations " + Converter.name(formats.getFirst()) + ": is for pictures, not for " + what);
        }
    }

    /**
     * Whether outlines are wanted of rasters, as QuPath has them.
     *
     * @throws BadInputException if another format is wanted
     */
    boolean outlinesOfRasters() {
        formats.stream().filter(f -> f != AnnotationFormat.QUPATH).findFirst().ifPresent(f -> {
            throw new BadInputException("--annotations " + Converter.name(f) + ": of rasters there is qupath");
        });
        return !formats.isEmpty();
    }

    /** Reads a format's name, in small letters with dashes. */
    public static final class Converter implements ITypeConverter<AnnotationFormat> {
        @Override
        public AnnotationFormat convert(String value) {
            for (AnnotationFormat format : AnnotationFormat.values()) {
                if (name(format).equals(value.toLowerCase(Locale.ROOT))) {
                    return format;
                }
            }
            throw new TypeConversionException("expected one of " + String.join(", ",
                    List.of(AnnotationFormat.values()).stream().map(Converter::name).toList()) + " but was '" + value + "'");
        }

        private static String name(AnnotationFormat format) {
            return format.name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }
}
