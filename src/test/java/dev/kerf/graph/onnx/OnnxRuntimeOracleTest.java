package dev.kerf.graph.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.Executable;
import dev.kerf.backend.cpu.Oracle;
import dev.kerf.graph.Activation;
import dev.kerf.graph.FrameOp;
import dev.kerf.graph.Graph;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MeasureOp;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.Value;
import dev.kerf.graph.Window2d;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Random graphs of every kind of op, computed by the scalar oracle, by Kerf's CPU back end and, exported, by ONNX Runtime: all
 * agree on what each op means. A float32 result may differ from the oracle's by some roundings of the numbers that went into
 * it: a tolerance is a count of float32 epsilons (2⁻²³) of their magnitude, which for sums of products is the sum of the
 * absolute terms. Integers must be equal.
 */
class OnnxRuntimeOracleTest {
    private static final double EPSILON = 0x1p-23;
    private static Device cpu;

    @BeforeAll
    static void open() {
        cpu = Backends.open("cpu");
    }

    @AfterAll
    static void close() {
        cpu.close();
    }

    /** Records cases until {@code count} are compared; {@code ulps} epsilons of the magnitude may lie between the two. */
    private static void compare(int count, double ulps, Consumer<RandomCase> record) {
        for (int seed = 0; seed < count; seed++) {
            RandomCase c = new RandomCase(seed, false);
            record.accept(c);
            Graph graph = c.graph();
            RandomCase absolute = new RandomCase(seed, true);
            record.accept(absolute);
            Map<String, HostTensor> expected = Oracle.run(graph, null, c.inputs, Map.of()).outputs();
            Map<String, HostTensor> magnitude =
                    Oracle.run(absolute.graph(), null, absolute.inputs, Map.of()).outputs();
            Map<String, HostTensor> peer = OnnxRuntime.run(graph, null, c.inputs);
            Map<String, HostTensor> kerf = kerf(graph, c.inputs);
            for (String name : graph.outputs().keySet()) {
                double most = 1;
                for (long i = 0; i < magnitude.get(name).elements(); i++) {
                    double m = Math.abs(magnitude.get(name).getDouble(i));
                    most = Double.isFinite(m) ? Math.max(most, m) : most;
                }
                String what = ", seed " + seed + ", " + name + " of\n" + graph;
                agree("ONNX Runtime" + what, expected.get(name), peer.get(name), ulps * EPSILON * most);
                agree("the CPU back end" + what, expected.get(name), kerf.get(name), ulps * EPSILON * most);
            }
        }
    }

    private static void agree(String what, HostTensor expected, HostTensor actual, double tolerance) {
        assertEquals(expected.dtype() + "" + expected.shape(), actual.dtype() + "" + actual.shape(), what);
        for (long i = 0; i < expected.elements(); i++) {
            double e = expected.getDouble(i);
            double a = actual.getDouble(i);
            boolean same = expected.dtype().floating()
                    ? Double.compare(e, a) == 0 || Math.abs(e - a) <= tolerance
                    : expected.getLong(i) == actual.getLong(i);
            if (!same) {
                fail("element " + i + ": the oracle has " + e + ", tolerance " + tolerance + ", but " + a + " has " + what);
            }
        }
    }

    private static Map<String, HostTensor> kerf(Graph graph, Map<String, HostTensor> inputs) {
        try (Executable e = cpu.compile(graph, null, CompileOptions.of())) {
            inputs.forEach((name, t) -> e.input(name).upload(t.data()));
            e.run();
            Map<String, HostTensor> out = new LinkedHashMap<>();
            graph.outputs().keySet().forEach(name -> out.put(name, e.output(name).toHost()));
            return out;
        }
    }

    private static Window2d window(RandomCase c, int mostStride, int mostPad, int mostDilation) {
        return Window2d.of()
                .stride(c.between(1, mostStride), c.between(1, mostStride))
                .pad(c.between(0, mostPad), c.between(0, mostPad), c.between(0, mostPad), c.between(0, mostPad))
                .dilation(c.between(1, mostDilation), c.between(1, mostDilation));
    }

