package dev.kerf.graph.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.mask.Instances;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.mask.Mask;
import dev.kerf.model.onnx.OnnxNetwork;
import dev.kerf.model.onnx.OnnxOptions;
import dev.kerf.model.onnx.OnnxOptions.Answer;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Instances by rows and prototypes, as YOLO's models for segmentation give them: models whose rows are known, against the same
 * choice, suppression and masks in plain loops.
 */
class OnnxInstancesTest {
    private static final int SIDE = 64;
    private static final int ROWS = 90;
    private static final int CLASSES = 3;
    private static final int MASKS = 5;
    private static final int GRID = 16;
    private static final float SCORE = 0.3f;
    private static final float OVERLAP = 0.45f;

    private final Random random = new Random(11);

    /** What a row says: left, top, right, bottom, how sure and of which class, and the coefficients. */
    private record Row(double[] box, float score, int kind, float[] coefficients) {}

    private final List<Row> rows = new ArrayList<>();
    private final HostTensor prototypes = HostTensor.zeros(DType.F32, Shape.of(1, MASKS, GRID, GRID));

    /** Boxes around a few places, so that some overlap a lot; the scores of other classes are lower. */
    private void draw() {
        for (int i = 0; i < ROWS; i++) {
            int place = random.nextInt(6);
            double x = 12 + place % 3 * 18 + random.nextGaussian() * 2.5;
            double y = 16 + place / 3 * 26 + random.nextGaussian() * 2.5;
            double w = 12 + random.nextDouble() * 14;
            double h = 12 + random.nextDouble() * 14;
            float[] c = new float[MASKS];
            for (int k = 0; k < MASKS; k++) {
                c[k] = (float) random.nextGaussian();
            }
            rows.add(new Row(new double[] {(float) (x - w / 2), (float) (y - h / 2), (float) (x + w / 2), (float) (y + h / 2)},
                    random.nextFloat(), random.nextInt(CLASSES), c));
        }
        for (long i = 0; i < prototypes.elements(); i++) {
            prototypes.setDouble(i, random.nextGaussian() * 2);
        }
    }

    /** Rows of a form: of 4, 5 or 6 numbers before the coefficients, but for classes. */
    private HostTensor rows(int head, boolean across) {
        int numbers = head + MASKS + (head == 6 ? 0 : CLASSES);
        HostTensor t = HostTensor.zeros(DType.F32, across ? Shape.of(1, numbers, ROWS) : Shape.of(1, ROWS, numbers));
        for (int i = 0; i < ROWS; i++) {
            Row r = rows.get(i);
            List<Double> all = new ArrayList<>();
            if (head == 6) {
                for (double edge : r.box) {
                    all.add(edge);
                }
                all.add((double) r.score);
                all.add((double) r.kind);
            } else {
                all.addAll(List.of((r.box[0] + r.box[2]) / 2, (r.box[1] + r.box[3]) / 2, r.box[2] - r.box[0],
                        r.box[3] - r.box[1]));
                if (head == 5) {
                    all.add(0.5);
                }
                for (int k = 0; k < CLASSES; k++) {
                    all.add(r.score * (k == r.kind ? 1 : 0.25) * (head == 5 ? 2 : 1));
                }
            }
            for (float c : r.coefficients) {
                all.add((double) c);
            }
            for (int k = 0; k < numbers; k++) {
                t.setDouble(across ? (long) k * ROWS + i : (long) i * numbers + k, all.get(k));
            }
        }
        return t;
    }

    /** A model that gives these rows and prototypes whatever it sees. */
    private OnnxWriter net(HostTensor rows) {
        return new OnnxWriter(17).input("images", 1, "1", "3", "64", "64").output("output0", 1, "1", "rows", "numbers")
                .output("output1", 1, "1", "5", "16", "16")
                .tensor("rows", 1, rows).tensor("protos", 1, prototypes).floats("nothing", Shape.of(), 0)
                .longs("three", Shape.of(3), 1, 1, 1)
                .node("ReduceMean", List.of("images"), List.of("mean"), Attribute.of("keepdims", 1))
                .node("Mul", List.of("mean", "nothing"), List.of("zero"))
                .node("Reshape", List.of("zero", "three"), List.of("zero3"))
                .node("Add", List.of("rows", "zero3"), List.of("output0"))
                .node("Add", List.of("protos", "zero"), List.of("output1"));
    }

