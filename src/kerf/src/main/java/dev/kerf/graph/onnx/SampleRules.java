package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Cast;
import dev.kerf.graph.PointwiseOp.Clamp;
import dev.kerf.graph.PointwiseOp.Compare;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.PointwiseOp.Relation;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.Map;

/** GridSample: an image read at positions that another tensor gives, by picking the pixels around each. */
final class SampleRules {
    private static final float KEYS = -0.75f;

    private SampleRules() {}

    static Map<String, Rule> rules() {
        return Map.of("GridSample", SampleRules::record);
    }

    /** One node while it is recorded. */
    private record Sampling(Imported n, String padding, boolean corners, Value pixels, Shape x, Shape grid) {
        GraphBuilder g() {
            return n.g;
        }

        Value number(double v) {
            return n.g.constant((float) v);
        }

        /** A position of −1 … 1 in pixels, brought into the image where the padding mirrors or repeats its edge. */
        Value position(Value v, int axis) {
            long extent = x.dim(axis);
            Value p = corners
                    ? g().multiply(g().add(v, number(1)), number((extent - 1) / 2.0))
                    : g().add(g().multiply(g().add(v, number(1)), number(extent / 2.0)), number(-0.5));
            return p;
        }

        Value bounded(Value p, int axis) {
            long extent = x.dim(axis);
            Value inside = switch (padding) {
                case "reflection" -> reflected(p, corners ? 0 : -0.5, corners ? extent - 1 : extent - 0.5);
                default -> p;
            };
            return padding.equals("zeros") ? inside : n.add(new Clamp(0, extent - 1), inside);
        }

        /** Mirrored at both bounds as often as needed. */
        private Value reflected(Value p, double low, double high) {
            double range = high - low;
            if (range <= 0) {
                return g().multiply(p, number(0));
            }
            Value off = g().add(p, number(-low));
            Value turns = g().unary(Function.FLOOR, g().multiply(off, number(1 / (2 * range))));
            Value rest = g().binary(Arithmetic.SUBTRACT, off, g().multiply(turns, number(2 * range)));
            Value back = g().binary(Arithmetic.SUBTRACT, number(range), g().unary(Function.ABS, g().add(rest, number(-range))));
            return g().add(back, number(low));
        }

        /** Pixels (N, places, C) at whole positions (N, places); 0 outside where the padding says so. */
        Value pick(Value row, Value column) {
            Value r = n.add(new Clamp(0, x.dim(2) - 1), row);
            Value c = n.add(new Clamp(0, x.dim(3) - 1), column);
            int[] starts = new int[x.size(0)];
            for (int i = 0; i < starts.length; i++) {
                starts[i] = Math.toIntExact(i * x.dim(2) * x.dim(3));
            }
            Cast whole = new Cast(DType.I32);
            Value at = g().add(g().add(g().multiply(n.add(whole, r), GatherRules.whole(n, x.dim(3))), n.add(whole, c)),
                    g().constant(HostTensor.of(Shape.of(starts.length, 1), starts)));
            Value found = n.add(new MoveOp.Gather(), pixels, at);
            if (!padding.equals("zeros")) {
                return found;
            }
            Value in = g().multiply(n.add(new Cast(DType.F32), n.add(new Compare(Relation.EQUAL), r, row)),
                    n.add(new Cast(DType.F32), n.add(new Compare(Relation.EQUAL), c, column)));
            return g().multiply(found, g().reshape(in, grid.dim(0), grid.dim(1) * grid.dim(2), 1));
        }

        Value wide(Value weight) {
            return g().reshape(weight, grid.dim(0), grid.dim(1) * grid.dim(2), 1);
        }
    }

