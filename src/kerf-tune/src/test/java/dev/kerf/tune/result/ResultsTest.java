package dev.kerf.tune.result;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import dev.kerf.tune.Simulation;
import dev.kerf.tune.result.Trial.Validity;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files as other tuners leave them, and our own. */
class ResultsTest {
    private static final String CACHE = """
            {
            "device_name": "Drawn GPU",
            "kernel_name": "blur",
            "problem_size": [
            4096,
            4096
            ],
            "tune_params_keys": [
            "block",
            "tile",
            "cached"
            ],
            "tune_params": {
            "block": [32, 16, 64],
            "tile": [1, 2],
            "cached": [true, false]
            },
            "objective": "time",
            "cache": {
            "32,1,True": {"block": 32, "tile": 1, "cached": true, "time": 2.5, "times": [2.75, 2.25], "compile_time": 100.0, \
            "verification_time": 4, "benchmark_time": 6.5, "GFLOP/s": 12.5, "strategy_time": 1, "framework_time": 2.0, \
            "timestamp": "2026-01-02 03:04:05.678901+00:00"},
            "16,2,True": {"block": 16, "tile": 2, "cached": true, "time": "CompilationFailedConfig", "compile_time": 50.0, \
            "verification_time": 0, "benchmark_time": 0, "strategy_time": 0, "framework_time": 1.0, "timestamp": ""},
            "64,1,False": {"block": 64, "tile": 1, "cached": false, "time": 1.5, "times": [1.5], "compile_time": 80.0, \
            "verification_time": 0, "benchmark_time": 2, "strategy_time": 0, "framework_time": 0.5, "timestamp": ""},
            "64,2,False": {"block": 64, "tile": 2, "cached": false, "time": "x", "__error__": "RuntimeFailedConfig", \
            "compile_time": 1, "verification_time": 1, "benchmark_time": 1, "timestamp": ""},
            "16,1,False": {"block": 16, "tile": 1, "cached": false, "time": 1e20, "compile_time": 1, "verification_time": 1, \
            "benchmark_time": 1, "timestamp": ""},
            "32,2,False": {"block": 32, "tile": 2, "cached": false, "time": "InvalidConfig", "timestamp": ""}}
            }
            """;

    @TempDir
    private Path temp;

    private Path file(String text) throws IOException {
        return Files.writeString(temp.resolve("file.json"), text);
    }

    private static List<Validity> validities(Results r) {
        return r.trials().stream().map(Trial::validity).toList();
    }

    @Test
    void aCacheOfKernelTuner() throws IOException {
        Results r = Results.read(file(CACHE));
        assertEquals("Drawn GPU", r.about().device());
        assertEquals("blur", r.about().kernel());
        assertEquals(Map.of("size_0", 4096L, "size_1", 4096L), r.about().problem());
        assertEquals(List.of("block", "tile", "cached"), r.about().parameters().stream().map(p -> p.name()).toList());
        assertEquals("[32, 16, 64]", r.about().parameters().getFirst().values().toString(), "in the file's order");
        assertEquals(List.of(Validity.CORRECT, Validity.COMPILE, Validity.CORRECT, Validity.RUNTIME, Validity.RUNTIME,
                Validity.CONSTRAINTS), validities(r));
        Trial first = r.trials().getFirst();
        assertEquals(0.0025, first.objective());
        assertEquals(List.of(0.00275, 0.00225), first.times().runs());
        assertEquals(0.1105, first.times().charged(), 1e-12);
        assertEquals(0.001, first.times().search());
        assertEquals(0.002, first.times().framework());
        assertEquals("2026-01-02 03:04:05.678901+00:00", first.timestamp());
        Simulation simulation = new Simulation(r);
        assertEquals(6, simulation.space().size());
        assertEquals("{block=64, tile=1, cached=false}", simulation.optimum().configuration().toString());
        assertEquals(0.0015, simulation.optimum().cost());
    }

