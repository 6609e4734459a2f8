package dev.kerf.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The names of one network as trainers, compilers and averages save them, in both containers. */
class ModelNamesTest {
    private static final List<String> OWN = List.of("inc.conv.weight", "outc.conv.bias");

    @TempDir
    Path dir;

    private Path safetensors(String... names) {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        for (String name : names) {
            tensors.put(name, HostTensor.of(Shape.of(1), new float[] {tensors.size() + 1}));
        }
        Path path = dir.resolve("w.safetensors");
        Safetensors.write(path, tensors, Map.of("k", "v"));
        return path;
    }

    private Path checkpoint(String... names) {
        PickleBytes pickle = PickleBytes.begin().op('}');
        Map<String, byte[]> storages = new LinkedHashMap<>();
        for (String name : names) {
            String key = "" + storages.size();
            pickle.text(name).tensor(key, 1, 0, new long[] {1}, new long[] {1}).op('s');
            storages.put("data/" + key, HostTensor.of(Shape.of(1), new float[] {storages.size() + 1}).data()
                    .toArray(ValueLayout.JAVA_BYTE));
        }
        return PickleBytes.zip(dir.resolve("w.pt"), ZipEntry.STORED, pickle.op('.').bytes(), storages);
    }

    private static void assertNames(List<String> expected, Path path) {
        try (Weights weights = Weights.open(path)) {
            assertEquals(expected, weights.names(), path.toString());
            assertEquals(1, weights.tensor(expected.get(0)).getDouble(0));
            assertEquals(2, weights.tensor(expected.get(1)).getDouble(0));
            weights.unload(expected.get(0));
            assertEquals(1, weights.tensor(expected.get(0), Shape.of(1)).getDouble(0));
        }
    }

    @ParameterizedTest
    @CsvSource({"module.", "_orig_mod.", "model.", "net.", "network.", "module._orig_mod.", "_orig_mod.module.", "model.net.",
        "net.model.",
        "model._orig_mod.module.", "module.module.net._orig_mod.", "_fsdp_wrapped_module.", "''"})
    void whatHeldTheModelIsLeftOut(String prefix) {
        String[] names = OWN.stream().map(prefix::concat).toArray(String[]::new);
        assertNames(OWN, safetensors(names));
        assertNames(OWN, checkpoint(names));
    }

    @Test
    void namesInTheFileAreUnderstoodToo() {
        String[] names = {"net.module.inc.conv.weight", "net.module.outc.conv.bias"};
        for (Path path : List.of(safetensors(names), checkpoint(names))) {
            try (Weights weights = Weights.open(path)) {
                Weights inner = weights.at("net").at("module.outc");
                assertTrue(inner.contains("conv.bias"));
                assertEquals("conv.bias", inner.find("conv.bias").orElseThrow().name());
                assertEquals(2, inner.tensor("conv.bias", Shape.of(1)).getDouble(0));
                assertTrue(weights.find("net.outc.conv.bias").isEmpty());
            }
        }
    }

    @Test
    void partsCompiledByThemselvesAreFoundAnywhere() {
        assertNames(OWN, safetensors("inc._orig_mod.conv._orig_mod.weight", "outc.conv._checkpoint_wrapped_module.bias"));
        assertNames(OWN, checkpoint("inc._orig_mod._orig_mod.conv.weight", "_orig_mod.outc.conv.bias"));
    }

    @Test
    void theCounterOfAveragedWeightsIsLeftOut() {
        String[] names = {"module.net.inc.conv.weight", "module.net.outc.conv.bias", "n_averaged"};
        assertNames(OWN, safetensors(names));
        assertNames(OWN, checkpoint(names));
        try (Weights weights = Weights.open(safetensors("n_averaged"))) {
            assertEquals(List.of("n_averaged"), weights.names());
        }
    }

    @Test
    void namesOfTheModelItselfStay() {
        for (String[] names : List.<String[]>of(
                new String[] {"module.conv.weight", "head.bias"},
                new String[] {"model.0.conv.weight", "model.22.conv.bias"},
                new String[] {"model.conv.weight", "model.1.bias"},
                new String[] {"n_averaged", "net.bias"},
                new String[] {"modules.weight", "modules.bias"},
                new String[] {"net.", "net.bias"},
                new String[] {"my_orig_mod.weight", "_orig_mods.bias"})) {
            assertNames(Arrays.asList(names), safetensors(names));
            assertNames(Arrays.asList(names), checkpoint(names));
        }
    }

    @Test
    void twoTensorsThatComeToHaveOneNameAreRefused() {
        Path path = safetensors("a._orig_mod.b", "a.b");
        String message = assertThrows(BadFileException.class, () -> Weights.open(path)).getMessage();
        assertTrue(message.endsWith("w.safetensors: two tensors are named \"a.b\""), message);
        Path torch = checkpoint("a._orig_mod.b", "a.b");
        assertThrows(BadFileException.class, () -> Weights.open(torch));
    }

    @ParameterizedTest
    @CsvSource({"state_dict", "model_state", "network_weights", "module", "params", "model_ema", "ema"})
    void stateDictsAreFoundUnderTheUsualKeys(String key) {
        PickleBytes pickle = PickleBytes.begin().op('}').text("optimizer").op('}').text("m")
                .tensor("0", 1, 0, new long[] {1}, new long[] {1}).op('s').op('s').text(key).op('}');
        pickle.text("module.w").tensor("0", 1, 0, new long[] {1}, new long[] {1}).op('s').op('s').op('.');
        Path path = PickleBytes.zip(dir.resolve("w.pt"), ZipEntry.STORED, pickle.bytes(), Map.of("data/0", new byte[4]));
        try (Weights weights = Weights.open(path)) {
            assertEquals(List.of("w"), weights.names());
        }
    }
}
