package dev.kerf.cli.picture;

import dev.kerf.backend.Device;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.option.Claims;
import dev.kerf.model.sam2.Prompt;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What becomes of the masks of a video. */
final class TrackOutput {
    /** Files that can be made. */
    enum Format {
        /** NAME-masks/FRAME.png …: each pixel's object by number, 0 for none. */
        LABELS,
        /** NAME-masks/FRAME-object-1.png …: each object by itself, white on black. */
        MASKS,
        /** NAME-masks.json: each frame's and object's run lengths. */
        RLE,
        /** NAME-track.json: the same as COCO results, written as frames come; its categories are the objects. */
        COCO
    }

    @Option(names = "--out", paramLabel = "DIR", defaultValue = ".", description = "Where files go; made if it isn't there. By default the current directory.")
    Path directory;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    String overlay;

    @Option(names = "--overlay", paramLabel = "gif|png|mp4|none", defaultValue = "gif", description = "Draws the masks over the video: NAME-overlay.gif (by default), a PNG for each frame in NAME-overlay, or"
            + " .mp4 and others through ffmpeg.")
    private void overlay(String ending) {
        if (!ending.matches("[A-Za-z0-9]+")) {
            throw new ParameterException(spec.commandLine(),
                    "--overlay " + ending + ": expected gif, png, none or the ending of a video's name, such as mp4");
        }
        overlay = ending;
    }

    @Option(names = "--legend", negatable = true, defaultValue = "true", fallbackValue = "true", description = "The overlay says which colour is which object and how much of the frame it covers; on by default.")
    boolean legend;

    @Option(names = "--format", split = ",", paramLabel = "FORMAT", defaultValue = "labels", description = "One or more of labels (a PNG of numbers for each frame), masks (a PNG for each frame and object), rle"
            + " (JSON) and coco (COCO results).")
    List<Format> formats;

    @Option(names = "--quiet", description = "Writes nothing on the terminal but errors.")
    boolean quiet;

    @Option(names = "--json", description = "Writes one JSON document on standard output.")
    boolean json;

    @Mixin
    AnnotationOptions annotation;

    /** The files of one video, to be written frame by frame. */
    TrackFiles open(Console console, Path video, String title, TrackedFrames frames, Map<Integer, List<Prompt>> shown,
            String network,
            Device.Info device, Claims claims, Measurements measured) {
        return new TrackFiles(this, console, video, title, frames, shown, network, device, claims, measured);
    }
}
