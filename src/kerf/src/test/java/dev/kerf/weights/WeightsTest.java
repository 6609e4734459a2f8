package dev.kerf.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadWeightsException;
import dev.kerf.error.ClosedException;
import dev.kerf.tensor.DType;
import dev.kerf.json.Json;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights.TensorInfo;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WeightsTest {
    @TempDir
    Path dir;

    private static Map<String, HostTensor> network() {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        tensors.put("enc.conv.weight", HostTensor.of(Shape.of(2, 2), new float[] {1, 2, 3, 4}));
        tensors.put("enc.bn.running_mean", HostTensor.of(Shape.of(2), new float[] {5, 6}));
        tensors.put("enc.bn.num_batches_tracked", HostTensor.of(Shape.of(), new long[] {7}));
        tensors.put("head.weight", HostTensor.of(Shape.of(3), new float[] {8, 9, 10}));
        return tensors;
    }

    @Test
    void prefixesAreViews() {
        Map<String, HostTensor> tensors = network();
        try (Weights weights = Weights.of(tensors, Map.of("a", "b"))) {
            assertEquals(List.copyOf(tensors.keySet()), weights.names());
            Weights bn = weights.at("enc").at("bn");
            assertEquals(List.of("running_mean", "num_batches_tracked"), bn.names());
            assertEquals(bn.names(), weights.at("enc.bn").names());
            assertSame(tensors.get("enc.bn.running_mean"), bn.tensor("running_mean", Shape.of(2)));
            assertTrue(bn.contains("running_mean"));
            assertFalse(bn.contains("enc.bn.running_mean"));
            assertEquals(DType.I64, bn.find("num_batches_tracked").orElseThrow().dtype());
            assertTrue(bn.find("weight").isEmpty());
            assertEquals(Map.of("a", "b"), bn.metadata());
            bn.close();
            assertEquals(8, weights.tensor("head.weight").getDouble(0));
        }
    }

    @Test
    void unloadedTensorsAreReadAgain() throws IOException {
        Path file = dir.resolve("large.safetensors");
        float[] values = new float[1 << 20];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        tensors.put("net.small", HostTensor.of(Shape.of(3), new float[] {1, 2, 3}));
        tensors.put("net.large", HostTensor.of(Shape.of(values.length), values));
        Safetensors.write(file, tensors, Map.of());
        try (Weights weights = Weights.open(file)) {
            Weights net = weights.at("net");
            HostTensor large = net.tensor("large");
            assertArrayEquals(values, large.toFloatArray());
            long before = residentBytes(file);
            assertTrue(before >= 4L * values.length, before + " bytes resident after reading");
            net.unload("large");
            long after = residentBytes(file);
            assertTrue(after < 1 << 20, after + " bytes resident after unloading");
            assertArrayEquals(values, large.toFloatArray());
            assertArrayEquals(new float[] {1, 2, 3}, net.tensor("small").toFloatArray());
            assertThrows(BadWeightsException.class, () -> net.unload("larger"));
        }
        try (Weights weights = Weights.of(tensors)) {
            weights.unload("net.large");
            assertArrayEquals(values, weights.tensor("net.large").toFloatArray());
        }
    }

    /** What of a mapped file is in this process's memory, by the kernel's own account. */
    private static long residentBytes(Path file) throws IOException {
        boolean mapping = false;
        long kib = 0;
        for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                mapping = line.endsWith(file.getFileName().toString());
            } else if (mapping && line.startsWith("Rss:")) {
                kib += Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        return kib << 10;
    }

    @Test
    void reportsCount() {
        try (Weights weights = Weights.of(network())) {
            assertEquals(7, weights.parameterCount());
            assertEquals(10, weights.tensors().stream().mapToLong(TensorInfo::elements).sum());
            assertEquals(9 * 4 + 8, weights.tensors().stream().mapToLong(TensorInfo::bytes).sum());
            assertEquals(4, weights.tensors().size());
            assertEquals(4, weights.at("enc").parameterCount());
        }
    }

    @Test
    void missingAndMisshapenTensorsAreNamed() {
        try (Weights weights = Weights.of(network())) {
            assertEquals("weights in memory: tensor \"enc.conv.weight\" has shape [2, 2], the model expects [2, 3]",
                    assertThrows(BadWeightsException.class,
                            () -> weights.at("enc").tensor("conv.weight", Shape.of(2, 3))).getMessage());
            String missing = assertThrows(BadWeightsException.class,
                    () -> weights.at("enc").tensor("conv.bias", Shape.of(2))).getMessage();
            assertTrue(missing.startsWith("weights in memory: has no tensor \"enc.conv.bias\" of shape [2]; nearest "
                    + "are \"enc.conv.weight\", "), missing);
            assertThrows(BadWeightsException.class, () -> weights.tensor("conv"));
        }
        try (Weights none = Weights.of(Map.of())) {
            assertThrows(BadWeightsException.class, () -> none.tensor("x"));
        }
    }

    @Test
    void leftOverTensorsAreNamed() {
        try (Weights weights = Weights.of(network())) {
            Set<String> used = Set.of("enc.conv.weight", "enc.bn.running_mean", "head.weight");
            weights.requireAllUsed(used, List.of("*.num_batches_tracked"));
            weights.at("head").requireAllUsed(Set.of("weight"), List.of());
            String one = assertThrows(BadWeightsException.class, () -> weights.requireAllUsed(used, List.of("*tracked.")))
                    .getMessage();
            assertTrue(one.contains("the model doesn't use \"enc.bn.num_batches_tracked\": "), one);
            String all = assertThrows(BadWeightsException.class,
                    () -> weights.at("enc").requireAllUsed(Set.of(), List.of())).getMessage();
            assertTrue(all.contains("\"enc.conv.weight\", \"enc.bn.running_mean\", \"enc.bn.num_batches_tracked\": "),
                    all);
            assertTrue(assertThrows(BadWeightsException.class, () -> weights.requireAllUsed(Set.of(), List.of()))
                    .getMessage().contains(" and 1 more"));
        }
    }

    @Test
    void filesAreKnownByTheirContent() throws IOException {
        Path misnamed = dir.resolve("model.pt");
        Safetensors.write(misnamed, network(), Map.of("k", "v"));
        Weights weights = Weights.open(misnamed);
        assertEquals(Map.of("k", "v"), weights.metadata());
        assertEquals(9, weights.tensor("head.weight").getDouble(1));
        weights.close();
        assertThrows(ClosedException.class, () -> weights.tensor("head.weight"));

        refused("is empty", new byte[0]);
        refused("neither a safetensors file nor a PyTorch checkpoint", "weights".getBytes(StandardCharsets.UTF_8));
        refused("is a web page", "<!DOCTYPE html><html>".getBytes(StandardCharsets.UTF_8));
        refused("Git LFS pointer", "version https://git-lfs.github.com/spec/v1\n".getBytes(StandardCharsets.UTF_8));
        assertThrows(BadFileException.class, () -> Weights.open(dir));
        assertThrows(BadFileException.class, () -> Weights.open(dir.resolve("absent")));
    }

    @Test
    void anglesAreAWebPageOnlyWhereTheyAreOne() throws IOException {
        for (String page : List.of("<html lang=en>", "  <HTML><head>", "\uFEFF<!doctype HTML>\n<title>", "<!-- a --><body>",
                "<?xml version=\"1.0\"?><!DOCTYPE html PUBLIC \"-\"><html xmlns=\"\">", "<head><title>404")) {
            refused("is a web page, not weights; the download went wrong", page.getBytes(StandardCharsets.UTF_8));
        }
        for (String xml : List.of("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code>",
                "<!-- <html> --><Error>", "<Error/>", "<!DOCTYPE Error SYSTEM \"html.dtd\"><Error>")) {
            refused("is XML with the first element <Error>, not weights", xml.getBytes(StandardCharsets.UTF_8));
        }
        refused("first element <svg:svg>", "<svg:svg xmlns:svg=\"\">".getBytes(StandardCharsets.UTF_8));
        for (String other : List.of("<<<<", "< html>", "<1>", "a <html>")) {
            refused("neither a safetensors file nor a PyTorch checkpoint", other.getBytes(StandardCharsets.UTF_8));
        }
    }

    @Test
    void aFileCutOffWhileItIsOpenIsAnErrorOfOurs() throws IOException {
        Path safetensors = dir.resolve("w.safetensors");
        Safetensors.write(safetensors, network(), Map.of());
        Path checkpoint = PickleBytes.zip(dir.resolve("w.pt"), ZipEntry.STORED, PickleBytes.oneTensor("head.weight", 1000),
                Map.of("data/0", new byte[4000]));
        for (Path path : List.of(safetensors, checkpoint)) {
            byte[] whole = Files.readAllBytes(path);
            try (Weights weights = Weights.open(path)) {
                weights.tensor("head.weight").getDouble(0);
                Files.write(path, new byte[10]);
                String message = assertThrows(BadFileException.class, () -> weights.tensor("head.weight")).getMessage();
                assertTrue(message.contains("was cut off from " + whole.length + " to 10 bytes while it was open"), message);
                Files.write(path, whole);
                weights.tensor("head.weight").getDouble(0);
                Thread.currentThread().interrupt();
                weights.tensor("head.weight").getDouble(0);
                assertTrue(Thread.interrupted());
                Files.delete(path);
                weights.tensor("head.weight").getDouble(0);
            }
        }
    }

    @Test
    void formulaWeightsAreBounded() throws IOException {
        for (String tensors : List.of("\"a\": {\"shape\": [1073741825], \"scale\": 1}",
                "\"a\": {\"shape\": [1073741824], \"scale\": 1}, \"b\": {\"shape\": [1], \"scale\": 1}",
                "\"a\": {\"shape\": [9223372036854775807], \"scale\": 1}, \"b\": {\"shape\": [2], \"scale\": 1}")) {
            Path json = Files.writeString(dir.resolve("weights.json"), "{\"format\": 1, \"tensors\": {" + tensors + "}}");
            String message = assertThrows(BadFileException.class, () -> Weights.formula(json, Optional.empty())).getMessage();
            assertTrue(message.contains("brings the tensors to over 1073741824 elements"), message);
        }
    }

    private void refused(String why, byte[] content) throws IOException {
        Path path = Files.write(dir.resolve("x.safetensors"), content);
        String message = assertThrows(BadFileException.class, () -> Weights.open(path)).getMessage();
        assertTrue(message.startsWith(path.toString()) && message.contains(why), message);
    }

    @Test
    void aHeaderLengthThatLooksLikeAPickleIsSafetensors() throws IOException {
        Path path = dir.resolve("t.safetensors");
        // Pad the metadata until the header takes 0x280 bytes: the file then begins with 80 02, a pickle's first bytes.
        for (int pad = 0; !Files.exists(path) || Files.readAllBytes(path)[0] != (byte) 0x80; pad++) {
            Safetensors.write(path, Map.of(), Map.of("pad", "x".repeat(pad + 550)));
        }
        assertEquals(2, Files.readAllBytes(path)[1]);
        try (Weights weights = Weights.open(path)) {
            assertEquals(List.of(), weights.names());
        }
    }

    @Test
    void manyThreadsReadTheSame() throws Exception {
        float[] values = new float[1000];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        HostTensor tensor = HostTensor.of(Shape.of(1000), values);
        byte[] raw = tensor.data().toArray(ValueLayout.JAVA_BYTE);
        Path safetensors = dir.resolve("w.safetensors");
        Safetensors.write(safetensors, Map.of("w", tensor), Map.of());
        Path packed = PickleBytes.zip(dir.resolve("w.pt"), ZipEntry.DEFLATED, PickleBytes.oneTensor("w", 1000),
                Map.of("data/0", raw));
        for (Path path : List.of(safetensors, packed)) {
            try (Weights weights = Weights.open(path);
                    ExecutorService threads = Executors.newFixedThreadPool(4)) {
                Callable<float[]> read = () -> weights.tensor("w", Shape.of(1000)).toFloatArray();
                for (Future<float[]> result : threads.invokeAll(Collections.nCopies(200, read))) {
                    assertArrayEquals(values, result.get());
                }
            }
        }
    }

    @Test
    void formulaWeightsAreThoseOfTheGoldens() throws IOException {
        Path json = Files.writeString(dir.resolve("weights.json"), """
                {"format": 1, "salt": "s:", "tensors": {
                  "a.weight": {"shape": [2, 2], "scale": 0.5},
                  "a.bias": {"shape": [2], "stored": true}}}
                """);
        Path stored = dir.resolve("stored.safetensors");
        Safetensors.write(stored, Map.of("a.bias", HostTensor.of(Shape.of(2), new float[] {1, 2})), Map.of());
        try (Weights weights = Weights.formula(json, Optional.of(stored))) {
            assertEquals(List.of("a.weight", "a.bias"), weights.names());
            assertEquals(2, weights.tensor("a.bias").getDouble(1));
            HostTensor a = weights.tensor("a.weight", Shape.of(2, 2));
            // Computed apart, by the formula in Python.
            assertArrayEquals(new float[] {0.215757608f, 0.458497465f, 0.325175524f, 0.203036129f}, a.toFloatArray());
        }
        assertThrows(BadFileException.class, () -> Weights.formula(json, Optional.empty()));
        Safetensors.write(stored, Map.of("a.bias", HostTensor.of(Shape.of(1), new float[] {1})), Map.of());
        assertThrows(BadWeightsException.class, () -> Weights.formula(json, Optional.of(stored)));
        Files.writeString(json, "{\"format\": 2, \"tensors\": {}}");
        assertThrows(BadFileException.class, () -> Weights.formula(json, Optional.empty()));
    }

    @Test
    void formulaWeightsLieAboutTheirMiddle() {
        Json made = Json.parse("""
                {"format": 1, "salt": "s:", "tensors": {"a.weight": {"shape": [2, 2], "scale": 0.5, "middle": 1}}}
                """);
        try (Weights weights = Weights.formula(made, "made")) {
            assertArrayEquals(new float[] {1.215757608f, 1.458497465f, 1.325175524f, 1.203036129f},
                    weights.tensor("a.weight").toFloatArray(), 1e-6f);
        }
        Json stored = Json.parse("{\"format\": 1, \"tensors\": {\"b\": {\"shape\": [2], \"stored\": true}}}");
        assertTrue(
                assertThrows(BadFileException.class, () -> Weights.formula(stored, "made")).getMessage().startsWith("made: "));
    }
}
