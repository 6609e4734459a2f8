package dev.kerf.backend.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Executable.NodeTiming;
import dev.kerf.backend.Precision;
import dev.kerf.backend.Precision.Storage;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.check.oracle.Oracle;
import dev.kerf.check.ptx.Card;
import dev.kerf.check.ptx.CompiledPtx;
import dev.kerf.check.ptx.PtxBackend;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.ImageLayout;
import dev.kerf.graph.LayoutOp.InLayout;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Conv2d;
import dev.kerf.graph.SpatialOp.ConvTranspose2d;
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.SpatialOp.MaxPool2d;
import dev.kerf.graph.SpatialOp.Resize;
import dev.kerf.graph.SpatialOp.Sampling;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Convolution on tensor cores, interpreted, against the oracle: every precision that it ships in and every tile, over shapes of one,
 * primes and one past a tile. The interpreter ends a kernel that races, reads what nobody wrote or leaves its buffers.
 */
class TensorConvolutionTest {
    private static final List<String> KERNELS = List.of("conv2d_mma", "conv2d_halo");
    /** Those of Hopper. */
    private static final List<String> BY_FOUR_WARPS = List.of("conv2d_wgmma", "conv2d_halo_wgmma");
    private static final double UNIT = 0x1p-24;
    private static final boolean WIDE = Boolean.getBoolean("kerf.test.wide");

    /** An op with its images' channels, and the extents of the image that it reads. */
    private record Case(String name, SpatialOp op, boolean bias, boolean residual, int n, List<Integer> channels, int h, int w,
            int o, int kernel, ImageLayout out) {}

    private static Case conv(String name, Window2d window, int groups, Activation activation, boolean bias, boolean residual,
            int n, List<Integer> channels, int h, int w, int o, int kernel, ImageLayout out) {
        return new Case(name, new Conv2d(window, groups, activation, bias, residual), bias, residual, n, channels, h, w, o,
                kernel,
                out);
    }

    private static List<Case> cases() {
        ImageLayout last = ImageLayout.CHANNELS_LAST;
        ImageLayout first = ImageLayout.CHANNELS_FIRST;
        Window2d one = Window2d.of();
        Window2d pad = one.pad(1);
        return List.of(
                conv("one of all", one, 1, Activation.NONE, false, false, 1, List.of(1), 1, 1, 1, 1, last),
                conv("primes", pad, 1, Activation.RELU, true, false, 2, List.of(7), 5, 13, 11, 3, last),
                conv("one past a tile", pad, 1, Activation.NONE, true, true, 1, List.of(65), 3, 43, 129, 3, last),
                conv("a concat", pad, 1, Activation.RELU, true, false, 1, List.of(16, 9), 9, 15, 24, 3, last),
                conv("a concat of many", one, 1, Activation.NONE, false, false, 2, List.of(40, 72), 7, 6, 40, 1, first),
                conv("stride, dilation, uneven padding", new Window2d(3, 2, 0, 2, 1, 3, 2, 1), 1, Activation.GELU_ERF, true,
                        false,
                        2, List.of(5), 13, 29, 6, 4, last),
                conv("groups", pad, 3, Activation.SILU, true, true, 1, List.of(24), 9, 31, 48, 3, last),
                conv("seven by seven", one.stride(2).pad(3), 1, Activation.RELU, true, false, 1, List.of(3), 23, 41, 64, 7,
                        last),
                conv("planes", pad, 1, Activation.TANH, true, true, 2, List.of(19), 11, 9, 21, 3, first),
                conv("few results", one, 1, Activation.SIGMOID, true, false, 1, List.of(64), 12, 25, 2, 1, first),
                conv("shared sums", pad, 1, Activation.RELU, true, true, 1, List.of(136), 5, 5, 72, 3, last),
                new Case("transposed", new ConvTranspose2d(one.stride(2), 0, 0, 1, Activation.NONE, true), true, false, 2,
                        List.of(24), 7, 9, 16, 2, last),
                new Case("transposed to planes", new ConvTranspose2d(one.stride(2), 0, 0, 1, Activation.RELU, true), true,
                        false,
                        1, List.of(16), 5, 11, 8, 2, first));
    }

