package dev.kerf.backend.gpu.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.gpu.kernel.Architecture;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.error.BadFileException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The PTX that is checked in does what nvcc makes of the kernels as they are now: of some, where that nvcc is, and of all with
 * {@code -Dkerf.test.wide=true}. The hash of what each was made from must be that of the present sources and sets.
 */
class PtxTest {
    private static final boolean WIDE = Boolean.getBoolean("kerf.test.wide");
    private static final Path FOLDER = Path.of("kernels", "ptx");
    private static final Pattern OTHER_HALF = Pattern.compile("cvt\\.(?!rn\\.b?f16(?:x2)?\\.f32 |f32\\.f16 )\\S*f16");
    /** What a kernel computes and touches: floating-point arithmetic, stores, reads of global memory, atomics, barriers, products on tensor cores. */
    private static final Pattern DEED = Pattern
            .compile("(?m)^\\s*(?:@!?%p\\d+\\s+)?((?:(?:fma|add|sub|mul|div|rcp|ex2|max|min|sqrt)"
                    + "\\.[\\w.]*f(?:16|32|64)|(?:st|ld\\.global|atom|bar|mma|ldmatrix|cp)\\.[\\w.]+))\\s");
    private static final Pattern CONSTANT = Pattern.compile("\\b0[fd][0-9A-F]{8,16}\\b");
    private static final Pattern VECTOR = Pattern.compile("\\.v([24])(?=\\.)");
    private static final String AGAIN = ": run kernels/ptx/build.sh";

    static List<String> kernels() {
        return ShippedSets.kernels();
    }

    private static String checkedIn(String kernel) throws IOException {
        Path file = FOLDER.resolve(PtxBuild.file(kernel));
        assertTrue(Files.exists(file), file + " is missing" + AGAIN);
        return Files.readString(file);
    }

