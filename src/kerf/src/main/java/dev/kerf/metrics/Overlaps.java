package dev.kerf.metrics;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.Executable;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MeasureOp;
import dev.kerf.graph.MeasureOp.MaskForm;
import dev.kerf.graph.TensorType;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Mask;
import dev.kerf.model.plan.PlanCache;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
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

    /**
     * Masks of one size in any form, on the host or already on a device: one side of what {@link Overlaps} measures.
     *
     * <pre>{@code
     * MaskSet.of(List.of(cat, dog));                                    // masks
     * MaskSet.of(labels, 1, 2);                                         // two classes of a label map
     * MaskSet.logits(logits, 0);                                        // F32 (N, H, W), larger than 0 belongs
     * MaskSet.of(net.output("logits"), new MaskForm.Logits(0), 65536);  // a network's output, not copied
     * }</pre>
     */
    public static final class MaskSet {
        private final MaskForm form;
        private final TensorType type;
        private final @Nullable HostTensor host;
        private final @Nullable DeviceTensor device;
        private final long count;
        private final long pixels;
        private final @Nullable String size;

        private MaskSet(
                MaskForm form, @Nullable HostTensor host, @Nullable DeviceTensor device, long pixels, @Nullable String size) {
            this.form = form;
            this.host = host;
            this.device = device;
            this.type = host == null ? device.type() : new TensorType(host.dtype(), host.shape());
            this.pixels = pixels;
            this.size = size;
            DType dtype = form instanceof MaskForm.Logits ? DType.F32 : DType.U8;
            long row = form instanceof MaskForm.Bits ? Math.ceilDiv(pixels, 8L) : pixels;
            long elements = type.shape().elements();
            if (type.dtype() != dtype || row < 1 || elements % row != 0) {
                throw new BadInputException("masks of " + pixels + " pixels as " + form + " take " + dtype
                        + " and a multiple of " + row + " elements, not " + type);
            }
            this.count = elements / row;
        }

        /** Masks of one size, copied. */
        public static MaskSet of(List<Mask> masks) {
            if (masks.isEmpty()) {
                throw new BadInputException("no masks");
            }
            Mask first = masks.getFirst();
            long area = (long) first.width() * first.height();
            HostTensor all = HostTensor.zeros(DType.U8, Shape.of(masks.size(), first.height(), first.width()));
            for (int i = 0; i < masks.size(); i++) {
                Mask m = masks.get(i);
                if (m.width() != first.width() || m.height() != first.height()) {
                    throw new BadInputException("mask 0 is " + size(first.width(), first.height()) + " pixels, mask " + i
                            + " " + size(m.width(), m.height()));
                }
                MemorySegment.copy(m.toTensor().data(), 0, all.data(), i * area, area);
            }
            return bytes(all);
        }

        /** A mask for each of some classes. */
        public static MaskSet of(LabelMap labels, int... classes) {
            if (classes.length == 0) {
                throw new BadInputException("no classes");
            }
            int[] pixels = labels.toArray();
            if ((long) pixels.length * classes.length > Integer.MAX_VALUE) {
                throw new BadInputException(
                        classes.length + " masks of " + pixels.length + " pixels: one array can't hold them");
            }
            byte[] in = new byte[pixels.length * classes.length];
            for (int i = 0; i < in.length; i++) {
                in[i] = (byte) (pixels[i % pixels.length] == classes[i / pixels.length] ? 1 : 0);
            }
            return bytes(HostTensor.of(Shape.of(classes.length, labels.height(), labels.width()), in));
        }

        /** U8 (N, height, width), not 0 belongs; not copied. */
        public static MaskSet bytes(HostTensor masks) {
            return planes(new MaskForm.Bytes(), masks);
        }

        /**
         * U8 (N, ⌈pixels / 8⌉), the first pixel in the highest bit as NumPy's packbits has it; not copied.
         *
         * @param pixels of a mask
         */
        public static MaskSet bits(HostTensor masks, long pixels) {
            return new MaskSet(new MaskForm.Bits(), masks, null, pixels, null);
        }

        /** F32 (N, height, width), larger than the threshold belongs; not copied. */
        public static MaskSet logits(HostTensor masks, float threshold) {
            return planes(new MaskForm.Logits(threshold), masks);
        }

        /**
         * Masks on a device, read where they are: another executable's output, say.
         *
         * @param tensor of any shape whose elements are the masks, one after another
         * @param pixels of a mask
         */
        public static MaskSet of(DeviceTensor tensor, MaskForm form, long pixels) {
            return new MaskSet(form, null, tensor, pixels, null);
        }

        private static MaskSet planes(MaskForm form, HostTensor masks) {
            if (masks.shape().rank() != 3) {
                throw new BadInputException("masks are (count, height, width), not " + masks);
            }
            long height = masks.shape().dim(1);
            long width = masks.shape().dim(2);
            return new MaskSet(form, masks, null, height * width, size(width, height));
        }

        private static String size(long width, long height) {
            return width + "x" + height;
        }

        /** Number of masks. */
        public long count() {
            return count;
        }

        /** Pixels of a mask. */
        public long pixels() {
            return pixels;
        }

        /** How the masks are given. */
        public MaskForm form() {
            return form;
        }

        /** The masks as a graph's input has them. */
        TensorType type() {
            return type;
        }

        /** The masks; none if they are on a device. */
        @Nullable
        HostTensor host() {
            return host;
        }

        /** The masks; none if they are on the host. */
        @Nullable
        DeviceTensor device() {
            return device;
        }

        /** Such as {@code 640x480} or, if only that is known, {@code 307200 pixels}. */
        String size() {
            return size == null ? pixels + " pixels" : size;
        }

        /** Whether masks of both sides can be laid over each other, as far as is known. */
        boolean fits(MaskSet other) {
            return pixels == other.pixels && (size == null || other.size == null || size.equals(other.size));
        }
    }
}
