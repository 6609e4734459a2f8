package dev.kerf.check.ptx.machine;

import java.util.ArrayList;
import java.util.List;

/**
 * An instruction as it is written.
 *
 * @param line     in the module's text, from 1
 * @param guard    the predicate that it depends on, or null
 * @param negated  whether it is done where the predicate is false
 * @param opcode   with its modifiers
 * @param parts    the opcode between its dots
 * @param operands with their brackets and braces
 */
record Statement(int line, String guard, boolean negated, String opcode, List<String> parts, List<String> operands) {
    /** Takes a statement without its semicolon apart. */
    static Statement of(int line, String text) {
        String s = text.strip();
        String guard = null;
        boolean negated = false;
        if (s.startsWith("@")) {
            int end = blank(s);
            negated = s.charAt(1) == '!';
            guard = s.substring(negated ? 2 : 1, end);
            s = s.substring(end).strip();
        }
        int end = blank(s);
        String opcode = s.substring(0, end).replace("::cta", "");
        return new Statement(line, guard, negated, opcode, List.of(opcode.split("\\.")), split(s.substring(end).strip()));
    }

    private static int blank(String s) {
        int i = 0;
        while (i < s.length() && !Character.isWhitespace(s.charAt(i))) {
            i++;
        }
        return i;
    }

    /** Splits at commas outside of brackets and braces. */
    static List<String> split(String s) {
        List<String> all = new ArrayList<>();
        int depth = 0;
        int from = 0;
        for (int i = 0; i < s.length(); i++) {
            switch (s.charAt(i)) {
                case '{', '[' -> depth++;
                case '}', ']' -> depth--;
                case ',' -> {
                    if (depth == 0) {
                        all.add(s.substring(from, i).strip());
                        from = i + 1;
                    }
                }
                default -> {}
            }
        }
        if (!s.isEmpty()) {
            all.add(s.substring(from).strip());
        }
        return List.copyOf(all);
    }

    /** What stands within the braces of an operand, or the operand itself. */
    static List<String> elements(String operand) {
        return operand.startsWith("{") ? split(operand.substring(1, operand.length() - 1).strip()) : List.of(operand);
    }

    /** What it does, without modifiers. */
    String base() {
        return parts.getFirst();
    }

    /** The opcode without the type that it ends in. */
    String untyped() {
        return String.join(".", parts.subList(0, parts.size() - 1));
    }

    /** Whether a modifier is there. */
    boolean has(String modifier) {
        return parts.contains(modifier);
    }

    /** The type that it ends in. */
    Type type() {
        return Type.of(parts.getLast());
    }

    String operand(int i) {
        return operands.get(i);
    }

    /** As it was written, blanks aside. */
    @Override
    public String toString() {
        String g = guard == null ? "" : "@" + (negated ? "!" : "") + guard + " ";
        return g + opcode + " " + String.join(", ", operands);
    }
}
