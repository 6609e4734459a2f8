package dev.kerf.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.Kerf;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.error.BadInputException;
import dev.kerf.error.BadWeightsException;
import dev.kerf.graph.Graph;
import dev.kerf.model.ModelKind.GraphRequest;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ModelsTest {
    private static final Path GOLDENS = Path.of("src/kerf-check/src/test/resources/goldens");
    private static final Map<String, String> CASES = Map.of(
            "unet-quick", "U-Net: depth 4, widths [64, 128, 256, 512, 1024], 3 channels in, transposed convolutions, "
                    + "batch norm, input as it is, classes: class 0, class 1",
            "maskrcnn-quick", "Mask R-CNN: ResNet-50-FPN as torchvision's first version, 91 classes with background",
            "sam2-quick", "SAM 2.1: Hiera tiny, 12 blocks in stages [1, 2, 7, 2], 96 to 768 channels, 1 to 8 heads; "
                    + "trained at 1024×1024 pixels",
            "sam-quick", "SAM ViT-B: 12 blocks, 768 channels, 12 heads; trained at 256×256 pixels", "u2netp-quick",
            "U²-Netp: six stages of residual U-blocks, one matte; trained at 320×320 pixels");

    @Test
    void eachCaseIsOfOneKindWhichDescribesItAndRecordsItsParts() {
        CASES.forEach((folder, line) -> {
            GoldenCase golden = GoldenCase.open(GOLDENS.resolve(folder));
            try (Weights weights = golden.weights()) {
                assertEquals(1, Kerf.MODELS.stream().filter(k -> k.accepts(weights)).count(), folder);
                ModelKind kind = Kerf.model(weights);
                assertEquals(golden.model(), kind.name());
                assertEquals(line, kind.describe(weights));
                for (String part : kind.parts()) {
                    Graph g = kind.graph(weights, new GraphRequest(part, 48, 80, 64, false));
                    assertFalse(g.outputs().isEmpty(), folder + " " + part);
                }
            }
        });
        assertEquals(Kerf.MODELS.size(), CASES.size(), "a kind without a case here");
    }

    /** Images, prompts or objects at once; what takes one at a time says so. */
    @Test
    void batches() {
        CASES.keySet().forEach(folder -> {
            GoldenCase golden = GoldenCase.open(GOLDENS.resolve(folder));
            try (Weights weights = golden.weights()) {
                ModelKind kind = Kerf.model(weights);
                for (String part : kind.parts()) {
                    GraphRequest three = new GraphRequest(part, 3, 48, 80, 64, false);
                    if (part.equals("encoder")) {
                        assertThrows(BadInputException.class, () -> kind.graph(weights, three));
                    } else {
                        assertEquals(3, kind.graph(weights, three).outputs().values().iterator().next().type().shape().dim(0),
                                part);
                    }
                }
            }
        });
        assertThrows(BadInputException.class, () -> new GraphRequest("network", 0, 48, 80, 64, false));
    }

    @Test
    void namesAreTold() {
        for (ModelKind kind : Kerf.MODELS) {
            assertEquals(kind, Kerf.modelNamed(kind.name()));
        }
        String message = assertThrows(BadInputException.class, () -> Kerf.modelNamed("yolo")).getMessage();
        assertTrue(message.contains("'yolo'") && message.contains("unet, maskrcnn, sam2"), message);
        Weights other = Weights.of(Map.of("stem.weight", HostTensor.zeros(DType.F32, Shape.of(1))));
        assertTrue(Kerf.findModel(other).isEmpty());
        message = assertThrows(BadWeightsException.class, () -> Kerf.model(other)).getMessage();
        assertTrue(message.contains("stem.weight") && message.contains("unet, maskrcnn, sam2"), message);
    }

    @Test
    void sizesOutOfRangeAreRefused() {
        try (Weights weights = GoldenCase.open(GOLDENS.resolve("sam2-quick")).weights()) {
            for (int side : new int[] {32, 100, 8192}) {
                assertThrows(BadInputException.class, () -> Kerf.modelNamed("sam2").graph(weights,
                        new GraphRequest("encoder", 48, 80, side, false)));
            }
            assertThrows(BadInputException.class, () -> Kerf.modelNamed("sam2").graph(weights,
                    new GraphRequest("network", 48, 80, 64, false)));
        }
    }
}
