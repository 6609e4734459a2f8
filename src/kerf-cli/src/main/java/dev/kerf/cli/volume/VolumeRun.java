package dev.kerf.cli.volume;

import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.console.Progress;
import dev.kerf.cli.console.Task;
import dev.kerf.cli.console.Text;
import dev.kerf.cli.console.Version;
import dev.kerf.cli.option.Claims;
import dev.kerf.cli.volume.VolumeInputs.Input;
import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import dev.kerf.mask.LabelMap;
import dev.kerf.medical.Axis;
import dev.kerf.medical.Grid;
import dev.kerf.medical.LabelVolume;
import dev.kerf.medical.Slice;
import dev.kerf.medical.Volume;
import dev.kerf.medical.Window;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Takes volumes through a network, slice by slice: while one is on the device, the next is being read. Of slices two are held, of labels
 * one; those of the whole volume lie in a temporary file until they are written.
 *
 * @param console  where it says what it does
 * @param options  how volumes are cut and shown
 * @param outputs  which files are made
 * @param measures what is measured
 * @param quiet    whether nothing is said
 * @param json     whether one document is written instead
 */
public record VolumeRun(Console console, VolumeOptions options, VolumeOutputs outputs, VolumeMeasures measures, boolean quiet,
        boolean json) {
    /** What was found in one volume. */
    private record Done(Grid grid, List<String> classes, long[] counts, double voxelVolume, List<Path> files) {}

    /** Takes the files of results, so that none takes the place of an input or of another's result. */
    public static void claim(List<Input> inputs, VolumeOutputs outputs, Claims claims) {
        inputs.forEach(i -> claims.take(i.title(), outputs.files(i), "--out"));
    }

    /** Returns the exit code. */
    public int run(List<Input> inputs, SliceNetwork network) {
        Json volumes = Json.array();
        Json failures = Json.array();
        for (Input input : inputs) {
            long start = System.nanoTime();
            try {
                Done done = one(input, network);
                double seconds = (System.nanoTime() - start) / 1e9;
                volumes.add(describe(input, done, seconds));
                if (!quiet && !json) {
                    console.out().println(
                            input.title() + "  " + done.grid + "  " + line(done) + "  " + Text.fixed(seconds, 2) + " s");
                    console.out().flush();
                }
            } catch (RuntimeException | OutOfMemoryError e) {
                String message = Console.explain(e);
                message = message.contains(input.title()) ? message : input.title() + ": " + message;
                failures.add(Json.object().put("file", input.title()).put("error", message));
                console.note(message);
            }
        }
        if (json) {
            console.out().println(Json.object().put("kerf", Version.text()).put("network", network.name())
                    .put("backend", network.device().backend()).put("device", network.device().name())
                    .put("volumes", volumes).put("failed", failures).pretty());
        }
        return failures.size() == 0 ? ExitCode.OK : volumes.size() == 0 ? ExitCode.FAILED : ExitCode.SOME_FAILED;
    }

    private Done one(Input input, SliceNetwork network) {
        try (Volume volume = input.open().get(); LabelVolume labels = LabelVolume.of(volume.grid())) {
            if (!quiet) {
                volume.remarks().forEach(console::note);
            }
            outputs.check(input, volume);
            Axis axis = options.axis(volume);
            Optional<Window> window = options.window(volume);
            Grid grid = volume.grid();
            int n = Math.multiplyExact(grid.frames(), grid.slices(axis));
            List<String> classes = null;
            long[] counts = new long[0];
            Task<Slice> next = read(volume, axis, 0);
            try (Progress progress = n > 1 && console.terminal() && !quiet
                    ? Progress.bar(console, n, "slices")
                    : Progress.none()) {
                for (int i = 0; i < n; i++) {
                    Slice slice = next.get();
                    next = i + 1 < n ? read(volume, axis, i + 1) : null;
                    SliceNetwork.Found found = network.find(slice, window);
                    if (classes == null) {
                        classes = found.classes();
                        outputs.check(classes);
                        measures.begin(input.title(), volume, axis, outputs.background(classes), classes);
                    } else if (found.classes().size() > classes.size()) {
                        classes = found.classes();
                    }
                    counts = added(counts, found.labels(), classes.size());
                    int frame = i / grid.slices(axis);
                    int index = i % grid.slices(axis);
                    labels.put(axis, frame, index, found.labels());
                    measures.add(frame, index, found.labels(), slice);
                    progress.step();
                }
            } finally {
                if (next != null) {
                    // Nobody reads when the volume is closed.
                    next.settle();
                }
            }
            measures.end(classes);
            List<Path> files = outputs.write(input, volume, labels, classes);
            return new Done(grid, classes, counts, measures.voxelVolume(volume), files);
        }
    }

    private static Task<Slice> read(Volume volume, Axis axis, int i) {
        int slices = volume.grid().slices(axis);
        return Task.start(() -> volume.read(axis, i / slices, i % slices));
    }

    private static long[] added(long[] counts, LabelMap labels, int classes) {
        if (labels.max() >= classes) {
            throw new BadInputException("label " + labels.max() + ", but there are " + classes + " classes");
        }
        long[] out = labels.counts(classes);
        for (int c = 0; c < counts.length; c++) {
            out[c] += counts[c];
        }
        return out;
    }

    private static double share(Done d, int c) {
        return d.counts[c] / ((double) d.grid.voxels() * d.grid.frames());
    }

    /** Classes that occur, the largest first. */
    private String line(Done d) {
        return IntStream.range(0, d.classes.size()).boxed().filter(c -> d.counts[c] > 0)
                .sorted(Comparator.comparingLong((Integer c) -> d.counts[c]).reversed())
                .map(c -> d.classes.get(c) + " " + Text.fixed(100 * share(d, c), 1) + " %"
                        + (d.grid.slices() > 1
                                ? " (" + Text.fixed(d.counts[c] * d.voxelVolume, 0) + " " + measures.unit(d.grid) + "³)"
                                : ""))
                .collect(Collectors.joining(", "));
    }

    private Json describe(Input input, Done d, double seconds) {
        Json classes = Json.array();
        for (int c = 0; c < d.classes.size(); c++) {
            Json one = Json.object().put("name", d.classes.get(c)).put("label", c).put("voxels", d.counts[c]).put("share",
                    share(d, c));
            classes.add(measures.unit(d.grid).equals("mm") ? one.put("volume_mm3", d.counts[c] * d.voxelVolume) : one);
        }
        List<String> files = new ArrayList<>();
        d.files.forEach(f -> files.add(f.toString()));
        return Json.object().put("file", input.title()).put("columns", d.grid.columns()).put("rows", d.grid.rows())
                .put("slices", d.grid.slices()).put("frames", d.grid.frames()).put("classes", classes).put("outputs", files)
                .put("seconds", seconds);
    }
}
