package dev.kerf.check.op;

import dev.kerf.graph.FrameOp;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MeasureOp.MaskForm;
import dev.kerf.graph.MeasureOp;
import dev.kerf.image.Nv12;
import dev.kerf.tensor.DType;
import java.util.List;

/** Measures over masks, and frames as cameras have them. */
final class PixelCases {
    private PixelCases() {}

    static void measures(List<OpCase> cases) {
        for (long pixels : new long[] {1, 7, 64, 131, 4099}) {
            for (boolean ignore : new boolean[] {false, true}) {
                cases.add(new OpCase("overlap of " + pixels + (ignore ? " with ignore" : ""), 1, c -> {
                    Value bits = c.whole(DType.U8, 255, 3, (pixels + 7) / 8);
                    Value bytes = c.whole(DType.U8, 2, 2, pixels);
                    Value logits = c.x(3, pixels);
                    Value skip = c.whole(DType.U8, 1, pixels);
                    overlap(c, new MaskForm.Bits(), bits, new MaskForm.Bytes(), bytes, pixels, ignore ? skip : null);
                    overlap(c, new MaskForm.Logits(0.25f), logits, new MaskForm.Bits(), bits, pixels, ignore ? skip : null);
                    overlap(c, new MaskForm.Bytes(), bytes, new MaskForm.Logits(0), logits, pixels, ignore ? skip : null);
                }));
            }
        }
        for (int k : new int[] {1, 2, 21}) {
            cases.add(new OpCase("confusion of " + k, 1, c -> {
                c.out(c.apply(new MeasureOp.Confusion(k, k - 1), c.whole(DType.U8, k, 2, 613), c.whole(DType.I32, k, 2, 613)));
                c.out(c.apply(new MeasureOp.Confusion(k, -1), c.whole(DType.I32, k, 1, 37), c.whole(DType.U8, k, 1, 37)));
            }));
        }
        for (int connectivity : new int[] {4, 8}) {
            cases.add(new OpCase("components, connectivity " + connectivity, 1, c -> {
                for (Value x : List.of(c.whole(DType.U8, 1, 3, 17, 13), c.whole(DType.U8, 2, 1, 257, 3),
                        c.whole(DType.U8, 1, 2, 1, 131), c.whole(DType.U8, 0, 1, 1, 1), c.whole(DType.U8, 9, 1, 64, 64))) {
                    c.graph().add(new MeasureOp.Components(connectivity), x).forEach(c::out);
                }
            }));
        }
    }

    private static void overlap(
            OpCase c, MaskForm a, Value x, MaskForm b, Value y, long pixels, Value ignore) {
        var op = new MeasureOp.Overlap(a, b, pixels, ignore != null);
        c.out(ignore == null ? c.apply(op, x, y) : c.apply(op, x, y, ignore));
    }

    static void frames(List<OpCase> cases) {
        cases.add(new OpCase("from_pixels", 1, c -> {
            Value x = c.whole(DType.U8, 255, 2, 5, 7, 4);
            c.out(c.apply(new FrameOp.FromPixels(List.of(2, 1, 0), false), x));
            c.out(c.apply(new FrameOp.FromPixels(List.of(0, 1, 2), true), x));
            c.out(c.apply(new FrameOp.FromPixels(List.of(0, 0, 0), false), c.whole(DType.U16, 65535, 1, 9, 3, 1)));
        }));
        for (Nv12.Matrix m : Nv12.Matrix.values()) {
            cases.add(new OpCase("from_nv12 " + m, 16, c -> c.out(c.apply(
                    new FrameOp.FromNv12(m), c.whole(DType.U8, 255, 2, 9, 10)))));
        }
        cases.add(new OpCase("standardise", 64, c -> {
            Value x = c.x(2, 3, 33, 31);
            Value s = c.apply(new FrameOp.ImageStatistics(), x);
            c.out(s);
            c.out(c.apply(new FrameOp.Standardise(), x, s));
            Value flat = c.graph().multiply(x, c.graph().constant(0f));
            c.out(c.apply(new FrameOp.Standardise(), flat, c.apply(new FrameOp.ImageStatistics(), flat)));
        }));
    }
}
