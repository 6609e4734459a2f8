package dev.kerf.model.sam2;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.check.golden.TensorDifference;
import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.sam2.MaskGenerator.GeneratedMask;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** SAM, the first, as its users call it. */
class SamTest {
    private static final GoldenCase CASE = GoldenCase.open(
            Path.of("src/kerf-check/src/test/resources/goldens/sam-quick"));

    private static Device device;
    private static Weights weights;
    private static PromptModel sam;

    @BeforeAll
    static void load() {
        device = Backends.open("cpu");
        weights = CASE.weights();
        sam = PromptModel.load(device, weights, 0, ModelOptions.of());
    }

    @AfterAll
    static void close() {
        sam.close();
        weights.close();
        device.close();
    }

    @Test
    void weightsTellWhichItIs() {
        assertEquals("SAM ViT-B", sam.name());
        assertEquals(0.88, sam.everything().iouThreshold());
    }

    /** Rows and columns by hand: a longer side of 256 pixels, the other one as Pillow rounds it, and zeros in what is left. */
    @Test
    void aPictureKeepsItsProportions() {
        Image picture = drawn(90, 37);
        HostTensor seen = sam.trace(picture, Prompt.point(3, 4), true).get("input");
        assertEquals(Shape.of(1, 3, 256, 256), seen.shape());
        int rows = (int) (37 * (256.0 / 90) + 0.5);
        for (int y = 0; y < 256; y++) {
            boolean empty = true;
            for (int x = 0; x < 256; x++) {
                empty &= seen.getDouble(y * 256L + x) == 0;
            }
            assertEquals(y >= rows, empty, "row " + y);
        }
        assertTrue(seen.getDouble(255) != 0, "the last column");
    }

    @Test
    void answersAreOfThePicturesSize() {
        Image picture = drawn(90, 37);
        try (ImageView view = sam.look(picture)) {
            List<Prediction> three = view.candidates(Prompt.point(40, 20));
            assertEquals(3, three.size());
            assertEquals(Shape.of(37, 90), three.getFirst().logits().shape());
            assertTrue(Float.isNaN(three.getFirst().object()), "nothing says whether the thing is there");
            assertTrue(three.get(0).iou() >= three.get(1).iou());
            Prediction again = view.predict(Prompt.point(40, 20).refining(three.getFirst().lowRes()));
            Prediction alone = view.predict(new Prompt(List.of(), null, three.getFirst().lowRes()));
            assertTrue(difference(again.logits(), alone.logits()) > 1e-3, "the point says something beside the mask");
            assertThrows(BadInputException.class, () -> view.predict(Prompt.point(91, 3)));
        }
    }

    /** A call's room for points, and others beside it, change nothing. */
    @Test
    void severalPromptsAreAnsweredAsEachAlone() {
        try (ImageView view = sam.look(Image.read(CASE.file("image")))) {
            List<Prompt> prompts = List.of(Prompt.box(76, 48, 179, 149), Prompt.box(20, 30, 100, 90).background(30, 40),
                    Prompt.point(125, 71).foreground(153, 76).background(25, 168));
            List<Prediction> all = view.predictAll(prompts);
            for (int i = 0; i < prompts.size(); i++) {
                assertTrue(difference(view.predict(prompts.get(i)).lowRes(), all.get(i).lowRes()) < 1e-4, "prompt " + i);
            }
        }
    }

    /** Position embeddings are stretched, tables of distances too. */
    @Test
    void anotherSideOfTheInputIsNearTheCheckpointsOwn() {
        Image picture = Image.read(CASE.file("image"));
        Prompt box = Prompt.box(76, 48, 179, 149);
        try (Sam larger = Sam.load(device, weights, 320, ModelOptions.of());
                ImageView view = larger.look(picture)) {
            Map<String, HostTensor> stages = larger.trace(picture, box, false);
            assertEquals(Shape.of(1, 256, 20, 20), stages.get("image_embeddings").shape());
            assertArrayEquals(stages.get("low_res_masks").toFloatArray(), view.predict(box).lowRes().toFloatArray(), 1e-2f);
        }
        assertThrows(BadInputException.class, () -> Sam.load(device, weights, 250, ModelOptions.of()));
    }

    @Test
    void everythingIsFound() {
        Image picture = drawn(90, 37);
        MaskGenerator.Settings all = sam.everything().pointsPerSide(3).thresholds(-1, 0.1);
        List<GeneratedMask> found = new MaskGenerator(sam, all).generate(picture, _ -> {});
        assertTrue(!found.isEmpty() && found.size() <= 27, found.size() + " masks");
        found.forEach(m -> assertEquals(90, m.mask().width()));
    }

    private static double difference(HostTensor a, HostTensor b) {
        return TensorDifference.of(a, b).relativeL2();
    }

    private static Image drawn(int width, int height) {
        Image image = Image.blank(width, height, PixelFormat.RGB8);
        for (int i = 0; i < 3 * width * height; i++) {
            int x = i / 3 % width;
            int y = i / 3 / width;
            boolean disc = (x - 40) * (x - 40) + (y - 20) * (y - 20) < 150;
            image.setSample(x, y, i % 3, disc ? 230 - 40 * (i % 3) : (x * 2 + y * 3 + 30 * (i % 3)) % 200);
        }
        return image;
    }
}
