package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.ReduceOp.Reduction;
import dev.kerf.tensor.Shape;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Two terms of an Einsum as one batched matrix product. */
final class EinsumPair {
    private final Imported n;
    private final String left;
    private final String right;
    private final StringBuilder batch = new StringBuilder();
    private final StringBuilder rows = new StringBuilder();
    private final StringBuilder columns = new StringBuilder();
    private final StringBuilder inner = new StringBuilder();

    /**
     * @param later letters that are needed afterwards
     */
    EinsumPair(Imported n, String left, String right, String later) {
        this.n = n;
        this.left = left;
        this.right = right;
        for (char c : MatrixRules.letters(left + right)) {
            boolean l = left.indexOf(c) >= 0;
            boolean r = right.indexOf(c) >= 0;
            boolean wanted = later.indexOf(c) >= 0;
            if (l && r) {
                (wanted ? batch : inner).append(c);
            } else if (wanted) {
                (l ? rows : columns).append(c);
            }
        }
    }

    /** The result's letters. */
    String letters() {
        return batch.toString() + rows + columns;
    }

    Value product(Value a, Value b) {
        Map<Character, Long> extents = new HashMap<>();
        note(extents, left, a.type().shape());
        note(extents, right, b.type().shape());
        Value x = arranged(n, a, left, batch.toString() + rows + inner);
        Value y = arranged(n, b, right, batch.toString() + inner + columns);
        long items = extent(extents, batch);
        Value product = n.g.matMul(n.g.reshape(x, items, extent(extents, rows), extent(extents, inner)),
                n.g.reshape(y, items, extent(extents, inner), extent(extents, columns)));
        return n.g.reshape(product, letters().chars().mapToLong(c -> extents.get((char) c)).toArray());
    }

    private static void note(Map<Character, Long> extents, String term, Shape s) {
        for (int i = 0; i < term.length(); i++) {
            extents.merge(term.charAt(i), s.dim(i), Math::max);
        }
    }

    private static long extent(Map<Character, Long> extents, CharSequence letters) {
        return letters.chars().mapToLong(c -> extents.get((char) c)).reduce(1, (p, q) -> p * q);
    }

    /** A term's axes in the order of others, summed over those that aren't among them. */
    static Value arranged(Imported n, Value x, String from, String to) {
        Set<Character> distinct = MatrixRules.letters(from);
        if (distinct.size() != from.length() || !distinct.containsAll(MatrixRules.letters(to))) {
            throw n.refuse("takes a diagonal, or repeats an axis, in its equation");
        }
        List<Integer> gone = java.util.stream.IntStream.range(0, from.length()).filter(i -> to.indexOf(from.charAt(i)) < 0)
                .boxed().toList();
        Value left = gone.isEmpty() ? x : n.add(new ReduceOp.Reduce(Reduction.SUM, gone, false), x);
        String rest = from.chars().filter(c -> to.indexOf(c) >= 0)
                .collect(StringBuilder::new, (s, c) -> s.append((char) c), StringBuilder::append).toString();
        return Moves.permute(n.g, left, to.chars().map(rest::indexOf).toArray());
    }
}
