package dev.kerf.cli.picture;

import dev.kerf.backend.Device;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.console.Progress;
import dev.kerf.cli.console.Text;
import dev.kerf.cli.console.Version;
import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.json.Json;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/** Tells the user of each image: a line, or an entry of one JSON document. */
final class ImageReport {
    private final Console console;
    private final boolean quiet;
    private final boolean json;
    private final Device.Info device;
    private final String network;
    private final Json images = Json.array();
    private final Json failures = Json.array();
    private final Json cameras = Json.array();
    private final Set<String> remarks = new HashSet<>();
    private Progress progress = Progress.none();
    private int done;
    private int skipped;

    /**
     * An image whose results are written.
     *
     * @param seconds from its entry into the network to the end of writing
     */
    record Done(Input input, ImageRun.Written written, double seconds) {}

    ImageReport(Console console, boolean quiet, boolean json, Device.Info device, String network) {
        this.console = console;
        this.quiet = quiet;
        this.json = json;
        this.device = device;
        this.network = network;
    }

    /** A bar where somebody watches and there is something to wait for. */
    Progress progress(int count) {
        if (count > 1 && console.terminal() && !quiet) {
            progress = Progress.bar(console, count);
        }
        return progress;
    }

    void done(Done d) {
        done++;
        if (json) {
            Json entry = d.input.describe().put("width", d.written.width()).put("height", d.written.height());
            d.written.details().members().forEach(entry::put);
            images.add(entry.put("outputs", d.written.outputs().stream().map(Path::toString).toList())
                    .put("seconds", d.seconds));
        } else if (!quiet) {
            progress.clear();
            console.out().println(d.input.title() + "  " + d.written.width() + "x" + d.written.height() + "  "
                    + d.written.line() + "  " + Text.fixed(d.seconds, 2) + " s");
            console.out().flush();
        }
    }

    /** An image that an earlier run did. */
    void skipped() {
        skipped++;
    }

    void failed(Input input, Throwable why) {
        String message = Console.explain(why);
        message = message.contains(input.file().toString()) ? message : input.title() + ": " + message;
        failures.add(input.describe().put("error", message));
        note(message);
    }

    /** Says something of the whole run, once, unless the user wants quiet. */
    void remark(String text) {
        if (!quiet && remarks.add(text)) {
            note(text);
        }
    }

    /** Says something of a whole video or of all, where people read. */
    void say(String text) {
        if (!json && !quiet) {
            console.out().println(text);
            console.out().flush();
        }
    }

    /** How it went with a camera. */
    void live(Input camera, int frames, long dropped, Latencies latencies) {
        cameras.add(camera.describe().put("frames", frames).put("dropped", dropped).put("latency", latencies.json()));
    }

    private void note(String text) {
        progress.clear();
        console.note(text);
    }

    /** Writes the document if one is wanted; returns the exit code. */
    int finish() {
        if (json) {
            Json all = Json.object().put("kerf", Version.text()).put("network", network)
                    .put("backend", device.backend()).put("device", device.name()).put("images", images)
                    .put("skipped", skipped);
            console.out().println((cameras.size() == 0 ? all : all.put("live", cameras)).put("failed", failures).pretty());
        }
        if (skipped > 0) {
            say(skipped + (skipped == 1 ? " image was" : " images were") + " done before: skipped");
        }
        if (failures.size() == 0) {
            return ExitCode.OK;
        }
        return done + skipped == 0 ? ExitCode.FAILED : ExitCode.SOME_FAILED;
    }
}
