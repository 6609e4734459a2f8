package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.PointwiseOp.Relation;
import dev.kerf.tensor.DType;
import java.util.List;

/** Ops on each element. */
final class Pointwise {
    private Pointwise() {}

    static List<Kernel> build(PointwiseOp op, Site site, Lanes lanes) {
        Operand x = site.operand(0);
        Operand y = site.result(0);
        Runs runs = new Runs(y.type().shape(), y.count(), true);
        boolean floats = x.type().dtype() == DType.F32;
        RunTasks.Body body = switch (op) {
            case PointwiseOp.Unary u -> new Unary(u.function(), lanes, runs, x, y);
            case PointwiseOp.Clamp c -> new Clamp(c.low(), c.high(), lanes, runs, x, y);
            case PointwiseOp.Cast c -> new Cast(runs, x, y);
            case PointwiseOp.Binary b when floats && x.type().equals(site.operand(1).type()) ->
                new Same(b.arithmetic(), function(b.activation()), lanes, runs, x, site.operand(1), y);
            case PointwiseOp.Binary b when floats -> new Binary(b.arithmetic(), function(b.activation()), lanes, runs,
                    walk(site, 2), x, site.operand(1), y);
            case PointwiseOp.Binary b -> new Integers(b.arithmetic(), runs, walk(site, 2), x, site.operand(1), y);
            case PointwiseOp.Compare c -> new Compare(c.relation(), runs, walk(site, 2), x, site.operand(1), y);
            case PointwiseOp.Where w -> new Where(runs, walk(site, 3), x, site.operand(1), site.operand(2), y);
        };
        return List.of(new RunTasks(runs, body));
    }

    private static Traversal walk(Site site, int operands) {
        var shapes = new dev.kerf.tensor.Shape[operands];
        for (int i = 0; i < operands; i++) {
            shapes[i] = site.operand(i).type().shape();
        }
        return Traversal.broadcast(site.result(0).type().shape(), shapes);
    }

    /** The function of an activation; null for none. */
    static Function function(Activation a) {
        return a == Activation.NONE ? null : Function.valueOf(a.name());
    }

    private record Unary(Function f, Lanes lanes, Runs runs, Operand x, Operand y) implements RunTasks.Body {
        @Override
        public void run(int run, int first, int n) {
            lanes.unary(f, x.floats(), runs.at(x, run) + first, y.floats(), runs.at(y, run) + first, n);
        }
    }

    private record Clamp(float low, float high, Lanes lanes, Runs runs, Operand x, Operand y)
            implements
                RunTasks.Body {
        @Override
        public void run(int run, int first, int n) {
            lanes.clamp(low, high, x.floats(), runs.at(x, run) + first, y.floats(), runs.at(y, run) + first, n);
        }
    }

    private record Same(Arithmetic f, Function after, Lanes lanes, Runs runs, Operand a, Operand b, Operand y)
            implements
                RunTasks.Body {
        @Override
        public void run(int run, int first, int n) {
            int at = runs.at(y, run) + first;
            lanes.binary(f, a.floats(), runs.at(a, run) + first, b.floats(), runs.at(b, run) + first, y.floats(), at, n);
            if (after != null) {
                lanes.unary(after, y.floats(), at, y.floats(), at, n);
            }
        }
    }

    private record Binary(Arithmetic f, Function after, Lanes lanes, Runs runs, Traversal walk, Operand a, Operand b,
            Operand y) implements RunTasks.Body {
        @Override
        public void run(int run, int first, int n) {
            int element = run * runs.elements() + first;
            int to = runs.at(y, run) + first;
            float[] out = y.floats();
            for (int done = 0; done < n;) {
                int len = Math.min(n - done, walk.row() - (element + done) % walk.row());
                row(a.offset() + walk.at(0, element + done), b.offset() + walk.at(1, element + done), out, to + done, len);
                done += len;
            }
            if (after != null) {
                lanes.unary(after, out, to, out, to, n);
            }
        }

        private void row(int ao, int bo, float[] out, int to, int len) {
            if (walk.step(0) == 1 && walk.step(1) == 1) {
                lanes.binary(f, a.floats(), ao, b.floats(), bo, out, to, len);
            } else if (walk.step(0) == 1) {
                lanes.binary(f, a.floats(), ao, b.floats()[bo], out, to, len);
            } else {
                lanes.binary(f, a.floats()[ao], b.floats(), bo, out, to, len);
            }
        }
    }

