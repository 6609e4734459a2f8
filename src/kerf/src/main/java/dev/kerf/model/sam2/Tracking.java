package dev.kerf.model.sam2;

import dev.kerf.backend.Executable;
import dev.kerf.error.BadInputException;
import dev.kerf.model.plan.FiniteCheck;
import dev.kerf.model.sam2.network.PromptGraphs.DecoderRequest;
import dev.kerf.model.sam2.network.Sam2VideoGraphs.FrameRequest;
import dev.kerf.model.sam2.network.PromptEncoder;
import dev.kerf.model.sam2.network.Sam2Config;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

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

    /** What is kept of an object in a frame, and what is told of it. */
    private record Answer(FrameMemory memory, Prediction shown) {}

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
        check(prompt);
        TrackedObject o = objects.getOrDefault(object, new TrackedObject());
        boolean initial = !o.visited.containsKey(frame);
        Answer answer = answer(frame, o, prompt, initial, o.latest(frame), view, limits);
        objects.put(object, o);
        o.prompted(frame, initial, answer.memory);
        return answer.shown;
    }

    /** Answers a prompt in a frame as {@link #prompt} would after a clear; nothing is kept. */
    Prediction preview(int frame, int object, Prompt prompt, ImageView view, Limits limits) {
        check(prompt);
        TrackedObject o = objects.getOrDefault(object, new TrackedObject());
        boolean initial = !o.visited.containsKey(frame) || o.conditioning.containsKey(frame);
        return answer(frame, o, prompt, initial, o.memory(frame), view, limits).shown;
    }

    private void check(Prompt prompt) {
        prompt.check(width, height, sam.config().maskSize());
        if (prompt.points().isEmpty() && prompt.box() == null) {
            throw new BadInputException("a mask to refine needs a point or a box beside it");
        }
    }

    /**
     * What the network says to a prompt.
     *
     * @param initial whether it is answered by the frame alone, without memories of others
     * @param before  what was known of the object in the frame, if anything
     */
    private Answer answer(int frame, TrackedObject o, Prompt prompt, boolean initial, @Nullable FrameMemory before,
            ImageView view,
            Limits limits) {
        Prompt asked = prompt.mask() == null && before != null
                ? prompt.refining(PromptBatch.clamped(before.mask))
                : prompt;
        PromptBatch batch = PromptBatch.of(List.of(asked), asked.mask() != null, sam.config().prompts());
        // Upstream counts a box as two points; with more than one there is nothing to choose from.
        boolean multimask = asked.points().size() + (asked.box() == null ? 0 : 2) <= 1;
        DecoderRequest decoder = new DecoderRequest(1, batch.room(), batch.mask(), multimask);
        if (initial) {
            try (var lease = sam.frames().lease(new FrameRequest(decoder, 0, 0, 0))) {
                Executable e = lease.plan();
                view.bind(e, "image_embeddings", "high_res_features_0", "high_res_features_1");
                batch.upload(e, width, height);
                e.run();
                return answers(e, frame).getFirst();
            }
        }
        Recall recall = o.recall(frame, limits, o.visited.get(frame));
        RecallBatch recalled = new RecallBatch(List.of(o), List.of(recall));
        bank.begin(recalled.needed());
        try (var lease = sam.frames().lease(recalled.request(decoder, bank.slots()))) {
            Executable e = lease.plan();
            view.bind(e, "vision_features", "high_res_features_0", "high_res_features_1");
            batch.upload(e, width, height);
            recalled.upload(e, bank);
            e.run();
            return answers(e, frame).getFirst();
        }
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
            Answer answer = answers(e, frame).getFirst();
            objects.put(object, o);
            o.prompted(frame, !o.visited.containsKey(frame), answer.memory);
            return answer.shown;
        }
    }

    private static MemorySegment binary(HostTensor mask) {
        float[] v = new float[Math.toIntExact(mask.elements())];
        for (int i = 0; i < v.length; i++) {
            if (!Double.isFinite(mask.getDouble(i))) {
                throw new BadInputException("element " + i + " of the mask is " + mask.getDouble(i));
            }
            v[i] = mask.getDouble(i) != 0 ? 1 : 0;
        }
        return MemorySegment.ofArray(v);
    }

    /** Puts prompted frames into memory if an object has no others, which a frame could attend to. */
    void settleOnly(int object, IntFunction<ImageView> views) {
        TrackedObject o = objects.get(object);
        if (o != null && o.conditioning.isEmpty() && !o.pending().isEmpty() && !o.visited.isEmpty()) {
            settle(views);
        }
    }

    /** Puts prompted frames into memory, before objects are followed from them. */
    void settle(IntFunction<ImageView> views) {
        for (TrackedObject o : objects.values()) {
            for (var entry : o.pending().entrySet()) {
                FrameMemory m = entry.getValue();
                bank.begin(1);
                try (var lease = sam.remembers().lease(new Sam2.Remember(1, bank.slots(), false))) {
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

    /** Follows objects of some numbers into a frame; those prompted in it keep their answers. */
    Map<Integer, Prediction> step(IntPredicate which, int frame, boolean backward, ImageView view, Limits limits) {
        Map<TrackedObject, Prediction> told = new HashMap<>();
        Map<Integer, TrackedObject> asked = new LinkedHashMap<>(objects);
        asked.keySet().removeIf(id -> !which.test(id));
        List<TrackedObject> missing = asked.values().stream().filter(o -> !o.conditioning.containsKey(frame)).toList();
        for (int i = 0; i < missing.size();) {
            int n = Math.min(MOST_AT_ONCE, Integer.highestOneBit(missing.size() - i));
            List<TrackedObject> some = missing.subList(i, i + n);
            List<Answer> answers = follow(frame, backward, some, view, limits);
            for (int k = 0; k < n; k++) {
                told.put(some.get(k), answers.get(k).shown);
            }
            i += n;
        }
        asked.values().forEach(o -> o.visited.put(frame, backward));
        Map<Integer, Prediction> out = new LinkedHashMap<>();
        asked.forEach((id, o) -> out.put(id, told.containsKey(o) ? told.get(o) : known(o.latest(frame))));
        return out;
    }

    private List<Answer> follow(int frame, boolean backward, List<TrackedObject> some, ImageView view, Limits limits) {
        RecallBatch recalled = new RecallBatch(some,
                some.stream().map(o -> o.recall(frame, limits, backward)).toList());
        int n = some.size();
        bank.begin(recalled.needed() + n);
        DecoderRequest decoder = new DecoderRequest(n, 2, false, true);
        try (var lease = sam.frames().lease(recalled.request(decoder, bank.slots()));
                var remember = sam.remembers().lease(new Sam2.Remember(n, bank.slots(), true))) {
            Executable e = lease.plan();
            view.bind(e, "vision_features", "high_res_features_0", "high_res_features_1");
            int[] labels = new int[2 * n];
            Arrays.fill(labels, PromptEncoder.PADDING);
            e.input("labels").upload(MemorySegment.ofArray(labels));
            recalled.upload(e, bank);
            e.run();
            List<Answer> answers = answers(e, frame);
            // The memory is made of the masks as they are, holes and all, and doesn't leave the device.
            Executable r = remember.plan();
            view.bind(r, "vision_features");
            RESULTS.forEach(name -> r.bindInput(name, e.output(name)));
            remember(r, answers.stream().map(Answer::memory).toList());
            for (int i = 0; i < n; i++) {
                FrameMemory old = some.get(i).tracked.put(frame, answers.get(i).memory);
                if (old != null) {
                    bank.release(old);
                }
            }
            return answers;
        }
    }

    /** What the network answered for B objects, holes filled; the masks stay on the device until they are as shown. */
    private List<Answer> answers(Executable e, int frame) {
        HostTensor objectScores = e.output("object_score_logits").toHost();
        HostTensor ious = e.output("iou_predictions").toHost();
        HostTensor pointers = e.output("object_pointer").toHost();
        int n = objectScores.shape().size(0);
        List<Answer> out = new ArrayList<>();
        try (var lease = sam.prompting().upscalers()
                .lease(new Prompting.Upscale(Prompting.Masks.TRACKED, n, 1, height, width))) {
            Executable u = lease.plan();
            u.bindInput("low_res_masks", e.output("low_res_masks"));
            u.run();
            FiniteCheck.require(u, List.of("frame " + frame));
            HostTensor masks = (sam.config().holeArea() > 0 ? u.output("filled_masks") : e.output("low_res_masks")).toHost();
            HostTensor logits = u.output("logits").toHost();
            HostTensor binary = u.output("masks").toHost();
            for (int i = 0; i < n; i++) {
                FiniteCheck.require("frame " + frame, objectScores.getDouble(i) + ious.getDouble(i));
                HostTensor pointer = HostTensor.of(Shape.of(Sam2Config.WIDTH), new float[Sam2Config.WIDTH]);
                MemorySegment.copy(pointers.data(), i * pointer.data().byteSize(), pointer.data(), 0,
                        pointer.data().byteSize());
                FrameMemory m = new FrameMemory(PromptBatch.plane(masks, i), (float) objectScores.getDouble(i),
                        (float) ious.getDouble(i), pointer);
                out.add(new Answer(m, shown(m, logits, binary, i)));
            }
        }
        return out;
    }

    /** What is told of a frame that was answered before. */
    private Prediction known(FrameMemory m) {
        try (var lease = sam.prompting().upscalers().lease(new Prompting.Upscale(Prompting.Masks.KNOWN, 1, 1, height, width))) {
            Executable u = lease.plan();
            u.input("low_res_masks").upload(m.mask.data());
            u.run();
            return shown(m, u.output("logits").toHost(), u.output("masks").toHost(), 0);
        }
    }

    private static Prediction shown(FrameMemory m, HostTensor logits, HostTensor binary, int i) {
        return Prediction.of(PromptBatch.plane(logits, i), PromptBatch.plane(binary, i), PromptBatch.clamped(m.mask), m.iou,
                m.object);
    }

    /** Lets go of an object. */
    void remove(int object) {
        object(object).all().forEach(bank::release);
        objects.remove(object);
    }

    /** The object of a number. Throws {@link BadInputException} if there is none. */
    TrackedObject object(int number) {
        TrackedObject o = objects.get(number);
        if (o == null) {
            throw new BadInputException("no object " + number + "; there are " + objects.keySet());
        }
        return o;
    }

    /** Bytes that memories take, on the device and the heap. */
    long bytes() {
        return bank.bytes() + heap();
    }

    private long heap() {
        return objects.values().stream().flatMap(o -> o.all().stream()).mapToLong(FrameMemory::bytes).sum();
    }

    /** Lets tracked frames go that are far from one, the farthest first, while memories on the heap take more than that. */
    void trim(long bytes, int near) {
        long left = heap();
        while (left > bytes) {
            TrackedObject of = null;
            int farthest = near;
            for (TrackedObject o : objects.values()) {
                if (!o.tracked.isEmpty()) {
                    int first = o.tracked.firstKey();
                    int last = o.tracked.lastKey();
                    int far = Math.abs(first - near) > Math.abs(last - near) ? first : last;
                    if (Math.abs(far - near) > Math.abs(farthest - near)) {
                        of = o;
                        farthest = far;
                    }
                }
            }
            if (of == null || Math.abs(farthest - near) <= StreamTracker.WINDOW) {
                return;
            }
            FrameMemory gone = of.tracked.remove(farthest);
            left -= gone.bytes();
            bank.release(gone);
        }
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
