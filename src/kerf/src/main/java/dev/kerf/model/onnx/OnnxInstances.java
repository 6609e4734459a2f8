package dev.kerf.model.onnx;

import dev.kerf.backend.Executable;
import dev.kerf.mask.Instances;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.mask.Rectangle;
import dev.kerf.mask.RunLength;
import dev.kerf.tensor.HostTensor;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What {@link OnnxRows} found, as instances of the picture's size: each mask resized bilinearly to the picture, above one half, and
 * within its box.
 */
final class OnnxInstances {
    private final Letterbox box;
    private final HostTensor boxes;
    private final HostTensor scores;
    private final HostTensor classes;
    private final HostTensor masks;

    private OnnxInstances(Executable e, Letterbox box) {
        this.box = box;
        this.boxes = e.output(OnnxRows.BOXES).toHost();
        this.scores = e.output(OnnxRows.SCORES).toHost();
        this.classes = e.output(OnnxRows.CLASSES).toHost();
        this.masks = e.output(OnnxRows.MASKS).toHost();
    }

    /** The instances of a run, the surest first; without those of which no pixel is left. */
    static Instances of(Executable e, Letterbox box) {
        OnnxInstances found = new OnnxInstances(e, box);
        int count = (int) e.output(OnnxRows.COUNT).toHost().getLong(0);
        List<Instance> items = IntStream.range(0, count).parallel().mapToObj(found::instance).filter(Objects::nonNull).toList();
        return new Instances(box.width(), box.height(), items);
    }

    private @Nullable Instance instance(int i) {
        double x0 = box.pictureX(boxes.getDouble(4L * i));
        double y0 = box.pictureY(boxes.getDouble(4L * i + 1));
        double x1 = box.pictureX(boxes.getDouble(4L * i + 2));
        double y1 = box.pictureY(boxes.getDouble(4L * i + 3));
        if (!(x1 > x0 && y1 > y0)) {
            return null;
        }
        RunLength mask = mask(i, (int) Math.ceil(x0), (int) Math.ceil(y0), (int) Math.ceil(x1), (int) Math.ceil(y1));
        return mask.area() == 0
                ? null
                : new Instance((int) classes.getLong(i), scores.getDouble(i), Rectangle.ofCorners(x0, y0, x1, y1), mask);
    }

    /** The pixels whose numbers lie in the box; what lies around the picture on the sheet isn't mixed into it. */
    private RunLength mask(int i, int x0, int y0, int x1, int y1) {
        if (x1 <= x0 || y1 <= y0) {
            return RunLength.of(box.width(), box.height(), new int[] {box.width() * box.height()});
        }
        int rows = masks.shape().size(1);
        int columns = masks.shape().size(2);
        Taps across = Taps.of(x0, x1, box.width(), box.innerWidth(), box.left(), box.sheetWidth(), columns);
        Taps down = Taps.of(y0, y1, box.height(), box.innerHeight(), box.top(), box.sheetHeight(), rows);
        boolean[] pixels = new boolean[(x1 - x0) * (y1 - y0)]; // by columns, as run lengths go
        double[] row = new double[columns];
        long first = (long) i * rows * columns;
        for (int y = y0; y < y1; y++) {
            long a = first + (long) down.low[y - y0] * columns;
            long b = first + (long) down.high[y - y0] * columns;
            double t = down.share[y - y0];
            for (int x = across.low[0]; x <= across.high[x1 - x0 - 1]; x++) {
                row[x] = masks.getDouble(a + x) * (1 - t) + masks.getDouble(b + x) * t;
            }
            for (int x = x0; x < x1; x++) {
                double s = across.share[x - x0];
                pixels[(x - x0) * (y1 - y0) + y - y0] = row[across.low[x - x0]] * (1 - s) + row[across.high[x - x0]] * s > 0.5;
            }
        }
        return runs(pixels, x0, y0, x1, y1);
    }

    /** The code of a picture's mask of which pixels outside of a box are known to be none. */
    private RunLength runs(boolean[] pixels, int x0, int y0, int x1, int y1) {
        int height = box.height();
        int[] counts = new int[pixels.length + x1 - x0 + 2];
        int runs = 0;
        int since = 0;
        boolean within = false;
        for (int x = x0; x < x1; x++) {
            for (int y = y0; y <= y1; y++) {
                // The end of a column ends a run, unless the box goes on with the next one.
                boolean is = y < y1 ? pixels[(x - x0) * (y1 - y0) + y - y0] : within && y1 - y0 == height && x + 1 < x1;
                if (is != within) {
                    counts[runs++] = x * height + y - since;
                    since = x * height + y;
                    within = is;
                }
            }
        }
        counts[runs++] = box.width() * height - since;
        return RunLength.of(box.width(), height, Arrays.copyOf(counts, runs));
    }

    /**
     * Between which two cells of a mask pixels of the picture lie along an axis.
     *
     * @param low   the cell before, for each pixel
     * @param high  the one after
     * @param share of the one after, 0 … 1
     */
    private record Taps(int[] low, int[] high, double[] share) {
        static Taps of(int from, int to, int picture, int inner, int start, int sheet, int cells) {
            // Cells whose centres the picture covers, at least one.
            double scale = (double) cells / sheet;
            int least = (int) Math.clamp(Math.ceil(start * scale - 0.5), 0, cells - 1);
            int most = (int) Math.clamp(Math.floor((start + inner) * scale - 0.5), least, cells - 1);
            int[] low = new int[to - from];
            int[] high = new int[to - from];
            double[] share = new double[to - from];
            for (int i = from; i < to; i++) {
                double at = Math.clamp(((i + 0.5) * inner / picture + start) * scale - 0.5, least, most);
                low[i - from] = (int) at;
                high[i - from] = Math.min((int) at + 1, most);
                share[i - from] = at - (int) at;
            }
            return new Taps(low, high, share);
        }
    }
}
