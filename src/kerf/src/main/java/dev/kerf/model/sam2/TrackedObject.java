package dev.kerf.model.sam2;

import dev.kerf.error.BadInputException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What is known of one object through a video. */
final class TrackedObject {
    /** Frames that were prompted before they were tracked, in memory. */
    final TreeMap<Integer, FrameMemory> conditioning = new TreeMap<>();
    /** Frames that were tracked, in memory; those prompted afterwards among them. */
    final TreeMap<Integer, FrameMemory> tracked = new TreeMap<>();
    /** Frames that were tracked, and whether backward. */
    final Map<Integer, Boolean> visited = new HashMap<>();
    /** Prompted since, not in memory yet. */
    private final TreeMap<Integer, FrameMemory> conditioningNext = new TreeMap<>();
    private final TreeMap<Integer, FrameMemory> trackedNext = new TreeMap<>();

    /** The last answer in a frame, if there is one. */
    @Nullable
    FrameMemory latest(int frame) {
        for (TreeMap<Integer, FrameMemory> m : List.of(conditioningNext, trackedNext, conditioning, tracked)) {
            if (m.containsKey(frame)) {
                return m.get(frame);
            }
        }
        return null;
    }

    /** A new answer to a prompt. */
    void prompted(int frame, boolean initial, FrameMemory answer) {
        (initial ? conditioningNext : trackedNext).put(frame, answer);
    }

    /** Answers that aren't in memory yet. */
    Map<Integer, FrameMemory> pending() {
        TreeMap<Integer, FrameMemory> all = new TreeMap<>(trackedNext);
        all.putAll(conditioningNext);
        return all;
    }

    /** Takes the new answers over; returns what they replace. */
    List<FrameMemory> settle() {
        List<FrameMemory> replaced = new ArrayList<>();
        trackedNext.forEach((frame, m) -> keep(replaced, tracked.put(frame, m)));
        conditioningNext.forEach((frame, m) -> {
            keep(replaced, conditioning.put(frame, m));
            keep(replaced, tracked.remove(frame));
        });
        trackedNext.clear();
        conditioningNext.clear();
        return replaced;
    }

    private static void keep(List<FrameMemory> list, FrameMemory m) {
        if (m != null) {
            list.add(m);
        }
    }

    /** What a frame attends to. */
    Recall recall(int frame, Tracking.Limits limits, boolean backward) {
        if (conditioning.isEmpty()) {
            throw new BadInputException("an object has no prompts left: prompt it anew or remove it");
        }
        return Recall.of(frame, conditioning.keySet(), tracked.keySet(), limits.conditioning(), limits.frames(), backward);
    }

    /** The memory of a frame. */
    FrameMemory memory(int frame) {
        return conditioning.containsKey(frame) ? conditioning.get(frame) : tracked.get(frame);
    }

    /**
     * Takes back the prompts of a frame, which counts as tracked from then on if it had an answer.
     *
     * @return whether nothing is left of them: they weren't in memory yet
     */
    boolean clear(int frame) {
        boolean pending = conditioningNext.remove(frame) != null | trackedNext.remove(frame) != null;
        FrameMemory m = conditioning.remove(frame);
        if (m != null) {
            tracked.put(frame, m);
            visited.remove(frame);
        }
        return pending && m == null;
    }

    /** Everything in memory. */
    List<FrameMemory> all() {
        List<FrameMemory> all = new ArrayList<>(conditioning.values());
        all.addAll(tracked.values());
        return all;
    }
}