    /** The brackets at the end are missing while tuning goes on; a line may be cut off; a packed file is unpacked. */
    @Test
    void anUnfinishedCache() throws IOException {
        String open = CACHE.strip().replaceAll("}\\s*}$", "");
        assertEquals(6, Results.read(file(open)).trials().size());
        assertEquals(6, Results.read(file(open + ",")).trials().size());
        assertEquals(6, Results.read(file(open + ",\n")).trials().size());
        assertEquals(6, Results.read(file(open + ",\n\"16,2,False\": {\"block\": 1")).trials().size());
        assertEquals(5, Results.read(file(open.substring(0, open.length() - 30))).trials().size());
        assertEquals(0, Results.read(file(open.substring(0, open.indexOf("\"32,1,True\"")))).trials().size());
        Path packed = temp.resolve("file.json.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
            out.write(open.getBytes(StandardCharsets.UTF_8));
        }
        assertEquals(6, Results.read(packed).trials().size());
        assertThrows(BadFileException.class, () -> Results.read(file(CACHE.substring(0, 60))));
        assertThrows(BadFileException.class, () -> Results.read(file("{\"a\": 1}")));
    }

    @Test
    void whatCannotBeSearchedForIsRefused() throws IOException {
        for (String objective : List.of("\"GFLOP/s\"", "[\"time\", \"energy\"]")) {
            String said = assertThrows(BadFileException.class,
                    () -> Results.read(file(CACHE.replace("\"objective\": \"time\"", "\"objective\": " + objective))))
                    .getMessage();
            assertTrue(said.contains("objective"), said);
        }
        assertEquals(2.5, Results.read(file(CACHE.replace("\"objective\": \"time\"", "\"objective\": [\"joules\"]")
                .replace("\"time\":", "\"joules\":"))).trials().getFirst().objective(), "of another unit than time");
        String unknown = assertThrows(BadFileException.class,
                () -> Results.read(file(CACHE.replace("RuntimeFailedConfig", "Exploded")))).getMessage();
        assertTrue(unknown.contains("Exploded") && unknown.contains("64,2,False"), unknown);
    }

    @Test
    void t4OfBothVersions() throws IOException {
        String result = """
                {"configuration": {"a": %d, "b": "x"}, "objectives": ["time"], "times": {%s, "runtimes": [%s],
                 "framework": 1, "search_algorithm": 2, "validation": 3}, "invalidity": "%s", "correctness": 1,
                 "measurements": [%s]}""";
        String measured = "{\"name\": \"time\", \"value\": %s, \"unit\": \"%s\"}";
        String old = "{\"results\": [" + result.formatted(1, "\"compilation\": 40, \"benchmark\": 9", "4.0, 5.0", "correct",
                measured.formatted("4.5", "")) + "], \"schema_version\": \"1.0.0\"}";
        Trial first = Results.read(file(old)).trials().getFirst();
        assertEquals(0.0045, first.objective(), "milliseconds where no unit is said");
        assertEquals(0.052, first.times().charged(), 1e-12);
        String later = "{\"metadata\": {\"device\": \"D\", \"timeunit\": \"%s\"}, \"schema_version\": \"1.1.0\", \"results\": ["
                + result.formatted(1, "\"compilation_time\": 40", "4.0, 5.0", "correct", measured.formatted("4500", "us")) + ","
                + result.formatted(2, "\"compilation_time\": 40", "4.0, 6.0", "correct", "") + ","
                + result.formatted(3, "\"compilation_time\": 40", "", "correctness", "") + ","
                + result.formatted(4, "\"compilation_time\": 40", "", "timeout", "") + "]}";
        Results misspelt = Results.read(file(later.formatted("miliseconds")));
        assertEquals("D", misspelt.about().device());
        assertEquals(List.of(Validity.CORRECT, Validity.CORRECT, Validity.CORRECTNESS, Validity.TIMEOUT), validities(misspelt));
        assertEquals(0.0045, misspelt.trials().getFirst().objective());
        assertEquals(0.005, misspelt.trials().get(1).objective(), "the mean of the runs");
        assertEquals(0.052, misspelt.trials().getFirst().times().charged(), 1e-12);
        Results seconds = Results.read(file(later.formatted("seconds")));
        assertEquals(0.0045, seconds.trials().getFirst().objective(), "a measurement has a unit of its own");
        assertEquals(52, seconds.trials().getFirst().times().charged());
        assertThrows(BadFileException.class, () -> Results.read(file(later.formatted("fortnights"))));
    }

