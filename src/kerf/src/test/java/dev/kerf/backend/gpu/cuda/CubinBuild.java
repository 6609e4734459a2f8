package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.gpu.kernel.Manifest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Assembles the shipped PTX with ptxas, for a jar of machine code beside Kerf's own.
 *
 * <pre>{@code
 * CubinBuild.main("target/classes", "sm_80", "sm_89", "sm_90");   // as src/kerf-cubins does
 * }</pre>
 */
public final class CubinBuild {
    private CubinBuild() {}

    /** Writes the machine code of all modules for some architectures under a folder; what is there stays. */
    public static void main(String... args) throws Exception {
        try (ExecutorService workers = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
            List<Future<?>> jobs = new ArrayList<>();
            for (String architecture : List.of(args).subList(1, args.length)) {
                Path folder = Files.createDirectories(Path.of(args[0]).resolve(ShippedCubins.FOLDER + architecture));
                int sm = Integer.parseInt(architecture.substring("sm_".length()));
                for (String kernel : ShippedSets.kernels()) {
                    if (!Manifest.of(kernel).architecture().runs(sm, Integer.MAX_VALUE)) {
                        continue;
                    }
                    for (var set : ShippedSets.of(kernel)) {
                        byte[] ptx = ptx(kernel, set, sm);
                        jobs.add(workers.submit(() -> assemble(ptx, architecture, folder)));
                    }
                }
            }
            for (Future<?> job : jobs) {
                job.get();
            }
        }
    }

    /** The PTX that a chip of an architecture is given. */
    private static byte[] ptx(String kernel, Map<String, String> set, int sm) throws IOException {
        return ShippedImages.find(kernel, set, new KernelImages.Chip(sm / 10, sm % 10, Integer.MAX_VALUE, "sm_" + sm))
                .orElseThrow(() -> new IOException(kernel + " with " + set + " isn't shipped"))
                .bytes();
    }

    /** Several sets share a module: who finds its code there is done. */
    private static Path assemble(byte[] ptx, String architecture, Path folder) throws IOException {
        Path cubin = folder.resolve(ShippedCubins.name(ptx));
        if (Files.exists(cubin)) {
            return cubin;
        }
        Path text = Files.createTempFile("kerf", ".ptx");
        Path made = Files.createTempFile(folder, "", ".part");
        try {
            Files.write(text, ptx);
            // Code with architecture-specific instructions names its target itself.
            String target = new String(ptx, StandardCharsets.US_ASCII).contains(".target " + architecture + "a")
                    ? architecture + "a"
                    : architecture;
            PtxBuild.run(List.of("ptxas", "-arch=" + target, text.toString(), "-o", made.toString()));
            return Files.move(made, cubin, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(text);
            Files.deleteIfExists(made);
        }
    }
}
