package dev.kerf.bench;

import dev.kerf.Kerf;
import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.cli.Main;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.UNet;
import dev.kerf.weights.Weights;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * What share of the network's own throughput {@code kerf segment} reaches over a folder: the embedded network in a loop over pictures that
 * are in memory, and the whole command (loading, decoding, labels and overlays written) over the same as files, in one process and in
 * turn. Writes {@code folder.json} and {@code folder.md}.
 */
final class Folder {
    private static final Path SAMPLE = Path.of("src/main/samples/tissue-1.png");

    private final String backend;
    private final int images;
    private final int side;
    private final int rounds;
    private final int jobs;
    private final Path out;

    private Folder(List<String> args) {
        this.backend = option(args, "--backend", "cpu");
        this.images = Integer.parseInt(option(args, "--images", "60"));
        this.side = Integer.parseInt(option(args, "--side", "512"));
        this.rounds = Integer.parseInt(option(args, "--rounds", "3"));
        this.jobs = Integer.parseInt(option(args, "--jobs", "" + Runtime.getRuntime().availableProcessors()));
        this.out = Path.of(option(args, "--out", "bench/reports"));
    }

    private static String option(List<String> args, String name, String usual) {
        int at = args.indexOf(name);
        return at < 0 ? usual : args.get(at + 1);
    }

    static void run(List<String> args) throws IOException {
        new Folder(args).run();
    }

    private void run() throws IOException {
        Path work = Files.createTempDirectory("kerf-folder");
        try {
            List<Image> pictures = pictures(Files.createDirectory(work.resolve("in")));
            List<double[]> found = new ArrayList<>();
            for (int round = 0; round < rounds; round++) {
                double alone = alone(pictures);
                double whole = whole(work.resolve("in"), work.resolve("out-" + round));
                double labels = whole(work.resolve("in"), work.resolve("labels-" + round), "--no-overlay");
                double[] row = {images / alone, images / whole, alone / whole, images / labels, alone / labels};
                found.add(row);
                System.out.printf(Locale.ROOT,
                        "%.2f images a second alone, %.2f with files: %.3f; %.2f without overlays: %.3f%n", row[0],
                        row[1], row[2], row[3], row[4]);
            }
            write(found);
        } finally {
            try (Stream<Path> all = Files.walk(work)) {
                all.sorted(Comparator.reverseOrder()).forEach(f -> f.toFile().delete());
            }
        }
    }

    /** Each another part of the sample, mirrored where it ends. */
    private List<Image> pictures(Path directory) {
        Image sample = Image.read(SAMPLE);
        List<Image> out = new ArrayList<>();
        for (int n = 0; n < images; n++) {
            Image picture = Image.blank(side, side, sample.format());
            for (int i = 0; i < side * side; i++) {
                for (int c = 0; c < sample.format().channels(); c++) {
                    picture.setSample(i % side, i / side, c, sample.sample(mirrored(i % side + 7 * n, sample.width()),
                            mirrored(i / side + 13 * n, sample.height()), c));
                }
            }
            picture.writePng(directory.resolve(n + ".png"));
            out.add(picture);
        }
        return out;
    }

    private static int mirrored(int at, int size) {
        int k = at % (2 * size);
        return k < size ? k : 2 * size - 1 - k;
    }

    /** Seconds of the network for all pictures. */
    private double alone(List<Image> pictures) {
        try (Device device = Backends.open(backend);
                Weights weights = Kerf.embeddedWeights();
                UNet net = UNet.load(device, weights)) {
            pictures.subList(0, Math.min(3, images)).forEach(p -> net.segment(p, SegmentOptions.of()));
            long start = System.nanoTime();
            pictures.forEach(p -> net.segment(p, SegmentOptions.of()));
            return (System.nanoTime() - start) / 1e9;
        }
    }

    /** Seconds of the command for all files. */
    private double whole(Path in, Path to, String... more) {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        List<String> call = new ArrayList<>(
                List.of("segment", in.toString(), "--backend", backend, "--jobs", "" + jobs, "--quiet",
                        "--out", to.toString()));
        call.addAll(List.of(more));
        long start = System.nanoTime();
        int code = Main.run(call.toArray(String[]::new), said, said);
        double seconds = (System.nanoTime() - start) / 1e9;
        if (code != 0) {
            throw new UncheckedIOException(new IOException(said.toString()));
        }
        return seconds;
    }

    private void write(List<double[]> found) throws IOException {
        double[] median = new double[found.getFirst().length];
        Arrays.setAll(median,
                k -> found.stream().mapToDouble(r -> r[k]).sorted().skip(found.size() / 2).findFirst().orElseThrow());
        String device;
        try (Device d = Backends.open(backend)) {
            device = d.info().name();
        }
        Json json = Json.object().put("date", LocalDate.now().toString()).put("backend", backend).put("device", device)
                .put("processors", Runtime.getRuntime().availableProcessors()).put("images", images).put("side", side)
                .put("jobs", jobs)
                .put("alone", median[0]).put("folder", median[1]).put("share", median[2]).put("labelsAlone", median[3])
                .put("shareOfLabelsAlone", median[4])
                .put("rounds", found.stream().map(r -> Json.of(r)).toList());
        Files.createDirectories(out);
        Files.writeString(out.resolve("folder.json"), json.pretty() + "\n");
        Files.writeString(out.resolve("folder.md"),
                String.format(Locale.ROOT, """
                # A folder beside its network

                `mvn -q test-compile exec:exec -Dbench.args="folder --backend %s --images %d --side %d --jobs %d"` on %s, %d processors: \
                medians of %d rounds.

                | | images a second | share |
                |---|---|---|
                | the embedded network alone, pictures in memory | %.2f | 1 |
                | `kerf segment` of the folder, labels and overlays written | %.2f | %.3f |
                | the same without overlays | %.2f | %.3f |
                """, backend, images, side, jobs, device, Runtime.getRuntime().availableProcessors(), rounds, median[0],
                        median[1],
                        median[2], median[3], median[4]));
    }
}