    @Test
    void convolutions() {
        compare(60, 4, c -> {
            int groups = c.between(1, 3);
            int in = groups * c.between(1, 5);
            int out = groups * c.between(1, 6);
            int kh = c.between(1, 4);
            int kw = c.between(1, 4);
            Window2d w = window(c, 3, 2, 2);
            int h = c.between(1 + w.dilationH() * (kh - 1), 19);
            int v = c.between(1 + w.dilationW() * (kw - 1), 19);
            int n = c.between(1, 2);
            boolean bias = c.coin();
            boolean residual = c.coin();
            var op = new SpatialOp.Conv2d(w, groups, c.pick(Activation.class), bias, residual);
            List<Value> operands = new ArrayList<>(
                    List.of(c.floats(n, in, h, v), c.fixed(-1, 1, out, in / groups, kh, kw)));
            if (bias) {
                operands.add(c.fixed(-1, 1, out));
            }
            if (residual) {
                operands.add(c.floats(n, out, w.outH(h, kh, false), w.outW(v, kw, false)));
            }
            c.output(c.apply(op, operands.toArray(Value[]::new)));
        });
    }

    @Test
    void transposedConvolutions() {
        compare(60, 4, c -> {
            int groups = c.between(1, 3);
            int in = groups * c.between(1, 4);
            int outOfGroup = c.between(1, 5);
            int kh = c.between(1, 4);
            int kw = c.between(1, 4);
            Window2d w = window(c, 3, 1, 2);
            boolean bias = c.coin();
            var op = new SpatialOp.ConvTranspose2d(w, c.between(0, Math.max(w.strideH(), w.dilationH()) - 1),
                    c.between(0, Math.max(w.strideW(), w.dilationW()) - 1), groups, c.pick(Activation.class), bias);
            Value x = c.floats(c.between(1, 2), in, c.between(3, 11), c.between(3, 11));
            Value weight = c.fixed(-1, 1, in, outOfGroup, kh, kw);
            c.output(bias ? c.apply(op, x, weight, c.fixed(-1, 1, (long) outOfGroup * groups)) : c.apply(op, x, weight));
        });
    }

    @Test
    void poolings() {
        compare(60, 4, c -> {
            int kh = c.between(1, 5);
            int kw = c.between(1, 5);
            boolean max = c.coin();
            Window2d w = Window2d.of().stride(c.between(1, 3), c.between(1, 3)).pad(
                    c.between(0, kh / 2), c.between(0, kw / 2), c.between(0, kh / 2), c.between(0, kw / 2));
            Value x = c.floats(c.between(1, 2), c.between(1, 5), c.between(9, 17), c.between(9, 17));
            c.output(c.apply(max
                    ? new SpatialOp.MaxPool2d(kh, kw, w.dilation(c.between(1, 2), c.between(1, 2)), c.coin())
                    : new SpatialOp.AvgPool2d(kh, kw, w, c.coin(), c.coin()), x));
        });
    }

