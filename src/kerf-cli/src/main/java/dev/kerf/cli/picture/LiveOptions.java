package dev.kerf.cli.picture;

import dev.kerf.cli.option.DurationConverter;
import java.time.Duration;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How much of a video or of a camera is looked at. */
final class LiveOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--frames", paramLabel = "N", description = "Of a camera, and with segment and detect of a video: ends after N frames.")
    private Integer frames;

    @Option(names = "--time", paramLabel = "T", converter = DurationConverter.class, description = "Likewise: ends after this time, such as 90s or 10m. Without --frames and --time it goes on until Ctrl-C, which completes the files.")
    private Duration time;

    /** @throws ParameterException if they are out of range */
    void check() {
        if (frames != null && frames < 1 || time != null && (time.isZero() || time.toDays() > 365)) {
            throw new ParameterException(spec.commandLine(),
                    "--frames and --time are at least 1 frame and 1 second, at most a year");
        }
    }

    /** Most frames. */
    int frames() {
        return frames == null ? Integer.MAX_VALUE : frames;
    }

    /** When to end, as {@link System#nanoTime} has it, of what begins now. */
    long end() {
        return System.nanoTime() + (time == null ? Long.MAX_VALUE / 2 : time.toNanos());
    }

    /** Whether it ends by itself. */
    boolean ends() {
        return frames != null || time != null;
    }
}
