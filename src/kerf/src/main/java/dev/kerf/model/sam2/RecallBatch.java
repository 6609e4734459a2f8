package dev.kerf.model.sam2;

import dev.kerf.backend.Executable;
import dev.kerf.model.sam2.network.PromptGraphs.DecoderRequest;
import dev.kerf.model.sam2.network.Sam2VideoGraphs.FrameRequest;
import dev.kerf.model.sam2.network.Positions;
import dev.kerf.model.sam2.network.Sam2Config;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What several objects recall in a frame, in the graph's terms. Room is rounded up, so that few shapes are compiled:
 * 1, 3, 7 memories and then three more each time; 4, 16 pointers and then sixteen more.
 */
record RecallBatch(List<TrackedObject> objects, List<Recall> recalls) {
    /** Memories that are needed on the device at once. */
    int needed() {
        int n = 0;
        for (Recall r : recalls) {
            Set<Integer> frames = new HashSet<>();
            r.memories().forEach(s -> frames.add(s.frame()));
            r.pointers().forEach(s -> frames.add(s.frame()));
            n += frames.size();
        }
        return n;
    }

    private int memories() {
        int n = recalls.stream().mapToInt(r -> r.memories().size()).max().orElseThrow();
        return n <= 1 ? 1 : n <= 3 ? 3 : 7 + Math.ceilDiv(Math.max(0, n - 7), 3) * 3;
    }

    private int pointers() {
        int n = recalls.stream().mapToInt(r -> r.pointers().size()).max().orElseThrow();
        return n <= 4 ? 4 : Math.ceilDiv(n, 16) * 16;
    }

    FrameRequest request(DecoderRequest decoder, int slots) {
        return new FrameRequest(decoder, slots, memories(), pointers());
    }

    void upload(Executable e, MemoryBank bank) {
        int m = memories();
        int[] slots = new int[objects.size() * m];
        int[] ages = new int[slots.length];
        int[] valid = new int[slots.length];
        int p = pointers();
        int[] pointerSlots = new int[objects.size() * p];
        int[] pointerValid = new int[pointerSlots.length];
        float[] times = new float[pointerSlots.length * Sam2Config.WIDTH];
        for (int i = 0; i < objects.size(); i++) {
            TrackedObject o = objects.get(i);
            Recall r = recalls.get(i);
            for (int j = 0; j < r.memories().size(); j++) {
                int at = i * m + j;
                slots[at] = bank.fetch(o.memory(r.memories().get(j).frame()));
                ages[at] = r.memories().get(j).age();
                valid[at] = 1;
            }
            for (int j = 0; j < r.pointers().size(); j++) {
                int at = i * p + j;
                pointerSlots[at] = bank.fetch(o.memory(r.pointers().get(j).frame()));
                pointerValid[at] = 1;
                Positions.sine1d((double) r.pointers().get(j).age() / r.longest(), times, at * Sam2Config.WIDTH,
                        Sam2Config.WIDTH);
            }
        }
        bank.bind(e);
        e.input("memory_slots").upload(MemorySegment.ofArray(slots));
        e.input("memory_ages").upload(MemorySegment.ofArray(ages));
        e.input("memory_valid").upload(MemorySegment.ofArray(valid));
        e.input("pointer_slots").upload(MemorySegment.ofArray(pointerSlots));
        e.input("pointer_valid").upload(MemorySegment.ofArray(pointerValid));
        e.input("pointer_times").upload(MemorySegment.ofArray(times));
    }
}
