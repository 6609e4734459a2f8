package dev.kerf.check.ptx.machine;

import dev.kerf.error.BadFileException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads one kernel from the text of a PTX module, as the PTX ISA describes it; what it doesn't know is an error. */
public final class PtxReader {
    private static final Pattern ENTRY = Pattern.compile("\\.entry\\s+([\\w$]+)\\s*\\(([^)]*)\\)[^{;]*\\{");
    private static final Pattern PARAMETER = Pattern.compile(
            "\\.param\\s+(?:\\.align\\s+(\\d+)\\s+)?\\.(\\w+)\\s+([\\w$]+)(?:\\[(\\d+)])?");
    private static final Pattern VARIABLE = Pattern.compile(
            "\\.(shared|local|global|const)\\s+(?:\\.align\\s+(\\d+)\\s+)?\\.(\\w+)\\s+([\\w$]+)(?:\\[(\\d*)])?"
                    + "(?:\\s*=\\s*\\{?([^}]*)}?)?\\s*$");
    private static final Pattern REGISTERS = Pattern.compile("\\.reg\\s+\\.(\\w+)\\s+(.*)");
    private static final Pattern RANGE = Pattern.compile("(%?[\\w$]+)<(\\d+)>");
    private static final Pattern LABEL = Pattern.compile("^([$%\\w]+):(?!:)");

    private final Map<String, Entry.Variable> variables = new LinkedHashMap<>();
    private final Map<String, Type> registers = new HashMap<>();
    private final List<Statement> statements = new ArrayList<>();
    private final Map<String, Integer> labels = new HashMap<>();
    private final Map<String, Integer> used = new HashMap<>();
    /** Arrays of shared memory whose length is told at launch, with their alignment. */
    private final Map<String, Integer> unsized = new LinkedHashMap<>();
    /** Registers that are declared within braces, and what they are called outside. */
    private final Deque<Map<String, String>> scopes = new ArrayDeque<>();

    private PtxReader() {}

    /**
     * A kernel.
     *
     * @throws BadFileException if the module has none of that name, or isn't understood
     */
    public static Entry read(String module, String name) {
        String text = uncommented(module);
        Matcher m = ENTRY.matcher(text);
        while (m.find()) {
            if (m.group(1).equals(name)) {
                return new PtxReader().entry(text, m);
            }
        }
        throw new BadFileException("the PTX module has no kernel " + name);
    }

    /** Blanks in place of comments, so that lines stay where they are. */
    private static String uncommented(String text) {
        char[] out = text.toCharArray();
        for (int i = 0; i < out.length - 1; i++) {
            if (out[i] == '/' && out[i + 1] == '/') {
                while (i < out.length && out[i] != '\n') {
                    out[i++] = ' ';
                }
            } else if (out[i] == '/' && out[i + 1] == '*') {
                int end = text.indexOf("*/", i + 2);
                for (int stop = end < 0 ? out.length : end + 2; i < stop; i++) {
                    out[i] = out[i] == '\n' ? '\n' : ' ';
                }
            }
        }
        return new String(out);
    }

    private Entry entry(String text, Matcher head) {
        for (String s : text.substring(0, head.start()).split("[;\n]")) {
            declared(s.strip());
        }
        Map<String, Entry.Parameter> parameters = new LinkedHashMap<>();
        int end = 0;
        Matcher p = PARAMETER.matcher(head.group(2));
        while (p.find()) {
            int size = type(p.group(2)).bytes();
            int align = p.group(1) == null ? size : Integer.parseInt(p.group(1));
            int bytes = p.group(4) == null ? size : Integer.parseInt(p.group(4));
            int at = (end + align - 1) / align * align;
            parameters.put(p.group(3), new Entry.Parameter(at, bytes));
            end = at + bytes;
        }
        body(text, head.end(), (int) text.substring(0, head.end()).lines().count());
        int ended = used.getOrDefault("shared", 0);
        unsized.forEach((name, align) -> variables.put(
                name, new Entry.Variable("shared", (ended + align - 1) / align * align, 0, new byte[0])));
        return new Entry(head.group(1), parameters, variables, registers, List.copyOf(statements), labels);
    }