    /** A position of up to 40 pixels is rounded like any float32; what it reads changes by at most 3 for each pixel. */
    @Test
    void resizings() {
        compare(80, 4 * (1 + 40 * 3), c -> {
            var interpolation = c.pick(SpatialOp.Interpolation.class);
            boolean nearest = interpolation == SpatialOp.Interpolation.NEAREST;
            var sampling = c.coin() ? SpatialOp.Sampling.HALF_PIXEL
                    : nearest ? SpatialOp.Sampling.ASYMMETRIC : SpatialOp.Sampling.ALIGN_CORNERS;
            boolean antialias = !nearest && sampling == SpatialOp.Sampling.HALF_PIXEL && c.coin();
            Value x = c.floats(c.between(1, 2), c.between(1, 4), c.between(1, 40), c.between(1, 40));
            c.output(c.apply(new SpatialOp.Resize(c.between(1, 40), c.between(1, 40), interpolation, sampling, antialias,
                    0, 0), x));
        });
        compare(20, 4 * (1 + 40 * 3), c -> {
            double scale = c.pick(List.of(0.4, 0.5, 0.7, 1.0, 1.5, 2.0));
            Value x = c.floats(1, 2, c.between(4, 16), c.between(4, 16));
            var interpolation = c.pick(SpatialOp.Interpolation.class);
            int h = (int) Math.floor(x.type().shape().dim(2) * (double) (1 / (float) scale));
            int w = (int) Math.floor(x.type().shape().dim(3) * (double) (1 / (float) scale));
            c.output(c.apply(new SpatialOp.Resize(h, w, interpolation, SpatialOp.Sampling.HALF_PIXEL, false, scale,
                    scale), x));
        });
    }

    /** Vector forms of the functions differ by a few last places. */
    @Test
    void functions() {
        for (PointwiseOp.Function f : PointwiseOp.Function.values()) {
            boolean positive = f == PointwiseOp.Function.LOG || f == PointwiseOp.Function.SQRT
                    || f == PointwiseOp.Function.RECIPROCAL;
            compare(3, 8, c -> c.output(c.apply(new PointwiseOp.Unary(f),
                    c.floats(positive ? 0.01 : -9, 9, c.between(1, 40), c.between(1, 9)))));
        }
        compare(5, 0, c -> {
            float low = (float) c.between(-10, 0) / 10;
            c.output(c.apply(new PointwiseOp.Clamp(low, low + c.between(0, 5) / 10f), c.floats(c.between(1, 50))));
        });
    }

    @Test
    void arithmetic() {
        compare(60, 4, c -> {
            int rank = c.between(0, 4);
            Shape y = c.shape(rank, 6);
            var f = c.pick(PointwiseOp.Arithmetic.class);
            boolean integers = f != PointwiseOp.Arithmetic.POWER && c.coin();
            long[] a = broadcast(c, y);
            long[] b = broadcast(c, y);
            boolean power = f == PointwiseOp.Arithmetic.POWER;
            boolean divide = f == PointwiseOp.Arithmetic.DIVIDE;
            c.output(integers
                    ? c.apply(new PointwiseOp.Binary(f, Activation.NONE), c.integers(DType.I32, -99, 99, a),
                            c.integers(DType.I32, -99, 99, b))
                    : c.apply(new PointwiseOp.Binary(f, c.pick(Activation.class)), c.floats(power ? 0.1 : -2, 2, a),
                            c.floats(divide ? 0.2 : -2, 2, b)));
        });
    }

    private static long[] broadcast(RandomCase c, Shape y) {
        long[] d = y.dims();
        for (int i = 0; i < d.length; i++) {
            d[i] = c.between(0, 3) == 0 ? 1 : d[i];
        }
        return java.util.Arrays.copyOfRange(d, d.length == 0 ? 0 : c.between(0, d.length - 1), d.length);
    }

    @Test
    void comparisonsAndChoices() {
        compare(40, 0, c -> {
            Shape y = c.shape(c.between(1, 3), 7);
            DType dtype = c.pick(List.of(DType.F32, DType.I32, DType.U8));
            Value a = dtype == DType.F32 ? c.floats(y.dims()) : c.integers(dtype, 0, 3, broadcast(c, y));
            Value b = dtype == DType.F32 ? c.floats(broadcast(c, y)) : c.integers(dtype, 0, 3, broadcast(c, y));
            Value holds = c.apply(new PointwiseOp.Compare(c.pick(PointwiseOp.Relation.class)), a, b);
            c.output(holds).output(c.apply(new PointwiseOp.Where(), holds, c.floats(broadcast(c, y)), c.floats(y.dims())));
        });
    }

