package dev.kerf.cli.picture;

import dev.kerf.cli.console.Progress;
import dev.kerf.cli.console.Task;
import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.error.KerfException;
import dev.kerf.json.Json;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * Takes images through a network, one after the other; while one is on the device others are being decoded and the results of those
 * before written. What is told and what goes into files of all images keeps the order of the images.
 *
 * @param <P>    an image as it is read
 * @param <R>    what is found in it
 * @param work   what is done
 * @param report is told of each image
 * @param jobs   how many images are worked on at once, and which are done
 */
record ImageRun<P, R>(Work<P, R> work, ImageReport report, Jobs jobs) {
    /** Heap that an image takes on its way, for each of its pixels: itself, labels, an overlay, and what is made of them. */
    private static final long BYTES_PER_PIXEL = 40;

    /** What is done with each image. */
    interface Work<P, R> {
        /** Decodes it; on other threads, of several images at once. */
        P read(Input input);

        /** Runs the network. */
        R find(P image);

        /** Before an image's files are written, in the images' order: takes those that only its result tells. */
        default void claim(Input input, R result) {}

        /** What its results are called, and whatever else of the other inputs is in them. */
        default String called(Input input) {
            return input.name();
        }

        /** Writes the files of one image; on other threads, of several images at once. */
        Written write(Input input, P image, R result);

        /**
         * Adds to the files of all images, in the images' order: what {@link #write} kept of one, now or in an earlier run.
         *
         */
        default void collect(Input input, Json kept) {}
    }

    /**
     * What was written of an image.
     *
     * @param width   columns of the image
     * @param height  its rows
     * @param line    what was found, in a few words
     * @param details the same as JSON
     * @param outputs the files
     * @param kept    what goes into files of all images, an object
     */
    record Written(int width, int height, String line, Json details, List<Path> outputs, Json kept) {
        Written(int width, int height, String line, Json details, List<Path> outputs) {
            this(width, height, line, details, outputs, Json.object());
        }
    }

    /**
     * An image on its way to the network.
     *
     * @param stamp of its file before it was read
     * @param kept  of an earlier run, where there is nothing to do
     * @param image as it will be; null if there is nothing to do
     */
    private record Coming<P>(Input input, Manifest.Stamp stamp, Optional<Json> kept, Task<P> image) {}

    /**
     * An image on its way from there.
     *
     * @param written its results, as they will be; null if there are none
     * @param failure why there are none; null if there is nothing to do
     */
    private record Going<P>(Coming<P> from, Task<ImageReport.Done> written, Throwable failure) {
        boolean isReady() { return written == null || written.isDone(); }
    }

    /** Returns the exit code; {@code first} is the first image. */
    int run(List<Input> inputs, Task<P> first) {
        each(inputs, first);
        return report.finish();
    }

    /** Without the end of the report. */
    void each(List<Input> inputs, Task<P> first) {
        Deque<Coming<P>> coming = new ArrayDeque<>();
        Deque<Going<P>> going = new ArrayDeque<>();
        long largest = Long.MAX_VALUE;
        int next = 0;
        try (Progress progress = report.progress(inputs.size())) {
            while (next < inputs.size() || !coming.isEmpty()) {
                int most = most(largest);
                // One is taken out below, while the others are being read.
                for (; next < inputs.size() && coming.size() <= most; next++) {
                    coming.add(begin(inputs.get(next), next == 0 ? first : null));
                }
                Coming<P> now = coming.remove();
                Going<P> done = go(now);
                going.add(done);
                while (!going.isEmpty() && (going.peek().isReady() || going.size() > most)) {
                    largest = larger(largest, finish(going.remove()));
                    progress.step();
                }
            }
            while (!going.isEmpty()) {
                finish(going.remove());
                progress.step();
            }
            jobs.manifest().complete();
        }
    }

    /** How many images may wait on either side of the network; one until it is known how large they are. */
    private int most(long largest) {
        long fits = largest == Long.MAX_VALUE
                ? 1
                : Runtime.getRuntime().maxMemory() / 2 / (2 * BYTES_PER_PIXEL) / Math.max(1, largest);
        return Math.clamp(fits, 1, jobs.most());
    }

    private static long larger(long known, long pixels) {
        return pixels == 0 ? known : known == Long.MAX_VALUE ? pixels : Math.max(known, pixels);
    }

    private Coming<P> begin(Input input, Task<P> begun) {
        Optional<Json> kept = jobs.manifest().done(input, work.called(input));
        return new Coming<>(input, Manifest.Stamp.of(input), kept,
                kept.isPresent() ? null : begun != null ? begun : Task.start(() -> work.read(input)));
    }

    private Going<P> go(Coming<P> now) {
        if (now.kept.isPresent()) {
            return new Going<>(now, null, null);
        }
        try {
            long start = System.nanoTime();
            P image = now.image.get();
            R result = work.find(image);
            work.claim(now.input, result);
            return new Going<>(now, Task.start(() -> new ImageReport.Done(now.input, work.write(now.input, image, result),
                    (System.nanoTime() - start) / 1e9)), null);
        } catch (RuntimeException | OutOfMemoryError e) {
            return new Going<>(now, null, e);
        }
    }

    /** Returns how many pixels it has, 0 if that isn't known. */
    private long finish(Going<P> image) {
        Input input = image.from.input;
        try {
            if (image.failure != null) {
                report.failed(input, image.failure);
            } else if (image.written == null) {
                work.collect(input, image.from.kept.orElseThrow());
                report.skipped();
            } else {
                ImageReport.Done done = image.written.get();
                work.collect(input, done.written().kept());
                note(image.from, done.written());
                report.done(done);
                return (long) done.written().width() * done.written().height();
            }
        } catch (RuntimeException | OutOfMemoryError e) {
            report.failed(input, e);
        }
        return 0;
    }

    private void note(Coming<P> image, Written written) {
        try {
            jobs.manifest().add(image.input, work.called(image.input), image.stamp, written);
        } catch (KerfException e) {
            // Its results are there all the same.
            report.remark(e.getMessage());
        }
    }
}
