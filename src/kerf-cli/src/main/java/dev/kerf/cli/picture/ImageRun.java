package dev.kerf.cli.picture;

import dev.kerf.cli.console.Progress;
import dev.kerf.cli.console.Task;
import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.error.KerfException;
import dev.kerf.json.Json;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Takes images through a network, as many at once as it takes; while they are on the device others are being decoded and the results of
 * those before written. What is told and what goes into files of all images keeps the order of the images.
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

        /** Runs the network; on other threads, of {@link #atOnce} images at once. */
        R find(P image);

        /** How many images like this the network takes at once. */
        default int atOnce(P image) {
            return 1;
        }

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
     * An image on its way through the network.
     *
     * @param stamp of its file before it was read
     * @param kept  of an earlier run, where there is nothing to do
     * @param size  how large it is
     * @param bytes that it takes on its way
     * @param found what will be; null if there is nothing to do
     */
    private record Coming<P, R>(Input input, Manifest.Stamp stamp, Optional<Json> kept, PictureSize size, long bytes,
            Task<Found<P, R>> found) {
        Coming<P, R> begun(long takes, Task<Found<P, R>> task) {
            return new Coming<>(input, stamp, kept, size, takes, task);
        }
    }

    /**
     * An image and what is in it.
     *
     * @param start when the network began
     */
    private record Found<P, R>(P image, R result, long start) {}

    /**
     * An image on its way from there.
     *
     * @param written its results, as they will be; null if there are none
     * @param failure why there are none; null if there is nothing to do
     */
    private record Going<P, R>(Coming<P, R> from, Task<ImageReport.Done> written, Throwable failure) {
        boolean isReady() { return written == null || written.isDone(); }
    }

    /** Returns the exit code; {@code first} is the first image. */
    int run(List<Input> inputs, Task<P> first) {
        each(inputs, first);
        return report.finish();
    }

    /** Without the end of the report. */
    void each(List<Input> inputs, Task<P> first) {
        Deque<Coming<P, R>> coming = new ArrayDeque<>();
        Deque<Going<P, R>> going = new ArrayDeque<>();
        Gate gate = new Gate();
        long room = Runtime.getRuntime().maxMemory() / 2;
        long largest = 0;
        int next = 0;
        Coming<P, R> waits = null;
        try (Progress progress = report.progress(inputs.size())) {
            while (next < inputs.size() || !coming.isEmpty()) {
                // One until it is known how large they are, beside those that the network has.
                int most = largest == 0 ? 1 : jobs.most();
                while (next < inputs.size() && coming.size() < most + gate.atOnce()) {
                    waits = waits == null ? next(inputs.get(next)) : waits;
                    long bytes = waits.kept.isPresent() ? 0 : waits.size.bytes(work.bytesPerPixel(), largest);
                    if (bytes > room && !(coming.isEmpty() && going.isEmpty())) {
                        break;
                    }
                    room -= bytes;
                    coming.add(begin(waits, bytes, next == 0 ? first : null, gate));
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

    /** Before the network: as many images pass at once as it takes of the one that it takes the fewest of. */
    private final class Gate {
        /** Of images that are being read or wait here. */
        private final Semaphore before = new Semaphore(jobs.most() + 1, true);
        private final Lock lock = new ReentrantLock();
        private final Condition left = lock.newCondition();
        private final Deque<Integer> inside = new ArrayDeque<>();
        private volatile int atOnce = 1;

        /** How many the last image said. */
        int atOnce() {
            return atOnce;
        }

        /** Returns what {@link #leave} is told. */
        int enter(P image) {
            int most = work.atOnce(image);
            // Fewer would be neither here nor there: one has all of the device.
            int own = most <= jobs.most() ? most : 1;
            lock.lock();
            try {
                while (!inside.isEmpty() && inside.size() >= Math.min(own, Collections.min(inside))) {
                    left.awaitUninterruptibly();
                }
                inside.add(own);
                atOnce = own;
                return own;
            } finally {
                lock.unlock();
            }
        }

        void leave(int own) {
            lock.lock();
            try {
                inside.removeFirstOccurrence(own);
                left.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    private Coming<P, R> next(Input input) {
        Optional<Json> kept = jobs.manifest().done(input, work.called(input));
        return new Coming<>(input, Manifest.Stamp.of(input), kept,
                kept.isPresent() ? PictureSize.NOTHING : PictureSize.of(input), 0, null);
    }

    private Coming<P, R> begin(Coming<P, R> next, long bytes, Task<P> begun, Gate gate) {
        return next.begun(bytes, next.kept.isPresent() ? null : Task.start(() -> {
            P image;
            int own;
            gate.before.acquireUninterruptibly();
            try {
                image = begun == null ? work.read(next.input) : begun.get();
                own = gate.enter(image);
            } finally {
                gate.before.release();
            }
            try {
                long start = System.nanoTime();
                return new Found<>(image, work.find(image), start);
            } finally {
                gate.leave(own);
            }
        }));
    }

    private Going<P, R> go(Coming<P, R> now) {
        if (now.kept.isPresent()) {
            return new Going<>(now, null, null);
        }
        try {
            Found<P, R> found = now.found.get();
            work.claim(now.input, found.result);
            return new Going<>(now, Task.start(() -> new ImageReport.Done(now.input,
                    work.write(now.input, found.image, found.result), (System.nanoTime() - found.start) / 1e9)), null);
        } catch (RuntimeException | OutOfMemoryError e) {
            return new Going<>(now, null, e);
        }
    }

    /** Returns how many pixels it has, 0 if that isn't known. */
    private long finish(Going<P, R> image) {
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

    private void note(Coming<P, R> image, Written written) {
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
