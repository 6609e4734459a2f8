package dev.kerf.model.sam2.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadWeightsException;
import dev.kerf.graph.SourceOp.WeightExpr;
import dev.kerf.json.Json;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The official checkpoints' tensors, by name and shape, with values by formula. */
class Sam2NamesTest {
    @TempDir
    private Path temp;

    static Map<String, String> listed(String size) throws IOException {
        Map<String, String> shapes = new LinkedHashMap<>();
        for (String line : Files.readAllLines(Path.of("src/kerf/src/test/resources/sam2-names/" + size + ".txt"))) {
            int space = line.indexOf(' ');
            shapes.put(line.substring(0, space), line.substring(line.indexOf('[')));
        }
        return shapes;
    }

    private Weights weights(Map<String, String> shapes) throws IOException {
        Json tensors = Json.object();
        shapes.forEach((name, shape) -> tensors.put(name,
                Json.object().put("shape", Json.parse(shape)).put("scale", 0.02)));
        Path file = temp.resolve("weights.json");
        Files.writeString(file, Json.object().put("format", 1).put("tensors", tensors).toString());
        return Weights.formula(file, Optional.empty());
    }

    @ParameterizedTest
    @CsvSource({"tiny,TINY,471", "small,SMALL,519", "base_plus,BASE_PLUS,615", "large,LARGE,903"})
    void everyTensorIsUsedOrDeclaredNotNeeded(String file, Sam2Config.Size size, int tensors) throws IOException {
        Map<String, String> shapes = listed(file);
        assertEquals(tensors, shapes.size());
        try (Weights weights = weights(shapes)) {
            Sam2Config config = Sam2Config.of(weights);
            assertEquals(size, config.size());
            assertEquals(Sam2Config.Version.V2_1, config.version());
            Map<String, String> used = new LinkedHashMap<>();
            for (WeightExpr.Tensor t : Sam2Graphs.tensors(config)) {
                used.put(t.name(), t.shape().toString());
            }
            Sam2Config.NOT_NEEDED.forEach(n -> used.put(n, shapes.get(n)));
            assertEquals(shapes, used);
            Sam2Graphs.requireFits(config, weights);
        }
    }

    @Test
    void aSam20CheckpointIsRecognised() throws IOException {
        Map<String, String> shapes = listed("tiny");
        shapes.keySet().removeAll(java.util.Set.of("no_obj_embed_spatial", "obj_ptr_tpos_proj.weight",
                "obj_ptr_tpos_proj.bias"));
        try (Weights weights = weights(shapes)) {
            Sam2Config config = Sam2Config.of(weights);
            assertEquals(Sam2Config.Version.V2_0, config.version());
            Sam2Graphs.requireFits(config, weights);
        }
    }

    @Test
    void halfOfSam21IsNeither() throws IOException {
        Map<String, String> shapes = listed("tiny");
        shapes.remove("no_obj_embed_spatial");
        try (Weights weights = weights(shapes)) {
            assertTrue(assertThrows(BadWeightsException.class, () -> Sam2Config.of(weights)).getMessage()
                    .contains("neither SAM 2.0 nor 2.1"));
        }
    }

    @Test
    void aMissingAMisshapenAndAnUnknownTensorAreNamed() throws IOException {
        Map<String, String> missing = listed("tiny");
        missing.remove("memory_encoder.fuser.layers.1.gamma");
        refused(missing, "memory_encoder.fuser.layers.1.gamma");
        Map<String, String> misshapen = listed("tiny");
        misshapen.put("mask_downsample.weight", "[1, 1, 2, 2]");
        refused(misshapen, "[1, 1, 2, 2]");
        Map<String, String> unknown = listed("tiny");
        unknown.put("image_encoder.trunk.extra", "[3]");
        refused(unknown, "image_encoder.trunk.extra");
    }

    private void refused(Map<String, String> shapes, String says) throws IOException {
        try (Weights weights = weights(shapes)) {
            Sam2Config config = Sam2Config.of(weights);
            String message = assertThrows(BadWeightsException.class, () -> Sam2Graphs.requireFits(config, weights))
                    .getMessage();
            assertTrue(message.contains(says), message);
        }
    }

    @Test
    void anotherNetworkIsNoSam2() {
        try (Weights weights = dev.kerf.Kerf.embeddedWeights()) {
            assertTrue(assertThrows(BadWeightsException.class, () -> Sam2Config.of(weights)).getMessage()
                    .contains("no SAM 2 checkpoint"));
        }
    }
}
