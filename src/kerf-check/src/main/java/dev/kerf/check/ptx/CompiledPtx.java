package dev.kerf.check.ptx;

import dev.kerf.backend.gpu.cuda.KernelImages;
import dev.kerf.backend.gpu.kernel.Dialect;
import dev.kerf.backend.gpu.kernel.KernelSource;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.error.BackendUnavailableException;
import dev.kerf.error.DeviceException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * The PTX that ships where there is any with exactly these definitions; else what a compiler makes of the source: nvcc of the path, as
 * shipped code is made and in a process that is ended when it takes too long, or NVRTC. For parameters that don't ship.
 *
 * <pre>{@code
 * KernelImages images = new CompiledPtx(Duration.ofMinutes(1));
 * try (LaunchCounter counter = new LaunchCounter(Card.of("h100"), images)) { … }
 * }</pre>
 */
public final class CompiledPtx implements KernelImages {
    /** The status of the error when nvcc took too long. */
    public static final int TIMED_OUT = -2;

    /** How long compiling a kernel may take where nobody says otherwise. */
    public static final Duration USUAL = Duration.ofMinutes(1);

    private static final int LOG_IN_MESSAGE = 300;

    private final Duration limit;
    private final KernelImages shipped = KernelImages.shipped();
    private final KernelImages standard = KernelImages.standard();
    private final Map<String, Image> made = new ConcurrentHashMap<>();

    /**
     * Starts nothing.
     *
     * @param limit how long nvcc may take for one kernel
     */
    public CompiledPtx(Duration limit) {
        this.limit = limit;
    }

    /** Whether there is a compiler: nvcc on the path, or NVRTC where {@link KernelImages} looks for it. */
    public static boolean available() {
        return nvcc() != null || KernelImages.compiles();
    }

    /** The file that is nvcc; null if none is on the path. */
    private static Path nvcc() {
        for (String folder : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)) {
            if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, "nvcc"))) {
                return Path.of(folder, "nvcc");
            }
        }
        return null;
    }

    @Override
    public Image find(String kernel, Map<String, String> definitions, Chip chip) {
        try {
            return shipped.find(kernel, definitions, chip);
        } catch (BackendUnavailableException e) {
            return made.computeIfAbsent(kernel + " " + new TreeMap<>(definitions), _ -> compiled(kernel, definitions, chip));
        }
    }

    private Image compiled(String kernel, Map<String, String> definitions, Chip chip) {
        Path nvcc = nvcc();
        if (nvcc != null) {
            return new Image(compiled(nvcc, kernel, definitions), nvcc.toString());
        }
        if (!KernelImages.compiles()) {
            throw new BackendUnavailableException("kernel " + kernel + " with " + new TreeMap<>(definitions)
                    + " isn't shipped, and there is neither nvcc on the path nor NVRTC to compile it: install NVIDIA's CUDA toolkit"
                    + " or Python's nvidia-cuda-nvrtc; no GPU is needed");
        }
        return standard.find(kernel, definitions, chip);
    }

    private byte[] compiled(Path nvcc, String kernel, Map<String, String> definitions) {
        Path folder = null;
        try {
            folder = Files.createTempDirectory("kerf-nvcc");
            Path source = Files.writeString(folder.resolve(kernel + ".cu"), KernelSource.of(kernel, Dialect.CUDA));
            Path ptx = folder.resolve(kernel + ".ptx");
            Path log = folder.resolve("log");
            List<String> command = new ArrayList<>(List.of(nvcc.toString(), "--ptx",
                    "-arch=" + Manifest.of(kernel).architecture().compute(), "--fmad=false", "-diag-suppress=177,550"));
            new TreeMap<>(definitions).forEach((name, value) -> command.add("-D" + name + "=" + value));
            command.addAll(List.of(source.toString(), "-o", ptx.toString()));
            Process p = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
            int status = ended(p);
            String what = "of kernel " + kernel + " with " + new TreeMap<>(definitions);
            if (status == TIMED_OUT) {
                throw new DeviceException("nvcc", status, "COMPILE_TIMEOUT", what,
                        "it took more than " + limit.toMillis() / 1e3 + " s and was ended", false);
            }
            if (status != 0) {
                String said = Files.readString(log).strip().replaceAll("\\s+", " ");
                throw new DeviceException("nvcc", status, "NVCC_REFUSED", what,
                        "it says: " + said.substring(0, Math.min(LOG_IN_MESSAGE, said.length())), false);
            }
            return Files.readAllBytes(ptx);
        } catch (IOException e) {
            throw new DeviceException("nvcc", -1, "NOT_RUN", "of kernel " + kernel, e.toString(), false);
        } finally {
            delete(folder);
        }
    }

    /** Waits for a process and what it started; ends them all when it takes too long. */
    private int ended(Process p) {
        try {
            if (p.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                return p.exitValue();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        p.descendants().forEach(ProcessHandle::destroyForcibly);
        p.destroyForcibly();
        return TIMED_OUT;
    }

    private static void delete(Path folder) {
        if (folder == null) {
            return;
        }
        try (var files = Files.list(folder)) {
            for (Path f : files.toList()) {
                Files.deleteIfExists(f);
            }
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            folder.toFile().deleteOnExit(); // The system's temporary folder is emptied by others.
        }
    }
}