    /** Cases whose taps are neighbours and whose pixels are, too, for the kernel that reads its inputs once. */
    private static List<Case> neighbours() {
        ImageLayout last = ImageLayout.CHANNELS_LAST;
        Window2d pad = Window2d.of().pad(1);
        return List.of(
                conv("a tile", pad, 1, Activation.NONE, false, false, 1, List.of(64), 8, 16, 64, 3, last),
                conv("one less than two tiles", pad, 1, Activation.RELU, true, true, 2, List.of(57), 15, 31, 129, 3, last),
                conv("without padding", Window2d.of(), 1, Activation.RELU, true, false, 1, List.of(121), 10, 18, 65, 3, last),
                conv("a concat", pad, 1, Activation.GELU_TANH, true, false, 1, List.of(40, 88), 24, 16, 24, 3, last),
                conv("uneven padding", new Window2d(1, 1, 2, 0, 0, 1, 1, 1), 1, Activation.NONE, true, false, 1, List.of(64),
                        15,
                        16, 8, 2, last),
                conv("groups", pad, 2, Activation.NONE, true, true, 1, List.of(128), 8, 30, 48, 3, last),
                conv("planes", pad, 1, Activation.NONE, true, true, 2, List.of(128), 7, 15, 21, 3, ImageLayout.CHANNELS_FIRST),
                conv("shared sums", pad, 1, Activation.RELU, true, true, 1, List.of(320), 7, 16, 72, 3, last));
    }

    static Stream<Arguments> shipped() {
        return Stream.concat(KERNELS.stream(), BY_FOUR_WARPS.stream()).flatMap(k -> Manifest.of(k).precisions().stream()
                .flatMap(p -> cases(k).stream().map(c -> Arguments.of(k, p, c))));
    }

    private static List<Case> cases(String kernel) {
        List<Case> all = kernel.contains("halo") ? neighbours() : cases();
        return kernel.equals("conv2d_halo_wgmma") ? all.stream().map(TensorConvolutionTest::wider).toList() : all;
    }

    /** The same with more than 64 results for each group. */
    private static Case wider(Case c) {
        int groups = c.op() instanceof Conv2d conv ? conv.groups() : 1;
        int o = c.o() / groups > 64 ? c.o() : c.o() + 64 * groups;
        return new Case(c.name(), c.op(), c.bias(), c.residual(), c.n(), c.channels(), c.h(), c.w(), o, c.kernel(), c.out());
    }

    /** Pooling and resampling, in the layout that convolutions leave: kernel, op, channels, rows and columns. */
    static Stream<Arguments> others() {
        Window2d two = Window2d.of().stride(2);
        List<SpatialOp> pools = List.of(new MaxPool2d(2, 2, two, false),
                new MaxPool2d(3, 2, new Window2d(2, 1, 1, 0, 1, 1, 1, 2), true));
        List<SpatialOp> resizes = List.of(new Resize(14, 10, Interpolation.NEAREST, Sampling.ASYMMETRIC, false, 0, 0),
                new Resize(5, 23, Interpolation.BILINEAR, Sampling.HALF_PIXEL, false, 0, 0),
                new Resize(13, 4, Interpolation.BICUBIC, Sampling.ALIGN_CORNERS, false, 0, 0));
        return Stream.of(Map.entry("max_pool2d_last", pools), Map.entry("resize_last", resizes)).flatMap(e -> e.getValue()
                .stream()
                .flatMap(op -> Manifest.of(e.getKey()).precisions().stream().flatMap(p -> Stream.of(1, 13, 72)
                        .map(c -> Arguments.of(e.getKey(), p, new Case(op.kind(), op, false, false, 2, List.of(c), 7, 5, c, 4,
                                ImageLayout.CHANNELS_LAST))))));
    }

    @ParameterizedTest
    @MethodSource("others")
    void follows(String kernel, Precision precision, Case c) {
        check(kernel, Map.of(), precision, c);
    }

    @ParameterizedTest
    @MethodSource("shipped")
    void convolves(String kernel, Precision precision, Case c) {
        check(kernel, Map.of(), precision, c);
    }

