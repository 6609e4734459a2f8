package dev.kerf.backend.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Device;
import dev.kerf.backend.gpu.kernel.KernelSource;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.error.BadFileException;
import dev.kerf.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The manifest says of each kernel what its source says. */
class ManifestTest {
    private static final Path KERNELS = Path.of("kernels");
    private static final Pattern FUNCTION = Pattern.compile("(?sm)^DEVICE[^{;]*?\\b(\\w+)\\([^{;]*\\{(.*?)\\n\\}");
    private static final Pattern SIGNATURE = Pattern
            .compile("KERNEL\\s+(?:(?:[A-Z_]+|__launch_bounds__\\(\\w+\\))\\s+)?(\\w+)\\s*\\(([^)]*)\\)");

    static List<String> kernels() throws IOException {
        try (Stream<Path> files = Files.list(KERNELS.resolve("manifest"))) {
            return files.map(f -> Manifest.of(f.getFileName().toString().replace(".json", "")))
                    .flatMap(m -> Stream.concat(Stream.of(m), m.variants().stream()))
                    .map(Manifest::name)
                    .sorted()
                    .toList();
        }
    }

    @Test
    void everyKernelHasAManifest() throws IOException {
        try (Stream<Path> files = Files.walk(KERNELS)) {
            List<String> sources = files.map(f -> f.getFileName().toString())
                    .filter(f -> f.endsWith(".cl") || f.endsWith(".cu"))
                    .map(f -> f.substring(0, f.lastIndexOf('.')))
                    .sorted()
                    .toList();
            assertEquals(sources, kernels());
            assertFalse(sources.isEmpty());
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void argumentsAreThoseOfTheSource(String kernel) {
        String source = KernelSource.of(kernel, Manifest.of(kernel).dialect()).replaceAll("//[^\n]*", "");
        Matcher m = SIGNATURE.matcher(source);
        assertTrue(m.find(), "no KERNEL in " + kernel + ".cl");
        // A header that several kernels share has another word for the name.
        Matcher name = Pattern.compile("(?m)^#define " + m.group(1) + " (\\w+)$").matcher(source);
        assertEquals(kernel, name.find() ? name.group(1) : m.group(1));
        List<String> arguments = Arrays.stream(m.group(2).split(",")).map(ManifestTest::plain).toList();
        assertFalse(m.find(), "a second KERNEL in " + kernel + ".cl");
        List<String> said = Manifest.of(kernel).arguments().stream().map(a -> a.type() + " " + a.name()).toList();
        assertEquals(arguments, said);
    }

    /** {@code GLOBAL const real *RESTRICT x} as {@code const real* x}; {@code wide} and {@code source} are {@code real} without {@code WIDE} and {@code NARROW}. */
    private static String plain(String argument) {
        String words = argument.replaceAll("\\b(wide|source)\\b", "real").replace("GLOBAL", "").replace("RESTRICT", "")
                .replace("*", " * ").strip();
        List<String> parts = new ArrayList<>(Arrays.asList(words.split("\\s+")));
        String name = parts.removeLast();
        return String.join(" ", parts).replace(" *", "*") + " " + name;
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void definitionsAreUsed(String kernel) {
        Manifest m = Manifest.of(kernel);
        String source = KernelSource.of(kernel, m.dialect());
        for (String name : Stream.concat(m.attributes().stream(), m.parameters().keySet().stream()).toList()) {
            boolean used = Pattern.compile("\\b" + name + "\\b").matcher(source).find();
            boolean geometry = m.local().stream().anyMatch(e -> e.names().contains(name));
            assertTrue(used || geometry, kernel + ".cl doesn't use " + name);
            assertTrue(!used || !m.parameters().containsKey(name) || source.contains("#ifndef " + name),
                    kernel + ".cl has no default for " + name);
        }
        for (Manifest.Argument a : m.arguments()) {
            boolean described = !a.pointer() || m.attributes().contains(a.element())
                    || List.of("real", "float", "int", "uint", "uchar", "char", "ushort", "short", "long", "double")
                            .contains(a.element());
            assertTrue(described, kernel + ": " + a);
            // Only tables and the error cell lie at the start of a buffer of their own; activations and counts don't.
            boolean moves = a.pointer() && (a.element().equals("real") || a.name().endsWith("count"));
            assertTrue(!moves || m.index(a.name() + "_off") >= 0, kernel + ": no " + a.name() + "_off");
        }
    }

    /** Nor does a whole group, which PoCL has execute what follows the barrier. */
    @ParameterizedTest
    @MethodSource("kernels")
    void noWorkItemReturnsBeforeABarrier(String kernel) {
        String source = KernelSource.of(kernel, Manifest.of(kernel).dialect()).replaceAll("//[^\n]*", "");
        List<String> waits = new ArrayList<>(List.of("BARRIER"));
        FUNCTION.matcher(source).results().filter(f -> f.group(2).contains("BARRIER"))
                .forEach(f -> waits.add(f.group(1) + "("));
        Matcher m = SIGNATURE.matcher(source);
        assertTrue(m.find());
        String body = source.substring(m.end());
        int left = body.indexOf("return;");
        waits.forEach(w -> assertTrue(left < 0 || body.lastIndexOf(w) < left, kernel + ": " + w));
    }

    /** What one variant decides when it runs, another may when it is compiled ({@link KernelCall#choice}). */
    @ParameterizedTest
    @MethodSource("kernels")
    void attributesThatAVariantAddsAreArguments(String kernel) {
        Manifest m = Manifest.of(kernel);
        for (Manifest variant : m.variants()) {
            // How numbers are stored and multiplied isn't an op's choice, and what comes behind a product is none where nothing does.
            List<String> numbers = List.of(KernelSource.WIDE, KernelSource.ARITHMETIC, "TURNED");
            variant.attributes().stream().filter(a -> !m.attributes().contains(a) && !numbers.contains(a)).forEach(
                    a -> assertTrue(m.index(a.toLowerCase(Locale.ROOT)) >= 0, a + " of " + variant.name()));
            variant.devices().forEach(Device.Info.Kind::valueOf);
        }
    }

    @Test
    void refusesWhatIsMalformed() {
        String good = "{\"file\": \"k.cl\", \"what\": \"\", \"arguments\": [\"int n\"], \"global\": [\"n\"], "
                + "\"local\": [\"1\"], "
                + "\"flops\": \"0\", \"bytes\": \"0\"}";
        assertEquals(0, Manifest.parse("k", Json.parse(good)).index("n"));
        for (String[] change : new String[][] {{"k.cl", "j.cl"}, {"int n", "n"}, {"int n", "half n"}, {"[\"1\"]", "[]"},
            {"\"flops\": \"0\"", "\"flops\": \"1 +\""}, {"\"what\": \"\", ", ""},
            {"\"flops\"", "\"parameters\": {\"T\": {\"default\": 3, \"values\": [1, 2]}}, \"flops\""}}) {
            assertTrue(good.contains(change[0]));
            Json json = Json.parse(good.replace(change[0], change[1]));
            assertThrows(BadFileException.class, () -> Manifest.parse("k", json), change[1]);
        }
        assertTrue(assertThrows(BadFileException.class, () -> Manifest.of("no_such_kernel")).getMessage()
                .contains("no_such_kernel"));
    }
}
