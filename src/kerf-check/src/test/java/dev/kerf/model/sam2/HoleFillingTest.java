package dev.kerf.model.sam2;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.Executable;
import dev.kerf.model.sam2.network.Sam2Config;
import dev.kerf.model.sam2.network.PromptGraphs;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Holes are filled on the device as upstream's {@code fill_holes_in_mask_scores} fills them: by regions that touch at corners. */
class HoleFillingTest {
    private static final Sam2Config CONFIG = new Sam2Config(Sam2Config.Size.TINY, Sam2Config.Version.V2_1, 256, true, true, 8);
    private static final int SIDE = 64;
    private static final int BATCH = 3;

    private static float[] filled(Device device, float[] logits, int most) {
        try (Executable e = device.compile(PromptGraphs.upscale(CONFIG.prompts(), BATCH, 1, 48, 80, most), null,
                CompileOptions.of())) {
            e.input("low_res_masks").upload(MemorySegment.ofArray(logits));
            e.run();
            return e.output("filled_masks").toHost().data().toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    /** Each mask by itself, on the host. */
    private static float[] expected(float[] logits, int most) {
        float[] out = logits.clone();
        int cells = SIDE * SIDE;
        for (int b = 0; b < BATCH; b++) {
            boolean[] outside = new boolean[cells];
            for (int i = 0; i < cells; i++) {
                outside[i] = logits[b * cells + i] <= 0;
            }
            int[] sizes = SmallRegions.sizes(outside, SIDE);
            for (int i = 0; i < cells; i++) {
                out[b * cells + i] = outside[i] && sizes[i] <= most ? 0.1f : logits[b * cells + i];
            }
        }
        return out;
    }

    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void smallOnesOnly(String id) {
        Random random = new Random(9);
        float[] logits = new float[BATCH * SIDE * SIDE];
        for (int i = 0; i < logits.length; i++) {
            // Few holes in the first mask, many in the second, more holes than mask in the third.
            logits[i] = (float) random.nextGaussian() + 1.5f - i / (SIDE * SIDE);
        }
        try (Device device = Backends.open(id)) {
            for (int most : new int[] {1, 8, SIDE * SIDE}) {
                float[] y = filled(device, logits, most);
                assertArrayEquals(expected(logits, most), y);
                assertTrue(!Arrays.equals(logits, y), "something is filled");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void aSmallMaskIsNoHole(String id) {
        float[] logits = new float[BATCH * SIDE * SIDE];
        Arrays.fill(logits, -3);
        logits[0] = 5; // a mask of one pixel in what is no hole
        Arrays.fill(logits, SIDE * SIDE, 2 * SIDE * SIDE, 4);
        logits[SIDE * SIDE + 70] = 0; // 0 is outside
        logits[SIDE * SIDE + 70 + SIDE + 1] = -9; // touches it at a corner
        logits[SIDE * SIDE + 80] = Float.NaN; // neither in nor out
        try (Device device = Backends.open(id)) {
            float[] y = filled(device, logits, 2);
            assertEquals(5, y[0]);
            assertEquals(-3, y[1]);
            assertEquals(0.1f, y[SIDE * SIDE + 70]);
            assertEquals(0.1f, y[SIDE * SIDE + 70 + SIDE + 1]);
            assertTrue(Float.isNaN(y[SIDE * SIDE + 80]));
            assertEquals(0, filled(device, logits, 1)[SIDE * SIDE + 70], "two pixels are more than one");
        }
    }
}