    static Stream<Arguments> tiles() {
        return KERNELS.stream().flatMap(k -> {
            List<Map<String, Long>> all = tiles(k);
            return (WIDE ? all : List.of(all.getFirst(), all.getLast())).stream().map(t -> Arguments.of(k, t));
        });
    }

    private static List<Map<String, Long>> tiles(String kernel) {
        List<Map<String, Long>> sets = new ArrayList<>();
        for (long m : new long[] {64, 128, 256}) {
            for (long n : new long[] {64, 128, 256}) {
                for (long warp : new long[] {32, 64}) {
                    for (long stages : new long[] {2, 3, 4}) {
                        Map<String, Long> set = new LinkedHashMap<>();
                        set.put("TILE_M", m);
                        set.put("TILE_N", n);
                        set.put("WARP", warp);
                        set.put("STAGES", stages);
                        Map<String, Long> names = new HashMap<>(set);
                        names.put("dynamic_local", (long) Card.of("h100").largest());
                        names.put("tf32", 0L);
                        if (Manifest.of(kernel).constraints().stream().allMatch(f -> f.holds(names))) {
                            sets.add(set);
                        }
                    }
                }
            }
        }
        return sets;
    }

    /** Tiles that don't ship, where a compiler makes them: two of each kernel's, or all of them. */
    @ParameterizedTest
    @MethodSource("tiles")
    void convolvesInEveryTile(String kernel, Map<String, Long> tile) {
        Assumptions.assumeTrue(CompiledPtx.available(),
                "a compiler makes tiles that don't ship: there is neither nvcc nor NVRTC");
        for (Case c : cases(kernel)) {
            if (List.of("one past a tile", "one less than two tiles", "shared sums", "planes").contains(c.name())) {
                check(kernel, tile, Precision.FLOAT16, c);
            }
        }
    }

    private static void check(String kernel, Map<String, Long> tile, Precision precision, Case c) {
        try (GpuDevice device = PtxBackend.open(Card.of("h100"), new CompiledPtx(CompiledPtx.USUAL),
                new Target.Forced(Map.of(Manifest.of(kernel).variantOf(), kernel), Map.of(kernel, tile), true))) {
            Random random = new Random(7);
            // Numbers that the precision holds: multiples of a power of 2 below 1, or all floats.
            int steps = precision == Precision.TF32X3 ? 0 : precision == Precision.BFLOAT16 ? 128 : 1024;
            List<HostTensor> operands = new ArrayList<>();
            c.channels.forEach(k -> operands.add(image(random, ImageLayout.CHANNELS_LAST, Shape.of(c.n, k, c.h, c.w), steps)));
            long all = c.channels.stream().mapToLong(Integer::longValue).sum();
            int groups = c.op instanceof Conv2d conv ? conv.groups() : 1;
            if (c.op instanceof Conv2d) {
                operands.add(numbers(random, Shape.of(c.o, all / groups, c.kernel, c.kernel), steps));
            } else if (c.op instanceof ConvTranspose2d) {
                operands.add(numbers(random, Shape.of(all, c.o, c.kernel, c.kernel), steps));
            }
            if (c.bias) {
                operands.add(numbers(random, Shape.of(c.o), steps));
            }
            InLayout op = new InLayout(c.op, ImageLayout.CHANNELS_LAST, c.out, c.channels);
            if (c.residual) {
                Conv2d plain = new Conv2d(((Conv2d) c.op).window(), groups, Activation.NONE, c.bias, false);
                Shape y = new InLayout(plain, op.in(), op.out(), op.channels())
                        .infer(operands.stream().map(t -> new TensorType(t.dtype(), t.shape())).toList())
                        .getFirst().shape();
                operands.add(image(random, c.out, c.out.image(y, c.o), steps));
            }
            hold(device, kernel, precision, op, operands, c);
        }
    }

