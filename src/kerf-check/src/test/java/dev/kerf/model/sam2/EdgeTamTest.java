package dev.kerf.model.sam2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.Kerf;
import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.model.ModelKind.GraphRequest;
import dev.kerf.model.ModelOptions;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Safetensors;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** EdgeTAM as its users call it; what upstream's code makes of the same video is in the case. */
class EdgeTamTest {
    private static final Path GOLDENS = Path.of("src/kerf-check/src/test/resources/goldens");
    private static final GoldenCase CASE = GoldenCase.open(GOLDENS.resolve("edgetam-quick"));
    /** As the case was made: without what upstream's predictors turn on. */
    private static final Sam2.Settings PLAIN = new Sam2.Settings(256, false, false, 0);

    private static ClipTracker.Frames video() {
        List<Json> names = CASE.description().at("images").items();
        return new ClipTracker.Frames() {
            @Override
            public int count() {
                return names.size();
            }

            @Override
            public Image frame(int index) {
                return Image.read(CASE.path(names.get(index).asString()));
            }
        };
    }

    private static Prompt point() {
        double[] xy = CASE.description().at("prompts").at("point").at("points").at(0).asDoubles();
        return Prompt.point(xy[0], xy[1]);
    }

    @Test
    void aClipAndAStreamAreFollowedAsUpstreamDoes() {
        List<HostTensor> masks = new ArrayList<>();
        try (Device device = Backends.open("cpu");
                Weights weights = CASE.weights();
                Sam2 sam = Sam2.load(device, weights, PLAIN, ModelOptions.of());
                Safetensors expected = Safetensors.open(CASE.path("expected.safetensors"));
                ClipTracker clip = sam.track(video());
                StreamTracker stream = sam.stream()) {
            assertEquals("EdgeTAM", sam.name());
            clip.prompt(0, 1, point());
            clip.propagate(r -> {
                String stage = "video" + r.frame() + ".low_res_masks";
                HostTensor mask = r.objects().get(1).lowRes();
                assertTrue(distance(mask, expected.tensor(stage), stage) < 10 * CASE.stages().get(stage).cost(), stage);
                masks.add(mask);
            });
            assertEquals(3, masks.size());
            for (int i = 0; i < 3; i++) {
                var seen = i == 0 ? first(stream) : stream.next(video().frame(i));
                HostTensor mask = seen.objects().get(1).lowRes();
                double far = 0;
                for (long k = 0; k < mask.elements(); k++) {
                    far = Math.max(far, Math.abs(mask.getDouble(k) - masks.get(i).getDouble(k)));
                }
                assertTrue(far < 1e-2, "frame " + i + " of the stream is " + far + " off the clip's");
            }
        }
    }

    private static Sam2.FrameResult first(StreamTracker stream) {
        var seen = stream.next(video().frame(0));
        assertTrue(seen.objects().isEmpty());
        return new Sam2.FrameResult(0, java.util.Map.of(1, stream.prompt(1, point())));
    }

    private static double distance(HostTensor mask, HostTensor expected, String stage) {
        long stride = CASE.stages().get(stage).stride();
        double off = 0;
        double all = 0;
        for (long i = 0; i < expected.elements(); i++) {
            double e = expected.getDouble(i);
            off += Math.pow(mask.getDouble(i * stride) - e, 2);
            all += e * e;
        }
        return Math.sqrt(off / all);
    }

    @Test
    void itIsAKindOfSam2WithSidesOfItsOwn() {
        try (Weights weights = CASE.weights()) {
            var kind = Kerf.model(weights);
            assertEquals("sam2", kind.name());
            assertEquals(
                    "EdgeTAM: RepViT-M1, 20 blocks in stages [2, 2, 14, 2], 48 to 384 channels; trained at 1024×1024 pixels",
                    kind.describe(weights));
            for (String part : kind.parts()) {
                assertTrue(!kind.graph(weights, new GraphRequest(part, 48, 80, 256, false)).outputs().isEmpty(), part);
            }
            String message = assertThrows(BadInputException.class,
                    () -> kind.graph(weights, new GraphRequest("encoder", 48, 80, 320, false))).getMessage();
            assertTrue(message.contains("EdgeTAM takes a multiple of 256"), message);
        }
    }
}
