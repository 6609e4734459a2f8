package dev.kerf.cli.picture;

import dev.kerf.cli.console.Progress;
import dev.kerf.cli.console.Task;
import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.json.Json;
import java.nio.file.Path;
import java.util.List;

/**
 * Takes images through a network, one after the other; while one is on the device the next is being decoded and the results of
 * the one before written.
 *
 * @param <P>    an image as it is read
 * @param <R>    what is found in it
 * @param work   what is done
 * @param report is told of each image
 */
record ImageRun<P, R>(Work<P, R> work, ImageReport report) {
    /** What is done with each image. */
    interface Work<P, R> {
        /** Decodes it; on another thread. */
        P read(Input input);

        /** Runs the network. */
        R find(P image);

        /** Writes the files of one image; on another thread, one image after the other. */
        Written write(Input input, P image, R result);
    }

    /**
     * What was written of an image.
     *
     * @param width   columns of the image
     * @param height  its rows
     * @param line    what was found, in a few words
     * @param details the same as JSON
     * @param outputs the files
     */
    record Written(int width, int height, String line, Json details, List<Path> outputs) {}

    /** Work that is still to be waited for: one image's results. */
    private record Pending(Input input, Task<ImageReport.Done> written) {}

    /** Returns the exit code; {@code first} is the first image. */
    int run(List<Input> inputs, Task<P> first) {
        each(inputs, first);
        return report.finish();
    }

    /** Without the end of the report. */
    void each(List<Input> inputs, Task<P> first) {
        Pending pending = null;
        Task<P> next = first;
        try (Progress progress = report.progress(inputs.size())) {
            for (int i = 0; i < inputs.size(); i++) {
                Task<P> reading = next;
                next = i + 1 < inputs.size() ? read(inputs.get(i + 1)) : null;
                Pending started = start(inputs.get(i), reading, pending);
                finish(pending, progress);
                pending = started;
                if (started == null) {
                    progress.step();
                }
            }
            finish(pending, progress);
        }
    }

    private Task<P> read(Input input) {
        return Task.start(() -> work.read(input));
    }

    /** Null if it failed. Files are written after those of the image before. */
    private Pending start(Input input, Task<P> reading, Pending before) {
        try {
            long start = System.nanoTime();
            P image = reading.get();
            R result = work.find(image);
            if (before != null) {
                before.written.settle();
            }
            return new Pending(input, Task.start(
                    () -> new ImageReport.Done(input, work.write(input, image, result), (System.nanoTime() - start) / 1e9)));
        } catch (RuntimeException | OutOfMemoryError e) {
            report.failed(input, e);
            return null;
        }
    }

    private void finish(Pending pending, Progress progress) {
        if (pending == null) {
            return;
        }
        try {
            report.done(pending.written.get());
        } catch (RuntimeException | OutOfMemoryError e) {
            report.failed(pending.input, e);
        }
        progress.step();
    }
}
