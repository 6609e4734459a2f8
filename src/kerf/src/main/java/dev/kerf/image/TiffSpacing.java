package dev.kerf.image;

import dev.kerf.file.MappedFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the tags of a TIFF file say of its pixels' spacing. */
final class TiffSpacing {
    private static final int DESCRIPTION = 270;
    private static final int X_RESOLUTION = 282;
    private static final int Y_RESOLUTION = 283;
    private static final int RESOLUTION_UNIT = 296;
    private static final int CENTIMETRE = 3;
    private static final String MICROMETRE = "µm";
    private static final Map<String, String> UNITS = Map.of("micron", MICROMETRE, "microns", MICROMETRE, "um", MICROMETRE,
            "\\u00b5m", MICROMETRE, "µm", MICROMETRE, "μm", MICROMETRE, "pixel", "", "pixels", "");
    private static final Pattern IMAGEJ_UNIT = Pattern.compile("(?m)^unit=(.+)$");
    private static final Pattern IMAGEJ_SLICES = Pattern.compile("(?m)^spacing=([-+0-9.eE]+)$");

    private TiffSpacing() {}

    /**
     * Of the first page: OME's physical sizes, ImageJ's calibration, or a resolution in centimetres, in this order. A resolution in
     * inches is for printers: programs write 72 or 300 where they know nothing.
     */
    static Spacing read(Path file) {
        try (MappedFile mapped = MappedFile.open(file)) {
            List<TiffDirectory> first = TiffDirectory.of(mapped.bytes(), 1);
            return first.isEmpty() ? Spacing.PIXELS : of(first.getFirst());
        }
    }

    private static Spacing of(TiffDirectory tags) {
        String text = tags.text(DESCRIPTION);
        double x = tags.rational(X_RESOLUTION);
        double y = tags.rational(Y_RESOLUTION);
        if (text.contains("PhysicalSizeX=")) {
            String unit = attribute(text, "PhysicalSizeXUnit");
            double z = number(attribute(text, "PhysicalSizeZ"));
            return spacing(number(attribute(text, "PhysicalSizeX")), number(attribute(text, "PhysicalSizeY")), z > 0 ? z : 1,
                    unit.isEmpty() ? MICROMETRE : unit);
        }
        Matcher unit = IMAGEJ_UNIT.matcher(text);
        if (text.startsWith("ImageJ=") && unit.find()) {
            Matcher slices = IMAGEJ_SLICES.matcher(text);
            double z = slices.find() ? number(slices.group(1)) : 1;
            return spacing(1 / x, 1 / y, z, unit.group(1).strip());
        }
        return tags.first(RESOLUTION_UNIT, 0) == CENTIMETRE
                ? spacing(10_000 / x, 10_000 / y, 1, MICROMETRE)
                : Spacing.PIXELS;
    }

    private static String attribute(String xml, String name) {
        Matcher m = Pattern.compile("\\b" + name + "=\"([^\"]*)\"").matcher(xml);
        return m.find() ? m.group(1) : "";
    }

    private static double number(String text) {
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            // As good as not being there.
            return Double.NaN;
        }
    }

    /** What makes no sense is as good as not being there. */
    private static Spacing spacing(double x, double y, double z, String named) {
        String unit = UNITS.getOrDefault(named.toLowerCase(Locale.ROOT), named);
        return Spacing.makesSense(x, y, z, unit) ? new Spacing(x, y, z, unit) : Spacing.PIXELS;
    }
}
