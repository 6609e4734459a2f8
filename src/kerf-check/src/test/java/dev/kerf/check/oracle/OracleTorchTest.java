package dev.kerf.check.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.Op;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.SpatialOp.Sampling;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The oracle against what PyTorch computed (oracle.py beside the data). */
class OracleTorchTest {
    private static final Window2d UNIT = Window2d.of();

    static Stream<Arguments> cases() {
        return Stream.of(
                Arguments.of("conv2d", new SpatialOp.Conv2d(
                        UNIT.stride(2, 1).pad(1, 2, 1, 2).dilation(1, 2), 2, Activation.NONE, true, false)),
                Arguments.of("conv_transpose2d", new SpatialOp.ConvTranspose2d(
                        UNIT.stride(2, 3).pad(1, 0, 1, 0).dilation(2, 1), 1, 2, 2, Activation.NONE, true)),
                Arguments.of("max_pool2d", new SpatialOp.MaxPool2d(3, 2, UNIT.stride(2, 3).pad(1), true)),
                Arguments.of("max_pool2d_dilated", new SpatialOp.MaxPool2d(3, 3, UNIT.stride(2).dilation(2), false)),
                Arguments.of("avg_pool2d", new SpatialOp.AvgPool2d(3, 2, UNIT.stride(2, 3).pad(1), true, true)),
                Arguments.of("avg_pool2d_inside", new SpatialOp.AvgPool2d(3, 3, UNIT.stride(2).pad(1), true, false)),
                resize("nearest", 17, 3, Interpolation.NEAREST, Sampling.ASYMMETRIC, false),
                resize("nearest_exact", 5, 13, Interpolation.NEAREST, Sampling.HALF_PIXEL, false),
                resize("bilinear", 23, 5, Interpolation.BILINEAR, Sampling.HALF_PIXEL, false),
                resize("bilinear_corners", 8, 20, Interpolation.BILINEAR, Sampling.ALIGN_CORNERS, false),
                resize("bicubic", 19, 4, Interpolation.BICUBIC, Sampling.HALF_PIXEL, false),
                resize("bicubic_corners", 5, 16, Interpolation.BICUBIC, Sampling.ALIGN_CORNERS, false),
                resize("bilinear_aa", 4, 3, Interpolation.BILINEAR, Sampling.HALF_PIXEL, true),
                resize("bilinear_aa_mixed", 16, 4, Interpolation.BILINEAR, Sampling.HALF_PIXEL, true),
                resize("bicubic_aa", 4, 3, Interpolation.BICUBIC, Sampling.HALF_PIXEL, true),
                resize("bicubic_aa_mixed", 3, 9, Interpolation.BICUBIC, Sampling.HALF_PIXEL, true),
                Arguments.of("resize_scale", new SpatialOp.Resize(
                        18, 16, Interpolation.BILINEAR, Sampling.HALF_PIXEL, false, 1 / 1.7, 1 / 2.3)),
                Arguments.of("group_norm", new NormOp.GroupNorm(3, 1e-5)),
                Arguments.of("batch_norm", new NormOp.BatchNorm(1e-3)),
                Arguments.of("layer_norm", new NormOp.LayerNorm(2, 1e-6)),
                Arguments.of("softmax", new NormOp.Softmax(1)),
                Arguments.of("attention", new MatrixOp.Attention(0.5f, true)),
                Arguments.of("mat_mul", new MatrixOp.MatMul(false, true, 1, Activation.NONE, false, false)),
                unary(PointwiseOp.Function.GELU_ERF),
                unary(PointwiseOp.Function.GELU_TANH),
                unary(PointwiseOp.Function.SIGMOID),
                unary(PointwiseOp.Function.SILU),
                unary(PointwiseOp.Function.TANH),
                unary(PointwiseOp.Function.HARD_SWISH),
                unary(PointwiseOp.Function.RELU6),
                unary(PointwiseOp.Function.ROUND_HALF_EVEN),
                Arguments.of("pad_reflect", pad(MoveOp.PadMode.REFLECT, 1, 4)),
                Arguments.of("pad_replicate", pad(MoveOp.PadMode.REPLICATE, 1, 7)));
    }

    private static Arguments resize(String name, int h, int w, Interpolation i, Sampling s, boolean antialias) {
        return Arguments.of("resize_" + name, new SpatialOp.Resize(h, w, i, s, antialias, 0, 0));
    }

    private static Arguments unary(PointwiseOp.Function f) {
        return Arguments.of(f.name().toLowerCase(java.util.Locale.ROOT), new PointwiseOp.Unary(f));
    }

    private static Op pad(MoveOp.PadMode mode, long top, long bottom) {
        return new MoveOp.Pad(List.of(0L, 0L, top, 3L), List.of(0L, 0L, bottom, 2L), mode, 0);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void equalsTorch(String name, Op op) throws Exception {
        Path file = Path.of(OracleTorchTest.class.getResource("oracle.safetensors").toURI());
        try (Weights data = Weights.open(file)) {
            GraphBuilder g = new GraphBuilder();
            Map<String, HostTensor> inputs = new HashMap<>();
            Value[] operands = data.names().stream()
                    .filter(n -> n.startsWith(name + ".") && !n.endsWith(".y"))
                    .map(n -> {
                        HostTensor t = data.tensor(n);
                        inputs.put(n, t);
                        return g.input(n, new TensorType(t.dtype(), t.shape()));
                    })
                    .toArray(Value[]::new);
            g.output("y", g.apply(op, operands));
            HostTensor y = Oracle.run(g.build(), null, inputs, Map.of(), Oracle.Rounding.NONE).outputs().get("y");
            HostTensor expected = data.tensor(name + ".y");
            assertEquals(expected.shape(), y.shape());
            // Resizing is defined by float32 positions, and torch then sums a few float32 products; all else is float64.
            double eps = name.startsWith("resize") ? 16 * Math.ulp(1f) / 2 : 64 * Math.ulp(1.0) / 2;
            for (long i = 0; i < y.elements(); i++) {
                double e = expected.getDouble(i);
                double scale = name.startsWith("resize") || name.startsWith("batch") ? 4 : Math.max(Math.abs(e), 0.1);
                assertTrue(Math.abs(y.getDouble(i) - e) <= eps * scale,
                        name + "[" + i + "] = " + y.getDouble(i) + ", torch has " + e);
            }
        }
    }
}
