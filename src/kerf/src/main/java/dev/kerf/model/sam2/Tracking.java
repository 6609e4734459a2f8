package dev.kerf.model.sam2;

import dev.kerf.backend.Executable;
import dev.kerf.error.BadInputException;
import dev.kerf.model.sam2.Sam2Graphs.DecoderRequest;
import dev.kerf.model.sam2.Sam2VideoGraphs.FrameRequest;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * Objects followed through a video: what upstream's SAM2VideoPredictor does with its inference state, for a batch of
 * objects at once.
 */
final class Tracking implements AutoCloseable {
    private static final int MOST_AT_ONCE = 4;
    private static final List<String> RESULTS = List.of("low_res_masks", "object_score_logits", "object_pointer");

    private final Sam2 sam;
    private final MemoryBank bank;
    private final Map<Integer, TrackedObject> objects = new LinkedHashMap<>();
    private final int width;
    private final int height;

    /** Conditioning frames that attention sees at most; frames of the video as far as they are known. */
    record Limits(int conditioning, int frames) {}

    Tracking(Sam2 sam, int width, int height) {
        this.sam = sam;
        this.bank = new MemoryBank(sam);
        this.width = width;
        this.height = height;
    }

    /** The objects by their numbers, in the order in which they were first prompted. */
    Map<Integer, TrackedObject> objects() {
        return objects;
    }

    /** Answers a prompt in a frame and keeps the answer for {@link #settle}. */
    Prediction prompt(int frame, int object, Prompt prompt, ImageView view, Limits limits) {
        prompt.check(width, height, sam.config().maskSize());
        if (prompt.points().isEmpty() && prompt.box() == null) {
            throw new BadInputException("a mask to refine needs a point or a box beside it");
        }
        TrackedObject o = objects.getOrDefault(object, new TrackedObject());
        boolean initial = !o.visited.containsKey(frame);
        FrameMemory before = o.latest(frame);
        Prompt asked = prompt.mask() == null && before != null
                ? prompt.refining(PromptBatch.clamped(before.mask)) : prompt;
        PromptBatch batch = PromptBatch.of(List.of(asked), asked.mask() != null);
        // Upstream counts a box as two points; with more than one there is nothing to choose from.
        boolean multimask = asked.tokens() - 1 <= 1;
        DecoderRequest decoder = new DecoderRequest(1, batch.room(), batch.mask(), multimask);
        FrameMemory answer;
        if (initial) {
            try (var lease = sam.frames().lease(new FrameRequest(decoder, 0, 0, 0))) {
                Executable e = lease.plan();
                view.bind(e, "image_embeddings", "high_res_features_0", "high_res_features_1");
                batch.upload(e, width, height, sam.config());
                e.run();
                answer = answers(e).getFirst();
            }
        } else {
            Recall recall = o.recall(frame, limits, o.visited.get(frame));
            RecallBatch recalled = new RecallBatch(List.of(o), List.of(recall));
            bank.begin(recalled.needed());
            try (var lease = sam.frames().lease(recalled.request(decoder, bank.slots()))) {
                Executable e = lease.plan();
                view.bind(e, "vision_features", "high_res_features_0", "high_res_features_1");
                batch.upload(e, width, height, sam.config());
                recalled.upload(e, bank);
                e.run();
                answer = answers(e).getFirst();
            }
        }
        objects.put(object, o);
        o.prompted(frame, initial, answer);
        return predictions(List.of(answer)).getFirst();
    }

    /**
     * Takes a mask as an object's in a frame, as upstream's {@code add_new_mask}: U8 (H, W), not 0 where the object
     * is.
     */
    Prediction give(int frame, int object, HostTensor mask, ImageView view) {
        if (!mask.shape().equals(Shape.of(height, width))) {
            throw new BadInputException("the mask is " + mask + ", the frames are " + width + "×" + height + " pixels");
        }
        TrackedObject o = objects.getOrDefault(object, new TrackedObject());
        try (var lease = sam.givens().lease(new Sam2.Size(height, width))) {
            Executable e = lease.plan();
            view.bind(e, "vision_features", "high_res_features_0", "high_res_features_1");
            e.input("mask").upload(binary(mask));
            e.run();
            FrameMemory answer = answers(e).getFirst();
            objects.put(object, o);
            o.prompted(frame, !o.visited.containsKey(frame), answer);
            return predictions(List.of(answer)).getFirst();
        }
    }

    private static MemorySegment binary(HostTensor mask) {
        float[] v = new float[Math.toIntExact(mask.elements())];
        for (int i = 0; i < v.length; i++) {
            v[i] = mask.getDouble(i) != 0 ? 1 : 0;
        }
        return MemorySegment.ofArray(v);
    }

    /** Puts prompted frames into memory, before objects are followed from them. */
    void settle(IntFunction<ImageView> views) {
        for (TrackedObject o : objects.values()) {
            for (var entry : o.pending().entrySet()) {
                FrameMemory m = entry.getValue();
                bank.begin(1);
                try (var lease = sam.remembers().lease(
                        new Sam2.Remember(1, bank.slots(), sam.config().binarizeClicked()))) {
                    Executable e = lease.plan();
                    views.apply(entry.getKey()).bind(e, "vision_features");
                    e.input("low_res_masks").upload(m.mask.data());
                    e.input("object_score_logits").upload(MemorySegment.ofArray(new float[] {m.object}));
                    e.input("object_pointer").upload(m.pointer.data());
                    remember(e, List.of(m));
                }
            }
            o.settle().forEach(bank::release);
        }
    }

