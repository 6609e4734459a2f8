package dev.kerf.check.golden;

import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.Executable;
import dev.kerf.graph.TensorType;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.model.sam2.network.Sam2Graphs;
import dev.kerf.model.sam2.network.PromptGraphs.DecoderRequest;
import dev.kerf.model.sam2.network.Sam2VideoGraphs;
import dev.kerf.model.sam2.network.Sam2VideoGraphs.FrameRequest;
import dev.kerf.model.sam2.network.Sam2Config;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Safetensors;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;

/**
 * The video of a golden case: its first frame prompted with the point, the others tracked. Slots, room for memories
 * and for pointers are more than is needed, and slot numbers run against frame numbers.
 *
 * <p>The memory encoder of a binarised mask is given the reference's own mask, where the case has all of it: a logit
 * within float32's error of 0 may be cut to either side, and all that follows would differ for that reason alone. The
 * mask itself is compared, too.
 */
final class CaseVideo {
    private static final int SLOTS = 9;
    private static final int MEMORIES = 7;
    private static final int POINTERS = 5;
    private static final int WIDTH = 256;

    private final Sam2Golden.Setup setup;

    CaseVideo(Sam2Golden.Setup setup) {
        this.setup = setup;
    }

    void run(Map<String, HostTensor> results) {
        Sam2Config config = setup.config();
        int side = config.imageSize();
        List<Json> frames = setup.golden().description().at("images").items();
        long cells = config.memoryTokens();
        boolean binarize = config.binarizeClicked();
        var first = new FrameRequest(new DecoderRequest(1, 2, false, true), 0, 0, 0);
        var later = new FrameRequest(new DecoderRequest(1, 2, false, true), SLOTS, MEMORIES, POINTERS);
        try (DeviceTensor.State memories = setup.device().allocateState(TensorType.f32(SLOTS, cells, 64));
                DeviceTensor.State pointers = setup.device().allocateState(TensorType.f32(SLOTS, 256));
                Executable encoder = setup.compile(Sam2Graphs.image(config, side, side));
                Executable prompted = setup.compile(Sam2VideoGraphs.frame(config, first));
                Executable tracked = setup.compile(Sam2VideoGraphs.frame(config, later));
                Executable clicked = setup.compile(Sam2VideoGraphs.remember(config, 1, SLOTS, binarize));
                Executable seen = setup.compile(Sam2VideoGraphs.remember(config, 1, SLOTS, false))) {
            tracked.bindState("memories", memories);
            tracked.bindState("pointers", pointers);
            for (int t = 0; t < frames.size(); t++) {
                encoder.input("image").upload(
                        Image.read(setup.golden().path(frames.get(t).asString())).toRgb8().toTensor().data());
                encoder.run();
                Executable e = t == 0 ? prompted : tracked;
                e.bindInput("high_res_features_0", encoder.output("high_res_features_0"));
                e.bindInput("high_res_features_1", encoder.output("high_res_features_1"));
                if (t == 0) {
                    e.bindInput("image_embeddings", encoder.output("image_embeddings"));
                    setup.uploadPoints(e, setup.golden().description().at("prompts").at("point"));
                } else {
                    e.bindInput("vision_features", encoder.output("vision_features"));
                    e.input("labels").upload(MemorySegment.ofArray(new int[] {-1, -1}));
                    recall(e, t, frames.size());
                }
                e.run();
                Executable r = t == 0 ? clicked : seen;
                r.bindState("memories", memories);
                r.bindState("pointers", pointers);
                r.bindInput("vision_features", encoder.output("vision_features"));
                for (String s : List.of("low_res_masks", "object_pointer", "object_score_logits")) {
                    results.put("video" + t + "." + s, e.output(s).toHost());
                    if (t > 0 || !binarize || !s.equals("low_res_masks") || !uploadReference("video0." + s, r.input(s))) {
                        r.bindInput(s, e.output(s));
                    }
                }
                r.input("slots").upload(MemorySegment.ofArray(new int[] {slot(t)}));
                r.run();
                results.put("video" + t + ".memory_features", r.output("memory_features").toHost());
                results.put("video" + t + ".memory_pos_enc", r.output("memory_pos_enc").toHost());
            }
        }
    }

    /** Uploads the reference's own result, if the case has every element of it; returns whether it has. */
    private boolean uploadReference(String stage, DeviceTensor to) {
        GoldenCase.Stage known = setup.golden().stages().get(stage);
        if (known == null || known.stride() != 1) {
            return false;
        }
        try (Safetensors expected = Safetensors.open(setup.golden().path("expected.safetensors"))) {
            to.upload(expected.tensor(stage).data());
        }
        return true;
    }

    private static int slot(int frame) {
        return SLOTS - 1 - frame;
    }

    /**
     * What frame t of n looks back to, the first being the only one that was prompted: the memory of the first, with the
     * last row of the temporal encoding, and of those between with their ages; the pointers of all, oldest last but for
     * the first, with sines and cosines of their ages in units of the longest.
     */
    private static void recall(Executable e, int t, int n) {
        int[] slots = new int[MEMORIES];
        int[] ages = new int[MEMORIES];
        int[] valid = new int[MEMORIES];
        for (int i = 0; i < t; i++) {
            slots[i] = slot(i);
            ages[i] = i == 0 ? MEMORIES - 1 : t - i - 1;
            valid[i] = 1;
        }
        e.input("memory_slots").upload(MemorySegment.ofArray(slots));
        e.input("memory_ages").upload(MemorySegment.ofArray(ages));
        e.input("memory_valid").upload(MemorySegment.ofArray(valid));
        slots = new int[POINTERS];
        valid = new int[POINTERS];
        float[] times = new float[POINTERS * WIDTH];
        for (int i = 0; i < t; i++) {
            int frame = i == 0 ? 0 : t - i;
            slots[i] = slot(frame);
            valid[i] = 1;
            for (int c = 0; c < WIDTH / 2; c++) {
                double x = (t - frame) / (n - 1.0) * Math.pow(10_000, -2.0 * (c / 2) / (WIDTH / 2));
                times[i * WIDTH + c] = (float) Math.sin(x);
                times[i * WIDTH + WIDTH / 2 + c] = (float) Math.cos(x);
            }
        }
        e.input("pointer_slots").upload(MemorySegment.ofArray(slots));
        e.input("pointer_valid").upload(MemorySegment.ofArray(valid));
        e.input("pointer_times").upload(MemorySegment.ofArray(times));
    }
}