    private static void record(Imported n) {
        Shape x = n.shape(0);
        Shape grid = n.shape(1);
        if (x.rank() != 4 || grid.rank() != 4) {
            throw n.refuse("takes images of two axes, here are " + (x.rank() - 2));
        }
        GraphBuilder g = n.g;
        Value pixels = g.reshape(g.permute(n.f32(0), 0, 2, 3, 1), x.dim(0) * x.dim(2) * x.dim(3), x.dim(1));
        Sampling s = new Sampling(n, n.text("padding_mode", "zeros"), n.flag("align_corners", false), pixels, x, grid);
        long places = grid.dim(1) * grid.dim(2);
        Value at = g.reshape(n.f32(1), grid.dim(0), places, 2);
        Value column = s.position(g.reshape(g.slice(at, 2, 0, 1), grid.dim(0), places), 3);
        Value row = s.position(g.reshape(g.slice(at, 2, 1, 2), grid.dim(0), places), 2);
        Value y = switch (n.text("mode", "linear")) {
            case "nearest" -> s.pick(g.unary(Function.ROUND_HALF_EVEN, s.bounded(row, 2)),
                    g.unary(Function.ROUND_HALF_EVEN, s.bounded(column, 3)));
            case "linear", "bilinear" -> linear(s, s.bounded(row, 2), s.bounded(column, 3));
            case "cubic", "bicubic" -> cubic(s, row, column);
            default -> throw n.refuse("there is no mode " + n.text("mode", "linear"));
        };
        n.out(g.permute(g.reshape(y, grid.dim(0), grid.dim(1), grid.dim(2), x.dim(1)), 0, 3, 1, 2));
    }

    private static Value linear(Sampling s, Value row, Value column) {
        GraphBuilder g = s.g();
        Value top = g.unary(Function.FLOOR, row);
        Value left = g.unary(Function.FLOOR, column);
        Value down = g.binary(Arithmetic.SUBTRACT, row, top);
        Value right = g.binary(Arithmetic.SUBTRACT, column, left);
        Value sum = null;
        for (int i = 0; i < 4; i++) {
            Value v = i < 2 ? g.binary(Arithmetic.SUBTRACT, s.number(1), down) : down;
            Value h = i % 2 == 0 ? g.binary(Arithmetic.SUBTRACT, s.number(1), right) : right;
            Value part = g.multiply(s.pick(i < 2 ? top : g.add(top, s.number(1)), i % 2 == 0 ? left : g.add(left, s.number(1))),
                    s.wide(g.multiply(v, h)));
            sum = sum == null ? part : g.add(sum, part);
        }
        return sum;
    }

    /** Sixteen pixels, each brought into the image by itself. */
    private static Value cubic(Sampling s, Value row, Value column) {
        GraphBuilder g = s.g();
        Value top = g.unary(Function.FLOOR, row);
        Value left = g.unary(Function.FLOOR, column);
        Value sum = null;
        for (int i = 0; i < 16; i++) {
            Value r = g.add(top, s.number(i / 4 - 1));
            Value c = g.add(left, s.number(i % 4 - 1));
            Value weight = g.multiply(keys(s, row, r), keys(s, column, c));
            Value part = g.multiply(s.pick(s.bounded(r, 2), s.bounded(c, 3)), s.wide(weight));
            sum = sum == null ? part : g.add(sum, part);
        }
        return sum;
    }

    /** Keys' cubic convolution kernel (1981) at the distance of two positions, at most 2. */
    private static Value keys(Sampling s, Value p, Value q) {
        GraphBuilder g = s.g();
        Value d = g.unary(Function.ABS, g.binary(Arithmetic.SUBTRACT, p, q));
        Value near = polynomial(s, d, KEYS + 2, -(KEYS + 3), 0, 1);
        Value far = polynomial(s, d, KEYS, -5 * KEYS, 8 * KEYS, -4 * KEYS);
        Value inner = s.n().add(new Compare(Relation.LESS), d, s.number(1));
        return s.n().add(new dev.kerf.graph.PointwiseOp.Where(), inner, near, far);
    }

    private static Value polynomial(Sampling s, Value d, double a, double b, double c, double e) {
        GraphBuilder g = s.g();
        Value y = g.add(g.multiply(d, s.number(a)), s.number(b));
        y = g.add(g.multiply(y, d), s.number(c));
        return g.add(g.multiply(y, d), s.number(e));
    }
}
