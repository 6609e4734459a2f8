package dev.kerf.cli.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.device.DeviceFloors;
import dev.kerf.cli.bench.report.Environment;
import dev.kerf.cli.bench.report.Report;
import dev.kerf.cli.bench.report.Round;
import dev.kerf.cli.bench.report.Row;
import dev.kerf.cli.bench.report.Simulated;
import dev.kerf.cli.bench.report.Summary;
import dev.kerf.cli.bench.report.Times;
import dev.kerf.cli.bench.report.GraphWork;
import dev.kerf.error.BadFileException;
import dev.kerf.graph.Graph;
import dev.kerf.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import java.util.function.Function;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who is asked when, and what becomes of the answers. Nothing here is timed. */
class RoundsTest {
    @TempDir
    private Path dir;

    private final List<String> asked = new ArrayList<>();
    private final List<Integer> soFar = new ArrayList<>();
    private int questions;
    private DoubleSupplier copying = () -> 1e9;

    private static Request request(String engine, boolean peer) {
        return request(engine, peer, 16);
    }

    private static Request request(String engine, boolean peer, int side) {
        return new Request(new Workload(Workload.KERNEL, null, "relu", null, null, 1, side), engine, peer, Precision.FLOAT32, 2,
                1, 3, Duration.ofSeconds(1), Duration.ofSeconds(2), !peer, List.of());
    }

    private static Json answer(Request r, float value) {
        return new Round("a device", "1.0", Map.of(Row.COMPUTE, new Times(List.of(new long[] {3000, 1000, 2000}))),
                new Round.Process(5L, 4L, null, 7, 0.0, null, 9L, 250.0, 0.5, null, null, 35.5),
                r.profile() ? List.of(new Round.Node("n", "k", 800, 0, 64)) : List.of(), new float[] {value, 2}).json();
    }

    private List<Row> measured(Function<Request, Json> worker, Request... requests) {
        return rounds(2, Duration.ofHours(1), worker).measure(List.of(List.of(List.of(requests))), () -> asked.add("done"),
                rows -> soFar.add(rows.get().size()));
    }

    /** A minute of the clock for each question. */
    private Rounds rounds(int count, Duration budget, Function<Request, Json> worker) {
        return new Rounds(count, budget, () -> TimeUnit.MINUTES.toNanos(questions), copying, () -> {
            asked.add("begin");
            return new Workers() {
                @Override
                public Json ask(Request r) {
                    asked.add(r.workload() == null ? "floors " + r.engine() : r.engine());
                    questions++;
                    return r.workload() == null ? Row.json(new DeviceFloors(1e9, 2e9)) : worker.apply(r);
                }

                @Override
                public void close() {
                    asked.add("end");
                }
            };
        });
    }

    @Test
    void enginesTakeTurns() {
        List<Row> rows = measured(r -> answer(r, 1), request("cpu:0", false), request("other", true));
        assertEquals(List.of("begin", "cpu:0", "other", "done", "begin", "floors cpu:0", "end", "end", "begin", "cpu:0",
                "other", "done", "end"), asked, "a peer has the floors of the processors that it runs on");
        assertEquals(List.of(2, 2), soFar);
        Row kerf = rows.getFirst();
        assertEquals(2, kerf.compute().rounds().size());
        assertEquals(6, kerf.compute().runs());
        assertEquals(2000, kerf.compute().median());
        assertEquals("other", kerf.reference());
        assertEquals(0, kerf.distance());
        assertNull(rows.getLast().reference());
        // An addition's worth for each of 32·16·16 numbers, read and written.
        assertEquals(8192, kerf.work().flops());
        assertEquals(65536, kerf.work().bytes());
        assertEquals(65536 / 1e9 / 2e-6, kerf.ofRoofline(), 1e-9);
        assertEquals(1, kerf.nodes().size());
        assertEquals(250, kerf.imagesPerSecond());
        assertTrue(Double.isNaN(kerf.disturbance()), "stolen time isn't known");
    }

