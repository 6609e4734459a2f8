package dev.kerf.cli.picture;

import dev.kerf.cli.console.Task;
import dev.kerf.cli.option.Claims;
import dev.kerf.cli.picture.ClipFrames.Look;
import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import dev.kerf.image.video.FrameSink;
import dev.kerf.image.video.FrameSource;
import dev.kerf.image.video.FrameSource.Frame;
import dev.kerf.image.video.LiveSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * Pictures, and then videos and cameras: of those each frame goes through the network, its files lie in a directory of the video's
 * name, and its overlay becomes a frame of NAME-overlay.ENDING where that is asked for. A video's frames are taken all, of a camera
 * the newest whenever the one before is done.
 *
 * @param work      what is done with each picture
 * @param report    is told of each
 * @param options   how much of a video is looked at
 * @param claims    whose file is whose
 * @param files     of a frame
 * @param directory where results go
 * @param overlay   ending of the video of overlays; null for pictures
 * @param jobs      how many pictures are worked on at once
 */
record ClipRun<P, R>(Work<P, R> work, ImageReport report, LiveOptions options, Claims claims,
        Function<Input, List<Path>> files, Path directory, String overlay, Jobs jobs) {
    /** What is done with a picture or a frame. */
    interface Work<P, R> extends ImageRun.Work<P, R> {
        /** A frame as the network takes it. */
        P look(Sight sight);
    }

    /** The first picture to be read, begun at once; none where a video comes first. */
    static <P> Task<P> first(List<Input> inputs, Function<Input, P> read) {
        return inputs.getFirst().moves() ? null : Task.start(() -> read.apply(inputs.getFirst()));
    }

    /** How many pictures there are. */
    static int stills(List<Input> inputs) {
        return (int) inputs.stream().filter(i -> !i.moves()).count();
    }

    /** Returns the exit code; {@code first} is the first picture if it comes first of all. */
    int run(List<Input> inputs, Task<P> first) {
        List<Input> stills = inputs.stream().filter(i -> !i.moves()).toList();
        if (!stills.isEmpty()) {
            new ImageRun<>(work, report, jobs).each(stills, first);
        }
        try (Interrupt stop = new Interrupt()) {
            for (Input clip : inputs.stream().filter(Input::moves).toList()) {
                if (stop.given()) {
                    break;
                }
                try (ClipFrames frames = open(clip); FrameSink sink = sink(clip, frames)) {
                    frames(clip, frames, sink, stop);
                } catch (RuntimeException | OutOfMemoryError e) {
                    report.failed(clip, e);
                }
            }
        }
        return report.finish();
    }

    private ClipFrames open(Input clip) {
        clip.check();
        return clip.isLive()
                ? new ClipFrames.Live(LiveSource.open(clip.moment().address()))
                : new ClipFrames.Filmed(FrameSource.open(clip.file()));
    }

    private FrameSink sink(Input clip, ClipFrames frames) {
        if (overlay == null) {
            return null;
        }
        Path file = directory.resolve(clip.name() + "-overlay." + overlay);
        claims.take(clip.title(), List.of(file), "--out");
        return FrameSink.open(file, frames.width(), frames.height(), frames.rate());
    }

    private void frames(Input clip, ClipFrames frames, FrameSink sink, Interrupt stop) {
        try {
            Files.createDirectories(directory.resolve(clip.name()));
        } catch (IOException e) {
            throw new BadFileException(directory.resolve(clip.name()) + ": can't be made (" + e.getMessage() + ")", e);
        }
        Latencies latencies = new Latencies();
        long end = options.end();
        int count = 0;
        KerfException broken = null;
        BooleanSupplier enough = () -> stop.given() || System.nanoTime() - end > 0;
        while (count < options.frames() && !enough.getAsBoolean()) {
            Optional<Look> look;
            try {
                look = frames.next(enough);
            } catch (KerfException e) {
                // What came before is kept. Ctrl-C reaches ffmpeg as well, whose end is none of the stream's then.
                broken = stop.given() ? null : e;
                break;
            }
            if (look.isEmpty()) {
                break;
            }
            Look l = look.get();
            frame(clip.frame(l.index(), l.name(), sink == null
                    ? null
                    : image -> sink.write(
                            new Frame(l.index(), l.time(), frames.rate().duration(), image))),
                    l);
            latencies.add((System.nanoTime() - l.arrived()) / 1e9);
            count++;
        }
        if (sink != null && count > 0) {
            sink.finish();
        }
        report.say(clip.title() + "  " + count + (count == 1 ? " frame" : " frames")
                + (clip.isLive() ? ", " + frames.dropped() + " dropped  " + latencies.text() : ""));
        if (clip.isLive()) {
            report.live(clip, count, frames.dropped(), latencies);
        }
        if (broken != null) {
            throw broken;
        }
    }

    private void frame(Input frame, Look look) {
        long start = System.nanoTime();
        if (frame.isLive()) {
            claims.check(frame.title(), files.apply(frame), "--out");
        } else {
            claims.take(frame.title(), files.apply(frame), "--out");
        }
        P picture = work.look(look.sight());
        R result = work.find(picture);
        work.claim(frame, result);
        ImageRun.Written written = work.write(frame, picture, result);
        work.collect(frame, written.kept());
        report.done(new ImageReport.Done(frame, written, (System.nanoTime() - start) / 1e9));
    }

    /** @throws BadInputException if a camera would fill the memory with what is to be told at the end */
    static void check(List<Input> inputs, boolean collects, LiveOptions options) {
        options.check();
        if (collects && !options.ends() && inputs.stream().anyMatch(Input::isLive)) {
            throw new BadInputException(
                    "--json, --results and --measure are written at the end: give --frames or --time with a camera");
        }
    }
}
