package dev.kerf.model.sam2.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.Kerf;
import dev.kerf.error.BadWeightsException;
import dev.kerf.json.Json;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which tensors the three checkpoints of SAM, the first, have: those that upstream's ViT-B has, for the other widths and depths. */
class SamNamesTest {
    private static final Path LISTED = Path.of("src/kerf-check/src/test/resources/goldens/sam-quick/weights.json");

    @TempDir
    private Path temp;

    /** The case's list with the positions of 1024 pixels, all blocks, and another width. */
    private static Map<String, List<Long>> listed(int width, int blocks, int heads) {
        Map<String, List<Long>> out = new LinkedHashMap<>();
        Json.read(LISTED).at("tensors").members().forEach((name, t) -> {
            boolean inBlock = name.startsWith("image_encoder.blocks.");
            if (inBlock && !name.startsWith("image_encoder.blocks.0.")) {
                return;
            }
            for (int b = 0; b < (inBlock ? blocks : 1); b++) {
                int block = b;
                boolean global = (block + 1) % (blocks / 4) == 0;
                List<Long> shape = java.util.Arrays.stream(t.at("shape").asLongs()).mapToObj(n -> {
                    if (!name.startsWith("image_encoder.")) {
                        return n;
                    }
                    return switch ((int) n) {
                        case 768, 2304, 3072 -> n / 768 * width;
                        case 27 -> global ? 127L : n;
                        case 64 -> (long) width / heads;
                        case 16 -> name.endsWith("pos_embed") ? 64L : n;
                        default -> n;
                    };
                }).toList();
                out.put(inBlock ? name.replace("blocks.0.", "blocks." + b + ".") : name, shape);
            }
        });
        return out;
    }

    private Weights weights(Map<String, List<Long>> shapes) throws IOException {
        Json tensors = Json.object();
        shapes.forEach((name, shape) -> tensors.put(name,
                Json.object().put("shape", Json.of(shape)).put("scale", 0.02)));
        Path file = temp.resolve("weights.json");
        Files.writeString(file, Json.object().put("format", 1).put("tensors", tensors).toString());
        return Weights.formula(file, Optional.empty());
    }

    @ParameterizedTest
    @CsvSource({"BASE,768,12,12,93735472", "LARGE,1024,24,16,312342832", "HUGE,1280,32,16,641090608"})
    void everyTensorIsUsed(SamConfig.Size size, int width, int blocks, int heads, long parameters) throws IOException {
        try (Weights weights = weights(listed(width, blocks, heads))) {
            SamConfig config = SamConfig.of(weights);
            assertEquals(new SamConfig(size, 64, 1024), config);
            assertEquals("sam", Kerf.model(weights).name());
            SamGraphs.requireFits(config, weights);
            // What PyTorch counts as parameters; the matrix of Fourier features is none.
            assertEquals(parameters + 2 * 128, weights.tensors().stream().mapToLong(t -> t.shape().elements()).sum());
        }
    }

    @Test
    void whatDoesNotFitIsNamed() throws IOException {
        Map<String, List<Long>> missing = listed(768, 12, 12);
        missing.remove("image_encoder.blocks.3.attn.rel_pos_w");
        refused(missing, "image_encoder.blocks.3.attn.rel_pos_w");
        Map<String, List<Long>> misshapen = listed(768, 12, 12);
        misshapen.put("image_encoder.blocks.2.attn.rel_pos_h", List.of(27L, 64L));
        refused(misshapen, "image_encoder.blocks.2.attn.rel_pos_h");
        Map<String, List<Long>> more = listed(768, 12, 12);
        more.put("image_encoder.prompt_generator.weight", List.of(3L));
        refused(more, "image_encoder.prompt_generator.weight");
        Map<String, List<Long>> other = listed(768, 12, 12);
        other.remove("image_encoder.blocks.11.norm1.weight");
        refused(other, "11 blocks is none of SAM's sizes");
    }

    private void refused(Map<String, List<Long>> shapes, String says) throws IOException {
        try (Weights weights = weights(shapes)) {
            String message = assertThrows(BadWeightsException.class,
                    () -> SamGraphs.requireFits(SamConfig.of(weights), weights))
                    .getMessage();
            assertTrue(message.contains(says), message);
        }
    }
}