    /** The first list's round takes two minutes, for the floors are asked for, the second's one. */
    @Test
    void whatTheBudgetHasNoRoomForIsLeftOut() {
        List<List<List<Request>>> groups = List.of(List.of(List.of(request("cpu:0", false))),
                List.of(List.of(request("cpu:0", false, 32))));
        for (int[] expected : new int[][] {{1, 1, 1}, {3, 1, 1}, {4, 1, 2}, {5, 2, 2}, {7, 3, 3}}) {
            questions = 0;
            soFar.clear();
            List<Row> rows = rounds(3, Duration.ofMinutes(expected[0]), r -> answer(r, 1)).measure(groups, () -> {},
                    some -> soFar.add(some.get().size()));
            assertEquals(List.of(expected[1], expected[2]), rows.stream().map(r -> r.processes().size()).toList());
            assertEquals(List.of(1, 2), soFar.subList(0, 2), "rows are there as they come");
        }
    }

    /** The second round lies beside a slow minute, and so does the first one of two more; the last is quiet. */
    @Test
    void whatWasMeasuredWhileMemoryWasSlowIsMeasuredAgain() {
        Iterator<Double> speeds = List.of(10.0, 9.0, 9.5, 10.0, 8.4, 10.0, 8.0, 9.0, 9.0, 10.0, 9.9, 8.5).iterator();
        copying = speeds::next;
        List<Row> rows = measured(r -> answer(r, 1), request("cpu:0", false), request("other", true));
        assertEquals(List.of(2, 2), rows.stream().map(r -> r.processes().size()).toList());
        assertEquals(List.of(2, 2), rows.stream().map(Row::rejected).toList());
        assertEquals(0.85, rows.getFirst().copying(), 1e-9);
        assertEquals(2, asked.stream().filter("done"::equals).count(), "what is done again is no progress");
        assertFalse(speeds.hasNext());
        Report report = new Report(Environment.of(List.of()), rows);
        assertTrue(Summary.noise(report).contains(
                "4 of 8 rounds don't count: memory was copied more than 15 % slower than at best, right before or after them"));
    }

    @Test
    void theNodesOfARejectedRoundStay() {
        Iterator<Double> speeds = List.of(8.0, 10.0, 10.0, 10.0, 10.0, 10.0).iterator();
        copying = speeds::next;
        Row row = measured(r -> answer(r, 1), request("cpu:0", false)).getFirst();
        assertEquals(1, row.rejected());
        assertEquals(1, row.nodes().size());
    }

    @Test
    void whereItIsNeverQuietAllCounts() throws IOException {
        Iterator<Double> speeds = List.of(10.0, 8.0, 10.0, 7.0, 8.0, 10.0, 6.0, 8.0).iterator();
        copying = speeds::next;
        Row row = measured(r -> answer(r, 1), request("cpu:0", false)).getFirst();
        assertEquals(4, row.processes().size());
        assertEquals(0, row.rejected());
        assertEquals(0.6, row.copying(), 1e-9);
        Path file = Files.writeString(dir.resolve("report.jsonl"), new Report(Environment.of(List.of()), List.of(row)).lines());
        assertTrue(Summary.noise(Report.read(file))
                .contains("memory was never quiet for 1 of 1 rows, copied at down to 60 % of the run's best"
                        + " speed: all their rounds count"));
    }

    @Test
    void anotherResultIsAFailure() {
        List<Row> rows = measured(r -> answer(r, r.peer() ? 1 : 1.5f), request("cpu:0", false), request("other", true));
        assertFalse(rows.getFirst().success());
        assertTrue(rows.getFirst().error().startsWith("its result differs from other's by 0.22"), rows.getFirst().error());
        assertTrue(rows.getLast().success());
    }

    @Test
    void whatFailedIsNotAskedAgain() {
        List<Row> rows = measured(r -> r.engine().equals("cpu:0") ? Json.object().put("error", "no") : answer(r, 1),
                request("cpu:0", false), request("opencl:0", false));
        assertEquals(List.of("begin", "cpu:0", "opencl:0", "done", "begin", "floors opencl:0", "end", "end", "begin",
                "opencl:0", "done", "end"), asked);
        assertEquals("no", rows.getFirst().error());
        assertTrue(rows.getLast().success());
        assertNull(rows.getLast().reference());
    }

