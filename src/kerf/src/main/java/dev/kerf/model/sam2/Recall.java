package dev.kerf.model.sam2;

import dev.kerf.model.sam2.network.Sam2Config;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which earlier (or, tracking backward, later) frames a frame attends to, as upstream's {@code
 * _prepare_memory_conditioned_features}: memories of the conditioning frames and of the last six others, object
 * pointers of the conditioning frames that are past and of up to fifteen others.
 *
 * @param memories frames whose memory is attended to; {@link Seen#age} is the row of the temporal encoding
 * @param pointers frames whose object pointer is; {@link Seen#age} is how many frames ago they were
 * @param longest  the distance that encodings of pointers' times count as 1
 */
record Recall(List<Seen> memories, List<Seen> pointers, int longest) {
    /** A frame and its age. */
    record Seen(int frame, int age) {}

    /**
     * @param frame        the frame that looks back
     * @param conditioning frames that were prompted, of this object
     * @param tracked      frames that were only tracked and have a memory, of this object
     * @param most         conditioning frames that are attended to at most: those closest in time
     * @param frames       of the whole video as far as it is known
     * @param backward     whether frames come in reverse order
     */
    static Recall of(int frame, Collection<Integer> conditioning, Set<Integer> tracked, int most, int frames,
            boolean backward) {
        Set<Integer> selected = closest(frame, conditioning, most);
        int sign = backward ? -1 : 1;
        List<Seen> memories = new ArrayList<>();
        selected.forEach(t -> memories.add(new Seen(t, Sam2Config.MEMORIES - 1)));
        for (int ago = Sam2Config.MEMORIES - 1; ago >= 1; ago--) {
            int t = frame - sign * ago;
            // A conditioning frame that wasn't selected counts as any other.
            if (tracked.contains(t) || conditioning.contains(t) && !selected.contains(t)) {
                memories.add(new Seen(t, ago - 1));
            }
        }
        int room = Math.min(frames, Sam2Config.POINTERS);
        List<Seen> pointers = new ArrayList<>();
        for (int t : selected) {
            if (sign * (frame - t) >= 0) {
                pointers.add(new Seen(t, sign * (frame - t)));
            }
        }
        for (int ago = 1; ago < room; ago++) {
            int t = frame - sign * ago;
            if (tracked.contains(t) || conditioning.contains(t) && !selected.contains(t)) {
                pointers.add(new Seen(t, ago));
            }
        }
        return new Recall(memories, pointers, Math.max(1, room - 1));
    }

    /** The last one before the frame, the first one from it on, then whichever are nearest. */
    private static Set<Integer> closest(int frame, Collection<Integer> conditioning, int most) {
        TreeSet<Integer> all = new TreeSet<>(conditioning);
        if (all.size() <= most) {
            return all;
        }
        Set<Integer> selected = new TreeSet<>();
        Integer before = all.lower(frame);
        Integer after = all.ceiling(frame);
        if (before != null) {
            selected.add(before);
        }
        if (after != null && selected.size() < most) {
            selected.add(after);
        }
        all.removeAll(selected);
        all.stream()
                .sorted(Comparator.comparingInt(t -> Math.abs(t - frame)))
                .limit(most - selected.size())
                .forEach(selected::add);
        return selected;
    }
}
