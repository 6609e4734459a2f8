package dev.kerf.backend.gpu.kernel;

import dev.kerf.error.BadFileException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A formula of the kernel manifest over 64-bit integers: {@code + - * / %}, comparisons and {@code && || !} (true is 1),
 * parentheses, {@code min max ceil_div round_up}, names and decimal numbers. Division rounds towards zero; overflow and
 * division by zero are errors.
 *
 * <pre>{@code Expression.parse("round_up(W, TILE) * 2").value(Map.of("W", 100L, "TILE", 64L)); // 256}</pre>
 */
public final class Expression {
    private static final List<List<String>> LEVELS = List.of(
            List.of("||"), List.of("&&"), List.of("==", "!="), List.of("<=", ">=", "<", ">"), List.of("+", "-"),
            List.of("*", "/", "%"));
    private static final Set<String> FUNCTIONS = Set.of("min", "max", "ceil_div", "round_up");

    /** A formula's parts: a number, a name, or a function of others. */
    private sealed interface Term {
        record Number(long value) implements Term {}

        record Name(String name) implements Term {}

        record Apply(String function, List<Term> operands) implements Term {}
    }

    private final String text;
    private final Term root;
    private int at;

    private Expression(String text) {
        this.text = text;
        this.root = binary(0);
        skipSpace();
        if (at < text.length()) {
            throw error("unexpected '" + text.charAt(at) + "'");
        }
    }

    /**
     * Reads a formula.
     *
     * @throws BadFileException if it is malformed; the message gives the place
     */
    public static Expression parse(String text) {
        return new Expression(text);
    }

    /**
     * The formula's value.
     *
     * @throws BadFileException if a name has no value, or the arithmetic fails
     */
    public long value(Map<String, Long> names) {
        try {
            return value(root, names);
        } catch (ArithmeticException e) {
            throw new BadFileException("formula '" + text + "' with " + names + ": " + e.getMessage(), e);
        }
    }

    /** Whether the formula's value isn't 0. */
    public boolean holds(Map<String, Long> names) {
        return value(names) != 0;
    }

    /** All names in it. */
    public Set<String> names() {
        Set<String> names = new LinkedHashSet<>();
        collect(root, names);
        return names;
    }

    @Override
    public String toString() {
        return text;
    }

    private static void collect(Term term, Set<String> names) {
        switch (term) {
            case Term.Number n -> {}
            case Term.Name n -> names.add(n.name());
            case Term.Apply a -> a.operands().forEach(t -> collect(t, names));
        }
    }

    private long value(Term term, Map<String, Long> names) {
        return switch (term) {
            case Term.Number n -> n.value();
            case Term.Name n -> {
                Long v = names.get(n.name());
                if (v == null) {
                    throw new BadFileException(
                            "formula '" + text + "': " + n.name() + " is unknown; known are " + names.keySet());
                }
                yield v;
            }
            case Term.Apply a when a.operands().size() == 1 -> {
                long x = value(a.operands().getFirst(), names);
                yield a.function().equals("!") ? truth(x == 0) : Math.negateExact(x);
            }
            case Term.Apply a -> {
                long x = value(a.operands().getFirst(), names);
                // As in C, the right side of && and || counts only where the left doesn't decide.
                if (a.function().equals("&&") && x == 0 || a.function().equals("||") && x != 0) {
                    yield truth(x != 0);
                }
                yield apply(a.function(), x, value(a.operands().get(1), names));
            }
        };
    }

    private static long apply(String function, long x, long y) {
        return switch (function) {
            case "+" -> Math.addExact(x, y);
            case "-" -> Math.subtractExact(x, y);
            case "*" -> Math.multiplyExact(x, y);
            case "/" -> x / y;
            case "%" -> x % y;
            case "==" -> truth(x == y);
            case "!=" -> truth(x != y);
            case "<" -> truth(x < y);
            case "<=" -> truth(x <= y);
            case ">" -> truth(x > y);
            case ">=" -> truth(x >= y);
            case "&&", "||" -> truth(y != 0);
            case "min" -> Math.min(x, y);
            case "max" -> Math.max(x, y);
            case "ceil_div" -> Math.ceilDiv(x, y);
            case "round_up" -> Math.multiplyExact(Math.ceilDiv(x, y), y);
            default -> throw new IllegalStateException(function);
        };
    }

    private static long truth(boolean b) {
        return b ? 1 : 0;
    }

    private Term binary(int level) {
        if (level == LEVELS.size()) {
            return unary();
        }
        Term left = binary(level + 1);
        for (String op = operator(level); op != null; op = operator(level)) {
            left = new Term.Apply(op, List.of(left, binary(level + 1)));
        }
        return left;
    }

    private String operator(int level) {
        skipSpace();
        for (String op : LEVELS.get(level)) {
            if (text.startsWith(op, at)) {
                at += op.length();
                return op;
            }
        }
        return null;
    }

    private Term unary() {
        skipSpace();
        if (at == text.length()) {
            throw error("ends too early");
        }
        char c = text.charAt(at);
        if (c == '-' || c == '!') {
            at++;
            return new Term.Apply(String.valueOf(c), List.of(unary()));
        }
        if (c == '(') {
            at++;
            Term inner = binary(0);
            expect(')');
            return inner;
        }
        int start = at;
        while (at < text.length() && (Character.isLetterOrDigit(text.charAt(at)) || text.charAt(at) == '_')) {
            at++;
        }
        String word = text.substring(start, at);
        if (word.isEmpty()) {
            throw error("unexpected '" + c + "'");
        }
        if (Character.isDigit(c)) {
            try {
                return new Term.Number(Long.parseLong(word));
            } catch (NumberFormatException e) {
                throw error("'" + word + "' is no number");
            }
        }
        return FUNCTIONS.contains(word) ? call(word) : new Term.Name(word);
    }

    private Term call(String function) {
        expect('(');
        List<Term> operands = new ArrayList<>();
        operands.add(binary(0));
        expect(',');
        operands.add(binary(0));
        expect(')');
        return new Term.Apply(function, operands);
    }

    private void expect(char c) {
        skipSpace();
        if (at == text.length() || text.charAt(at) != c) {
            throw error("expected '" + c + "'");
        }
        at++;
    }

    private void skipSpace() {
        while (at < text.length() && text.charAt(at) == ' ') {
            at++;
        }
    }

    private BadFileException error(String wrong) {
        return new BadFileException("formula '" + text + "', character " + (at + 1) + ": " + wrong);
    }
}