    /** Once, when all rounds are over, in a process of its own; a number that can't be had costs nothing else. */
    @Test
    void threadsAreSimulatedLast() throws IOException {
        Request plain = request("cpu:0", false);
        Request simulated = new Request(plain.workload(), "cpu:0", false, plain.precision(), 2, 1, 3, plain.limit(),
                plain.warmUp(), true, List.of(8, 64));
        Json answer = Json.object().put("simulated", List.of(new Simulated(8, 7.5, "n", 0.25).json()))
                .put("failed", List.of("64 threads: no memory"));
        Rounds rounds = rounds(2, Duration.ofHours(1), r -> {
            asked.add("of " + r.simulated());
            return r.simulated().isEmpty() ? answer(r, 1) : answer;
        });
        List<Row> rows = rounds.measure(List.of(List.of(List.of(simulated, request("other", true)))), () -> {}, _ -> {});
        assertEquals(
                List.of("begin", "cpu:0", "of []", "other", "of []", "end", "begin", "cpu:0", "of []", "other", "of []", "end",
                        "begin", "cpu:0", "of [8, 64]", "end"),
                asked.subList(0, 16));
        assertEquals(List.of(new Simulated(8, 7.5, "n", 0.25)), rows.getFirst().simulated());
        assertEquals(List.of(), rows.getLast().simulated());
        assertEquals(2, rows.getFirst().processes().size());
        assertEquals(List.of(simulated.subject() + ": 64 threads: no memory"), rounds.remarks());
        Path file = Files.writeString(dir.resolve("s.jsonl"), new Report(Environment.of(List.of()), rows).lines());
        assertEquals(rows.getFirst().simulated(), Report.read(file).rows().getFirst().simulated());
    }

    @Test
    void whatThreadsGain() {
        assertEquals(new Simulated(1, 1, "b", 0.5), Simulated.of(1, List.of("a", "b", "c"), new long[] {3, 6, 3},
                new long[] {3, 6, 3}));
        assertEquals(new Simulated(4, 2.5, "c", 0.75), Simulated.of(4, List.of("a", "b", "c"), new long[] {3, 4, 3},
                new long[] {0, 1, 3}));
    }

    @Test
    void linesAreReadAsTheyWereWritten() throws IOException {
        List<Row> rows = new ArrayList<>(measured(r -> answer(r, 1), request("cpu:0", false), request("other", true)));
        rows.add(Row.failed(request("gone:0", false).subject(), null, "it is gone"));
        Path file = dir.resolve("a.jsonl");
        String lines = new Report(Environment.of(List.of("bench")), rows).lines();
        Files.writeString(file, lines);
        Report read = Report.read(file);
        assertEquals(lines, read.lines());
        assertEquals(4, lines.lines().count());
        Json line = Json.parse(lines.lines().toList().get(1));
        Json compute = line.at("times").at("compute");
        assertEquals(Json.parse("[[3000,1000,2000],[3000,1000,2000]]"), compute.at("rounds_ns"));
        assertTrue(compute.at("p90_ns").isNull() && compute.at("p99_ns").isNull() && compute.at("p999_ns").isNull());
        assertTrue(line.at("times").at("upload").isNull() && line.at("processes").at(0).at("peak_bytes").isNull());
        assertEquals(894.427, compute.at("std_ns").asDouble(), 1e-3);
        assertTrue(line.at("nodes").at(0).at("flops").isNull(), "not counted isn't 0");
        assertEquals(Json.parse("[]"), line.at("simulated"));
        Json failed = Json.parse(lines.lines().toList().get(3));
        assertFalse(failed.at("success").asBoolean());
        assertTrue(failed.at("times").at("compute").isNull() && failed.at("images_per_s").isNull()
                && failed.at("flops").isNull() && failed.at("nodes").isNull());
    }

    @Test
    void whatIsNoReportIsRefused() throws IOException {
        String environment = Environment.of(List.of("bench")).facts().toString();
        for (String[] wrong : new String[][] {{"", "it has no lines"}, {"{\"kind\":\"row\"}", "line 1: $.kind: expected one"},
            {environment + "\n" + environment, "line 2: $.kind: expected one environment"},
            {environment.replace("\"schema\":1", "\"schema\":2"), "reads schema 1"}}) {
            Path file = Files.writeString(dir.resolve("wrong.jsonl"), wrong[0]);
            BadFileException e = Assertions.assertThrows(BadFileException.class, () -> Report.read(file));
            assertTrue(e.getMessage().contains(wrong[1]), e.getMessage());
        }
    }

