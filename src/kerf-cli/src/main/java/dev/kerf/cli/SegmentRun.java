package dev.kerf.cli;

import dev.kerf.cli.ImageInputs.Input;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.Segmentation;
import dev.kerf.model.unet.UNet;
import java.util.List;

/**
 * Takes images through a network, one after the other; while one is on the device the next is being decoded and the results of
 * the one before written.
 *
 * @param net     the network
 * @param options how
 * @param files   where results go
 * @param report  is told of each image
 */
record SegmentRun(UNet net, SegmentOptions options, ResultFiles files, SegmentReport report) {
    /** Work that is still to be waited for: one image's results. */
    private record Pending(Input input, Task<SegmentReport.Done> written) {}

    /** Returns the exit code; {@code first} is the first image. */
    int run(List<Input> inputs, Task<Picture> first) {
        Pending pending = null;
        Task<Picture> next = first;
        try (Progress progress = report.progress(inputs.size())) {
            for (int i = 0; i < inputs.size(); i++) {
                Input input = inputs.get(i);
                Task<Picture> reading = next;
                next = i + 1 < inputs.size() ? read(inputs.get(i + 1)) : null;
                Pending started = segment(input, reading);
                finish(pending, progress);
                pending = started;
                if (started == null) {
                    progress.step();
                }
            }
            finish(pending, progress);
        }
        return report.finish();
    }

    private static Task<Picture> read(Input input) {
        return Task.start(() -> Picture.read(input));
    }

    /** Null if it failed. */
    private Pending segment(Input input, Task<Picture> reading) {
        try {
            long start = System.nanoTime();
            Picture picture = reading.get();
            Segmentation result = picture.segment(net, options);
            if (result.tiles() > 1 && !net.tilesExactly()) {
                report.inexact();
            }
            return new Pending(input, Task.start(() -> {
                files.write(input, picture, result);
                return new SegmentReport.Done(input, picture.width(), picture.height(), result,
                        files.of(input), (System.nanoTime() - start) / 1e9);
            }));
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
