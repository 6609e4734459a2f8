package dev.kerf.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kerf.geo.LabelTiff;
import dev.kerf.geo.Raster;
import dev.kerf.image.TiffPage;
import java.nio.file.Path;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** Rasters: where they lie, their overviews, and windows at two corners of each. */
class RasterFuzzTest {
    /** A byte of deflate stands for 1032, twice while a strip or tile is unpacked, in a window of each corner and level. */
    private static final Held HELD = new Held(1032 * 8 * 4);
    private static final int WINDOW = 32;
    private static final int LEVELS = 3;

    private static void read(Path file) {
        LabelTiff.isOne(file);
        try (Raster raster = Raster.open(file)) {
            raster.nearest(0.1);
            for (Raster.Level level : raster.levels().subList(0, Math.min(LEVELS, raster.levels().size()))) {
                level.reference().affine();
                level.reference().crs();
                TiffPage page = level.page();
                int w = Math.min(WINDOW, page.width());
                int h = Math.min(WINDOW, page.height());
                int[] bands = IntStream.range(0, Math.min(3, page.bands())).toArray();
                page.window(0, 0, w, h, bands);
                page.window(page.width() - w, page.height() - h, w, h, bands);
            }
            raster.noData();
        }
    }

    static Stream<byte[]> rasters() {
        return Seeds.files("kerf-geo", "dev/kerf/geo", ".tif");
    }

    @MethodSource("rasters")
    @FuzzTest
    void raster(byte[] input) {
        HELD.readingFile(input, "fuzz.tif", RasterFuzzTest::read);
    }
}