    @Test
    void castsSaturate() {
        float[] numbers = {
            0, -0.9f, 0.9f, 1.5f, -1.5f, 254.9f, 255.5f, 300, -300, 65535.5f, 7e4f, 2147483520f, 3e9f, -3e9f, 9e18f, 1e19f,
            -1e19f, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN
        };
        compare(1, 0, c -> {
            Value x = c.input(HostTensor.of(Shape.of(numbers.length), numbers));
            for (DType t : List.of(DType.U8, DType.I32, DType.I64)) {
                c.output(c.apply(new PointwiseOp.Cast(t), x));
            }
            c.output(c.apply(new PointwiseOp.Cast(DType.I32), c.apply(new PointwiseOp.Cast(DType.U16), x)));
            c.output(c.apply(new PointwiseOp.Cast(DType.F32), c.integers(DType.U8, 0, 255, 9)));
            c.output(c.apply(new PointwiseOp.Cast(DType.I64), c.integers(DType.I32, -1000, 1000, 9)));
        });
    }

    @Test
    void softmaxes() {
        compare(20, 8, c -> {
            Shape s = c.shape(c.between(1, 4), 9);
            c.output(c.apply(new NormOp.Softmax(c.between(0, s.rank() - 1)), c.floats(-9, 9, s.dims())));
        });
    }

    /** Dividing by a small deviation enlarges the roundings of the mean; 32 covers the smallest of these seeds' deviations. */
    @Test
    void normalisations() {
        compare(40, 32, c -> {
            int rank = c.between(2, 4);
            int channels = c.between(1, 4) * 2;
            long[] d = c.shape(rank, 9).dims();
            d[1] = channels;
            d[rank - 1] = rank == 2 ? channels : c.between(4, 30);
            Value x = c.floats(d);
            switch (c.between(0, 2)) {
                case 0 -> {
                    int axis = c.coin() ? rank - 1 : 1;
                    c.output(c.apply(new NormOp.LayerNorm(axis, 1e-3), x, c.floats(d[axis]), c.floats(d[axis])));
                }
                case 1 -> c.output(c.apply(new NormOp.BatchNorm(1e-3), x, c.floats(channels), c.floats(channels),
                        c.floats(channels), c.floats(0.1, 2, channels)));
                default -> c.output(c.apply(new NormOp.GroupNorm(c.pick(List.of(1, 2, channels)), 1e-3), x,
                        c.floats(channels), c.floats(channels)));
            }
        });
    }

    @Test
    void products() {
        compare(60, 4, c -> {
            int m = c.between(1, 20);
            int k = c.between(1, 40);
            int n = c.between(1, 40);
            boolean ta = c.coin();
            boolean tb = c.coin();
            boolean bias = c.coin();
            boolean residual = c.coin();
            Shape batch = c.shape(c.between(0, 2), 3);
            long[] a = matrix(batch.dims(), ta ? k : m, ta ? m : k);
            long[] b = matrix(c.coin() ? new long[0] : broadcast(c, batch), tb ? n : k, tb ? k : n);
            var op = new MatrixOp.MatMul(ta, tb, c.pick(List.of(1f, 0.37f)), c.pick(Activation.class), bias, residual);
            List<Value> operands = new ArrayList<>(List.of(c.floats(a), c.floats(b)));
            if (bias) {
                operands.add(c.floats(n));
            }
            if (residual) {
                operands.add(c.floats(matrix(batch.dims(), m, n)));
            }
            c.output(c.apply(op, operands.toArray(Value[]::new)));
        });
    }

    private static long[] matrix(long[] batch, long rows, long columns) {
        return LongStream.concat(LongStream.of(batch), LongStream.of(rows, columns)).toArray();
    }

