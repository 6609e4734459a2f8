package dev.kerf.check;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CpuOptions;
import dev.kerf.backend.Device;
import dev.kerf.check.Bits.Subject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The same bits in every call, whatever thread asks; on {@code cpu} also for any number of threads, width of vectors and
 * tier of the JIT: interpreted, compiled by C1 alone, and hot. {@code -Dkerf.test.wide=true} runs each op 2,000 times hot (100
 * otherwise), 20 times with C1 alone and twice interpreted, the narrow networks interpreted too, and adds SAM 2 and Mask R-CNN
 * as the quick golden cases have them, 50 times hot, from 8 threads, and three times with C1 alone:
 *
 * <pre>{@code
 * mvn test -Dtest=DeterminismTest -Dkerf.test.wide=true      # tens of minutes
 * }</pre>
 */
class DeterminismTest {
    private static final boolean WIDE = Boolean.getBoolean("kerf.test.wide");
    private static final int THREADS = 8;

    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void everyCallGivesTheSameBits(String id) throws Exception {
        try (Device device = Backends.open(id)) {
            one(id, Bits.of(device, Subject.OPS, WIDE ? 2_000 : 100, 1));
            one(id, Bits.of(device, Subject.NARROW, WIDE ? 50 : 4, THREADS));
            if (WIDE) {
                Map<String, Set<Long>> alone = Bits.of(device, Subject.QUICK, 50, 1);
                one(id, alone);
                assertEquals(alone, Bits.of(device, Subject.QUICK, 3, THREADS), id + ", from " + THREADS + " threads");
            }
        }
    }

    private static void one(String id, Map<String, Set<Long>> bits) {
        List<String> many = bits.keySet().stream().filter(name -> bits.get(name).size() != 1).toList();
        assertEquals(List.of(), many, id + ": results that differ from call to call");
    }

    @Test
    void theNumberOfThreadsIsNotSeen() throws Exception {
        for (Subject subject : WIDE ? Subject.values() : new Subject[] {Subject.OPS, Subject.NARROW}) {
            try (Device one = Backends.open("cpu", CpuOptions.of().threads(1));
                    Device seven = Backends.open("cpu", CpuOptions.of().threads(7))) {
                assertEquals(Bits.of(one, subject, 1, 1), Bits.of(seven, subject, 1, 1));
            }
        }
    }

    @Test
    void neitherTheJitNorTheWidthOfVectorsIsSeen() throws Exception {
        tiers(Subject.OPS, WIDE ? 20 : 2, WIDE ? 2 : 1);
        tiers(Subject.NARROW, 1, WIDE ? 1 : 0);
        if (WIDE) {
            tiers(Subject.QUICK, 3, 0);
        }
    }

    /** The other JVMs run beside this one. @param interpreted runs in an interpreting JVM; 0 for none */
    private static void tiers(Subject subject, int compiledByC1, int interpreted) throws Exception {
        List<Child> others = new ArrayList<>(List.of(Child.start(subject, compiledByC1, "-XX:TieredStopAtLevel=1"),
                Child.start(subject, 1, "-XX:+IgnoreUnrecognizedVMOptions", "-XX:UseAVX=2")));
        if (interpreted > 0) {
            others.add(Child.start(subject, interpreted, "-Xint"));
        }
        String hot;
        try (Device device = Backends.open("cpu")) {
            Bits.of(device, subject, 3, 1);
            hot = Bits.of(device, subject, 1, 1).entrySet().stream().map(e -> e.getKey() + " = " + e.getValue())
                    .collect(Collectors.joining("\n"));
        }
        for (Child other : others) {
            assertEquals(hot, other.printed(), String.join(" ", other.flags));
        }
    }

    /** A JVM with some flags that prints {@link Bits}. */
    private record Child(List<String> flags, Process process, Path out) {
        static Child start(Subject subject, int runs, String... flags) throws IOException {
            List<String> command = new ArrayList<>(
                    List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
            command.addAll(List.of(flags));
            command.addAll(List.of("--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-cp",
                    System.getProperty("java.class.path"), Bits.class.getName(), subject.name(), Integer.toString(runs)));
            Path out = Files.createTempFile("kerf", ".bits");
            return new Child(List.of(flags), new ProcessBuilder(command).redirectOutput(out.toFile())
                    .redirectError(ProcessBuilder.Redirect.DISCARD).start(), out);
        }

        String printed() throws IOException, InterruptedException {
            int status = process.waitFor();
            String text = Files.readString(out).strip();
            Files.delete(out);
            assertEquals(0, status, String.join(" ", flags) + ": " + text);
            return text;
        }
    }
}
