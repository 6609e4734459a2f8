package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.json.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bench/gpu-check.sh} over a program that only says what it was called with: time boxes, going on, the report. */
class GpuCheckTest {
    private static final Path SCRIPT = Path.of("bench/gpu-check.sh").toAbsolutePath();

    /** Both back ends; a call that matches SLOW takes a minute, one that matches WRONG fails. */
    private static final String PROGRAM = """
            #!/usr/bin/env bash
            echo "$*" >>"${0%/*/bin/kerf}/calls"
            case $1 in
                --version) echo "kerf 1" ;;
                devices) printf 'cuda:0  a card\\n    precisions    float32, tf32, float16\\njcuda:0  a card\\n' ;;
            esac
            [ -z "${SLOW-}" ] || [[ "$*" != *$SLOW* ]] || exec sleep 60
            [ -z "${WRONG-}" ] || [[ "$*" != *$WRONG* ]] || { echo "it is wrong"; exit 1; }
            """;

    @TempDir
    private Path dir;

    private Path kerf;

    @BeforeEach
    void program() throws IOException {
        kerf = dir.resolve("a kerf");
        write(kerf.resolve("bin/kerf"), PROGRAM);
        // A sanitizer that runs what it is given, and no Python.
        write(dir.resolve("path/compute-sanitizer"),
                "#!/usr/bin/env bash\nwhile [[ $1 == -* ]]; do case $1 in --error*|--t*) shift ;; esac;"
                        + " shift; done\n\"$@\"\n");
        for (String tool : List.of("bash", "env", "mktemp", "rm", "mkdir", "cat", "uname", "grep", "sed", "find", "sort",
                "cksum",
                "cmp", "cp", "mv", "awk", "cut", "date", "paste", "tr", "tail", "head", "basename", "dirname", "timeout",
                "sleep",
                "ls")) {
            Path found = List.of("/usr/bin", "/bin").stream().map(p -> Path.of(p, tool)).filter(Files::exists).findFirst()
                    .orElseThrow();
            Files.createSymbolicLink(dir.resolve("path").resolve(tool), found);
        }
    }

    private static void write(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        assertTrue(file.toFile().setExecutable(true));
    }

    private int check(Map<String, String> environment, String... more) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(dir.resolve("path/bash").toString(), SCRIPT.toString(), "--kerf",
                kerf.toString(), "--out", dir.resolve("an out").toString()));
        command.addAll(List.of(more));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(dir.resolve("said").toFile());
        builder.environment().put("PATH", dir.resolve("path").toString());
        builder.environment().putAll(environment);
        return builder.start().waitFor();
    }

    private Map<String, String> states() {
        return Json.read(dir.resolve("an out/gpu-check.json")).at("steps").items().stream().collect(Collectors.toMap(
                s -> s.at("step").asString(), s -> s.at("state").asString(), (a, b) -> a + " and " + b, TreeMap::new));
    }

    private List<String> steps(Predicate<String> state) {
        return states().entrySet().stream().filter(e -> state.test(e.getValue())).map(Map.Entry::getKey).toList();
    }

    private List<String> calls() throws IOException {
        Path calls = dir.resolve("calls");
        List<String> all = Files.readAllLines(calls).stream().filter(c -> !c.equals("devices") && !c.equals("--version"))
                .toList();
        Files.delete(calls);
        return all;
    }

    @Test
    void theBoxesTakeTwelveMinutes() throws IOException, InterruptedException {
        assertEquals(0, check(Map.of(), "--list"));
        List<String> lines = Files.readAllLines(dir.resolve("said"));
        assertTrue(lines.size() > 15, lines.toString());
        assertTrue(lines.getFirst().endsWith("cuda: self-test, f32"), "what is right comes first: " + lines);
        assertTrue(lines.stream().mapToInt(l -> Integer.parseInt(l.strip().split(" ")[0])).sum() <= 12 * 60, lines.toString());
        assertFalse(Files.exists(dir.resolve("an out")));
    }

    @Test
    void whatWasNotReachedIsRunByTheNextCall() throws IOException, InterruptedException {
        assertEquals(2, check(Map.of("SLOW", "sam2-memory"), "--minutes", "1"));
        assertEquals(List.of("cuda: sam2-memory"), steps("not reached"::equals));
        assertEquals(List.of("PyTorch on the same card"), steps("not run"::equals));
        List<String> first = calls();
        assertEquals(first.size() - 1, steps("passed"::equals).size());
        for (String call : List.of("selftest --backend cuda --precision f32 ", "--precision tf32 ", "--precision f16 ",
                "--only parity --ops convolution,", "bench --backend cuda --network unet ", "--network maskrcnn ",
                "--network sam2-encoder ", "--network sam2-decoder ", "--network sam2-frame ", "--only kernels",
                "selftest --backend jcuda ", "bench --backend jcuda ")) {
            assertTrue(first.stream().anyMatch(c -> c.contains(call)), call + " in " + first);
        }
        assertEquals(2, check(Map.of(), "--minutes", "1"));
        assertEquals(1, calls().size(), "only what wasn't reached");
        assertEquals(List.of(), steps("not reached"::equals));
        String report = Files.readString(dir.resolve("an out/gpu-check.md"));
        assertTrue(report.startsWith("# GPU check: " + first.size() + " passed, 0 failed, 0 not reached, 1 can't be run here")
                && report.contains("| cuda: sam2-memory | passed |"), report);
    }

    @Test
    void aFailureStaysUntilTheProgramIsAnother() throws IOException, InterruptedException {
        assertEquals(1, check(Map.of("WRONG", "tf32x3")));
        assertEquals(List.of("cuda: self-test, tf32x3"), steps("failed"::equals));
        assertTrue(Files.readString(dir.resolve("an out/gpu-check.md"))
                .contains("exit 1; it is wrong; see selftest-cuda-tf32x3.log"));
        int all = calls().size();
        assertEquals(1, check(Map.of()));
        assertFalse(Files.exists(dir.resolve("calls")) && !calls().isEmpty(), "nothing is run twice");
        write(kerf.resolve("bin/kerf"), PROGRAM + "# another\n");
        assertEquals(2, check(Map.of()));
        assertEquals(all, calls().size());
        assertEquals(2, check(Map.of(), "--again"));
        assertEquals(all, calls().size());
    }

    @Test
    void withoutACardItSaysSo() throws IOException, InterruptedException {
        write(kerf.resolve("bin/kerf"), "#!/usr/bin/env bash\necho \"cuda  can't start: no driver | here\"\n");
        assertEquals(2, check(Map.of()));
        assertEquals(List.of("PyTorch on the same card", "cuda", "jcuda"), steps("not run"::equals));
        String report = Files.readString(dir.resolve("an out/gpu-check.md"), StandardCharsets.UTF_8);
        assertTrue(report.contains("| cuda | not run | 0 | no driver \\| here |"), report);
        assertEquals(3, check(Map.of(), "--minutes", "0"));
        assertEquals(3, check(Map.of(), "--goldens", dir.resolve("none").toString()));
        assertEquals(3, check(Map.of(), "--fast"));
    }
}
