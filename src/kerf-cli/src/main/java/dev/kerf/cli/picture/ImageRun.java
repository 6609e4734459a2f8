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
import java.util.Set;

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
    /** What is done with each image. */
    interface Work<P, R> {
        /** Decodes it; on other threads, of several images at once. */
        P read(Input input);

        /** Runs the network. */
        R find(P image);

        /** Heap that an image takes on its way, for each of its pixels: itself, labels, an overlay, and what is made of them. */
        default long bytesPerPixel() {
            return 40;
        }

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
         */
        default void collect(Input input, Json kept) {}

        /** Files of one image that {@link #collect} writes, whether they were there or not. */
        default List<Path> collected(Input input) {
            return List.of();
        }
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
     * @param size  how large it is
     * @param bytes that it takes on its way
     * @param image as it will be; null if there is nothing to do
     */
    private record Coming<P>(Input input, Manifest.Stamp stamp, Optional<Json> kept, PictureSize size, long bytes,
            Task<P> image) {
        Coming<P> begun(long takes, Task<P> read) {
            return new Coming<>(input, stamp, kept, size, takes, read);
        }
    }

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
        long room = Runtime.getRuntime().maxMemory() / 2;
        long largest = 0;
        int next = 0;
        Coming<P> waits = null;
        try (Progress progress = report.progress(inputs.size())) {
            while (next < inputs.size() || !coming.isEmpty()) {
                // One until it is known how large they are.
                int most = largest == 0 ? 1 : jobs.most();
                // One is taken out below, while the others are being read.
                while (next < inputs.size() && coming.size() <= most) {
                    waits = waits == null ? next(inputs.get(next)) : waits;
                    long bytes = waits.kept.isPresent() ? 0 : waits.size.bytes(work.bytesPerPixel(), largest);
                    if (bytes > room && !(coming.isEmpty() && going.isEmpty())) {
                        break;
                    }
                    room -= bytes;
                    coming.add(begin(waits, bytes, next == 0 ? first : null));
                    waits = null;
                    next++;
                }
                // The next has no room before one of those is written.
                boolean full = coming.isEmpty();
                if (!full) {
                    going.add(go(coming.remove()));
                }
                while (!going.isEmpty() && (full || going.peek().isReady() || going.size() > most)) {
                    full = false;
                    room += going.peek().from.bytes;
                    largest = Math.max(largest, finish(going.remove()));
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

    private Coming<P> next(Input input) {
        Optional<Json> kept = jobs.manifest().done(input, work.called(input));
        return new Coming<>(input, Manifest.Stamp.of(input), kept,
                kept.isPresent() ? PictureSize.NOTHING : PictureSize.of(input), 0, null);
    }

    private Coming<P> begin(Coming<P> next, long bytes, Task<P> begun) {
        return next.begun(bytes,
                next.kept.isPresent() ? null : begun != null ? begun : Task.start(() -> work.read(next.input)));
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
            Set<Path> again = Set.copyOf(work.collected(image.input));
            String said = jobs.manifest().add(image.input, work.called(image.input), image.stamp,
                    written.outputs().stream().filter(o -> !again.contains(o)).toList(), written.kept());
            if (!said.isEmpty()) {
                report.remark(said);
            }
        } catch (KerfException e) {
            // Its results are there all the same.
            report.remark(e.getMessage());
        }
    }
}
