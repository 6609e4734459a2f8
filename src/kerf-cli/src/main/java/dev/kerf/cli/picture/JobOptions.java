package dev.kerf.cli.picture;

import dev.kerf.backend.Device;
import dev.kerf.cli.console.Task;
import dev.kerf.error.BadFileException;
import dev.kerf.graph.onnx.OnnxModel;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How many images are worked on at once, and whether those that are done are done again. */
final class JobOptions {
    private static final int MOST = 1024;

    /** What no result depends on, and what the manifest says apart. */
    private static final Set<String> APART = Set.of("--jobs", "--resume", "--json", "--quiet", "--recursive", "--out",
            "--weights", "--threads", "--backend", "--device", "--page", "--help", "--version");

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    private int jobs = Runtime.getRuntime().availableProcessors();

    @Option(names = "--jobs", paramLabel = "N", description = "Images that are decoded at once while the network is at others, and as many whose results are being written; fewer where they are large. By default one a processor. A U-Net on cpu of up to four threads takes as many untiled ones at once as there are threads, each on one of them, where N is no fewer and memory is enough. Results don't depend on it.")
    private void jobs(int n) {
        if (n < 1 || n > MOST) {
            throw new ParameterException(spec.commandLine(), "--jobs " + n + ": expected 1 to " + MOST);
        }
        jobs = n;
    }

    @Option(names = "--resume", description = "Skips images that a run with the same weights and options has done, after it was stopped or with more images: by "
            + Manifest.NAME
            + " in the directory for results, which lies there while the run goes on, and stays with this option or if it was there before.")
    private boolean resume;

    /**
     * Refuses to go on with what isn't noted.
     *
     * @throws ParameterException if that is asked for
     */
    void refuse(String what) {
        if (resume) {
            throw new ParameterException(spec.commandLine(), "--resume is for pictures, not for " + what);
        }
    }

    /**
     * How many images are worked on at once, with the record of what is done; to be closed.
     *
     * @param weights   of the network; null for the embedded one
     * @param network   its name
     * @param inputs    how many there are
     * @param directory for results, which must be there
     * @param read      other files that results depend on, null for none
     * @throws BadFileException if it is to be resumed and can't be
     */
    Jobs open(Path weights, String network, Device.Info device, int inputs, Path directory, Path... read) {
        if (!resume && inputs < 2) {
            return new Jobs(jobs, Manifest.none());
        }
        String options = options(device, Stream.of(read).filter(Objects::nonNull).toList());
        Task<String> model = Task.start(() -> weights == null ? "embedded " + network : digest("", files(weights)));
        return new Jobs(jobs, Manifest.open(directory, new Manifest.Made(spec.name(), model::get, options), resume));
    }

    /** A hash of what was asked for, as it was written or by default. */
    private String options(Device.Info device, List<Path> read) {
        TreeSet<String> all = new TreeSet<>();
        for (OptionSpec o : spec.options()) {
            if (!APART.contains(o.longestName())) {
                all.add(o.longestName() + " " + (o.originalStringValues().isEmpty()
                        ? List.of(String.valueOf(o.defaultValue()))
                        : o.originalStringValues()));
            }
        }
        return digest(device.backend() + "\n" + String.join("\n", all), read);
    }

    /** A network's file, and those beside it that an ONNX model's tensors lie in. */
    private static List<Path> files(Path weights) {
        if (!OnnxModel.looksLike(weights)) {
            return List.of(weights);
        }
        try (OnnxModel model = OnnxModel.open(weights)) {
            return Stream.concat(Stream.of(weights), model.dataFiles().stream()).toList();
        }
    }

    private static String digest(String text, List<Path> files) {
        Path now = null;
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            sha.update(text.getBytes(StandardCharsets.UTF_8));
            for (Path file : files) {
                now = file;
                try (InputStream in = Files.newInputStream(file)) {
                    byte[] chunk = new byte[1 << 16];
                    for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
                        sha.update(chunk, 0, n);
                    }
                }
            }
            return HexFormat.of().formatHex(sha.digest());
        } catch (IOException e) {
            throw new BadFileException(now + ": can't be read (" + e.getMessage() + ")", e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