    /** The roundings of the scores (at most 3) go through the exponential. */
    @Test
    void attentions() {
        compare(30, 4 * (1 + 3), c -> {
            int b = c.between(1, 3);
            int heads = c.between(1, 3);
            int lq = c.between(1, 20);
            int lk = c.between(1, 40);
            int d = c.between(1, 9);
            int shared = c.coin() ? 1 : b;
            boolean bias = c.coin();
            Value q = c.floats(b, heads, lq, d);
            Value k = c.floats(shared, heads, lk, d);
            Value v = c.floats(shared, heads, lk, c.between(1, 9));
            var op = new MatrixOp.Attention((float) (1 / Math.sqrt(d)), bias);
            if (!bias) {
                c.output(c.apply(op, q, k, v));
                return;
            }
            HostTensor mask = HostTensor.zeros(DType.F32, Shape.of(c.coin() ? 1 : b, 1, lq, lk));
            for (long i = 0; i < mask.elements(); i++) {
                // Every fifth row sees no key at all.
                mask.setDouble(i, i / lk % 5 == 4 || c.between(0, 3) == 0 ? Double.NEGATIVE_INFINITY : 0.25);
            }
            c.output(c.apply(op, q, k, v, c.builder.constant(mask)));
        });
    }

    @Test
    void moves() {
        compare(60, 0, c -> {
            int rank = c.between(1, 4);
            Shape s = c.shape(rank, 7);
            Value x = c.coin() ? c.floats(s.dims()) : c.integers(DType.U8, 0, 255, s.dims());
            int axis = c.between(0, rank - 1);
            switch (c.between(0, 6)) {
                case 0 -> {
                    long more = c.between(1, 5);
                    Value y = x.type().dtype() == DType.F32 ? c.floats(s.with(axis, more).dims())
                            : c.integers(DType.U8, 0, 255, s.with(axis, more).dims());
                    c.output(c.apply(new MoveOp.Concat(axis), x, y, x));
                }
                case 1 -> {
                    long start = c.between(0, s.size(axis) - 1);
                    c.output(c.apply(new MoveOp.Slice(axis, start, c.between((int) start + 1, s.size(axis)),
                            c.between(1, 3)), x));
                }
                case 2 -> {
                    var mode = c.pick(MoveOp.PadMode.class);
                    List<Long> before = pads(c, s, mode);
                    c.output(c.apply(new MoveOp.Pad(before, pads(c, s, mode), mode, 3), x));
                }
                case 3 -> {
                    List<Integer> order = new ArrayList<>(IntStream.range(0, rank).boxed().toList());
                    java.util.Collections.shuffle(order, c.random);
                    c.output(c.apply(new MoveOp.Permute(order), x));
                }
                case 4 -> c.output(c.apply(new MoveOp.Reshape(Shape.of(1, s.elements())), x));
                case 5 -> c.output(c.apply(new MoveOp.Expand(expanded(s)), x));
                default -> c.output(c.apply(new MoveOp.Gather(), x,
                        c.integers(DType.I32, 0, s.size(0) - 1, c.shape(c.between(0, 2), 4).dims())));
            }
        });
    }

    private static Shape expanded(Shape s) {
        return Shape.of(LongStream.concat(LongStream.of(3), LongStream.of(s.dims()).map(d -> d == 1 ? 4 : d)).toArray());
    }

    private static List<Long> pads(RandomCase c, Shape s, MoveOp.PadMode mode) {
        return LongStream.of(s.dims())
                .map(d -> c.between(0, mode == MoveOp.PadMode.REFLECT ? (int) Math.min(3, d - 1) : 3))
                .boxed().toList();
    }

    @Test
    void reductions() {
        compare(40, 4, c -> {
            int rank = c.between(1, 4);
            Value x = c.floats(c.shape(rank, 9).dims());
            List<Integer> axes = new ArrayList<>(IntStream.range(0, rank).filter(a -> c.coin()).boxed().toList());
            if (axes.isEmpty()) {
                axes.add(c.between(0, rank - 1));
            }
            c.output(c.apply(new ReduceOp.Reduce(c.pick(ReduceOp.Reduction.class), axes, c.coin()), x));
            Value ties = c.apply(new PointwiseOp.Cast(DType.F32), c.integers(DType.I32, 0, 3, c.shape(rank, 9).dims()));
            c.output(c.apply(new ReduceOp.ArgMax(c.between(0, rank - 1), c.pick(List.of(DType.U8, DType.I32))), ties));
        });
    }