    private static void hold(GpuDevice device, String kernel, Precision precision, InLayout op, List<HostTensor> operands,
            Case c) {
        Map<String, HostTensor> inputs = new HashMap<>();
        Graph graph = graph(op, operands, inputs);
        HostTensor expected = oracle(graph, inputs);
        SpatialOp plain = switch (op.op()) {
            case Conv2d v -> new Conv2d(v.window(), v.groups(), Activation.NONE, v.bias(), v.residual());
            case ConvTranspose2d v ->
                new ConvTranspose2d(v.window(), v.outPadH(), v.outPadW(), v.groups(), Activation.NONE, v.bias());
            default -> op.op();
        };
        Map<String, HostTensor> magnitudes = new HashMap<>();
        HostTensor scale = oracle(graph(new InLayout(plain, op.in(), op.out(), op.channels()),
                operands.stream().map(TensorConvolutionTest::magnitudes).toList(), magnitudes), magnitudes);
        // A cubic's weights may be negative: the largest number counts for all.
        double largest = IntStream.range(0, (int) scale.elements()).mapToDouble(i -> Math.abs(scale.getDouble(i))).max()
                .orElse(0);
        long terms = c.channels.stream().mapToLong(Integer::longValue).sum() * c.kernel * c.kernel;
        try (Executable e = device.compile(graph, null, CompileOptions.of().precision(precision).profiled())) {
            inputs.forEach((name, t) -> e.input(name).upload(t.data()));
            e.run();
            assertTrue(e.timings().stream().map(NodeTiming::what).anyMatch(w -> w.contains(kernel)),
                    () -> e.timings().toString());
            HostTensor y = e.output("y").toHost();
            assertEquals(expected.shape(), y.shape());
            Storage stored = precision.storage();
            // Three products of TF32 leave out what is smaller than 2^-22 of each.
            double product = precision.arithmetic() == Precision.Arithmetic.TF32X3 ? 4 * UNIT : 0;
            for (int i = 0; i < y.elements(); i++) {
                double x = expected.getDouble(i);
                double allowed = ((terms + 8) * UNIT * 2 + product) * (op.op() instanceof Resize ? largest : scale.getDouble(i))
                        + (stored == Storage.F32 ? 0 : Math.abs(x) * stored.rounding() + stored.tiny());
                assertTrue(Math.abs(y.getDouble(i) - x) <= allowed,
                        precision + " " + c + " element " + i + " is " + y.getDouble(i)
                                + ", not " + x + " ± " + allowed);
            }
        }
    }

    private static HostTensor oracle(Graph graph, Map<String, HostTensor> inputs) {
        return Oracle.run(graph, null, inputs, Map.of(), Oracle.Rounding.NONE).outputs().get("y");
    }

    private static Graph graph(InLayout op, List<HostTensor> operands, Map<String, HostTensor> inputs) {
        GraphBuilder g = new GraphBuilder();
        Value[] values = new dev.kerf.graph.Graph.Value[operands.size()];
        int sources = op.channels().size();
        for (int i = 0; i < values.length; i++) {
            boolean weight = i >= sources && operands.get(i).shape().rank() != 4 || i == sources;
            if (weight) {
                values[i] = g.constant(operands.get(i));
            } else {
                values[i] = g.input("x" + i, new TensorType(operands.get(i).dtype(), operands.get(i).shape()));
                inputs.put("x" + i, operands.get(i));
            }
        }
        g.output("y", g.apply(op, values));
        return g.build();
    }

    /** An image's numbers, zeros where its channels are filled up. */
    private static HostTensor image(Random random, ImageLayout layout, Shape image, int steps) {
        HostTensor t = numbers(random, layout.stored(image), steps);
        if (layout == ImageLayout.CHANNELS_LAST) {
            int padded = t.shape().size(3);
            for (long i = 0; i < t.elements(); i++) {
                if (i % padded >= image.dim(1)) {
                    t.setDouble(i, 0);
                }
            }
        }
        return t;
    }

    /** In [−1, 1), with so many steps from 0 to 1; as many as float32 has if that is 0. */
    private static HostTensor numbers(Random random, Shape shape, int steps) {
        float[] v = new float[Math.toIntExact(shape.elements())];
        for (int i = 0; i < v.length; i++) {
            v[i] = steps == 0 ? 2 * random.nextFloat() - 1 : (random.nextInt(2 * steps) - steps) / (float) steps;
        }
        return HostTensor.of(shape, v);
    }

    private static HostTensor magnitudes(HostTensor t) {
        float[] v = t.toFloatArray();
        for (int i = 0; i < v.length; i++) {
            v[i] = Math.abs(v[i]);
        }
        return HostTensor.of(t.shape(), v);
    }
}
