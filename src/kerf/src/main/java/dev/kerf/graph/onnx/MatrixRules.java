package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MatrixOp.MatMul;
import dev.kerf.graph.Op.Activation;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Matrix products. */
final class MatrixRules {
    /** Most multiplications of what is known that are done while recording: biases by position that a small network makes. */
    private static final long MOST_KNOWN = 1 << 25;

    private MatrixRules() {}

    static Map<String, Rule> rules() {
        return Map.of("MatMul", MatrixRules::matMul, "Gemm", MatrixRules::gemm,
                "Einsum", MatrixRules::einsum,
                "Attention", AttentionRule::record);
    }

    private static void matMul(Imported n) {
        HostTensor a = n.in(0).known();
        HostTensor b = n.in(1).known();
        if (n.fixed() && a != null && b != null && a.shape().rank() > 1 && b.shape().rank() == 2
                && a.shape().dim(-1) == b.shape().dim(0) && a.elements() * b.shape().dim(1) <= MOST_KNOWN) {
            n.out(Host.matMul(a, b));
            return;
        }
        Value attention = n.before.attention(n.f32(0), n.f32(1));
        n.out(attention != null ? attention : product(n, n.f32(0), n.f32(1)));
    }

    /** As NumPy's matmul: a vector is a row on the left, a column on the right. */
    static Value product(Imported n, Value left, Value right) {
        Shape a = left.type().shape();
        Shape b = right.type().shape();
        if (a.rank() == 0 || b.rank() == 0) {
            throw n.bad("takes no scalars");
        }
        Value x = a.rank() == 1 ? n.g.reshape(left, 1, a.dim(0)) : left;
        Value y = b.rank() == 1 ? n.g.reshape(right, b.dim(0), 1) : right;
        Value made = n.g.matMul(x, y);
        if (a.rank() > 1 && b.rank() > 1) {
            return made;
        }
        List<Long> dims = new ArrayList<>();
        Shape s = made.type().shape();
        for (int i = 0; i < s.rank(); i++) {
            if (!(a.rank() == 1 && i == s.rank() - 2) && !(b.rank() == 1 && i == s.rank() - 1)) {
                dims.add(s.dim(i));
            }
        }
        return n.g.reshape(made, dims.stream().mapToLong(d -> d).toArray());
    }

    private static void gemm(Imported n) {
        boolean ta = n.flag("transA", false);
        boolean tb = n.flag("transB", false);
        float alpha = n.real("alpha", 1);
        float beta = n.real("beta", 1);
        Shape b = n.shape(1);
        long columns = b.rank() == 2 ? b.dim(tb ? 0 : 1) : -1;
        boolean bias = n.has(2) && beta == 1 && n.shape(2).equals(Shape.of(columns));
        var op = new MatMul(ta, tb, alpha, Activation.NONE, bias, false);
        Value y = bias ? n.add(op, n.f32(0), n.f32(1), n.f32(2)) : n.add(op, n.f32(0), n.f32(1));
        if (n.has(2) && !bias && beta != 0) {
            y = n.g.add(y, beta == 1 ? n.f32(2) : n.g.multiply(n.f32(2), n.g.constant(beta)));
        }
        n.out(y);
    }

    /** Products of two at a time, summed over what neither the rest nor the result names. */
    private static void einsum(Imported n) {
        String equation = n.text("equation", "").replace(" ", "");
        String[] sides = equation.split("->", -1);
        List<String> terms = new ArrayList<>(List.of(sides[0].split(",", -1)));
        if (terms.size() != n.operandCount() || sides.length > 2) {
            throw n.bad("has the equation '" + equation + "'");
        }
        List<Value> values = new ArrayList<>();
        for (int i = 0; i < terms.size(); i++) {
            terms.set(i, spelled(n, terms.get(i), n.shape(i).rank()));
            values.add(n.f32(i));
        }
        String result = sides.length == 2 ? spelled(n, sides[1], -1) : implicit(terms);
        String at = terms.getFirst();
        Value x = values.getFirst();
        for (int i = 1; i < terms.size(); i++) {
            StringBuilder later = new StringBuilder(result);
            terms.subList(i + 1, terms.size()).forEach(later::append);
            EinsumPair pair = new EinsumPair(n, at, terms.get(i), later.toString());
            x = pair.product(x, values.get(i));
            at = pair.letters();
        }
        n.out(EinsumPair.arranged(n, x, at, result));
    }

    private static String implicit(List<String> terms) {
        String all = String.join("", terms);
        StringBuilder out = new StringBuilder();
        all.chars().distinct().sorted().filter(c -> all.chars().filter(d -> d == c).count() == 1 || Character.isDigit(c))
                .forEach(c -> out.append((char) c));
        return out.toString();
    }

    /** With digits for the axes of "…", counted from the last. */
    private static String spelled(Imported n, String term, int rank) {
        int dots = term.indexOf("...");
        if (dots < 0) {
            if (rank >= 0 && term.length() != rank) {
                throw n.bad("has the term '" + term + "' for " + rank + " axes");
            }
            return term;
        }
        int more = rank >= 0 ? rank - (term.length() - 3) : most(n);
        if (more < 0 || more > 9) {
            throw n.bad("has the term '" + term + "' for " + rank + " axes");
        }
        StringBuilder axes = new StringBuilder();
        for (int i = more; i > 0; i--) {
            axes.append(i);
        }
        return term.substring(0, dots) + axes + term.substring(dots + 3);
    }

    /** Most axes that "…" stands for in an operand. */
    private static int most(Imported n) {
        String[] terms = n.text("equation", "").replace(" ", "").split("->")[0].split(",", -1);
        int most = 0;
        for (int i = 0; i < terms.length; i++) {
            most = terms[i].contains("...") ? Math.max(most, n.shape(i).rank() - terms[i].length() + 3) : most;
        }
        return most;
    }

    /** Letters in order of first use. */
    static Set<Character> letters(String term) {
        Set<Character> out = new LinkedHashSet<>();
        term.chars().forEach(c -> out.add((char) c));
        return out;
    }
}