    @Test
    void countsLimitReductionsAndKeys() {
        compare(30, 16, c -> {
            int capacity = c.between(1, 9);
            Value n = c.input(HostTensor.of(Shape.of(), new int[] {c.between(1, capacity)}));
            HostTensor rows = HostTensor.zeros(DType.F32, Shape.of(capacity, 3));
            for (long i = 0; i < rows.elements(); i++) {
                rows.setDouble(i, c.random.nextDouble());
            }
            Value x = c.counted(rows, n);
            for (ReduceOp.Reduction r : ReduceOp.Reduction.values()) {
                c.output(c.apply(new ReduceOp.Reduce(r, List.of(0), c.coin()), x));
            }
            c.output(c.builder.matMul(c.floats(2, capacity), x));
            c.output(c.apply(new ReduceOp.ArgMax(0, DType.I32), x));
            c.output(c.apply(new ReduceOp.Reduce(ReduceOp.Reduction.MAX, List.of(0), false),
                    c.apply(new NormOp.Softmax(0), x)));
            HostTensor indices = HostTensor.zeros(DType.I32, Shape.of(capacity));
            for (long i = 0; i < capacity; i++) {
                // Past the count an index may be anything.
                indices.setDouble(i, i < c.inputs.get("x0").getLong(0) ? c.between(0, 4) : 1000);
            }
            Value picked = c.apply(new MoveOp.Gather(), c.floats(5, 2), c.counted(indices, n));
            c.output(c.apply(new ReduceOp.Reduce(ReduceOp.Reduction.SUM, List.of(0), false), picked));

            Value keys = c.integers(DType.I32, 0, capacity, 2, 3);
            HostTensor k = HostTensor.zeros(DType.F32, Shape.of(2, 3, capacity, 4));
            for (long i = 0; i < k.elements(); i++) {
                boolean valid = i / 4 % capacity < c.inputs.get("x" + (c.inputs.size() - 1)).getLong(i / 4 / capacity);
                k.setDouble(i, valid ? c.random.nextDouble() : Double.NaN);
            }
            Value counted = c.counted(k, keys);
            c.output(c.apply(new MatrixOp.Attention(0.5f, false), c.floats(2, 3, 5, 4), counted, counted));
        });
    }

    @Test
    void frames() {
        compare(30, 8, c -> {
            int n = c.between(1, 2);
            int channels = c.between(1, 4);
            int h = c.between(1, 9);
            int w = c.between(1, 9);
            Value pixels = c.integers(DType.U8, 0, 255, n, h, w, channels);
            boolean luma = channels >= 3 && c.coin();
            List<Integer> picked = luma ? List.of(2, 1, 0) : IntStream.range(0, c.between(1, 4))
                    .mapToObj(i -> c.between(0, channels - 1)).toList();
            Value planes = c.apply(new FrameOp.FromPixels(picked, luma), pixels);
            Value statistics = c.apply(new FrameOp.ImageStatistics(), planes);
            c.output(planes).output(statistics);
            c.output(c.apply(new FrameOp.FromNv12(c.pick(FrameOp.VideoMatrix.class)),
                    c.integers(DType.U8, 0, 255, n, c.between(1, 4) * 6, c.between(1, 5) * 2)));
            Value given = c.floats(0.3, 1, c.coin() ? n : 1, planes.type().shape().dim(1), 2);
            c.output(c.apply(new FrameOp.Standardise(), planes, given));
        });
    }

