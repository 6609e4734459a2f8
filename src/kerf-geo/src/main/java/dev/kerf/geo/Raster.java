package dev.kerf.geo;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.image.TiffFile;
import dev.kerf.image.TiffPage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * A GeoTIFF, BigTIFF or slide that stays in its file: the full picture and its overviews, each read by windows.
 *
 * <pre>{@code
 * try (Raster raster = Raster.open(Path.of("field.tif"))) {
 *     Raster.Level full = raster.levels().getFirst();
 *     HostTensor some = full.page().window(40_000, 70_000, 512, 512, 3, 2, 1);    // the fourth band first
 *     raster.noData();                                                            // -9999, if the file says so
 * }
 * }</pre>
 */
public final class Raster implements AutoCloseable {
    private static final int NO_DATA = 42113;
    private static final int NEW_SUBFILE_TYPE = 254;
    private static final int REDUCED = 1;
    private static final int MASK = 4;
    /** Four million columns and a million rows: hours of work, and more than anybody stores in one file. */
    private static final long MOST_PIXELS = 1L << 42;
    private static final long LEAST_KEPT = 64 << 20;
    private static final int ROWS = 2048;
    private static final long MOST_KEPT = 1 << 30;

    private final Path path;
    private final List<TiffFile> files = new ArrayList<>();
    private final List<Level> levels;

    /**
     * The raster at one size.
     *
     * @param page      its pixels
     * @param reduction how many pixels of the full picture one of it stands for, in each direction: 1 for the full picture
     * @param reference where it lies
     * @param mask      says which pixels have data, by numbers other than 0; none where the file has no such page
     */
    public record Level(TiffPage page, double reduction, GeoReference reference, Optional<TiffPage> mask) {
        /** Columns. */
        public int width() {
            return page.width();
        }

        /** Rows. */
        public int height() {
            return page.height();
        }
    }

    private Raster(Path path, TiffFile file) {
        this.path = path;
        files.add(file);
        int main = main(file);
        TiffPage full = file.page(main);
        if ((double) full.width() * full.height() > MOST_PIXELS) {
            throw new BadFileException(path + ": TIFF: the header says " + full.width() + "x" + full.height()
                    + " pixels; rasters of up to " + MOST_PIXELS + " can be read");
        }
        file.keep(kept(full));
        GeoReference place = GeoReference.of(full);
        List<TiffPage> pages = new ArrayList<>(List.of(full));
        List<TiffPage> masks = new ArrayList<>();
        for (int i = 0; i < file.pages(); i++) {
            if (i != main && (file.parent(i) < 0 || file.parent(i) == main)) {
                sort(page(file, i), full, file.parent(i) >= 0, pages, masks);
            }
        }
        Path beside = path.resolveSibling(path.getFileName() + ".ovr");
        if (Files.isRegularFile(beside)) {
            files.add(TiffFile.open(beside, LEAST_KEPT));
            for (int i = 0; i < files.getLast().pages(); i++) {
                sort(page(files.getLast(), i), full, true, pages, masks);
            }
        }
        levels = pages.stream().map(p -> level(p, full, place, masks)).sorted(Comparator.comparingDouble(Level::reduction))
                .toList();
    }

    private static Level level(TiffPage page, TiffPage full, GeoReference place, List<TiffPage> masks) {
        double across = (double) full.width() / page.width();
        double down = (double) full.height() / page.height();
        return new Level(page, Math.sqrt(across * down), place.coarser(across, down),
                masks.stream().filter(m -> m.width() == page.width() && m.height() == page.height()).findFirst());
    }

    /**
     * Takes a page for a mask or for the full picture at a smaller size: said to be, or tiled as slides have them.
     *
     * @param page null for one that can't be read
     * @param said whether its place says that it is a smaller one
     */
    private static void sort(TiffPage page, TiffPage full, boolean said, List<TiffPage> pages, List<TiffPage> masks) {
        if (page == null) {
            return;
        }
        long kind = page.number(NEW_SUBFILE_TYPE, 0);
        if ((kind & MASK) != 0) {
            masks.add(page);
            return;
        }
        double reduction = Math.sqrt((double) full.width() / page.width() * full.height() / page.height());
        boolean shaped = Math.abs(full.width() / reduction - page.width()) <= 1.5
                && Math.abs(full.height() / reduction - page.height()) <= 1.5;
        boolean smaller = said || (kind & REDUCED) != 0 || page.isTiled() && full.isTiled();
        if (smaller && shaped && reduction > 1.01 && page.bands() == full.bands() && page.type() == full.type()) {
            pages.add(page);
        }
    }

    /** Null for one that can't be read, which isn't offered. */
    private static TiffPage page(TiffFile file, int i) {
        try {
            return file.page(i);
        } catch (BadFileException e) {
            return null;
        }
    }

    /** The first page that isn't said to be a smaller one of another. */
    private static int main(TiffFile file) {
        for (int i = 0; i < file.pages(); i++) {
            TiffPage page = file.parent(i) < 0 ? page(file, i) : null;
            if (page == null && i == 0 || page != null && (page.number(NEW_SUBFILE_TYPE, 0) & (REDUCED | MASK)) == 0) {
                return i;
            }
        }
        return 0;
    }

    /** Tiles are shared by windows beside each other; strips by all windows across, for as many rows as these have. */
    private static long kept(TiffPage page) {
        long strips = Math.min(MOST_KEPT, (long) page.width() * page.bands() * page.type().bytes() * ROWS);
        return page.isTiled()
                ? LEAST_KEPT
                : Math.clamp(Runtime.getRuntime().maxMemory() / 4, LEAST_KEPT, Math.max(LEAST_KEPT, strips));
    }

    /**
     * Opens a raster.
     *
     * @throws BadFileException if it is no TIFF file, or can't be read
     */
    public static Raster open(Path path) {
        TiffFile file = TiffFile.open(path, LEAST_KEPT);
        try {
            return new Raster(path, file);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** Where it is. */
    public Path path() {
        return path;
    }

    /** The full picture, then its overviews, the largest first. */
    public List<Level> levels() {
        return levels;
    }

    /**
     * An overview by its number: 0 for the full picture, 1 for the largest overview.
     *
     * @throws BadInputException if there is none of that number
     */
    public Level level(int number) {
        if (number < 0 || number >= levels.size()) {
            throw new BadInputException(path + ": there is no overview " + number + "; it has " + (levels.size() - 1)
                    + (levels.size() == 1 ? " (gdaladdo makes some)" : ", and 0 is the full picture"));
        }
        return levels.get(number);
    }

    /** The level whose size is nearest to the full picture's times a factor. */
    public Level nearest(double factor) {
        return levels.stream().min(Comparator.comparingDouble(l -> Math.abs(Math.log(factor * l.reduction())))).orElseThrow();
    }

    /** What samples without data are, as GDAL notes it; NaN is possible. */
    public OptionalDouble noData() {
        String text = levels.getFirst().page().text(NO_DATA).strip();
        try {
            return text.isEmpty()
                    ? OptionalDouble.empty()
                    : OptionalDouble.of(Double.parseDouble(text.equals("nan") ? "NaN" : text));
        } catch (NumberFormatException e) {
            throw new BadFileException(path + ": it says that samples without data are '" + text + "', which is no number; say "
                    + "what they are (kerf: --nodata)", e);
        }
    }

    /** Bytes of unpacked strips and tiles that are held. */
    public long held() {
        return files.stream().mapToLong(TiffFile::held).sum();
    }

    @Override
    public void close() {
        files.forEach(TiffFile::close);
    }
}
