package dev.kerf.check.oracle;

import dev.kerf.graph.ImageLayout;
import dev.kerf.graph.LayoutOp;
import dev.kerf.graph.LayoutOp.InLayout;
import dev.kerf.graph.LayoutOp.Moved;
import dev.kerf.graph.LayoutOp.Reorder;
import dev.kerf.graph.LayoutOp.Turned;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/** What was made of recorded ops: laid out and moved as recorded, computed, and laid out again. */
final class ScalarLayout {
    private ScalarLayout() {}

    static void run(LayoutOp op, List<Wide> in, Wide y) {
        switch (op) {
            case Reorder r -> copy(image(in.getFirst(), r.from(), r.channels()), r.to(), y);
            case Turned t -> {
                Wide product = Wide.zeros(
                        t.product().infer(in.stream().limit(t.operands()).map(Wide::type).toList()).getFirst(),
                        y.count());
                ScalarMatrix.matMul(t.product(), in.subList(0, t.operands()), product);
                ScalarMatrix.rotary(List.of(product, in.get(t.operands()), in.getLast()), y);
            }
            case Moved m -> {
                List<Wide> operands = new ArrayList<>(in);
                operands.set(0, moved(m.left(), in.getFirst()));
                if (m.product().residual()) {
                    operands.set(in.size() - 1, moved(m.added(), in.getLast()));
                }
                ScalarMatrix.matMul(m.product(), operands, y);
            }
            case InLayout o -> {
                List<TensorType> types = o.recorded(in.stream().map(Wide::type).toList());
                int sources = o.channels().size();
                List<Wide> operands = new ArrayList<>(in.subList(sources - 1, in.size()));
                Wide x = Wide.zeros(types.getFirst(), in.getFirst().count());
                int at = 0;
                for (int i = 0; i < sources; i++) {
                    Wide part = image(in.get(i), o.in(), o.channels().get(i));
                    put(part, x, at);
                    at += o.channels().get(i);
                }
                operands.set(0, x);
                for (int i = 1; i < operands.size(); i++) {
                    if (!types.get(i).equals(operands.get(i).type())) {
                        operands.set(i, image(operands.get(i), o.out(), types.get(i).shape().dim(1)));
                    }
                }
                Wide made = Wide.zeros(o.op().infer(types).getFirst(), y.count());
                Oracle.spatial(o.op(), operands, made);
                copy(made, o.out(), y);
            }
        }
    }

    private static Wide moved(List<MoveOp> moves, Wide x) {
        Wide at = x;
        for (MoveOp m : moves) {
            Wide to = Wide.zeros(m.infer(List.of(at.type())).getFirst(), null);
            ScalarMove.run(m, List.of(at), to);
            at = to;
        }
        return at;
    }

    /** (N, C, H, W) of an image that lies in a layout. */
    private static Wide image(Wide stored, ImageLayout layout, long channels) {
        Shape shape = layout.image(stored.type().shape(), channels);
        Wide image = Wide.zeros(stored.type().as(shape), stored.count());
        long[] to = strides(layout, shape);
        each(shape, (i, n, c, h, w) -> image.v()[i] = stored.v()[(int) (n * to[0] + c * to[1] + h * to[2] + w * to[3])]);
        return image;
    }

    private static void copy(Wide image, ImageLayout layout, Wide y) {
        long[] to = strides(layout, image.type().shape());
        each(image.type().shape(),
                (i, n, c, h, w) -> y.v()[(int) (n * to[0] + c * to[1] + h * to[2] + w * to[3])] = image.v()[i]);
    }

    private static void put(Wide part, Wide whole, int firstChannel) {
        long[] to = whole.type().shape().strides();
        each(part.type().shape(),
                (i, n, c, h, w) -> whole.v()[(int) (n * to[0] + (firstChannel + c) * to[1] + h * to[2] + w)] = part.v()[i]);
    }

    /** Elements from one image, channel, row and column to the next. */
    private static long[] strides(ImageLayout layout, Shape image) {
        long[] s = layout.stored(image).strides();
        return layout == ImageLayout.CHANNELS_FIRST ? s : new long[] {s[0], s[3], s[1], s[2]};
    }

    private interface Element {
        void at(int i, int n, int c, int h, int w);
    }

    private static void each(Shape s, Element f) {
        int i = 0;
        for (int n = 0; n < s.size(0); n++) {
            for (int c = 0; c < s.size(1); c++) {
                for (int h = 0; h < s.size(2); h++) {
                    for (int w = 0; w < s.size(3); w++) {
                        f.at(i++, n, c, h, w);
                    }
                }
            }
        }
    }
}