    @Test
    void percentilesNeedEnoughRuns() {
        long[] nanos = new long[1000];
        for (int i = 0; i < 1000; i++) {
            nanos[i] = 1000 - i;
        }
        Times all = new Times(List.of(nanos));
        assertEquals(500, all.percentile(0.5));
        assertEquals(900, all.percentile(0.9));
        assertEquals(990, all.percentile(0.99));
        assertEquals(999, all.percentile(0.999));
        assertTrue(Double.isNaN(new Times(List.of(new long[999])).percentile(0.999)));
        assertTrue(Double.isNaN(new Times(List.of(new long[99])).percentile(0.99)));
        assertTrue(Double.isNaN(new Times(List.of(new long[] {1})).deviation()));
        assertEquals(2, new Times(List.of(new long[] {3, 1, 2})).median());
    }

    @Test
    void timesAreSteadyWhenTheyFallNoMore() {
        assertFalse(WarmUp.steady(new long[] {9, 9, 9, 9, 9}, 5), "too few");
        assertFalse(WarmUp.steady(new long[] {900, 900, 900, 500, 500, 500}, 6));
        assertTrue(WarmUp.steady(new long[] {900, 900, 900, 890, 891, 892}, 6));
        assertTrue(WarmUp.steady(new long[] {9000, 900, 500, 500, 499, 700}, 6), "what disturbs a run makes it slower");
        assertTrue(WarmUp.steady(new long[] {100, 100, 100, 140, 140, 140}, 6), "slower is steady, too: it won't get better");
        assertTrue(WarmUp.steady(new long[] {5_000_000_000L, 3_000_000_000L, 2_990_000_000L, 3_100_000_000L}, 4));
    }

    @Test
    void aFewRunsDontTellUnlessTheyTakeLong() {
        long limit = 10_000_000_000L;
        assertFalse(WarmUp.enough(29, 3_300_000_000L, limit));
        assertTrue(WarmUp.enough(30, 500_000_000L, limit) && WarmUp.enough(4, 3_400_000_000L, limit));
        assertFalse(WarmUp.enough(1000, 499_999_999, limit));
        assertTrue(WarmUp.enough(30, 100_000_000, 1_000_000_000), "less where there is little time");
    }

    /** Milliseconds of a network's runs while the JIT compiler is at work, in a process on a busy machine. */
    @Test
    void timesThatFallSlowlyAreNotSteadyBeforeTheyFallNoMore() {
        long[] falling = {1500, 450, 390, 190, 160, 130, 105, 98, 137, 138, 110, 95, 88, 99, 86, 113, 105, 82, 81, 89, 61, 105,
            87,
            67, 80, 46, 40, 38, 43, 41};
        long[] times = Arrays.copyOf(falling, 60);
        Arrays.fill(times, falling.length, times.length, 39);
        for (int n = 1; n <= times.length; n++) {
            assertEquals(n >= 55, WarmUp.steady(times, n), n + " runs");
        }
    }

    @Test
    void resultsAreComparedAsNumbersThatJsonHas() {
        assertEquals(1.5f, BenchWorker.finite(1.5f));
        assertEquals(-Float.MAX_VALUE, BenchWorker.finite(Float.NEGATIVE_INFINITY));
        assertEquals(Float.MAX_VALUE, BenchWorker.finite(Float.POSITIVE_INFINITY));
        float[] masked = {1, BenchWorker.finite(Float.NEGATIVE_INFINITY)};
        assertEquals(0, Rounds.difference(masked, masked.clone()));
        assertTrue(Rounds.difference(new float[] {1, BenchWorker.finite(Float.NaN)}, new float[] {1, 2}) > 1e30);
    }

    /** Weights are stored in half the bytes, inputs and outputs as they are. */
    @Test
    void bytesOfStorages() {
        Graph graph = KernelCase.all(16).stream().filter(k -> k.name().startsWith("linear")).findFirst().orElseThrow().graph();
        long inputs = 4L * (64 * 768 + 64 * 3072);
        long weights = 768 * 3072 + 3072;
        assertEquals(inputs + 4 * weights, GraphWork.of(graph, Precision.Storage.F32).bytes());
        assertEquals(inputs + 2 * weights, GraphWork.of(graph, Precision.Storage.F16).bytes());
        assertEquals(2L * 64 * 768 * 3072, GraphWork.of(graph, Precision.Storage.BF16).flops());
    }

    @Test
    void theHostsFloors() {
        DeviceFloors floors = CpuFloors.measure(1);
        assertTrue(floors.copyBytesPerSecond() > 1e8 && floors.flopsPerSecond() > 1e8, floors.toString());
    }
}
