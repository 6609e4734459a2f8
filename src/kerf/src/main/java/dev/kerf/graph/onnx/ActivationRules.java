package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Clamp;
import dev.kerf.graph.PointwiseOp.Compare;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.PointwiseOp.Relation;
import dev.kerf.graph.PointwiseOp.Where;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;

/** Activations; those that a graph has no op for are made of several. */
final class ActivationRules {
    private static final double SELU_ALPHA = 1.67326319217681884765625;
    private static final double SELU_GAMMA = 1.05070102214813232421875;

    private ActivationRules() {}

    static Map<String, Rule> rules() {
        return Map.ofEntries(
                Map.entry("Relu", n -> plain(n, Function.RELU, x -> Math.max(x, 0))),
                Map.entry("Sigmoid", n -> plain(n, Function.SIGMOID, x -> 1 / (1 + Math.exp(-x)))),
                Map.entry("Tanh", n -> plain(n, Function.TANH, Math::tanh)),
                Map.entry("Gelu", n -> plain(n,
                        n.text("approximate", "none").equals("tanh") ? Function.GELU_TANH : Function.GELU_ERF)),
                Map.entry("Swish", ActivationRules::swish),
                Map.entry("Clip", ActivationRules::clip),
                Map.entry("LeakyRelu", n -> n.out(sloped(n, n.f32(0), n.g.constant(n.real("alpha", 0.01))))),
                Map.entry("PRelu", n -> n.out(sloped(n, n.f32(0), n.f32(1)))),
                Map.entry("ThresholdedRelu", ActivationRules::thresholded),
                Map.entry("HardSigmoid", n -> n.out(hardSigmoid(n, n.real("alpha", 0.2), n.real("beta", 0.5)))),
                Map.entry("HardSwish", n -> n.out(n.g.unary(Function.HARD_SWISH, n.f32(0)))),
                Map.entry("Elu", n -> n.out(elu(n, n.f32(0), n.real("alpha", 1), 1))),
                Map.entry("Selu", n -> n.out(elu(n, n.f32(0), n.real("alpha", SELU_ALPHA), n.real("gamma", SELU_GAMMA)))),
                Map.entry("Celu", ActivationRules::celu),
                Map.entry("Softplus", n -> n.out(softplus(n, n.f32(0)))),
                Map.entry("Softsign", ActivationRules::softsign),
                Map.entry("Mish", n -> n.out(n.g.multiply(n.f32(0), n.g.unary(Function.TANH, softplus(n, n.f32(0)))))),
                Map.entry("Shrink", ActivationRules::shrink),
                Map.entry("Erf", ActivationRules::erf));
    }

    private static void plain(Imported n, Function f, DoubleUnaryOperator known) {
        HostTensor x = n.in(0).known();
        if (n.fixed() && x != null && x.dtype().floating()) {
            n.out(Host.unary(x, v -> v, known));
        } else {
            plain(n, f);
        }
    }

    private static void plain(Imported n, Function f) {
        boolean whole = !n.in(0).floating();
        Value y = n.g.unary(f, n.f32(0));
        n.out(whole ? n.add(new dev.kerf.graph.PointwiseOp.Cast(DType.I32), y) : y);
    }

    private static void swish(Imported n) {
        float alpha = n.real("alpha", 1);
        Value x = n.f32(0);
        n.out(alpha == 1
                ? n.g.unary(Function.SILU, x)
                : n.g.multiply(x, n.g.unary(Function.SIGMOID, n.g.multiply(x, n.g.constant(alpha)))));
    }

    /** Bounds are attributes up to opset 10 and operands since; one may be left out. */
    private static void clip(Imported n) {
        boolean operands = n.opset >= 11;
        HostTensor low = n.has(1) ? n.in(1).known() : null;
        HostTensor high = n.has(2) ? n.in(2).known() : null;
        boolean known = (!n.has(1) || low != null) && (!n.has(2) || high != null);
        if (!operands || known && n.in(0).floating() && n.in(0).known() == null) {
            float from = low != null ? (float) low.getDouble(0) : n.real("min", -Float.MAX_VALUE);
            float to = high != null ? (float) high.getDouble(0) : n.real("max", Float.MAX_VALUE);
            // Where no bound is given nothing is bounded: infinities stay.
            from = from == -Float.MAX_VALUE ? Float.NEGATIVE_INFINITY : from;
            to = to == Float.MAX_VALUE ? Float.POSITIVE_INFINITY : to;
            n.out(from == 0 && to == 6
                    ? n.g.unary(Function.RELU6, n.f32(0))
                    : n.add(new Clamp(Math.min(from, to), to), n.f32(0)));
            return;
        }
        HostTensor x = n.in(0).known();
        if (n.onHost() && x != null) {
            n.out(Host.unary(x,
                    v -> Math.min(Math.max(v, low == null ? Long.MIN_VALUE : low.getLong(0)),
                            high == null ? Long.MAX_VALUE : high.getLong(0)),
                    v -> Math.min(Math.max(v, low == null ? Double.NEGATIVE_INFINITY : low.getDouble(0)),
                            high == null ? Double.POSITIVE_INFINITY : high.getDouble(0))));
            return;
        }
        DType type = n.in(0).floating() ? DType.F32 : DType.I32;
        Value y = n.in(0).as(type, n.g);
        y = n.has(1) ? n.g.binary(Arithmetic.MAX, y, n.in(1).as(type, n.g)) : y;
        n.out(n.has(2) ? n.g.binary(Arithmetic.MIN, y, n.in(2).as(type, n.g)) : y);
    }