    @Test
    void sixteenBitPixels() {
        compare(10, 1, c -> {
            Value numbers = c.integers(DType.I32, 0, 65535, 1, 5, 7, 3);
            Value pixels = c.apply(new PointwiseOp.Cast(DType.U16),
                    c.apply(new PointwiseOp.Cast(DType.F32), numbers));
            c.output(c.apply(new FrameOp.FromPixels(List.of(0, 2, 1), c.coin()), pixels));
        });
    }

    @Test
    void counts() {
        compare(30, 0, c -> {
            int pixels = c.between(1, 70);
            var a = form(c);
            var b = form(c);
            boolean ignore = c.coin();
            var op = new MeasureOp.Overlap(a, b, pixels, ignore);
            Value x = masks(c, a, c.between(1, 4), pixels);
            Value y = masks(c, b, c.between(1, 4), pixels);
            c.output(ignore ? c.apply(op, x, y, c.integers(DType.U8, 0, 1, pixels)) : c.apply(op, x, y));
            int k = c.between(1, 5);
            int items = c.between(1, 3);
            c.output(c.apply(new MeasureOp.Confusion(k, c.between(-1, k)),
                    c.integers(c.pick(List.of(DType.U8, DType.I32)), 0, k, items, pixels),
                    c.integers(DType.I32, -1, k, items, pixels)));
        });
    }

    private static MeasureOp.MaskForm form(RandomCase c) {
        return c.pick(List.of(new MeasureOp.MaskForm.Bytes(), new MeasureOp.MaskForm.Bits(),
                new MeasureOp.MaskForm.Logits(0.25f)));
    }

    private static Value masks(RandomCase c, MeasureOp.MaskForm form, int count, int pixels) {
        return switch (form) {
            case MeasureOp.MaskForm.Bytes b -> c.integers(DType.U8, 0, 2, count, pixels);
            case MeasureOp.MaskForm.Bits b -> c.integers(DType.U8, 0, 255, count, (pixels + 7) / 8);
            case MeasureOp.MaskForm.Logits l -> c.floats(count, pixels);
        };
    }

    /** Encoder and decoder of random depth: ops feed one another, views and fused chains among them. */
    @Test
    void networks() {
        compare(12, 16, c -> {
            int channels = c.between(1, 3);
            int depth = c.between(1, 2);
            Value x = c.floats(1, channels, c.between(2, 5) << depth, c.between(2, 5) << depth);
            List<Value> skips = new ArrayList<>();
            for (int i = 0; i < depth; i++) {
                x = block(c, x, c.between(1, 8));
                skips.add(x);
                x = c.builder.maxPool2d(x, 2);
            }
            x = block(c, x, c.between(2, 9));
            while (!skips.isEmpty()) {
                Value skip = skips.removeLast();
                Shape s = skip.type().shape();
                Value up = c.coin()
                        ? c.builder.bilinear(x, s.size(2), s.size(3), SpatialOp.Sampling.HALF_PIXEL)
                        : c.builder.convTranspose2d(x, c.fixed(-1, 1, x.type().shape().dim(1), 3, 2, 2), c.fixed(-1, 1, 3),
                                Window2d.of().stride(2));
                x = block(c, c.builder.concat(1, skip, up), c.between(1, 6));
            }
            c.output(x).output(c.builder.softmax(x, 1));
        });
    }

    private static Value block(RandomCase c, Value x, int out) {
        long in = x.type().shape().dim(1);
        double range = 1 / Math.sqrt(in * 9);
        Value y = c.builder.conv2d(x, c.fixed(-range, range, out, in, 3, 3), c.coin() ? c.fixed(-1, 1, out) : null,
                Window2d.of().pad(1));
        y = c.builder.batchNorm(y, c.fixed(0.5, 1, out), c.fixed(-1, 1, out), c.fixed(-1, 1, out),
                c.fixed(0.5, 2, out), 1e-5);
        return c.builder.relu(y);
    }
}