    /** What is written says the same when it is read; brackets, names and units are as the formats have them. */
    @Test
    void writtenAndReadAgain() throws IOException {
        Results r = Results.read(file(CACHE));
        String cache = KernelTunerCache.write(r);
        assertTrue(cache.strip().endsWith("}\n}"), cache);
        assertTrue(cache.contains("\n\"32,1,True\": {"), cache);
        assertEquals(r.about().parameters(), Results.read(file(cache)).about().parameters());
        assertSame(r, Results.read(file(cache)));
        Json t4 = T4.write(r, new T4.Maker("OpenCL", "P", "1", "2026-01-02T03:04:05Z"));
        assertEquals("1.1.0", t4.at("schema_version").asString());
        assertEquals("milliseconds", t4.at("metadata").at("timeunit").asString());
        Json first = t4.at("results").at(0);
        assertEquals(100, first.at("times").at("compilation_time").asDouble());
        assertEquals(100, first.at("times").at("compilation").asDouble());
        assertEquals(2.5, first.at("measurements").at(0).at("value").asDouble());
        assertEquals("ms", first.at("measurements").at(0).at("unit").asString());
        for (Json one : t4.at("results").items()) {
            for (String required : List.of("configuration", "times", "invalidity", "correctness")) {
                one.at(required);
            }
        }
        assertSame(r, Results.read(file(t4.pretty())));
    }

    /** What the published schemas of both formats require, and the words that they have. */
    @Test
    void theSchemasHold() throws IOException {
        Results read = Results.read(file(CACHE));
        Map<String, Json> build = Map.of("global_size", Json.parse("{\"x\": 4, \"y\": 1, \"z\": 1}"));
        Trial first = read.trials().getFirst();
        List<Trial> trials = new ArrayList<>(read.trials());
        trials.set(0, new Trial(first.configuration(), first.validity(), first.objective(), first.times(),
                "2026-01-02T03:04:05Z", "", new Trial.Details(build, Map.of("sectors", 7.0))));
        Results r = new Results(read.about(), trials);
        Json t4 = T4.write(r, new T4.Maker("OpenCL", "P", "1", "2026-01-02T03:04:05Z"));
        assertTrue(t4.at("schema_version").asString().matches("\\d+\\.\\d+\\.\\d+"));
        assertTrue(Set.of("nanoseconds", "microseconds", "milliseconds", "seconds")
                .contains(t4.at("metadata").at("timeunit").asString()));
        for (Json one : t4.at("results").items()) {
            assertTrue(Set.of("timeout", "compile", "runtime", "correctness", "constraints", "correct")
                    .contains(one.at("invalidity").asString()));
            one.at("times").members()
                    .forEach((name, time) -> assertTrue(name.equals("runtimes") ? time.isArray() : time.isNumber()));
            for (Json m : one.at("measurements").items()) {
                assertTrue(Set.of("Int", "UnsignedInt", "Double", "Percent", "Throughput", "UtilizationLevel")
                        .contains(m.at("type").asString()), m.toString());
            }
            assertTrue(one.find("compilation_data").isEmpty(), "all of it or nothing");
        }
        assertEquals(Json.parse("{\"x\": 4, \"y\": 1, \"z\": 1}"),
                t4.at("results").at(0).at("kerf_build").at("global_size"));
        assertEquals(7, t4.at("results").at(0).at("measurements").at(1).at("value").asInt());

        Json cache = Json.parse(KernelTunerCache.write(r), "cache");
        assertEquals("1.0.0", cache.at("schema_version").asString());
        for (String required : List.of("device_name", "kernel_name", "problem_size", "tune_params_keys", "tune_params",
                "objective")) {
            cache.at(required);
        }
        cache.at("problem_size").items().forEach(Json::asLong);
        cache.at("cache").members().values().forEach(e -> {
            Json time = e.at("time");
            assertTrue(time.isNumber() || Set.of("InvalidConfig", "CompilationFailedConfig", "RuntimeFailedConfig")
                    .contains(time.asString()));
            for (String required : List.of("compile_time", "verification_time", "benchmark_time", "strategy_time",
                    "framework_time")) {
                assertTrue(e.at(required).isNumber());
            }
            assertTrue(e.at("timestamp").isString());
        });
    }

