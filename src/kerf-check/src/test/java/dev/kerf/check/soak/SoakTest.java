package dev.kerf.check.soak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CpuOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.graph.TensorType;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntToLongFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SoakTest {
    private static final Path GOLDENS = Path.of("src/kerf-check/src/test/resources/goldens");

    private static Device open() {
        return Backends.open("cpu", CpuOptions.of().threads(2));
    }

    @Test
    void theNetworksStandIt() {
        SoakReport report = new Soak(SoakTest::open, List.of(GOLDENS.resolve("sam2-quick"), GOLDENS.resolve("u2netp-quick")),
                new Soak.Settings(Duration.ofSeconds(5), 1_000_000, 24, 3), g -> {
                }).run();
        assertEquals(List.of(), report.failures());
        assertTrue(report.passed() && report.runs() > 24 && report.opens() > 0, report.markdown());
        assertTrue(report.markdown().contains("| SAM 2, sam2-quick |") && report.markdown().contains("| mattes, u2netp-quick |")
                && report.markdown().contains("too short to tell"),
                report.markdown());
    }

    /** Two calls in a row, a deadline and so on never meet here: what is asked is the callers' own arithmetic. */
    private static SoakReport soak(IntToLongFunction answer) {
        Network<Device> network = new Network<>("made up", 1, 3, () -> Weights.of(Map.of()), (device, _) -> device,
                (_, i) -> answer.applyAsLong(i), _ -> {
                });
        return new Soak(SoakTest::open, new Soak.Settings(Duration.ofMinutes(1), 500, 8, 1), _ -> {
        }, List.of(network)).run();
    }

    @Test
    void answersOfTheSameBitsPass() {
        SoakReport report = soak(i -> 7L * i);
        assertEquals(List.of(), report.failures());
        assertTrue(report.runs() >= 500 && report.runs() < 600, "runs: " + report.runs());
    }

    @Test
    void otherBitsAndStrangeExceptionsAreToldWithTheirPlace() {
        AtomicLong calls = new AtomicLong();
        SoakReport bits = soak(i -> calls.incrementAndGet() == 100 ? 1 : i);
        assertEquals(1, bits.failures().size());
        assertTrue(bits.failures().getFirst().contains("other bits than at the first call"), bits.markdown());
        assertTrue(bits.markdown().contains("WRONG") && !bits.passed());

        calls.set(0);
        SoakReport thrown = soak(i -> {
            if (calls.incrementAndGet() == 100) {
                throw new IllegalStateException("lost");
            }
            return i;
        });
        assertTrue(thrown.failures().getFirst().contains("lost")
                && thrown.failures().getFirst().contains("SoakTest.java"), thrown.markdown());
    }

    @Test
    void deviceMemoryThatIsLeftIsTold() {
        List<DeviceTensor> leaked = new ArrayList<>();
        Network<Device> leaking = new Network<>("leaking", 1, 1, () -> Weights.of(Map.of()), (device, _) -> device,
                (device, _) -> {
                    synchronized (leaked) {
                        leaked.add(device.allocate(TensorType.f32(10)));
                    }
                    return 0;
                }, _ -> {
                });
        SoakReport report = new Soak(SoakTest::open, new Soak.Settings(Duration.ofMinutes(1), 3, 1, 1), _ -> {
        }, List.of(leaking)).run();
        assertTrue(report.failures().getFirst().contains("bytes of device memory are left"), report.markdown());
    }

    private static Gauges at(int minute, long heap, int threads) {
        return new Gauges(Duration.ofMinutes(minute), 0, heap, 500_000_000, 1000, threads, 20);
    }

    @Test
    void growthAfterTheWarmUpIsFound() {
        List<Gauges> flat = IntStream.range(0, 30).mapToObj(m -> at(m, m < 5 ? 1000 : 200_000_000 + 1000 * (m % 3), 30))
                .toList();
        assertEquals(List.of(), Gauges.grown(flat));
        assertTrue(Gauges.judged(flat));
        List<String> heap = Gauges
                .grown(IntStream.range(0, 30).mapToObj(m -> at(m, 200_000_000 + 1_000_000L * m, 30)).toList());
        assertTrue(heap.size() == 1 && heap.getFirst().startsWith("the heap grew"), heap.toString());
        List<String> threads = Gauges.grown(IntStream.range(0, 30).mapToObj(m -> at(m, 200_000_000, 30 + m / 29)).toList());
        assertEquals(List.of("threads grew: at most 30 in the first half, 31 in the second"), threads);
        List<Gauges> few = IntStream.range(0, 12).mapToObj(m -> at(m, 200_000_000 + 90_000_000L * m, m)).toList();
        assertFalse(Gauges.judged(few));
    }
}