    private void remember(Executable e, List<FrameMemory> frame) {
        int[] slots = new int[frame.size()];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = bank.reserve(frame.get(i));
        }
        bank.bind(e);
        e.input("slots").upload(MemorySegment.ofArray(slots));
        e.run();
    }

    /** Follows all objects into a frame; those prompted in it keep their answers. */
    Map<Integer, Prediction> step(int frame, boolean backward, ImageView view, Limits limits) {
        List<TrackedObject> missing = objects.values().stream().filter(o -> !o.conditioning.containsKey(frame)).toList();
        for (int i = 0; i < missing.size();) {
            int n = Math.min(MOST_AT_ONCE, Integer.highestOneBit(missing.size() - i));
            follow(frame, backward, missing.subList(i, i + n), view, limits);
            i += n;
        }
        objects.values().forEach(o -> o.visited.put(frame, backward));
        List<FrameMemory> found = objects.values().stream().map(o -> o.latest(frame)).toList();
        List<Prediction> answers = predictions(found);
        Map<Integer, Prediction> out = new LinkedHashMap<>();
        objects.keySet().forEach(id -> out.put(id, answers.get(out.size())));
        return out;
    }

    private void follow(int frame, boolean backward, List<TrackedObject> some, ImageView view, Limits limits) {
        RecallBatch recalled = new RecallBatch(some,
                some.stream().map(o -> o.recall(frame, limits, backward)).toList());
        int n = some.size();
        bank.begin(recalled.needed() + n);
        DecoderRequest decoder = new DecoderRequest(n, 2, false, true);
        try (var lease = sam.frames().lease(recalled.request(decoder, bank.slots()));
                var remember = sam.remembers().lease(new Sam2.Remember(n, bank.slots(), false))) {
            Executable e = lease.plan();
            view.bind(e, "vision_features", "high_res_features_0", "high_res_features_1");
            int[] labels = new int[2 * n];
            Arrays.fill(labels, PromptEncoder.PADDING);
            e.input("labels").upload(MemorySegment.ofArray(labels));
            recalled.upload(e, bank);
            e.run();
            List<FrameMemory> answers = answers(e);
            // The memory is made of the masks as they are, holes and all, and doesn't leave the device.
            Executable r = remember.plan();
            view.bind(r, "vision_features");
            RESULTS.forEach(name -> r.bindInput(name, e.output(name)));
            remember(r, answers);
            for (int i = 0; i < n; i++) {
                FrameMemory old = some.get(i).tracked.put(frame, answers.get(i));
                if (old != null) {
                    bank.release(old);
                }
            }
        }
    }

    private List<FrameMemory> answers(Executable e) {
        HostTensor masks = e.output("low_res_masks").toHost();
        HostTensor objectScores = e.output("object_score_logits").toHost();
        HostTensor ious = e.output("iou_predictions").toHost();
        HostTensor pointers = e.output("object_pointer").toHost();
        List<FrameMemory> out = new ArrayList<>();
        int side = sam.config().maskSize();
        for (int i = 0; i < masks.shape().dim(0); i++) {
            float[] logits = SmallRegions.filled(PromptBatch.plane(masks, i).toFloatArray(), side, sam.config().holeArea());
            HostTensor pointer = HostTensor.of(Shape.of(Sam2Config.WIDTH), new float[Sam2Config.WIDTH]);
            MemorySegment.copy(pointers.data(), i * pointer.data().byteSize(), pointer.data(), 0,
                    pointer.data().byteSize());
            out.add(new FrameMemory(HostTensor.of(Shape.of(side, side), logits), (float) objectScores.getDouble(i),
                    (float) ious.getDouble(i), pointer));
        }
        return out;
    }

    private List<Prediction> predictions(List<FrameMemory> frames) {
        List<Prediction> out = new ArrayList<>();
        for (FrameMemory m : frames) {
            try (var lease = sam.upscalers().lease(new Sam2.Upscale(1, 1, height, width))) {
                Executable e = lease.plan();
                e.input("low_res_masks").upload(m.mask.data());
                e.run();
                out.add(Prediction.of(PromptBatch.plane(e.output("logits").toHost(), 0),
                        PromptBatch.plane(e.output("masks").toHost(), 0), PromptBatch.clamped(m.mask), m.iou, m.object));
            }
        }
        return out;
    }

    /** Lets go of an object. */
    void remove(int object) {
        TrackedObject o = objects.remove(object);
        if (o == null) {
            throw new BadInputException("no object " + object + "; there are " + objects.keySet());
        }
        o.all().forEach(bank::release);
    }

    /** Lets go of what an object was in a frame. */
    void forget(FrameMemory m) {
        if (m != null) {
            bank.release(m);
        }
    }

    @Override
    public void close() {
        bank.close();
    }
}