    private void body(String text, int from, int firstLine) {
        int line = firstLine;
        int depth = 1;
        int i = from;
        scopes.push(new HashMap<>());
        while (depth > 0) {
            char c = i < text.length() ? text.charAt(i) : 0;
            if (c == 0) {
                throw new BadFileException("the PTX module ends within a kernel");
            } else if (Character.isWhitespace(c)) {
                line += c == '\n' ? 1 : 0;
                i++;
            } else if (c == '{') {
                scopes.push(new HashMap<>());
                depth++;
                i++;
            } else if (c == '}') {
                scopes.pop();
                depth--;
                i++;
            } else {
                Matcher label = LABEL.matcher(text).region(i, text.length());
                if (label.lookingAt()) {
                    labels.put(label.group(1), statements.size());
                    i = label.end();
                } else {
                    int stop = text.indexOf(';', i);
                    if (stop < 0) {
                        throw new BadFileException("line " + line + " of the PTX module has no end");
                    }
                    String s = text.substring(i, stop);
                    statement(line, s.strip());
                    line += (int) s.chars().filter(x -> x == '\n').count();
                    i = stop + 1;
                }
            }
        }
    }

    private void statement(int line, String s) {
        if (!s.startsWith(".")) {
            statements.add(Statement.of(line, scoped(s)));
        } else if (!declared(s) && !s.startsWith(".pragma") && !s.startsWith(".loc")) {
            throw new BadFileException("line " + line + " of the PTX module isn't understood: " + s);
        }
    }

    /** A statement with the registers of inner scopes by their outer names. */
    private String scoped(String s) {
        String out = s;
        for (Map<String, String> scope : scopes) {
            for (Map.Entry<String, String> e : scope.entrySet()) {
                out = out.replaceAll("(?<![\\w%$.])" + Pattern.quote(e.getKey()) + "(?![\\w$])",
                        Matcher.quoteReplacement(e.getValue()));
            }
        }
        return out;
    }

    private boolean declared(String s) {
        Matcher r = REGISTERS.matcher(s);
        if (r.lookingAt()) {
            Type type = type(r.group(1));
            for (String name : Statement.split(r.group(2))) {
                Matcher range = RANGE.matcher(name);
                if (range.matches()) {
                    for (int i = 0; i < Integer.parseInt(range.group(2)); i++) {
                        register(range.group(1) + i, type);
                    }
                } else {
                    register(name, type);
                }
            }
            return true;
        }
        Matcher v = VARIABLE.matcher(s);
        if (!s.startsWith(".") || !v.find()) {
            return false;
        }
        variable(v);
        return true;
    }

    private void register(String name, Type type) {
        if (scopes.size() > 1) {
            String outer = name + "@" + registers.size();
            scopes.peek().put(name, outer);
            registers.put(outer, type);
        } else {
            registers.put(name, type);
        }
    }

    private void variable(Matcher v) {
        String space = v.group(1);
        if (space.equals("const")) {
            throw new BadFileException("the PTX module has a variable " + v.group(4) + " in .const, which isn't known");
        }
        int element = type(v.group(3)).bytes();
        int align = v.group(2) == null ? element : Integer.parseInt(v.group(2));
        int count = v.group(5) == null ? 1 : v.group(5).isEmpty() ? 0 : Integer.parseInt(v.group(5));
        if (count == 0) { // an array whose length is told at launch begins where all others have ended, wherever it is declared
            unsized.put(v.group(4), align);
            return;
        }
        int at = space.equals("global") ? 0 : (used.getOrDefault(space, 0) + align - 1) / align * align;
        used.put(space, at + count * element);
        byte[] values = v.group(6) == null ? new byte[0] : values(v.group(6), element, count);
        variables.put(v.group(4), new Entry.Variable(space, at, count * element, values));
    }

    private static byte[] values(String list, int element, int count) {
        ByteBuffer out = ByteBuffer.allocate(element * count).order(ByteOrder.LITTLE_ENDIAN);
        for (String n : list.split(",")) {
            long v = Operands.number(n.strip());
            switch (element) {
                case 1 -> out.put((byte) v);
                case 2 -> out.putShort((short) v);
                case 4 -> out.putInt((int) v);
                default -> out.putLong(v);
            }
        }
        return out.array();
    }

    private static Type type(String name) {
        Type t = Type.of(name);
        if (t == null) {
            throw new BadFileException("the PTX module has a type ." + name + ", which isn't known");
        }
        return t;
    }
}
