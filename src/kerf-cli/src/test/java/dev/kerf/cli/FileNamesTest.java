package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Names past ASCII, in locales that have them and in those that don't. This process may be in either, so that a shell makes them. */
class FileNamesTest {
    /** As the shell's printf has it: ä in UTF-8, and the same in Latin-1. */
    private static final String UMLAUT = "\\303\\244";
    private static final String LATIN = "\\344";

    @TempDir
    private Path dir;

    /**
     * What a call came to.
     *
     * @param files those in the folder of results, a line each, what isn't ASCII as the shell's printf has it
     */
    private record Said(int code, String out, String err, List<String> files) {}

    @BeforeEach
    void pictures() throws Exception {
        Run.unet(dir.resolve("net.safetensors"), 3, 2, false);
        Files.createDirectory(dir.resolve("in"));
        Image.blank(20, 12, PixelFormat.RGB8).writePng(dir.resolve("in/plain.png"));
        sh(Map.of(), "cp in/plain.png \"in/$(printf '" + UMLAUT + "').png\"");
    }

    private Said sh(Map<String, String> environment, String script) throws IOException, InterruptedException {
        Path out = dir.resolve("stdout");
        Path err = dir.resolve("stderr");
        ProcessBuilder builder = new ProcessBuilder("sh", "-c", script).directory(dir.toFile())
                .redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.environment().keySet().removeIf(k -> k.startsWith("LC_") || k.equals("LANG"));
        builder.environment().putAll(environment);
        int code = builder.start().waitFor();
        Process list = new ProcessBuilder("sh", "-c", "cd out && LC_ALL=C ls | LC_ALL=C sed -n l").directory(dir.toFile())
                .start();
        String files = new String(list.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        return new Said(code, Files.readString(out), Files.readString(err).replaceAll("WARNING: Using incubator.*\n", ""),
                files.lines().map(f -> f.substring(0, f.length() - 1)).toList());
    }

    /** An application image of the classes under test, with the launcher that is shipped. */
    private String launcher() throws IOException {
        Path bin = Files.createDirectories(dir.resolve("image/bin"));
        Path lib = Files.createDirectories(dir.resolve("image/lib"));
        Files.createSymbolicLink(dir.resolve("image/runtime"), Path.of(System.getProperty("java.home")));
        Path script = Files.copy(Path.of("src/kerf-cli/src/main/image/bin/kerf"), bin.resolve("kerf"));
        assertTrue(script.toFile().setExecutable(true));
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.CLASS_PATH,
                Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                        .map(p -> Path.of(p).toUri().toString()).collect(Collectors.joining(" ")));
        new JarOutputStream(Files.newOutputStream(lib.resolve("kerf.jar")), manifest).close();
        return "TORNADOVM_HOME= KERF_JAVA_OPTIONS='" + Run.SOON_DONE.getFirst() + "' " + script;
    }

    /** The command without the launcher. */
    private static String java() {
        return System.getProperty("java.home") + "/bin/java " + String.join(" ", Run.SOON_DONE)
                + " --add-modules=jdk.incubator.vector "
                + "--enable-native-access=ALL-UNNAMED -cp '" + System.getProperty("java.class.path") + "' dev.kerf.cli.Main";
    }

    private static String segment(String kerf, String images) {
        return "u=\"$(printf '" + UMLAUT + "')\"; " + kerf + " segment --backend cpu --no-overlay --weights net.safetensors "
                + "--out out " + images;
    }

    @Test
    void theLauncherTakesEveryName() throws Exception {
        String kerf = launcher();
        List<Map<String, String>> locales = List.of(Map.of("LC_ALL", "C"), Map.of(), Map.of("LANG", "xx_YY.UTF-8"));
        for (Map<String, String> locale : locales) {
            Said said = sh(locale, segment(kerf, "in && mv out/* . && ") + kerf + " segment --quiet --backend cpu --no-overlay "
                    + "--weights net.safetensors --out out \"in/$u.png\"");
            assertEquals(0, said.code, said.err);
            assertEquals("", said.err);
            assertTrue(said.out.contains("ä.png  20x12"), said.out);
            assertEquals(List.of(UMLAUT + "-labels.png"), said.files);
        }
    }

    @Test
    void whereTheLocaleLacksANameItIsOneFailedImage() throws Exception {
        for (String images : List.of("in", "\"in/$u.png\" in/plain.png")) {
            Said said = sh(Map.of("LC_ALL", "C"), segment(java(), images));
            assertEquals(3, said.code, said.err);
            assertEquals(List.of("plain-labels.png"), said.files);
            assertEquals(1, said.err.lines().count(), said.err);
            assertTrue(said.err.contains(".png here, where names are in ANSI_X3.4-1968; set LC_ALL=C.UTF-8"), said.err);
        }
        Said other = sh(Map.of("LC_ALL", "C"), segment(java(), "in/plain.png --weights \"$u.safetensors\""));
        assertEquals(2, other.code);
        assertTrue(other.err.contains("set LC_ALL=C.UTF-8") && !other.err.contains("Exception"), other.err);
    }

    @Test
    void namesThatAreNoUtf8AreRead() throws Exception {
        String copy = "l=\"$(printf '" + LATIN + "')\"; mv \"in/$u.png\" \"in/$l.png\"; ";
        Said said = sh(Map.of("LC_ALL", "C.UTF-8"), segment("true", "; ") + copy + segment(java(), "in"));
        assertEquals(0, said.code, said.err);
        assertEquals(List.of("\\357\\277\\275-labels.png", "plain-labels.png").stream().sorted().toList(),
                said.files.stream().sorted().toList());
    }
}
