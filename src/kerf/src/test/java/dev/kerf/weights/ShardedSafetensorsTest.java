package dev.kerf.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadWeightsException;
import dev.kerf.error.ClosedException;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShardedSafetensorsTest {
    @TempDir
    Path dir;

    private Path index(String weightMap) throws IOException {
        Safetensors.write(dir.resolve("model-00001-of-00002.safetensors"), Map.of(
                "module.a", HostTensor.of(Shape.of(2), new float[] {1, 2})), Map.of("format", "pt"));
        Safetensors.write(dir.resolve("model-00002-of-00002.safetensors"), Map.of(
                "module.b", HostTensor.of(Shape.of(1), new float[] {3}),
                "module.c", HostTensor.of(Shape.of(1), new long[] {4})), Map.of());
        return Files.writeString(dir.resolve("model.safetensors.index.json"),
                "{\"metadata\": {\"total_size\": 20},\n \"weight_map\": {" + weightMap + "}}");
    }

    private static final String WHOLE = "\"module.c\": \"model-00002-of-00002.safetensors\","
            + "\"module.a\": \"model-00001-of-00002.safetensors\", \"module.b\": \"model-00002-of-00002.safetensors\"";

    @Test
    void theFilesOfAnIndexAreOneModel() throws IOException {
        Weights weights = Weights.open(index(WHOLE));
        try (weights) {
            assertEquals(List.of("c", "a", "b"), weights.names());
            assertArrayEquals(new float[] {1, 2}, weights.tensor("a", Shape.of(2)).toFloatArray());
            assertEquals(3, weights.tensor("b").getDouble(0));
            weights.unload("b");
            assertEquals(3, weights.tensor("module.b").getDouble(0));
            assertEquals(4, weights.tensor("c").getLong(0));
            assertEquals(Map.of("format", "pt"), weights.metadata());
            assertTrue(weights.source().endsWith("model.safetensors.index.json"));
            assertThrows(BadWeightsException.class, () -> weights.tensor("d"));
        }
        assertThrows(ClosedException.class, () -> weights.tensor("a"));
        assertThrows(ClosedException.class, () -> weights.tensor("b"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "\"module.a\": \"model-00001-of-00002.safetensors\", \"x\": \"model-00002-of-00002.safetensors\" "
                + "| model-00002-of-00002.safetensors: has no tensor \"x\", which ",
        "\"module.b\": \"model-00002-of-00002.safetensors\" | has the tensor \"module.c\", of which ",
        "\"module.a\": \"model-00003-of-00002.safetensors\" | model-00003-of-00002.safetensors: no such file",
        "\"module.a\": \"../model-00001-of-00002.safetensors\" | expected the name of a .safetensors file beside the index",
        "\"module.a\": \"/etc/passwd\" | weight_map.module.a: is \"/etc/passwd\", expected the name of",
        "\"module.a\": \"a\\u0000.safetensors\" | is \"a?.safetensors\", expected the name of",
        "\"module.a\": \"pytorch_model.bin\" | is \"pytorch_model.bin\", expected the name of",
        "\"module.a\": 1 | expected a string",
    })
    void filesThatDontBelongTogetherAreRefused(String weightMap, String why) throws IOException {
        Path index = index(weightMap);
        String message = assertThrows(BadFileException.class, () -> Weights.open(index)).getMessage();
        assertTrue(message.startsWith(dir.toString()) && message.contains(why), message);
        assertEquals(1, message.lines().count(), message);
    }

    @Test
    void otherJsonIsNoIndex() throws IOException {
        Path json = Files.writeString(dir.resolve("config.json"), "{\"architectures\": []}");
        String message = assertThrows(BadFileException.class, () -> Weights.open(json)).getMessage();
        assertTrue(message.contains("is JSON without a weight_map"), message);
        Files.writeString(json, "{\"weight_map\": ");
        assertThrows(BadFileException.class, () -> Weights.open(json));
        Files.writeString(json, "{\"weight_map\": []}");
        assertThrows(BadFileException.class, () -> Weights.open(json));
    }
}
