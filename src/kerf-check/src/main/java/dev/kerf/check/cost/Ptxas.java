package dev.kerf.check.cost;

import dev.kerf.check.ptx.Card;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** NVIDIA's assembler, where there is one on the path: it alone knows how many registers a kernel takes. */
final class Ptxas {
    private static final Pattern USED = Pattern.compile("Used (\\d+) registers");

    private final String architecture;
    private final Map<String, Optional<Integer>> known = new HashMap<>();

    Ptxas(Card card) {
        // Which is what has wgmma.
        architecture = "sm_" + card.major() + card.minor() + (card.major() == 9 && card.minor() == 0 ? "a" : "");
    }

    /** Registers of a thread; empty if there is no assembler, or none that knows the architecture. */
    Optional<Integer> registers(byte[] module) {
        return known.computeIfAbsent(new String(module, StandardCharsets.US_ASCII), _ -> assemble(module));
    }

    private Optional<Integer> assemble(byte[] module) {
        Path file = null;
        try {
            file = Files.createTempFile("kerf", ".ptx");
            Files.write(file, module);
            Process p = new ProcessBuilder("ptxas", "-v", "-arch=" + architecture, "-o", "/dev/null", file.toString())
                    .redirectErrorStream(true).start();
            p.getOutputStream().close();
            Matcher m = USED.matcher(new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
            return m.find() ? Optional.of(Integer.valueOf(m.group(1))) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty(); // Most machines have none.
        } finally {
            delete(file);
        }
    }

    private static void delete(Path file) {
        try {
            if (file != null) {
                Files.delete(file);
            }
        } catch (IOException e) {
            file.toFile().deleteOnExit();
        }
    }
}
