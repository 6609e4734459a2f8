package dev.kerf.graph.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadWeightsException;
import dev.kerf.graph.SourceOp.WeightExpr;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Safetensors;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WeightValuesTest {
    private static final WeightExpr.BatchStats NORM = new WeightExpr.BatchStats(
            vector("gamma", 4), vector("beta", 4), vector("mean", 4), vector("var", 4), 0.5);

    private static WeightExpr.Tensor vector(String name, long n) {
        return new WeightExpr.Tensor(name, Shape.of(n));
    }

    private static HostTensor floats(Shape shape) {
        float[] v = new float[(int) shape.elements()];
        for (int i = 0; i < v.length; i++) {
            v[i] = (i * 7 % 11 - 5) / 3f;
        }
        return HostTensor.of(shape, v);
    }

    private static Weights weights(HostTensor w) {
        return Weights.of(Map.of(
                "w", w,
                "b", HostTensor.of(Shape.of(4), new float[] {1, 2, 3, 4}),
                "gamma", HostTensor.of(Shape.of(4), new float[] {1, 2, -1, 0.3f}),
                "beta", HostTensor.of(Shape.of(4), new float[] {0, 1, 2, 3}),
                "mean", HostTensor.of(Shape.of(4), new float[] {0.1f, 0.2f, 0.3f, 0.4f}),
                "var", HostTensor.of(Shape.of(4), new float[] {1, 2, 3, 4})));
    }

    private static double scale(int channel) {
        return new float[] {1, 2, -1, 0.3f}[channel] / Math.sqrt(channel + 1 + 0.5);
    }

    @Test
    void aFloat32TensorIsNotCopied() {
        HostTensor w = floats(Shape.of(2, 3));
        assertSame(w, WeightValues.evaluate(new WeightExpr.Tensor("w", w.shape()), weights(w)));
    }

    /** Cut off between being asked for and being read: to nothing, and within its last page, whose rest reads as zeros. */
    @Test
    void aFileCutOffWhileItIsReadIsAnErrorOfOurs(@TempDir Path dir) throws IOException {
        Path file = dir.resolve("w.safetensors");
        HostTensor w = floats(Shape.of(100_000));
        for (int left : new int[] {10, 400_000}) {
            Safetensors.write(file, Map.of("w", w), Map.of());
            try (Weights weights = Weights.open(file); FileChannel open = FileChannel.open(file, StandardOpenOption.WRITE)) {
                WeightExpr expr = new WeightExpr.Tensor("w", w.shape());
                assertArrayEquals(w.toFloatArray(), WeightValues.read(expr, weights, HostTensor::toFloatArray));
                String message = assertThrows(BadFileException.class, () -> WeightValues.read(expr, weights, values -> {
                    try {
                        open.truncate(left);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                    return values.toFloatArray();
                })).getMessage();
                assertTrue(message.contains("w.safetensors: was cut off"), message);
            }
        }
    }

    @Test
    void otherFloatsAreRoundedOnce() {
        for (DType dtype : new DType[] {DType.F64, DType.F16, DType.BF16}) {
            HostTensor w = floats(Shape.of(2, 3)).to(dtype);
            HostTensor got = WeightValues.evaluate(new WeightExpr.Tensor("w", w.shape()), weights(w));
            assertEquals(DType.F32, got.dtype());
            assertArrayEquals(w.toFloatArray(), got.toFloatArray());
        }
    }

    @Test
    void cellsOfAGridBecomeWaves() {
        HostTensor m = HostTensor.of(Shape.of(2, 1), new float[] {0.25f, -0.5f});
        var grid = new WeightExpr.FourierGrid(new WeightExpr.Tensor("w", m.shape()), 2, 3);
        HostTensor got = WeightValues.evaluate(grid, weights(m));
        assertEquals(Shape.of(6, 2), got.shape());
        for (int cell = 0; cell < 6; cell++) {
            double x = new double[] {-2 / 3.0, 0, 2 / 3.0}[cell % 3];
            double y = new double[] {-0.5, 0.5}[cell / 3];
            double angle = 2 * Math.PI * (0.25 * x - 0.5 * y);
            assertEquals(Math.sin(angle), got.getDouble(2 * cell), 1e-7);
            assertEquals(Math.cos(angle), got.getDouble(2 * cell + 1), 1e-7);
        }
    }

    @Test
    void convolutionWeightsAreScaledByOutputChannel() {
        HostTensor w = floats(Shape.of(4, 2, 3, 1));
        var expr = new WeightExpr.ScaledWeight(new WeightExpr.Tensor("w", w.shape()), 0, 1, NORM);
        HostTensor got = WeightValues.evaluate(expr, weights(w));
        for (int i = 0; i < 24; i++) {
            assertEquals((float) (w.getDouble(i) * scale(i / 6)), (float) got.getDouble(i));
        }
    }

    @Test
    void transposedConvolutionWeightsAreScaledByGroupAndChannel() {
        HostTensor w = floats(Shape.of(6, 2, 1, 2));
        var expr = new WeightExpr.ScaledWeight(new WeightExpr.Tensor("w", w.shape()), 1, 2, NORM);
        HostTensor got = WeightValues.evaluate(expr, weights(w));
        for (int i = 0; i < 24; i++) {
            int input = i / 4;
            int channel = input / 3 * 2 + i / 2 % 2;
            assertEquals((float) (w.getDouble(i) * scale(channel)), (float) got.getDouble(i));
        }
    }

    @Test
    void biasesAreShifted() {
        Weights weights = weights(floats(Shape.of(1)));
        float[] with = WeightValues.evaluate(new WeightExpr.ShiftedBias(vector("b", 4), NORM), weights).toFloatArray();
        float[] without = WeightValues.evaluate(new WeightExpr.ShiftedBias(null, NORM), weights).toFloatArray();
        float[] mean = {0.1f, 0.2f, 0.3f, 0.4f};
        for (int c = 0; c < 4; c++) {
            assertEquals((float) (c + (c + 1 - (double) mean[c]) * scale(c)), with[c]);
            assertEquals((float) (c - (double) mean[c] * scale(c)), without[c]);
        }
    }

    @Test
    void refusesIntegersAndMisfits() {
        HostTensor integers = HostTensor.of(Shape.of(2), new int[] {1, 2});
        var e = assertThrows(BadWeightsException.class,
                () -> WeightValues.evaluate(vector("w", 2), weights(integers)));
        assertTrue(e.getMessage().contains("'w'"), e.getMessage());
        HostTensor w = floats(Shape.of(3, 1, 1, 1));
        var misfit = new WeightExpr.ScaledWeight(new WeightExpr.Tensor("w", w.shape()), 0, 1, NORM);
        assertThrows(BadWeightsException.class, () -> WeightValues.evaluate(misfit, weights(w)));
    }
}
