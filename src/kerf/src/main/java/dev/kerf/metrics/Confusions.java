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
import dev.kerf.graph.TensorType;
import dev.kerf.mask.LabelMap;
import dev.kerf.model.plan.PlanCache;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Counts on a device which class each pixel has and which it was given.
 *
 * <pre>{@code
 * try (Device device = Backends.open("cpu");
 *         Confusions confusions = new Confusions(device, 3, Confusions.NO_IGNORE)) {
 *     confusions.measure(truth, predicted).meanIou();
 * }
 * }</pre>
 *
 * <p>A pixel counts nowhere if its truth is the label to ignore, or if either label is no class; compare
 * {@link ConfusionMatrix#pixels} where that would be an error.
 *
 * <p>May be used by many threads at once: each call takes a compiled plan of its own from a bounded cache and waits
 * while all are in use. Label maps on a device must not be written meanwhile. The device must outlive this.
 */
public final class Confusions implements AutoCloseable {
    /** No label is ignored. */
    public static final int NO_IGNORE = -1;

    private static final int PLANS = 4;
    private static final int MOST_COUNTS = ConfusionMatrix.MOST_CLASSES * ConfusionMatrix.MOST_CLASSES;

    private final Device device;
    private final int classes;
    private final PlanCache<Key, Executable> plans;

    private record Key(TensorType truth, boolean truthBound, TensorType predicted, boolean predictedBound) {}

    /** Labels on the host or on the device; axis 0 counts pictures. */
    private record Labels(@Nullable HostTensor host, @Nullable DeviceTensor device) {
        static Labels of(LabelMap map) {
            HostTensor t = map.tensor().dtype() == DType.U16 ? map.tensor().to(DType.I32) : map.tensor();
            return new Labels(t.reshape(Shape.of(1, map.height(), map.width())), null);
        }

        TensorType type() {
            return host == null ? device.type() : new TensorType(host.dtype(), host.shape());
        }
    }

    /**
     * Takes no memory until something is measured.
     *
     * @param classes K, 1 to 16384: classes are 0 … K − 1
     * @param ignore  a label of the truth to leave out, a class or not; {@link #NO_IGNORE} for none
     * @throws BadInputException if there are fewer or more classes
     */
    public Confusions(Device device, int classes, int ignore) {
        ConfusionMatrix.checkClasses(classes);
        this.device = device;
        this.classes = classes;
        this.plans = new PlanCache<>(PLANS,
                key -> device.compile(graph(key, classes, ignore), null, CompileOptions.of()));
    }

    /** Number of classes. */
    public int classes() {
        return classes;
    }

    /**
     * One picture.
     *
     * @throws BadInputException if the label maps differ in size
     */
    public ConfusionMatrix measure(LabelMap truth, LabelMap predicted) {
        return measure(Labels.of(truth), Labels.of(predicted)).getFirst();
    }

    /**
     * One picture whose prediction is on the device: a network's output, say, which isn't copied.
     *
     * @param predicted U8 or I32 (1, height, width)
     * @throws BadInputException if the sizes differ
     */
    public ConfusionMatrix measure(LabelMap truth, DeviceTensor predicted) {
        return measure(Labels.of(truth), new Labels(null, predicted)).getFirst();
    }

    /**
     * Pictures on the device, not copied.
     *
     * @param truth     U8 or I32 (B, height, width)
     * @param predicted U8 or I32 of the same shape
     * @return for each picture its matrix
     */
    public List<ConfusionMatrix> measure(DeviceTensor truth, DeviceTensor predicted) {
        return measure(new Labels(null, truth), new Labels(null, predicted));
    }

    private List<ConfusionMatrix> measure(Labels truth, Labels predicted) {
        check("truth", truth.type());
        check("prediction", predicted.type());
        if (!truth.type().shape().equals(predicted.type().shape())) {
            throw new BadInputException(
                    "the truth is " + size(truth.type()) + ", the prediction " + size(predicted.type()));
        }
        long counted = truth.type().shape().dim(0) * classes * classes;
        if (counted > MOST_COUNTS) {
            throw new BadInputException(truth.type().shape().dim(0) + " pictures of " + classes + " classes have " + counted
                    + " counts; " + MOST_COUNTS + " can be made at once");
        }
        Key key = new Key(truth.type(), truth.host == null, predicted.type(), predicted.host == null);
        try (var lease = plans.lease(key)) {
            Executable e = lease.plan();
            give(e, "truth", truth);
            give(e, "predicted", predicted);
            e.run();
            int images = truth.type().shape().size(0);
            long[] counts = new long[(int) counted];
            e.output("confusion").download(MemorySegment.ofArray(counts));
            return matrices(counts, images);
        }
    }

    private List<ConfusionMatrix> matrices(long[] counts, int images) {
        List<ConfusionMatrix> out = new ArrayList<>();
        for (int i = 0; i < images; i++) {
            long[][] matrix = new long[classes][classes];
            for (int t = 0; t < classes; t++) {
                System.arraycopy(counts, (i * classes + t) * classes, matrix[t], 0, classes);
            }
            out.add(ConfusionMatrix.of(matrix));
        }
        return out;
    }

    private void give(Executable e, String input, Labels labels) {
        if (labels.device == null) {
            e.input(input).upload(labels.host.data());
        } else if (labels.device.device() != device) {
            throw new BadInputException("the labels are on another device than " + device.info().name());
        } else {
            e.bindInput(input, labels.device);
        }
    }

    private static void check(String side, TensorType type) {
        if (type.shape().rank() != 3 || type.dtype() != DType.U8 && type.dtype() != DType.I32) {
            throw new BadInputException(
                    "labels of the " + side + " must be U8 or I32 (count, height, width), not " + type);
        }
    }

    private static String size(TensorType type) {
        Shape s = type.shape();
        return (s.dim(0) == 1 ? "" : s.dim(0) + " times ") + s.dim(2) + "x" + s.dim(1);
    }

    private static Graph graph(Key key, int classes, int ignore) {
        GraphBuilder g = new GraphBuilder();
        Shape s = key.truth.shape();
        Value truth = g.reshape(g.input("truth", key.truth), s.dim(0), s.dim(1) * s.dim(2));
        Value predicted = g.reshape(g.input("predicted", key.predicted), s.dim(0), s.dim(1) * s.dim(2));
        g.output("confusion", g.apply(new MeasureOp.Confusion(classes, ignore), truth, predicted));
        return g.build();
    }

    /** Frees the plans. */
    @Override
    public void close() {
        plans.close();
    }
}
