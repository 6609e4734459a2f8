package dev.kerf.measure;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.Executable;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MeasureOp;
import dev.kerf.graph.TensorType;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Mask;
import dev.kerf.model.plan.PlanCache;
import dev.kerf.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Takes masks and label maps apart into objects: what is connected, found on a device, cleaned and split before as the rules say.
 *
 * <pre>{@code
 * try (ObjectFinder finder = new ObjectFinder(device, ObjectRules.of().split(ObjectRules.USUAL_DEPTH))) {
 *     for (Region cell : finder.find(labels, 0).measure(Spacing.of(0.25, "µm"), Intensities.of(picture))) {
 *         System.out.printf("%d: %.1f µm²%n", cell.label(), cell.scaled().area());
 *     }
 * }
 * }</pre>
 *
 * <p>Components are scikit-image's {@code label}, with its numbers; opening and closing its {@code opening} and {@code closing} by a
 * {@code disk}; holes are what scipy's {@code binary_fill_holes} fills, the outside being joined the other way than objects are (by
 * edges where those are by corners, too). Objects that touch are told apart by the distance from the outside: {@link ObjectRules#split}.
 *
 * <p>May be used by many threads at once: each call takes a compiled plan of its own from a bounded cache and waits while all are in
 * use. The device must outlive this.
 */
public final class ObjectFinder implements AutoCloseable {
    /** No label is left out. */
    public static final int NO_BACKGROUND = -1;

    private static final int PLANS = 4;

    private final ObjectRules rules;
    private final PlanCache<Key, Executable> plans;

    private record Key(int height, int width, boolean corners) {}

    /** Takes no memory of the device until something is looked for. */
    public ObjectFinder(Device device, ObjectRules rules) {
        this.rules = rules;
        this.plans = new PlanCache<>(PLANS, key -> device.compile(graph(key), null, CompileOptions.of()));
    }

    /** The rules. */
    public ObjectRules rules() {
        return rules;
    }

    /** The objects of a mask, whose category is 1. */
    public ObjectMap find(Mask mask) {
        int[] numbers = new int[mask.width() * mask.height()];
        List<Integer> categories = new ArrayList<>();
        add(mask, 1, numbers, categories);
        return new ObjectMap(mask.width(), mask.height(), numbers, categories);
    }

    /**
     * The objects of each label, those of lower labels first, each label's in the order of their first pixels. Where labels grow over
     * one another by being closed or filled, the greater one has the pixel.
     *
     * @param background a label that is nothing; {@link #NO_BACKGROUND} for none
     */
    public ObjectMap find(LabelMap labels, int background) {
        int[] of = labels.toArray();
        BitSet present = new BitSet();
        for (int label : of) {
            if (label < 0) {
                throw new BadInputException("label " + label + ": labels are 0 or more");
            }
            present.set(label);
        }
        int[] numbers = new int[of.length];
        List<Integer> categories = new ArrayList<>();
        for (int label = present.nextSetBit(0); label >= 0; label = present.nextSetBit(label + 1)) {
            if (label != background) {
                byte[] in = new byte[of.length];
                for (int i = 0; i < in.length; i++) {
                    in[i] = (byte) (of[i] == label ? 1 : 0);
                }
                add(Mask.of(labels.width(), labels.height(), in), label, numbers, categories);
            }
        }
        return new ObjectMap(labels.width(), labels.height(), numbers, categories);
    }

    private void add(Mask mask, int category, int[] numbers, List<Integer> categories) {
        int[] own = numbers(mask);
        int most = 0;
        for (int n : own) {
            most = Math.max(most, n);
        }
        long[] areas = new long[most + 1];
        for (int n : own) {
            areas[n]++;
        }
        int[] renumbered = new int[most + 1];
        for (int i = 0; i < own.length; i++) {
            int n = own[i];
            if (n == 0 || areas[n] < rules.minArea() || areas[n] > rules.maxArea()) {
                continue;
            }
            if (renumbered[n] == 0) {
                categories.add(category);
                renumbered[n] = categories.size();
            }
            numbers[i] = renumbered[n];
        }
    }

    private int[] numbers(Mask mask) {
        int w = mask.width();
        int h = mask.height();
        byte[] in = mask.toTensor().data().toArray(ValueLayout.JAVA_BYTE);
        in = Morphology.closed(Morphology.opened(in, w, h, rules.open()), w, h, rules.close());
        if (rules.fillHoles() > 0) {
            fill(in, w, h);
        }
        if (rules.split() != ObjectRules.NO_SPLIT) {
            return Watershed.split(in, w, h, rules.corners(), rules.split());
        }
        if (rules.connectivity() == ObjectRules.WHOLE) {
            int[] all = new int[in.length];
            for (int i = 0; i < all.length; i++) {
                all[i] = in[i];
            }
            return all;
        }
        return components(in, w, h, rules.corners());
    }

    /** Components of what isn't in the mask that don't reach the border. */
    private void fill(byte[] in, int w, int h) {
        byte[] out = new byte[in.length];
        for (int i = 0; i < in.length; i++) {
            out[i] = (byte) (1 - in[i]);
        }
        int[] regions = components(out, w, h, !rules.corners());
        long[] areas = new long[in.length / 2 + 2];
        BitSet open = new BitSet();
        for (int i = 0; i < in.length; i++) {
            areas[regions[i]]++;
            if (i < w || i >= in.length - w || i % w == 0 || i % w == w - 1) {
                open.set(regions[i]);
            }
        }
        for (int i = 0; i < in.length; i++) {
            in[i] |= (byte) (regions[i] > 0 && !open.get(regions[i]) && areas[regions[i]] <= rules.fillHoles() ? 1 : 0);
        }
    }

    private int[] components(byte[] in, int w, int h, boolean corners) {
        try (var lease = plans.lease(new Key(h, w, corners))) {
            Executable e = lease.plan();
            e.input("mask").upload(MemorySegment.ofArray(in));
            e.run();
            int[] numbers = new int[in.length];
            e.output("numbers").download(MemorySegment.ofArray(numbers));
            return numbers;
        }
    }

    private static Graph graph(Key key) {
        GraphBuilder g = new GraphBuilder();
        Value mask = g.input("mask", TensorType.of(DType.U8, 1, key.height, key.width));
        g.output("numbers", g.add(new MeasureOp.Components(key.corners ? 8 : 4), mask).getFirst());
        return g.build();
    }

    /** Frees the plans. */
    @Override
    public void close() {
        plans.close();
    }
}
