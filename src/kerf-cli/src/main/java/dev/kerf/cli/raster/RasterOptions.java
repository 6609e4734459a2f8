package dev.kerf.cli.raster;

import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import dev.kerf.geo.Range;
import dev.kerf.geo.Raster;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import java.util.stream.Stream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** How rasters are taken, which go through tile by tile and whose labels lie in the same grid. */
public final class RasterOptions {
    /** How many times another size is that isn't near. */
    private static final double FAR = 1.5;
    /** A picture can't be larger. */
    private static final long MOST_PICTURE = Integer.MAX_VALUE - 16;

    @Option(names = "--bands", paramLabel = "N", split = ",", converter = Band.class, description = "Rasters (GeoTIFF, BigTIFF, slides): takes these bands, from 1, in the network's order, such as 4,3,2. By default all but alpha; one fills all planes.")
    private List<Integer> bands;

    @Option(names = "--range", paramLabel = "auto|LO,HI|P%,Q%|none", converter = RangeConverter.class, description = "Rasters: which numbers become 0 and 1 for the network: two numbers, two percentiles of each band, or none to take the numbers as they are. By default what whole numbers of up to 16 bits can hold, floats of 0 to 1 as they are, and all else from the least to the greatest.")
    private Range range;

    @Option(names = "--nodata", paramLabel = "V|none", converter = NoDataConverter.class, description = "Rasters: samples of this number have no data; by default what the file says (GDAL_NODATA). Pixels without data have a label of their own, 255, which the labels' file says.")
    private OptionalDouble noData;

    @Option(names = "--overview", paramLabel = "N", converter = Overview.class, description = "Rasters: takes overview N, 1 for the largest, 0 for the full picture. --scale takes the one nearest to it.")
    private Integer overview;

    @Option(names = "--tile-overlap", paramLabel = "N", converter = Overview.class, description = "Rasters, ONNX: pixels at each side of a tile that are left to the tiles beside it; by default an eighth of the tile. U-Nets know what they need.")
    private Integer overlap;

    /** Whether an option of rasters is given. */
    private boolean given() {
        return Stream.of(bands, range, noData, overview, overlap).anyMatch(o -> o != null);
    }

    /**
     * Whether all files are to be taken as rasters: those that lie somewhere, have overviews, or are too large to be pictures; or all TIFF files
     * if an option of rasters is given.
     *
     * @throws BadInputException if such an option is given and a file is no TIFF
     */
    public boolean take(List<Path> files) {
        if (!given()) {
            return !files.isEmpty() && files.stream().allMatch(RasterOptions::isRaster);
        }
        if (files.isEmpty()) {
            throw new BadInputException(
                    "--bands, --range, --nodata, --overview and --tile-overlap are for rasters, --page and --channels for "
                            + "pictures");
        }
        files.stream().filter(f -> Files.exists(f) && !isTiff(f)).findFirst().ifPresent(f -> {
            throw new BadInputException(
                    f + ": --bands, --range, --nodata, --overview and --tile-overlap are for rasters, which are TIFF files");
        });
        return true;
    }

    private static boolean isTiff(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        return Stream.of(".tif", ".tiff", ".btf", ".tf8", ".svs", ".ndpi", ".scn", ".gtiff").anyMatch(name::endsWith);
    }

    private static boolean isRaster(Path file) {
        if (!isTiff(file) || !Files.isRegularFile(file)) {
            return false;
        }
        try (Raster raster = Raster.open(file)) {
            Raster.Level full = raster.level(0);
            double bytes = (double) full.width() * full.height() * full.page().bands() * full.page().type().bytes();
            return full.reference().isKnown() || raster.levels().size() > 1 || bytes > MOST_PICTURE;
        } catch (KerfException e) {
            // As a picture it can't be read either, and that is told.
            return false;
        }
    }

    /** Chosen bands from 0; none if nothing was chosen. */
    int[] bands() {
        return bands == null ? new int[0] : bands.stream().mapToInt(b -> b - 1).toArray();
    }

    Range range() {
        return range == null ? new Range.Auto() : range;
    }

    OptionalDouble noData(Raster raster) {
        return noData == null ? raster.noData() : noData;
    }

    /**
     * The level that is asked for by its number or by a factor.
     *
     * @param note is told if none is near to the factor
     */
    Raster.Level level(Raster raster, double scale, Consumer<String> note) {
        if (overview != null) {
            return raster.level(overview);
        } else if (scale > 1) {
            throw new BadInputException("--scale " + scale + ": rasters aren't made larger");
        }
        Raster.Level nearest = raster.nearest(scale);
        double times = nearest.reduction() * scale;
        if (Math.max(times, 1 / times) > FAR) {
            note.accept(raster.path() + ": there is no overview near to --scale " + scale + "; " + nearest.width() + "x"
                    + nearest.height() + " pixels are taken (gdaladdo makes some)");
        }
        return nearest;
    }

    /** Pixels at each side that are left to others; -1 if nothing is said. */
    int overlap() {
        return overlap == null ? -1 : overlap;
    }

    private static int whole(String text, int least, String expected) {
        try {
            int n = Integer.parseInt(text);
            if (n >= least && n <= 1 << 16) {
                return n;
            }
        } catch (NumberFormatException e) {
            throw new TypeConversionException("'" + text + "': expected " + expected);
        }
        throw new TypeConversionException("'" + text + "': expected " + expected);
    }

    /** Reads a band's number. */
    static final class Band implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return whole(text, 1, "numbers of bands from 1, such as 4,3,2");
        }
    }

    /** Reads an overview's number, or a number of pixels. */
    static final class Overview implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return whole(text, 0, "a whole number from 0");
        }
    }

    /** Reads a range. */
    static final class RangeConverter implements ITypeConverter<Range> {
        @Override
        public Range convert(String text) {
            try {
                return Range.parse(text);
            } catch (BadInputException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    /** Reads a number, or none. */
    static final class NoDataConverter implements ITypeConverter<OptionalDouble> {
        @Override
        public OptionalDouble convert(String text) {
            try {
                return text.equals("none") ? OptionalDouble.empty() : OptionalDouble.of(Double.parseDouble(text));
            } catch (NumberFormatException e) {
                throw new TypeConversionException("'" + text + "': expected a number, such as -9999, or none");
            }
        }
    }
}
