package dev.kerf.cli;

import dev.kerf.backend.DeviceInfo;
import dev.kerf.cli.ImageInputs.Input;
import dev.kerf.json.Json;
import dev.kerf.model.unet.Segmentation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Tells the user of each image: a line, or an entry of one JSON document. */
final class SegmentReport {
    private final Console console;
    private final OutputOptions options;
    private final DeviceInfo device;
    private final String network;
    private final List<String> classes;
    private final Json images = Json.array();
    private final Json failures = Json.array();
    private Progress progress = Progress.none();
    private boolean inexactSaid;
    private int done;

    /**
     * An image whose results are written.
     *
     * @param seconds from the beginning of the wait for its pixels to the end of writing
     */
    record Done(Input input, int width, int height, Segmentation result, List<Path> outputs, double seconds) {}

    SegmentReport(Console console, OutputOptions options, DeviceInfo device, String network, List<String> classes) {
        this.console = console;
        this.options = options;
        this.device = device;
        this.network = network;
        this.classes = classes;
    }

    /** A bar where somebody watches and there is something to wait for. */
    Progress progress(int count) {
        if (count > 1 && console.terminal() && !options.quiet) {
            progress = Progress.bar(console, count);
        }
        return progress;
    }

    /** Says once that the result depends on how images are cut. */
    void inexact() {
        if (!inexactSaid && !options.quiet) {
            note("this network's up-sampling or normalisation depends on the size of what it sees: tiled results differ a "
                    + "little from untiled ones");
        }
        inexactSaid = true;
    }

    void done(Done d) {
        done++;
        long[] counts = d.result.labels().counts(classes.size());
        double pixels = (double) d.width * d.height;
        if (options.json) {
            Json shares = Json.array();
            for (int i = 0; i < counts.length; i++) {
                shares.add(Json.object().put("name", classes.get(i)).put("label", i).put("pixels", counts[i])
                        .put("share", counts[i] / pixels));
            }
            images.add(d.input.describe().put("width", d.width).put("height", d.height)
                    .put("tiles", d.result.tiles()).put("classes", shares)
                    .put("outputs", d.outputs.stream().map(Path::toString).toList()).put("seconds", d.seconds));
        } else if (!options.quiet) {
            progress.clear();
            console.out().println(d.input.title() + "  " + d.width + "x" + d.height + "  " + shares(counts, pixels) + "  "
                    + Text.fixed(d.seconds, 2) + " s");
            console.out().flush();
        }
    }

    /** Classes that occur, the largest first. */
    private String shares(long[] counts, double pixels) {
        List<String> parts = new ArrayList<>();
        IntStream.range(0, counts.length).boxed()
                .filter(i -> counts[i] > 0)
                .sorted(Comparator.comparingLong((Integer i) -> counts[i]).reversed())
                .forEach(i -> parts.add(classes.get(i) + " " + Text.fixed(100 * counts[i] / pixels, 1) + " %"));
        return String.join(", ", parts);
    }

    void failed(Input input, Throwable why) {
        String message = Main.explain(why);
        message = message.contains(input.file().toString()) ? message : input.title() + ": " + message;
        failures.add(input.describe().put("error", message));
        note(message);
    }

    private void note(String text) {
        progress.clear();
        console.note(text);
    }

    /** Writes the document if one is wanted; returns the exit code. */
    int finish() {
        if (options.json) {
            console.out().println(Json.object().put("kerf", Version.text()).put("network", network)
                    .put("backend", device.backend()).put("device", device.name()).put("images", images)
                    .put("failed", failures).pretty());
        }
        if (failures.size() == 0) {
            return ExitCode.OK;
        }
        return done == 0 ? ExitCode.FAILED : ExitCode.SOME_FAILED;
    }
}
