package dev.kerf.medical;

import dev.kerf.error.BadInputException;
import dev.kerf.mask.LabelMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Finds and measures the objects of a volume's labels while slices come by, one after the other: of those before only the last one's
 * objects are remembered, and the measures of what is complete.
 *
 * <pre>{@code
 * VolumeObjects objects = new VolumeObjects(grid, Axis.Z, VolumeObjects.CORNERS, 0, grid.toPatient().voxelVolume());
 * for (int k = 0; k < grid.slices(); k++) {
 *     objects.add(0, k, labels(k), scan.read(Axis.Z, 0, k));
 * }
 * objects.finish().forEach(o -> System.out.printf("%d: %.0f mm³%n", o.label(), o.volume()));
 * }</pre>
 */
public final class VolumeObjects {
    /** An object is all of a label in a frame. */
    public static final int WHOLE = 0;
    /** An object is what is joined by faces. */
    public static final int FACES = 6;
    /** An object is what is joined by faces, edges and corners. */
    public static final int CORNERS = 26;

    private final Grid grid;
    private final Axis axis;
    private final int connectivity;
    private final int background;
    private final double voxelVolume;
    private final List<VolumeObject> done = new ArrayList<>();
    /** Of each number that is in use: the number that it turned out to be, and what was seen of that. */
    private int[] same = new int[64];
    private VolumeTally[] tallies = new VolumeTally[64];
    private int count;
    /** Numbers of the slice before, 0 for none. */
    private int[] before;
    private int[] labelsBefore;
    private int frame;

    /**
     * Begins.
     *
     * @param axis         across which slices are cut
     * @param connectivity {@link #WHOLE}, {@link #FACES} or {@link #CORNERS}
     * @param background   a label that is nothing, -1 for none
     * @param voxelVolume  what a voxel takes
     */
    public VolumeObjects(Grid grid, Axis axis, int connectivity, int background, double voxelVolume) {
        if (connectivity != WHOLE && connectivity != FACES && connectivity != CORNERS) {
            throw new BadInputException("a connectivity of " + connectivity + ": volumes have 6, 26, or 0 for whole labels");
        }
        this.grid = grid;
        this.axis = axis;
        this.connectivity = connectivity;
        this.background = background;
        this.voxelVolume = voxelVolume;
    }

    /**
     * Adds the next slice.
     *
     * @param of what its voxels are worth
     * @throws BadInputException if the sizes differ
     */
    public void add(int frame, int index, LabelMap slice, Slice of) {
        int w = grid.width(axis);
        int h = grid.height(axis);
        if (slice.width() != w || slice.height() != h || of.width() != w || of.height() != h) {
            throw new BadInputException(
                    "labels of " + slice.width() + "x" + slice.height() + " and values of " + of.width() + "x"
                            + of.height() + " for slices of " + w + "x" + h);
        }
        if (frame != this.frame) {
            end();
            this.frame = frame;
        }
        int[] labels = slice.toArray();
        int[] numbers = new int[labels.length];
        for (int y = 0, i = 0; y < h; y++) {
            for (int x = 0; x < w; x++, i++) {
                if (labels[i] != background) {
                    numbers[i] = connectivity == WHOLE ? whole(labels[i], of.channels()) : joined(labels, numbers, x, y, w, h);
                    if (numbers[i] == 0) {
                        numbers[i] = begin(labels[i], of.channels());
                    }
                    tallies[root(numbers[i])].add(index, x, y, axis, of.values(), i * of.channels());
                }
            }
        }
        if (connectivity != WHOLE) {
            settle(numbers);
            before = numbers;
            labelsBefore = labels;
        }
    }

    private int begin(int label, int channels) {
        count++;
        if (count == same.length) {
            same = Arrays.copyOf(same, 2 * count);
            tallies = Arrays.copyOf(tallies, 2 * count);
        }
        same[count] = count;
        tallies[count] = new VolumeTally(label, channels);
        return count;
    }

    private int whole(int label, int channels) {
        for (int n = 1; n <= count; n++) {
            if (tallies[n].label == label) {
                return n;
            }
        }
        return begin(label, channels);
    }

    private int root(int n) {
        int at = n;
        while (same[at] != at) {
            same[at] = same[same[at]];
            at = same[at];
        }
        return at;
    }

    /** The number of the neighbours that have been seen and have the same label, all of which become one; 0 if there is none. */
    private int joined(int[] labels, int[] numbers, int x, int y, int w, int h) {
        int i = y * w + x;
        int reach = connectivity == CORNERS ? 1 : 0;
        int found = 0;
        for (int dy = -1; dy <= 0; dy++) {
            for (int dx = -1; dx <= (dy == 0 ? -1 : reach); dx++) {
                if (x + dx >= 0 && x + dx < w && y + dy >= 0 && (reach == 1 || dx == 0 || dy == 0)) {
                    int n = i + dy * w + dx;
                    found = labels[n] == labels[i] ? join(found, numbers[n]) : found;
                }
            }
        }
        for (int dy = -reach; before != null && dy <= reach; dy++) {
            for (int dx = -reach; dx <= reach; dx++) {
                if (x + dx >= 0 && x + dx < w && y + dy >= 0 && y + dy < h) {
                    int n = i + dy * w + dx;
                    found = labelsBefore[n] == labels[i] ? join(found, before[n]) : found;
                }
            }
        }
        return found;
    }

    private int join(int a, int b) {
        if (a == 0) {
            return root(b);
        }
        int low = Math.min(root(a), root(b));
        int high = Math.max(root(a), root(b));
        if (low != high) {
            same[high] = low;
            tallies[low].add(tallies[high]);
            tallies[high] = null;
        }
        return low;
    }

    /** What doesn't reach the slice that was added is complete; the rest is numbered anew. */
    private void settle(int[] numbers) {
        int[] anew = new int[count + 1];
        VolumeTally[] left = new VolumeTally[tallies.length];
        int n = 0;
        for (int i = 0; i < numbers.length; i++) {
            if (numbers[i] != 0) {
                int root = root(numbers[i]);
                if (anew[root] == 0) {
                    anew[root] = ++n;
                    left[n] = tallies[root];
                    tallies[root] = null;
                }
                numbers[i] = anew[root];
            }
        }
        for (int i = 1; i <= count; i++) {
            if (tallies[i] != null) {
                done.add(tallies[i].done(frame, grid, voxelVolume));
            }
        }
        tallies = left;
        count = n;
        for (int i = 1; i <= n; i++) {
            same[i] = i;
        }
    }

    private void end() {
        for (int i = 1; i <= count; i++) {
            if (tallies[i] != null) {
                done.add(tallies[i].done(frame, grid, voxelVolume));
            }
        }
        count = 0;
        before = null;
    }

    /** All objects, those of lower labels first, each label's the largest first. */
    public List<VolumeObject> finish() {
        end();
        done.sort(Comparator.comparingInt(VolumeObject::frame).thenComparingInt(VolumeObject::label)
                .thenComparing(Comparator.comparingLong(VolumeObject::voxels).reversed())
                .thenComparing(o -> o.first()[2]).thenComparing(o -> o.first()[1]).thenComparing(o -> o.first()[0]));
        return List.copyOf(done);
    }
}