    private static double overlap(double[] a, double[] b) {
        double w = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
        double h = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
        double both = Math.max(w, 0) * Math.max(h, 0);
        return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both);
    }

    private List<Row> expected(boolean suppressed, int most) {
        List<Row> kept = new ArrayList<>();
        for (Row r : rows.stream().sorted(Comparator.comparingDouble(Row::score).reversed()).toList()) {
            boolean free = suppressed
                    || kept.stream().noneMatch(k -> k.kind == r.kind && overlap(k.box, r.box) > OVERLAP);
            if (r.score > SCORE && free && kept.size() < most) {
                kept.add(r);
            }
        }
        return kept;
    }

    /** How much of a pixel belongs to a row's mask: a mean of the four cells around its centre. */
    private double share(Row r, int x, int y) {
        double u = Math.clamp((x + 0.5) * GRID / SIDE - 0.5, 0, GRID - 1);
        double v = Math.clamp((y + 0.5) * GRID / SIDE - 0.5, 0, GRID - 1);
        double sum = 0;
        for (int cy = (int) v; cy <= Math.min((int) v + 1, GRID - 1); cy++) {
            for (int cx = (int) u; cx <= Math.min((int) u + 1, GRID - 1); cx++) {
                double logit = 0;
                for (int k = 0; k < MASKS; k++) {
                    logit += r.coefficients[k] * prototypes.getDouble(((long) k * GRID + cy) * GRID + cx);
                }
                sum += (1 - Math.abs(u - cx)) * (1 - Math.abs(v - cy)) / (1 + Math.exp(-logit));
            }
        }
        return sum;
    }

    private void agree(String id, OnnxWriter net, OnnxOptions options, List<Row> wanted) {
        try (Device device = Backends.open(id);
                OnnxModel model = OnnxModel.of(net.bytes(), "net.onnx");
                OnnxNetwork network = OnnxNetwork.load(device, model, options)) {
            Instances found = network.run(HostTensor.zeros(DType.F32, Shape.of(1, 3, SIDE, SIDE)), false, true).found();
            assertEquals(wanted.size(), found.size());
            for (int i = 0; i < wanted.size(); i++) {
                Row r = wanted.get(i);
                Instance is = found.items().get(i);
                assertEquals(r.kind, is.category());
                assertEquals(r.score, is.score(), 1e-6);
                assertEquals(Math.clamp(r.box[0], 0, SIDE), is.box().x(), 1e-4);
                assertEquals(Math.clamp(r.box[3], 0, SIDE), is.box().y() + is.box().height(), 1e-4);
                Mask mask = is.mask().decode();
                int compared = 0;
                for (int p = 0; p < SIDE * SIDE; p++) {
                    int x = p % SIDE;
                    int y = p / SIDE;
                    boolean inside = x >= r.box[0] && x < r.box[2] && y >= r.box[1] && y < r.box[3];
                    double share = share(r, x, y);
                    if (!inside || Math.abs(share - 0.5) > 1e-5) {
                        compared++;
                        assertEquals(inside && share > 0.5, mask.get(x, y), "row " + i + ", pixel " + x + ", " + y);
                    }
                }
                assertTrue(compared > SIDE * SIDE - 20);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void rowsOfEveryForm(String id) {
        draw();
        OnnxOptions options = OnnxOptions.of().instances(SCORE, OVERLAP, 300).answer(Answer.INSTANCES);
        List<Row> wanted = expected(false, 300);
        assertTrue(wanted.size() > 12 && wanted.size() < 45, wanted.size() + " rows");
        String names = "{0: 'cat', 1: \"dog's\", 2: 'cow'}";
        agree(id, net(rows(4, true)), options, wanted);
        agree(id, net(rows(4, true)).says("names", names), options, wanted);
        agree(id, net(rows(4, false)).says("names", names), options, wanted);
        agree(id, net(rows(5, false)), options, wanted);
        agree(id, net(rows(5, true)).says("names", names), options, wanted);
        agree(id, net(rows(4, true)), options.instances(SCORE, OVERLAP, 7), expected(false, 7));
        agree(id, net(rows(6, false)), options, expected(true, 300));
        agree(id, net(rows(6, false)).says("end2end", "True").says("names", names), options.instances(SCORE, OVERLAP, 9),
                expected(true, 9));
    }

    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void theModelSaysWhatItIs(String id) {
        draw();
        OnnxOptions options = OnnxOptions.of().instances(SCORE, OVERLAP, 300);
        agree(id, net(rows(4, true)).says("task", "segment"), options, expected(false, 300));
        agree(id, net(rows(5, false)).says("stride", "32").says("names", "{0: 'a', 1: 'b', 2: 'c'}"), options,
                expected(false, 300));
    }

    /** The network sees where the picture is red: its one prototype, and one box around all of the picture. */
    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void masksLieOverThePicture(String id) {
        OnnxWriter w = new OnnxWriter(17).input("images", 1, "1", "3", "h", "w").output("output0", 1).output("output1", 1)
                .says("task", "segment").says("imgsz", "[64, 96]").says("names", "{0: 'disc'}")
                .floats("rows", Shape.of(1, 6, 2), 48, 48, 32, 32, 96, 96, 64, 64, 0.9f, 0.1f, 6, 6)
                .floats("red", Shape.of(1, 3, 1, 1), 1, 0, 0).floats("half", Shape.of(), -0.5f)
                .floats("nothing", Shape.of(), 0).longs("three", Shape.of(3), 1, 1, 1)
                .node("Conv", List.of("images", "red"), List.of("r"))
                .node("AveragePool", List.of("r"), List.of("p"), Attribute.of("kernel_shape", 4, 4),
                        Attribute.of("strides", 4, 4))
                .node("Add", List.of("p", "half"), List.of("output1"))
                .node("ReduceMean", List.of("images"), List.of("mean"), Attribute.of("keepdims", 1))
                .node("Mul", List.of("mean", "nothing"), List.of("zero"))
                .node("Reshape", List.of("zero", "three"), List.of("zero3"))
                .node("Add", List.of("rows", "zero3"), List.of("output0"));
        try (Device device = Backends.open(id);
                OnnxModel model = OnnxModel.of(w.bytes(), "net.onnx");
                OnnxNetwork network = OnnxNetwork.load(device, model, OnnxOptions.of())) {
            for (int[] size : new int[][] {{300, 140}, {111, 200}, {96, 64}, {31, 20}}) {
                Image picture = Image.blank(size[0], size[1], PixelFormat.RGB8);
                double radius = 0.35 * Math.min(size[0], size[1]);
                Mask disc = Mask.empty(size[0], size[1]);
                for (int p = 0; p < size[0] * size[1]; p++) {
                    int x = p % size[0];
                    int y = p / size[0];
                    if (Math.hypot(x - 0.45 * size[0], y - 0.55 * size[1]) < radius) {
                        picture.setSample(x, y, 0, 255);
                        disc.set(x, y, true);
                    }
                }
                Instances found = network.run(picture, false, true).found();
                assertEquals(1, found.size());
                assertEquals(size[0], found.width());
                Mask mask = found.items().getFirst().mask().decode();
                double iou = (double) mask.and(disc).area() / mask.or(disc).area();
                assertTrue(iou > (size[0] > 90 ? 0.93 : 0.85), size[0] + "x" + size[1] + ": " + iou);
                assertEquals(centre(disc, true), centre(mask, true), 0.01 * size[0]);
                assertEquals(centre(disc, false), centre(mask, false), 0.01 * size[1]);
            }
        }
    }

    private static double centre(Mask mask, boolean across) {
        double sum = 0;
        for (int p = 0; p < mask.width() * mask.height(); p++) {
            int x = p % mask.width();
            int y = p / mask.width();
            sum += mask.get(x, y) ? (across ? x : y) : 0;
        }
        return sum / mask.area();
    }

    @Test
    void whatIsNoRowsIsRefused() {
        draw();
        try (Device cpu = Backends.open("cpu")) {
            for (OnnxWriter w : List.of(net(HostTensor.zeros(DType.F32, Shape.of(1, 7, 4))),
                    new OnnxWriter(17).input("x", 1, "1", "3", "8", "8").output("y", 1).node("Relu", List.of("x"),
                            List.of("y")))) {
                try (OnnxModel model = OnnxModel.of(w.bytes(), "net.onnx");
                        OnnxNetwork n = OnnxNetwork.load(cpu, model, OnnxOptions.of().answer(Answer.INSTANCES))) {
                    Shape s = w.bytes().length > 2000 ? Shape.of(1, 3, SIDE, SIDE) : Shape.of(1, 3, 8, 8);
                    String m = assertThrows(BadInputException.class, () -> n.run(HostTensor.zeros(DType.F32, s), false, true))
                            .getMessage();
                    assertTrue(m.contains("prototypes"), m);
                }
            }
        }
        assertThrows(BadInputException.class, () -> OnnxOptions.of().instances(1.5f, 0.5f, 1));
        assertThrows(BadInputException.class, () -> OnnxOptions.of().instances(0.5f, 0.5f, 0));
    }
}