    /** Kernel Tuner's own reader opens it, where Python has Kernel Tuner; a file that wasn't closed, too. */
    @Test
    void kernelTunerOpensIt() throws Exception {
        String read = "import sys\ntry:\n    from kernel_tuner.util import read_cache\nexcept ImportError:\n    sys.exit(77)\n"
                + "cache = read_cache(sys.argv[1])\nprint(len(cache['cache']), cache['device_name'], cache['objective'])\n";
        Path python = Stream.of(System.getenv("PATH").split(File.pathSeparator)).map(d -> Path.of(d, "python3"))
                .filter(Files::isExecutable).findFirst().orElse(null);
        assumeTrue(python != null, "there is no python3 on the path");
        Results r = Results.read(file(CACHE));
        String whole = KernelTunerCache.write(r);
        for (String text : List.of(whole, whole.strip().replaceFirst("\\}\n\\}$", ","))) {
            Process p = new ProcessBuilder(python.toString(), "-c", read, file(text).toString())
                    .redirectError(ProcessBuilder.Redirect.DISCARD).start();
            String said = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int code = p.waitFor();
            assumeTrue(code != 77, "Python has no kernel_tuner here");
            assertEquals(0, code, said);
            assertEquals(r.trials().size() + " " + r.about().device() + " " + r.about().objective(), said.strip());
        }
    }

    private static void assertSame(Results expected, Results got) {
        assertEquals(expected.trials().size(), got.trials().size());
        for (int i = 0; i < expected.trials().size(); i++) {
            Trial e = expected.trials().get(i);
            Trial g = got.trials().get(i);
            assertEquals(e.configuration(), g.configuration());
            assertEquals(e.validity(), g.validity());
            assertEquals(e.cost(), g.cost(), 1e-15);
            assertEquals(e.times().charged(), g.times().charged(), 1e-12);
            assertEquals(e.times().search(), g.times().search(), 1e-12);
            assertEquals(e.times().runs().size(), g.times().runs().size());
        }
    }

    /** A process that was killed in the middle of a line leaves a file that the next goes on with. */
    @Test
    void aLogGoesOn() throws IOException {
        Results r = Results.read(file(CACHE));
        Path log = temp.resolve("deep/down/log.json");
        try (TrialLog one = new TrialLog(log, r.about())) {
            r.trials().subList(0, 3).forEach(one::add);
        }
        assertSame(new Results(r.about(), r.trials().subList(0, 3)), Results.read(log));
        TrialLog killed = new TrialLog(log, r.about());
        killed.add(r.trials().get(3));
        Files.writeString(log, "\n\"16,1,False\": {\"block\": 16, \"ti", StandardOpenOption.APPEND);
        try (TrialLog other = new TrialLog(log, r.about())) {
            assertSame(new Results(r.about(), r.trials().subList(0, 4)), other.results());
            r.trials().subList(4, 6).forEach(other::add);
        }
        assertSame(r, Results.read(log));
        Json.parse(Files.readString(log));
        String said = assertThrows(BadInputException.class, () -> new TrialLog(log,
                new Results.About("Other", "blur", r.about().problem(), r.about().parameters(), "time"))).getMessage();
        assertTrue(said.contains("blur on Drawn GPU"), said);
    }
}
