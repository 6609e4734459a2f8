package dev.kerf.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.Executable;
import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MeasureOp.MaskForm;
import dev.kerf.graph.TensorType;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Mask;
import dev.kerf.metrics.Overlaps.MaskSet;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Masks and label maps measured on every back end, against naive counts. */
class DeviceMetricsTest {
    private static final String DEVICES = "dev.kerf.backend.BackendsUnderTest#devices";
    private static final int WIDTH = 37;
    private static final int HEIGHT = 21;

    private final Random random = new Random(3);

    @ParameterizedTest
    @MethodSource(DEVICES)
    void workedByHand(String id) {
        Mask a = Mask.of(3, 2, new byte[] {1, 1, 0, 1, 0, 0});
        Mask b = Mask.of(3, 2, new byte[] {1, 0, 1, 1, 0, 0});
        try (Device device = Backends.open(id)) {
            Overlap o = Overlaps.of(device, a, b);
            assertEquals(new Overlap(2, 4, 3, 3), o);
            assertEquals(0.5, o.iou());
            assertEquals(2.0 / 3, o.dice(), 1e-15);
            Overlaps.Matrix empty = Overlaps.of(device, List.of(Mask.empty(3, 2)), List.of(Mask.empty(3, 2), a));
            assertArrayEquals(new double[][] {{1, 0}}, empty.iou());
            assertArrayEquals(new double[][] {{1, 0}}, empty.dice());
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void allPairsInEveryForm(String id) {
        List<Mask> a = masks(5);
        List<Mask> b = masks(3);
        HostTensor logits = logits(a);
        try (Device device = Backends.open(id); Overlaps overlaps = new Overlaps(device)) {
            for (MaskSet left : List.of(MaskSet.of(a), bits(a), MaskSet.logits(logits, 0.5f))) {
                for (MaskSet right : List.of(MaskSet.of(b), bits(b))) {
                    compare(overlaps.measure(left, right), a, b, null);
                }
            }
            Mask ignore = masks(1).getFirst();
            compare(overlaps.measure(MaskSet.of(a), bits(b), ignore), a, b, ignore);
            compare(overlaps.measure(MaskSet.of(a), bits(b)), a, b, null);
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void outputsOfOtherExecutablesAreReadWhereTheyAre(String id) {
        List<Mask> a = masks(2);
        List<Mask> b = masks(2);
        HostTensor x = logits(a);
        GraphBuilder g = new GraphBuilder();
        // As a network gives them: (1, K, height, width).
        Shape shape = Shape.of(1, 2, HEIGHT, WIDTH);
        g.output("logits", g.relu(g.input("x", new TensorType(DType.F32, shape))));
        try (Device device = Backends.open(id);
                Overlaps overlaps = new Overlaps(device);
                Executable net = device.compile(g.build(), null, CompileOptions.of());
                DeviceTensor kept = device.allocate(TensorType.of(DType.U8, 2, HEIGHT, WIDTH))) {
            net.input("x").upload(x.data());
            net.run();
            MaskSet out = MaskSet.of(net.output("logits"), new MaskForm.Logits(0.5f), WIDTH * HEIGHT);
            compare(overlaps.measure(out, MaskSet.of(b)), a, b, null);
            kept.upload(stacked(b).data());
            MaskSet bound = MaskSet.of(kept, new MaskForm.Bytes(), WIDTH * HEIGHT);
            compare(overlaps.measure(out, bound), a, b, null);
            compare(overlaps.measure(bound, bound), b, b, null);
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void whatIsTooMuchToCountIsRefused(String id) {
        try (Device device = Backends.open(id); Overlaps overlaps = new Overlaps(device)) {
            for (int classes : new int[] {0, 16_385, 65_536, Integer.MAX_VALUE}) {
                assertThrows(BadInputException.class, () -> new Confusions(device, classes, -1));
                assertThrows(BadInputException.class, () -> ConfusionMatrix.empty(classes));
            }
            try (Confusions confusions = new Confusions(device, 16_384, -1);
                    DeviceTensor two = device.allocate(TensorType.of(DType.U8, 2, 1, 1))) {
                assertThrows(BadInputException.class, () -> confusions.measure(two, two));
            }
            MaskSet many = MaskSet.bits(HostTensor.zeros(DType.U8, Shape.of(30_000, 1)), 8);
            assertThrows(BadInputException.class, () -> overlaps.measure(many, many));
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void classesOfLabelMaps(String id) {
        int[] p = labels(4);
        int[] t = labels(4);
        LabelMap predicted = LabelMap.of(WIDTH, HEIGHT, p);
        LabelMap truth = LabelMap.of(WIDTH, HEIGHT, t);
        try (Device device = Backends.open(id);
                Overlaps overlaps = new Overlaps(device);
                Confusions confusions = new Confusions(device, 4, Confusions.NO_IGNORE)) {
            Overlaps.Matrix pairs = overlaps.measure(MaskSet.of(predicted, 1, 3), MaskSet.of(truth, 1, 3));
            ConfusionMatrix matrix = confusions.measure(truth, predicted);
            assertEquals(naive(t, p, 4, -1), matrix);
            assertEquals(matrix.overlap(1), pairs.get(0, 0));
            assertEquals(matrix.overlap(3), pairs.get(1, 1));
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void confusionOfAnyLabelsWithIgnore(String id) {
        int[] p = labels(3);
        int[] t = labels(3);
        for (int i = 0; i < t.length; i += 5) {
            t[i] = 255;
        }
        byte[] bytes = new byte[p.length];
        HostTensor shorts = HostTensor.zeros(DType.U16, Shape.of(HEIGHT, WIDTH));
        for (int i = 0; i < p.length; i++) {
            bytes[i] = (byte) p[i];
            shorts.setDouble(i, t[i]);
        }
        LabelMap predicted = LabelMap.of(WIDTH, HEIGHT, bytes);
        try (Device device = Backends.open(id);
                Confusions confusions = new Confusions(device, 3, 255);
                Confusions ofTwo = new Confusions(device, 3, 2);
                DeviceTensor onDevice = device.allocate(TensorType.of(DType.U8, 1, HEIGHT, WIDTH))) {
            assertEquals(naive(t, p, 3, 255), confusions.measure(LabelMap.of(WIDTH, HEIGHT, t), predicted));
            assertEquals(naive(t, p, 3, 255), confusions.measure(new LabelMap(shorts), predicted));
            assertEquals(naive(t, p, 3, 2), ofTwo.measure(LabelMap.of(WIDTH, HEIGHT, t), predicted));
            onDevice.upload(predicted.tensor().data());
            assertEquals(naive(t, p, 3, 255), confusions.measure(LabelMap.of(WIDTH, HEIGHT, t), onDevice));
            assertEquals(List.of(naive(p, p, 3, 255)), confusions.measure(onDevice, onDevice));
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void manyThreadsGetWhatOneGets(String id) throws Exception {
        List<Mask> a = masks(3);
        List<Mask> b = masks(2);
        int[] t = labels(5);
        int[] p = labels(5);
        LabelMap truth = LabelMap.of(WIDTH, HEIGHT, t);
        LabelMap predicted = LabelMap.of(WIDTH, HEIGHT, p);
        try (Device device = Backends.open(id);
                Overlaps overlaps = new Overlaps(device);
                Confusions confusions = new Confusions(device, 5, Confusions.NO_IGNORE);
                ExecutorService threads = Executors.newFixedThreadPool(8)) {
            List<Callable<Boolean>> work = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                boolean pairs = i % 2 == 0;
                work.add(() -> {
                    if (pairs) {
                        compare(overlaps.measure(MaskSet.of(a), MaskSet.of(b)), a, b, null);
                    } else {
                        assertEquals(naive(t, p, 5, -1), confusions.measure(truth, predicted));
                    }
                    return true;
                });
            }
            for (Future<Boolean> f : threads.invokeAll(work)) {
                assertTrue(f.get());
            }
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void whatCannotBeComparedIsRefused(String id) {
        LabelMap small = LabelMap.of(2, 3, new byte[6]);
        LabelMap turned = LabelMap.of(3, 2, new byte[6]);
        MaskSet set = MaskSet.of(List.of(Mask.empty(2, 3)));
        try (Device device = Backends.open(id);
                Device other = Backends.open(id);
                Overlaps overlaps = new Overlaps(device);
                Confusions confusions = new Confusions(device, 2, 0);
                DeviceTensor elsewhere = other.allocate(TensorType.of(DType.U8, 1, 3, 2));
                DeviceTensor floats = device.allocate(TensorType.f32(1, 3, 2))) {
            String message = assertThrows(BadInputException.class, () -> confusions.measure(small, turned)).getMessage();
            assertTrue(message.contains("2x3") && message.contains("3x2"), message);
            assertThrows(BadInputException.class, () -> confusions.measure(small, elsewhere));
            assertThrows(BadInputException.class, () -> confusions.measure(small, floats));
            assertThrows(BadInputException.class,
                    () -> overlaps.measure(set, MaskSet.of(List.of(Mask.empty(3, 2)))));
            assertThrows(BadInputException.class, () -> overlaps.measure(set, set, Mask.empty(3, 2)));
            assertThrows(BadInputException.class,
                    () -> overlaps.measure(set, MaskSet.of(elsewhere, new MaskForm.Bytes(), 6)));
            assertThrows(BadInputException.class, () -> MaskSet.of(floats, new MaskForm.Bytes(), 6));
            assertThrows(BadInputException.class, () -> MaskSet.of(floats, new MaskForm.Logits(0), 4));
            assertThrows(BadInputException.class, () -> MaskSet.of(List.of()));
            assertThrows(BadInputException.class, () -> MaskSet.of(List.of(Mask.empty(1, 2), Mask.empty(2, 1))));
            assertThrows(BadInputException.class, () -> MaskSet.of(small));
            assertThrows(BadInputException.class, () -> new Confusions(device, 0, 0));
            Overlaps closed = new Overlaps(device);
            closed.close();
            assertThrows(ClosedException.class, () -> closed.measure(set, set));
        }
    }

    private static void compare(Overlaps.Matrix actual, List<Mask> a, List<Mask> b, Mask ignore) {
        assertEquals(a.size(), actual.rows());
        assertEquals(b.size(), actual.columns());
        for (int i = 0; i < a.size(); i++) {
            for (int j = 0; j < b.size(); j++) {
                Mask x = ignore == null ? a.get(i) : a.get(i).andNot(ignore);
                Mask y = ignore == null ? b.get(j) : b.get(j).andNot(ignore);
                assertEquals(new Overlap(x.and(y).area(), x.or(y).area(), x.area(), y.area()), actual.get(i, j));
            }
        }
    }

    private static ConfusionMatrix naive(int[] truth, int[] predicted, int classes, int ignore) {
        long[][] n = new long[classes][classes];
        for (int i = 0; i < truth.length; i++) {
            if (truth[i] != ignore && truth[i] < classes && predicted[i] < classes) {
                n[truth[i]][predicted[i]]++;
            }
        }
        return ConfusionMatrix.of(n);
    }

    private List<Mask> masks(int count) {
        List<Mask> out = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] in = new byte[WIDTH * HEIGHT];
            for (int p = 0; p < in.length; p++) {
                in[p] = (byte) (random.nextInt(i + 2) == 0 ? 1 : 0);
            }
            out.add(Mask.of(WIDTH, HEIGHT, in));
        }
        return out;
    }

    private int[] labels(int classes) {
        return random.ints((long) WIDTH * HEIGHT, 0, classes).toArray();
    }

    private static HostTensor stacked(List<Mask> masks) {
        HostTensor t = HostTensor.zeros(DType.U8, Shape.of(masks.size(), HEIGHT, WIDTH));
        for (int i = 0; i < t.elements(); i++) {
            t.setDouble(i, masks.get(i / (WIDTH * HEIGHT)).get(i % WIDTH, i / WIDTH % HEIGHT) ? 1 : 0);
        }
        return t;
    }

    private static MaskSet bits(List<Mask> masks) {
        int pixels = WIDTH * HEIGHT;
        HostTensor bytes = stacked(masks);
        HostTensor t = HostTensor.zeros(DType.U8, Shape.of(masks.size(), (pixels + 7) / 8));
        for (int i = 0; i < masks.size(); i++) {
            for (int p = 0; p < pixels; p++) {
                long at = i * t.shape().dim(1) + p / 8;
                t.setDouble(at, t.getLong(at) | bytes.getLong((long) i * pixels + p) << 7 - p % 8);
            }
        }
        return MaskSet.bits(t, pixels);
    }

    /** Masks whose pixels 32 bits can't count: bits at both ends of one, all of the other. */
    @Test
    void bitsOfMorePixelsThan32BitsCount() {
        long pixels = (1L << 31) + 24;
        HostTensor few = HostTensor.zeros(DType.U8, Shape.of(1, pixels / 8));
        few.setDouble(0, 0x81);
        few.setDouble(pixels / 8 - 1, 0x0F);
        try (Device device = Backends.open("cpu"); Overlaps overlaps = new Overlaps(device)) {
            MaskSet once = MaskSet.bits(few, pixels);
            assertEquals(new Overlap(6, 6, 6, 6), overlaps.measure(once, once).get(0, 0));
            HostTensor all = HostTensor.zeros(DType.U8, Shape.of(1, pixels / 8));
            all.data().fill((byte) 0xFF);
            assertEquals(new Overlap(6, pixels, 6, pixels), overlaps.measure(once, MaskSet.bits(all, pixels)).get(0, 0));
        }
    }

    /** Above 0.5 within, at most 0.5 outside. */
    private static HostTensor logits(List<Mask> masks) {
        HostTensor bytes = stacked(masks);
        HostTensor t = HostTensor.zeros(DType.F32, bytes.shape());
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, bytes.getLong(i) == 1 ? 0.75 + i % 3 : 0.5 - i % 3);
        }
        return t;
    }
}