    /** The release of the nvcc that made a kernel's file, after its first line was held to what it was made from. */
    private static String release(String kernel, String text) {
        Matcher made = Pattern.compile(" made by nvcc (V[\\d.]+) from ").matcher(text);
        assertTrue(made.find(), kernel);
        assertEquals(PtxBuild.firstLine(kernel, made.group(1)), text.substring(0, text.indexOf('\n')),
                kernel + ".ptx is older than its source or its sets" + AGAIN);
        return made.group(1);
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void isMadeFromThePresentSources(String kernel) throws IOException {
        String text = checkedIn(kernel);
        release(kernel, text);
        assertEquals(PtxSums.read(FOLDER.resolve(PtxSums.FILE)).get(PtxBuild.file(kernel)), PtxSums.of(text),
                kernel + ".ptx isn't what kernels/ptx/build.sh wrote");
    }

    /** The smallest kernels of which each does something that none smaller does, or is the smallest for an architecture; or all. */
    static List<String> compiled() throws IOException {
        if (WIDE) {
            return kernels();
        }
        Map<Integer, List<String>> bySize = new TreeMap<>();
        Map<String, Set<String>> kinds = new HashMap<>();
        for (String kernel : kernels()) {
            String text = checkedIn(kernel);
            Set<String> does = DEED.matcher(text).results().map(d -> d.group(1).substring(0, d.group(1).indexOf('.')))
                    .collect(Collectors.toCollection(HashSet::new));
            does.add(Manifest.of(kernel).architecture().toString());
            kinds.put(kernel, does);
            bySize.computeIfAbsent(text.length(), _ -> new ArrayList<>()).add(kernel);
        }
        Set<String> seen = new HashSet<>();
        return bySize.values().stream().flatMap(List::stream).filter(k -> seen.addAll(kinds.get(k))).toList();
    }

    @ParameterizedTest
    @MethodSource("compiled")
    void isWhatNvccMakes(String kernel, @TempDir Path scratch) throws IOException {
        String text = checkedIn(kernel);
        String made = release(kernel, text);
        if (PtxBuild.release().equals(made)) {
            PtxBuild.Made again = new PtxBuild(scratch).make(kernel);
            assertEquals(deeds(text), deeds(again.text()), kernel + ".ptx isn't what nvcc makes" + AGAIN);
            assertEquals(withoutRegisters(row(kernel)), withoutRegisters(PtxBuild.row(kernel, again)),
                    "kernels/ptx/README.md isn't what ptxas says" + AGAIN);
            if (text.equals(again.text())) {
                assertEquals(row(kernel), PtxBuild.row(kernel, again), "registers in kernels/ptx/README.md" + AGAIN);
            }
        } else {
            System.out.println("nvcc " + made + " isn't here: " + kernel + ".ptx is only checked by its hash");
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void servesEachSet(String kernel) {
        for (KernelImages.Chip chip : List.of(new KernelImages.Chip(7, 5, 10020, "a GPU"),
                new KernelImages.Chip(8, 0, 11080, "a GPU"), new KernelImages.Chip(9, 0, 12060, "a GPU"),
                new KernelImages.Chip(12, 0, 13000, "a GPU"))) {
            Architecture architecture = Manifest.of(kernel).architecture();
            if (!architecture.runs(10 * chip.major() + chip.minor(), PtxVersion.ofDriver(chip.driver()))) {
                continue;
            }
            for (TreeMap<String, String> set : ShippedSets.of(kernel)) {
                KernelImages.Image image = ShippedImages.find(kernel, set, chip).orElseThrow(
                        () -> new AssertionError("no " + kernel + " with " + set + " for " + chip));
                String ptx = new String(image.bytes(), StandardCharsets.US_ASCII);
                assertTrue(ptx.startsWith(".version " + architecture.isa() / 10 + "."), ptx.substring(0, 40));
                assertEquals(1, Pattern.compile("\\.entry ").matcher(ptx).results().count());
                assertTrue(ptx.contains(".visible .entry " + kernel + "("), kernel);
                assertTrue(ptx.endsWith("}\n") && !ptx.contains("//"), kernel);
                // Halves are rounded to nearest even, subnormals kept, as OpenCL's vstore_half_rte does.
                assertEquals(0, OTHER_HALF.matcher(ptx).results().count(), kernel + " " + set);
            }
        }
    }

    @Test
    void servesNothingElse() {
        KernelImages.Chip chip = new KernelImages.Chip(9, 0, 12060, "a GPU");
        Map<String, String> set = ShippedSets.of("softmax").getFirst();
        assertTrue(ShippedImages.find("softmax", set, chip).isPresent());
        for (Map<String, String> other : List.of(with(set, "GROUP", "12"), with(set, "GROUP", "96"),
                with(set, "X", "1"), with(set, "KERF_STORAGE", "2"), Map.<String, String>of())) {
            assertFalse(ShippedImages.find("softmax", other, chip).isPresent(), other.toString());
        }
        assertFalse(ShippedImages.find("no_such_kernel", set, chip).isPresent());
        assertFalse(ShippedImages.find("softmax", set, new KernelImages.Chip(7, 0, 12060, "a V100")).isPresent());
    }

    /** Newer code is passed over for a driver that couldn't load it: the next architecture's serves, or none. */
    @Test
    void passesOverWhatTheDriverCannotLoad() {
        Map<String, String> set = Map.of("GROUP", "32");
        Map<String, String> texts = new TreeMap<>();
        Function<String, PtxFile> files = name -> file(name, texts.getOrDefault(name, ""));
        for (String[] code : new String[][] {{"sm_90a", "8.0"}, {"sm_80", "7.0"}, {"sm_75", "6.3"}}) {
            String module = ".version " + code[1] + "\n.target " + code[0] + "\n";
            texts.put(code[0] + "/k.ptx", "// k\n// at 0 " + module.length() + " GROUP=32\n" + module);
        }
        for (String[] expected : new String[][] {{"12060", "sm_90a"}, {"12000", "sm_90a"}, {"11080", "sm_80"},
            {"11000", "sm_80"}, {"10020", "sm_75"}, {"10000", "sm_75"}}) {
            KernelImages.Chip chip = new KernelImages.Chip(9, 0, Integer.parseInt(expected[0]), "a GPU");
            assertEquals("kernels/ptx/" + expected[1] + "/k.ptx",
                    ShippedImages.all("k", set, chip, files).findFirst().orElseThrow().origin(), expected[0]);
        }
        // Should the driver refuse what it ought to load, there is more.
        assertEquals(List.of("kernels/ptx/sm_90a/k.ptx", "kernels/ptx/sm_80/k.ptx", "kernels/ptx/sm_75/k.ptx"),
                ShippedImages.all("k", set, new KernelImages.Chip(9, 0, 12060, "a GPU"), files)
                        .map(KernelImages.Image::origin).toList());
        texts.keySet().removeIf(file -> !file.startsWith("sm_90a"));
        assertEquals(List.of(),
                ShippedImages.all("k", set, new KernelImages.Chip(9, 0, 11080, "a GPU"), files).toList());
    }

    private static PtxFile file(String name, String text) {
        return new PtxFile(name, () -> new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII)));
    }

    /** A module lies where the index says, which no reader goes beyond. */
    @ParameterizedTest
    @MethodSource("kernels")
    void isIndexed(String kernel) throws IOException {
        String text = Files.readString(FOLDER.resolve(PtxBuild.file(kernel)));
        PtxFile file = file(kernel, text);
        Map<String, String> marked = new TreeMap<>();
        List<String> keys = new ArrayList<>();
        for (String part : text.split("(?m)^(?=" + PtxFile.MARK + ")")) {
            if (part.startsWith(PtxFile.MARK)) {
                int end = part.indexOf('\n');
                keys.add(part.substring(PtxFile.MARK.length(), end));
                if (end + 1 < part.length()) {
                    keys.forEach(key -> marked.put(key, part.substring(end + 1)));
                    keys.clear();
                }
            }
        }
        assertEquals(text.lines().filter(l -> l.startsWith(PtxFile.AT)).count(), marked.size());
        marked.forEach((key, module) -> assertEquals(module, new String(file.module(key), StandardCharsets.US_ASCII)));
    }

    @Test
    void saysWhichFileIsBroken() {
        assertNull(file("k.ptx", "").module("GROUP=32"));
        PtxFile cut = file("k.ptx", "// k\n// at 4 10 GROUP=32\n.version 6.3");
        assertEquals("k.ptx can't be read (java.io.EOFException: it ends within the module of GROUP=32)",
                assertThrows(BadFileException.class, () -> cut.module("GROUP=32")).getMessage());
        for (String line : List.of("// at x 1 A=1", "// at 0 1")) {
            assertThrows(BadFileException.class, () -> file("k.ptx", "// k\n" + line + "\n"), line);
        }
    }

    private static Map<String, String> with(Map<String, String> set, String name, String value) {
        Map<String, String> other = new TreeMap<>(set);
        other.put(name, value);
        return other;
    }

    @Test
    void holdsNothingOfKernelsThatAreNoMore() throws IOException {
        try (Stream<Path> files = Files.walk(FOLDER)) {
            assertEquals(kernels().stream().map(PtxBuild::file).sorted().toList(),
                    files.filter(f -> f.toString().endsWith(".ptx")).map(FOLDER::relativize).sorted().toList());
            assertEquals(kernels().stream().map(PtxBuild::file).sorted().toList(),
                    List.copyOf(PtxSums.read(FOLDER.resolve(PtxSums.FILE)).keySet()));
        }
    }

    /** The table is made along with the code. */
    @ParameterizedTest
    @MethodSource("kernels")
    void spillsNothing(String kernel) throws IOException {
        String[] cells = row(kernel).split("\\|");
        assertEquals("0", cells[cells.length - 1].strip(), row(kernel));
        assertTrue(Integer.parseInt(cells[cells.length - 2].strip()) <= PtxBuild.STACK, row(kernel));
    }

    /**
     * The sets that each module serves, its floating-point constants, and how often it does what {@link #DEED} names.
     * The rest may differ: how long the scratch folder's name is, and where memory lies, decides in nvcc which copies,
     * addresses and reads of shared memory remain in a long kernel.
     */
    private static List<Map<String, Integer>> deeds(String file) {
        List<Map<String, Integer>> modules = new ArrayList<>();
        for (String module : file.split("(?<=\n}\n)")) {
            Map<String, Integer> counts = new TreeMap<>();
            module.lines().filter(l -> l.startsWith(PtxFile.MARK)).forEach(l -> counts.merge(l, 1, Integer::sum));
            CONSTANT.matcher(module).results().forEach(c -> counts.put(c.group(), 1));
            Matcher m = DEED.matcher(module);
            while (m.find()) {
                Matcher vector = VECTOR.matcher(m.group(1));
                int width = vector.find() ? Integer.parseInt(vector.group(1)) : 1;
                counts.merge(vector.reset().replaceAll(""), width, Integer::sum);
            }
            modules.add(counts);
        }
        return modules;
    }

    private static String withoutRegisters(String row) {
        List<String> cells = new ArrayList<>(List.of(row.split("\\|")));
        cells.subList(4, 8).clear(); // the file's KiB with them
        return String.join("|", cells);
    }

    private static String row(String kernel) throws IOException {
        return Files.readAllLines(FOLDER.resolve("README.md")).stream()
                .filter(l -> l.startsWith("| " + kernel + " |")).findFirst()
                .orElseThrow(() -> new AssertionError(kernel + " isn't in kernels/ptx/README.md" + AGAIN));
    }
}
