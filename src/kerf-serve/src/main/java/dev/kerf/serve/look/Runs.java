package dev.kerf.serve.look;

import dev.kerf.mask.Box;
import dev.kerf.mask.RunLength;
import java.util.Arrays;

/** Run lengths of a mask whose box is known: only the box is looked at, which of a large picture is most often small. */
final class Runs {
    private int[] counts = new int[64];
    private int used;
    private boolean inside;
    private int length;

    private Runs() {}

    /** Whether a pixel is in. */
    interface Pixels {
        boolean has(int x, int y);
    }

    static RunLength of(int width, int height, Box box, Pixels pixels) {
        Runs runs = new Runs();
        runs.add(false, box.x() * height);
        for (int x = box.x(); x < box.x() + box.width(); x++) {
            runs.add(false, box.y());
            for (int y = box.y(); y < box.y() + box.height(); y++) {
                runs.add(pixels.has(x, y), 1);
            }
            runs.add(false, height - box.y() - box.height());
        }
        runs.add(false, (width - box.x() - box.width()) * height);
        runs.end();
        return RunLength.of(width, height, Arrays.copyOf(runs.counts, runs.used));
    }

    private void add(boolean in, int pixels) {
        if (in != inside && pixels > 0) {
            end();
            inside = in;
        }
        length += pixels;
    }

    private void end() {
        if (used == counts.length) {
            counts = Arrays.copyOf(counts, 2 * used);
        }
        counts[used++] = length;
        length = 0;
    }
}
