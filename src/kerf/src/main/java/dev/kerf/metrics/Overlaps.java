package dev.kerf.metrics;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.Executable;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MeasureOp;
import dev.kerf.graph.MeasureOp.MaskForm;
import dev.kerf.graph.TensorType;
import dev.kerf.mask.Mask;
import dev.kerf.model.plan.PlanCache;
import dev.kerf.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Measures on a device how masks overlap: all pairs of two sets at once, each mask read once.
 *
 * <pre>{@code
 * try (Device device = Backends.open("cpu"); Overlaps overlaps = new Overlaps(device)) {
 *     Matrix pairs = overlaps.measure(MaskSet.of(predicted), MaskSet.of(truth));
 *     pairs.get(0, 2).iou();   // the first predicted mask with the third true one
 * }
 * }</pre>
 *
 * <p>May be used by many threads at once: each call takes a compiled plan of its own from a bounded cache and waits
 * while all are in use. Masks on a device must not be written meanwhile. The device must outlive this.
 */
public final class Overlaps implements AutoCloseable {
    /** How N masks overlap M others. Immutable. */
    public static final class Matrix {
        private final int n;
        private final int m;
        private final long[] counts;

        /** @param counts intersection, union and both areas of each pair; N · M · 4 */
        Matrix(int n, int m, long[] counts) {
            this.n = n;
            this.m = m;
            this.counts = counts;
        }

        /** N: masks of the first side. */
        public int rows() {
            return n;
        }

        /** M: masks of the second side. */
        public int columns() {
            return m;
        }

        /** Mask i of the first side with mask j of the second. */
        public Overlap get(int i, int j) {
            if (i < 0 || i >= n || j < 0 || j >= m) {
                throw new BadInputException("pair (" + i + ", " + j + ") of " + n + " times " + m);
            }
            int at = (i * m + j) * 4;
            return new Overlap(counts[at], counts[at + 1], counts[at + 2], counts[at + 3]);
        }

        /** Every pair's {@link Overlap#iou}, [i][j]. */
        public double[][] iou() {
            return scores(Overlap::iou);
        }

        /** Every pair's {@link Overlap#dice}, [i][j]. */
        public double[][] dice() {
            return scores(Overlap::dice);
        }

        private double[][] scores(ToDoubleFunction<Overlap> score) {
            double[][] out = new double[n][m];
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < m; j++) {
                    out[i][j] = score.applyAsDouble(get(i, j));
                }
            }
            return out;
        }
    }

    private static final int PLANS = 4;

    private final Device device;
    private final PlanCache<Key, Executable> plans;

    /** A shape to compile for; masks on the host and on the device have plans of their own: an input stays bound. */
    private record Key(Side a, Side b, long pixels, boolean ignore) {}

    private record Side(TensorType type, MaskForm form, long count, boolean bound) {
        static Side of(MaskSet masks) {
            return new Side(masks.type(), masks.form(), masks.count(), masks.device() != null);
        }
    }

    /** For masks that are on the host or on this device. Takes no memory until something is measured. */
    public Overlaps(Device device) {
        this.device = device;
        this.plans = new PlanCache<>(PLANS, key -> device.compile(graph(key), null, CompileOptions.of()));
    }

    /** Two masks, once; to measure more, keep an {@link Overlaps}. */
    public static Overlap of(Device device, Mask a, Mask b) {
        return of(device, List.of(a), List.of(b)).get(0, 0);
    }

    /** All pairs of two lists of masks, once; to measure more, keep an {@link Overlaps}. */
    public static Matrix of(Device device, List<Mask> a, List<Mask> b) {
        try (Overlaps overlaps = new Overlaps(device)) {
            return overlaps.measure(MaskSet.of(a), MaskSet.of(b));
        }
    }

    /**
     * All pairs of two sets.
     *
     * @throws BadInputException if the masks differ in size
     */
    public Matrix measure(MaskSet a, MaskSet b) {
        return measure(a, b, null);
    }

    /**
     * All pairs of two sets, over the pixels that aren't in {@code ignore}.
     *
     * @param ignore pixels that count nowhere, if there are any
     * @throws BadInputException if the masks differ in size
     */
    public Matrix measure(MaskSet a, MaskSet b, @Nullable Mask ignore) {
        if (!a.fits(b)) {
            throw new BadInputException(
                    "masks of " + a.size() + " and of " + b.size() + " can't be laid over each other");
        }
        if (ignore != null && !a.fits(MaskSet.of(List.of(ignore)))) {
            throw new BadInputException("masks of " + a.size() + ", but pixels to ignore of " + ignore.width() + "x"
                    + ignore.height());
        }
        if (b.count() > 0 && a.count() > Integer.MAX_VALUE / 4 / b.count()) {
            throw new BadInputException(a.count() + " times " + b.count() + " masks: one array can't hold their overlaps");
        }
        Key key = new Key(Side.of(a), Side.of(b), a.pixels(), ignore != null);
        try (var lease = plans.lease(key)) {
            Executable e = lease.plan();
            give(e, "a", a);
            give(e, "b", b);
            if (ignore != null) {
                e.input("ignore").upload(ignore.toTensor().data());
            }
            e.run();
            long[] counts = new long[(int) (a.count() * b.count() * 4)];
            e.output("overlap").download(MemorySegment.ofArray(counts));
            return new Matrix((int) a.count(), (int) b.count(), counts);
        }
    }

    private void give(Executable e, String input, MaskSet masks) {
        if (masks.device() == null) {
            e.input(input).upload(masks.host().data());
        } else if (masks.device().device() != device) {
            throw new BadInputException("the masks are on another device than " + device.info().name());
        } else {
            e.bindInput(input, masks.device());
        }
    }

    private static Graph graph(Key key) {
        GraphBuilder g = new GraphBuilder();
        Value a = rows(g, "a", key.a, key.pixels);
        Value b = rows(g, "b", key.b, key.pixels);
        var op = new MeasureOp.Overlap(key.a.form, key.b.form, key.pixels, key.ignore);
        g.output("overlap", key.ignore
                ? g.apply(op, a, b, g.input("ignore", TensorType.of(DType.U8, key.pixels)))
                : g.apply(op, a, b));
        return g.build();
    }

    private static Value rows(GraphBuilder g, String input, Side side, long pixels) {
        long row = side.form instanceof MaskForm.Bits ? Math.ceilDiv(pixels, 8L) : pixels;
        return g.reshape(g.input(input, side.type), side.count, row);
    }

    /** Frees the plans. */
    @Override
    public void close() {
        plans.close();
    }
}