    private record Integers(Arithmetic f, Runs runs, Traversal walk, Operand a, Operand b, Operand y)
            implements
                RunTasks.Body {
        @Override
        public void run(int run, int first, int n) {
            int element = run * runs.elements() + first;
            int to = runs.at(y, run) + first;
            for (int i = 0; i < n; i++) {
                int p = a.ints()[a.offset() + walk.at(0, element + i)];
                int q = b.ints()[b.offset() + walk.at(1, element + i)];
                y.ints()[to + i] = switch (f) {
                    case ADD -> p + q;
                    case SUBTRACT -> p - q;
                    case MULTIPLY -> p * q;
                    case DIVIDE -> q == 0 ? 0 : p / q;
                    case MAX -> Math.max(p, q);
                    case MIN -> Math.min(p, q);
                    case POWER -> throw new BadInputException("int32 has no power");
                };
            }
        }
    }

    private record Compare(Relation relation, Runs runs, Traversal walk, Operand a, Operand b, Operand y)
            implements
                RunTasks.Body {
        @Override
        public void run(int run, int first, int n) {
            int element = run * runs.elements() + first;
            int to = runs.at(y, run) + first;
            for (int i = 0; i < n; i++) {
                double p = Elements.get(a, a.offset() + walk.at(0, element + i));
                double q = Elements.get(b, b.offset() + walk.at(1, element + i));
                boolean holds = switch (relation) {
                    case GREATER -> p > q;
                    case GREATER_OR_EQUAL -> p >= q;
                    case LESS -> p < q;
                    case LESS_OR_EQUAL -> p <= q;
                    case EQUAL -> p == q;
                    case NOT_EQUAL -> p != q;
                };
                y.bytes()[to + i] = (byte) (holds ? 1 : 0);
            }
        }
    }

    private record Where(Runs runs, Traversal walk, Operand condition, Operand a, Operand b, Operand y)
            implements
                RunTasks.Body {
        @Override
        public void run(int run, int first, int n) {
            int element = run * runs.elements() + first;
            int to = runs.at(y, run) + first;
            boolean floats = y.type().dtype() == DType.F32;
            for (int i = 0; i < n; i++) {
                boolean holds = condition.bytes()[condition.offset() + walk.at(0, element + i)] != 0;
                Operand from = holds ? a : b;
                int at = from.offset() + walk.at(holds ? 1 : 2, element + i);
                if (floats) {
                    y.floats()[to + i] = from.floats()[at];
                } else {
                    y.ints()[to + i] = from.ints()[at];
                }
            }
        }
    }

    private record Cast(Runs runs, Operand x, Operand y) implements RunTasks.Body {
        @Override
        public void run(int run, int first, int n) {
            int from = runs.at(x, run) + first;
            int to = runs.at(y, run) + first;
            boolean saturate = x.type().dtype().floating();
            for (int i = 0; i < n; i++) {
                if (y.type().dtype() == DType.F32) {
                    y.floats()[to + i] = saturate ? x.floats()[from + i] : Elements.getLong(x, from + i);
                } else if (saturate) {
                    saturated(x.floats()[from + i], to + i);
                } else {
                    Elements.setLong(y, to + i, Elements.getLong(x, from + i));
                }
            }
        }

        private void saturated(float value, int at) {
            switch (y.type().dtype()) {
                case I32 -> y.ints()[at] = (int) value;
                case U8 -> y.bytes()[at] = (byte) Math.clamp((long) value, 0, 255);
                case U16 -> y.shorts()[at] = (short) Math.clamp((long) value, 0, 65535);
                default -> y.longs()[at] = (long) value;
            }
        }
    }
}