    /** max(x, 0) + slope · min(x, 0). */
    private static Value sloped(Imported n, Value x, Value slope) {
        Value down = n.g.binary(Arithmetic.MIN, x, n.g.constant(0));
        return n.g.add(n.g.relu(x), n.g.multiply(down, slope));
    }

    private static void thresholded(Imported n) {
        Value x = n.f32(0);
        Value above = n.add(new Compare(Relation.GREATER), x, n.g.constant(n.real("alpha", 1)));
        n.out(n.add(new Where(), above, x, n.g.constant(0)));
    }

    private static Value hardSigmoid(Imported n, float alpha, float beta) {
        Value line = n.g.add(n.g.multiply(n.f32(0), n.g.constant(alpha)), n.g.constant(beta));
        return n.add(new Clamp(0, 1), line);
    }

    /** gamma · (max(x, 0) + alpha · (e^min(x, 0) − 1)). */
    private static Value elu(Imported n, Value x, float alpha, float gamma) {
        Value e = n.g.unary(Function.EXP, n.g.binary(Arithmetic.MIN, x, n.g.constant(0)));
        Value down = n.g.multiply(n.g.binary(Arithmetic.SUBTRACT, e, n.g.constant(1)), n.g.constant(alpha * gamma));
        Value up = n.g.relu(x);
        return n.g.add(gamma == 1 ? up : n.g.multiply(up, n.g.constant(gamma)), down);
    }

    private static void celu(Imported n) {
        float alpha = n.real("alpha", 1);
        Value x = n.f32(0);
        Value e = n.g.unary(Function.EXP,
                n.g.multiply(n.g.binary(Arithmetic.MIN, x, n.g.constant(0)), n.g.constant(1 / alpha)));
        n.out(n.g.add(n.g.relu(x), n.g.multiply(n.g.binary(Arithmetic.SUBTRACT, e, n.g.constant(1)), n.g.constant(alpha))));
    }

    /** log(1 + e^x) as max(x, 0) + log(1 + e^−|x|), which doesn't overflow. */
    private static Value softplus(Imported n, Value x) {
        Value e = n.g.unary(Function.EXP, n.g.unary(Function.NEGATE, n.g.unary(Function.ABS, x)));
        return n.g.add(n.g.relu(x), n.g.unary(Function.LOG, n.g.add(e, n.g.constant(1))));
    }

    private static void softsign(Imported n) {
        Value x = n.f32(0);
        n.out(n.g.binary(Arithmetic.DIVIDE, x, n.g.add(n.g.unary(Function.ABS, x), n.g.constant(1))));
    }

    private static void shrink(Imported n) {
        float lambda = n.real("lambd", 0.5);
        Value bias = n.g.constant(n.real("bias", 0));
        Value x = n.f32(0);
        Value low = n.add(new Compare(Relation.LESS), x, n.g.constant(-lambda));
        Value high = n.add(new Compare(Relation.GREATER), x, n.g.constant(lambda));
        Value inner = n.add(new Where(), high, n.g.binary(Arithmetic.SUBTRACT, x, bias), n.g.constant(0));
        n.out(n.add(new Where(), low, n.g.add(x, bias), inner));
    }

    /** By GELU, x · Φ(x): erf(x) = 2 · gelu(√2 · x) / (√2 · x) − 1, and 0 at 0. */
    private static void erf(Imported n) {
        Value x = n.g.multiply(n.f32(0), n.g.constant((float) Math.sqrt(2)));
        Value zero = n.add(new Compare(Relation.EQUAL), x, n.g.constant(0));
        Value safe = n.add(new Where(), zero, n.g.constant(1), x);
        Value twice = n.g.multiply(n.g.binary(Arithmetic.DIVIDE, n.g.unary(Function.GELU_ERF, safe), safe), n.g.constant(2));
        // Far out to the left GELU is −0 and its argument may be −∞.
        Value inner = n.g.binary(Arithmetic.SUBTRACT, twice, n.g.constant(1));
        Value far = n.add(new Compare(Relation.GREATER), n.g.unary(Function.ABS, x), n.g.constant(8));
        Value sign = n.add(new Clamp(-1, 1), x);
        Value y = n.add(new Where(), zero, n.g.constant(HostTensor.zeros(DType.F32, Shape.of())),
                n.add(new Where(), far, sign, inner));
        n.before.activations().erf(y, n.f32(0));
        n.out(y);
    }
}
