package dev.kerf.graph.onnx;

import dev.kerf.graph.FrameOp;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MeasureOp;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.image.Nv12;
import dev.kerf.tensor.DType;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Pixels, video frames and counts over masks: the oracle, Kerf's CPU back end and ONNX Runtime agree. */
class OnnxFrameTest {
    @Test
    void frames() {
        Agreement.compare(30, 8, c -> {
            int n = c.between(1, 2);
            int channels = c.between(1, 4);
            int h = c.between(1, 9);
            int w = c.between(1, 9);
            Value pixels = c.integers(DType.U8, 0, 255, n, h, w, channels);
            boolean luma = channels >= 3 && c.coin();
            List<Integer> picked = luma
                    ? List.of(2, 1, 0)
                    : IntStream.range(0, c.between(1, 4))
                            .mapToObj(i -> c.between(0, channels - 1)).toList();
            Value planes = c.apply(new FrameOp.FromPixels(picked, luma), pixels);
            Value statistics = c.apply(new FrameOp.ImageStatistics(), planes);
            c.output(planes).output(statistics);
            c.output(c.apply(new FrameOp.FromNv12(c.pick(Nv12.Matrix.class)),
                    c.integers(DType.U8, 0, 255, n, c.between(1, 4) * 6, c.between(1, 5) * 2)));
            Value given = c.floats(0.3, 1, c.coin() ? n : 1, planes.type().shape().dim(1), 2);
            c.output(c.apply(new FrameOp.Standardise(), planes, given));
        });
    }

    @Test
    void sixteenBitPixels() {
        Agreement.compare(10, 1, c -> {
            Value numbers = c.integers(DType.I32, 0, 65535, 1, 5, 7, 3);
            Value pixels = c.apply(new PointwiseOp.Cast(DType.U16),
                    c.apply(new PointwiseOp.Cast(DType.F32), numbers));
            c.output(c.apply(new FrameOp.FromPixels(List.of(0, 2, 1), c.coin()), pixels));
        });
    }

    @Test
    void counts() {
        Agreement.compare(30, 0, c -> {
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
}
