package dev.kerf.check.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.check.cost.LaunchCost;
import dev.kerf.check.cost.LaunchCosts;
import dev.kerf.check.cost.Prediction;
import dev.kerf.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Predictions beside what an H100 took: {@code bench/reports/h100/bench-cuda.md}, U-Net 512², batch 1, float32. The launches and the
 * code are those that were measured, which are kept beside the tests: convolutions with tiles of 8 channels.
 */
class PredictionTest {
    private static final Path MEASURED = Path.of("src/kerf-check/src/test/resources/measured/h100-unet");
    private static final Path REPORT = Path.of("bench/reports/h100/bench-cuda.md");
    private static final double SHORT_MICROS = 100;
    /** Room for what any launch points to. */
    private static final long MEMORY = 256L << 20;

    private static Map<String, Double> measured() throws IOException {
        String report = Files.readString(REPORT);
        int from = report.indexOf("## U-Net 512², batch 1, float32: its nodes");
        Map<String, Double> micros = new LinkedHashMap<>();
        for (String line : report.substring(from, report.indexOf("\n## ", from)).lines().toList()) {
            String[] cells = line.split("\\|");
            if (cells.length > 3 && cells[3].strip().matches("[\\d.]+")) {
                micros.put(cells[1].strip(), Double.valueOf(cells[3].strip()));
            }
        }
        return micros;
    }

    /** Microseconds of each node. */
    private static Map<String, Double> predicted(Card card) throws IOException {
        Json all = Json.read(MEASURED.resolve("launches.json"));
        Map<String, Double> micros = new LinkedHashMap<>();
        Map<String, LaunchCounter.Counted> known = new LinkedHashMap<>();
        try (LaunchCounter counter = new LaunchCounter(card); Driver.Buffer memory = counter.driver().allocate(MEMORY)) {
            Map<String, PtxKernel> kernels = new LinkedHashMap<>();
            for (Json l : all.at("launches").items()) {
                String kernel = l.at("kernel").asString();
                if (!kernels.containsKey(kernel)) {
                    kernels.put(kernel, counter.driver().load(Files.readString(MEASURED.resolve(kernel + ".ptx")), kernel, 0));
                }
                long[] items = l.at("items").asLongs();
                long[] global = l.at("groups").asLongs();
                for (int i = 0; i < global.length; i++) {
                    global[i] *= items[i];
                }
                PtxLaunch launch = counter.driver().launch(kernels.get(kernel), global, items,
                        arguments(l.at("arguments").asString(), memory));
                LaunchCounter.Counted c = known.computeIfAbsent(kernel + l.at("groups") + l.at("arguments"),
                        _ -> counter.count(launch, Manifest.of(kernel), LaunchCosts.SOME));
                LaunchCost cost = new LaunchCost(l.at("node").asString(), kernel, kernel, Map.of(), c.counts().blocks(),
                        c.sampled(), l.at("flops").asLong(), l.at("bytes").asLong(), all.at("registers").at(kernel).asInt(), 0,
                        true, c.counts());
                micros.merge(cost.node(), 1e6 * Prediction.of(cost, card).seconds(), Double::sum);
            }
        }
        return micros;
    }

    private static List<Object> arguments(String words, Driver.Buffer memory) {
        List<Object> all = new ArrayList<>();
        for (String word : words.split(" ")) {
            String value = word.substring(word.indexOf(':') + 1);
            all.add(switch (word.split(":")[0]) {
                case "buffer" -> (Object) memory;
                case "int" -> Integer.valueOf(value);
                case "long" -> Long.valueOf(value);
                default -> Float.valueOf(value);
            });
        }
        return all;
    }

    @Test
    void isNearWhatAnH100Took() throws IOException {
        Map<String, Double> took = measured();
        Map<String, Double> said = predicted(Card.of("h100"));
        assertEquals(took.keySet(), said.keySet());
        StringBuilder table = new StringBuilder();
        List<String> far = new ArrayList<>();
        took.forEach((node, micros) -> {
            double ratio = said.get(node) / micros;
            String row = String.format("%s: %.1f us, predicted %.1f, %.2f%n", node, micros, said.get(node), ratio);
            table.append(row);
            if (micros > SHORT_MICROS && (ratio > 1.5 || ratio < 1 / 1.5)) {
                far.add(row);
            }
        });
        double sum = said.values().stream().mapToDouble(d -> d).sum() / took.values().stream().mapToDouble(d -> d).sum();
        assertEquals(List.of(), far, table.toString());
        assertTrue(sum > 0.75 && sum < 1.25, sum + "\n" + table);
    }

    /** Blocks of one warp that has so many multiply-adds to do, and bytes to move. */
    private static double seconds(long blocks, long each, long bytes) {
        return seconds(blocks, each, bytes, 0, 0);
    }

    /** The same with groups of copies, so many of which are under way at once. */
    private static double seconds(long blocks, long each, long bytes, long copies, int ahead) {
        LaunchCounts counts = new LaunchCounts("k", blocks, 32, 0, 1, Map.of("fma.f32", each * blocks), each * blocks * 32, 0,
                0, 0,
                0, 0, 0, 0, 0, 0, copies * blocks, ahead);
        return Prediction.of(new LaunchCost("n", "k", "k", Map.of(), blocks, blocks, 0, bytes, 32, 0, true, counts),
                Card.of("h100")).seconds();
    }

    /** What a block copies ahead of what it computes takes its time beside it: at most as long as the longer of the two. */
    @Test
    void copiesRunAhead() {
        double launch = 2e-6;
        double memory = 132e6 / 3.35e12;
        double apart = seconds(132, 60_000, 132_000_000) - launch;
        double ahead = seconds(132, 60_000, 132_000_000, 100, 3) - launch;
        assertTrue(apart > 0.95 * (memory + 60_000 / 1.98e9), apart + " s");
        assertTrue(ahead > Math.max(memory, 60_000 / 1.98e9) && ahead < 0.75 * apart, ahead + " s of " + apart);
    }

    /** A warp issues an instruction a cycle; a second one on the multiprocessor waits where they meet: 1000 + 250 · 0.25 cycles. */
    @Test
    void byHand() {
        double launch = 2e-6;
        assertEquals(launch + 1000 / 1.98e9, seconds(1, 1000, 0), 1e-12);
        assertEquals(seconds(1, 1000, 0), seconds(132, 1000, 0));
        assertEquals(launch + 1062.5 / 1.98e9, seconds(133, 1000, 0), 1e-12);
        double full = seconds(132 * 32 * 10, 1000, 0) - launch;
        assertEquals(32 * 10 * 250 / 1.98e9, full, 0.02 * full, "a multiprocessor that is full is never idle");
        assertEquals(launch + 1e-3, seconds(132 * 1000, 1, 3_350_000_000L), 5e-5);
    }
}
