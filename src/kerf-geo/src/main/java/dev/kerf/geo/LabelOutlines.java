package dev.kerf.geo;

import dev.kerf.image.ImageInfo;
import dev.kerf.image.TiffFile;
import dev.kerf.image.TiffPage;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.IntPredicate;

/**
 * Outlines and measures of the labels in a TIFF file, of any size: a row of its tiles or strips is held at a time, besides what
 * {@link Outlines} or {@link RasterObjects} holds.
 */
public final class LabelOutlines {
    /** Bytes that a pixel of a row takes while it is traced. */
    private static final int ROW = 64;

    private LabelOutlines() {}

    /**
     * Traces them.
     *
     * @param wanted which labels have outlines
     * @param sink   takes each shape when it is finished
     * @throws dev.kerf.error.BadFileException if the file can't be read
     */
    public static void trace(Path labels, IntPredicate wanted, Consumer<Outlines.Shape> sink) {
        int width = width(labels);
        Outlines outlines = new Outlines(width, -1, sink);
        rows(labels, wanted, outlines::add);
        outlines.finish();
    }

    /**
     * Measures what is connected in the labels.
     *
     * @param wanted       which labels have objects
     * @param connectivity 4 or 8
     * @param sink         takes each object when it is finished
     * @throws dev.kerf.error.BadFileException if the file can't be read
     */
    public static void measure(Path labels, IntPredicate wanted, int connectivity, Consumer<RasterObject> sink) {
        RasterObjects objects = new RasterObjects(width(labels), connectivity, sink);
        rows(labels, wanted, objects::add);
        objects.finish();
    }

    private static int width(Path labels) {
        try (TiffFile file = TiffFile.open(labels, 0)) {
            TiffPage page = file.page(0);
            long held = (long) page.width() * (ROW + page.tileHeight() * page.type().bytes());
            ImageInfo.checkMemory(labels + ": taking labels in rows of " + page.width() + " pixels", held);
            return page.width();
        }
    }

    /** Gives out row by row, other labels as -1; one array for all. */
    private static void rows(Path labels, IntPredicate wanted, Consumer<int[]> taker) {
        try (TiffFile file = TiffFile.open(labels, 0)) {
            TiffPage page = file.page(0);
            int width = page.width();
            int[] row = new int[width];
            HostTensor strip = HostTensor.zeros(page.type(), Shape.of(Math.min(page.tileHeight(), page.height()), width, 1));
            for (int y = 0; y < page.height(); y += page.tileHeight()) {
                int rows = Math.min(page.tileHeight(), page.height() - y);
                if (rows != strip.shape().size(0)) {
                    strip = HostTensor.zeros(page.type(), Shape.of(rows, width, 1));
                }
                page.window(strip, 0, y, 0);
                Samples values = new Samples(strip);
                for (int i = 0; i < rows; i++) {
                    for (int x = 0; x < width; x++) {
                        int v = (int) values.get((long) i * width + x);
                        row[x] = wanted.test(v) ? v : -1;
                    }
                    taker.accept(row);
                }
            }
        }
    }
}
