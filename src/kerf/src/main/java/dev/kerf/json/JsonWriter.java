package dev.kerf.json;

import dev.kerf.error.BadInputException;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Writes plain values as JSON, compact or indented. */
final class JsonWriter {
    private static final String HEX = "0123456789abcdef";

    private final Appendable out;
    private final boolean pretty;

    JsonWriter(Appendable out, boolean pretty) {
        this.out = out;
        this.pretty = pretty;
    }

    void write(Object value, int depth) throws IOException {
        if (depth > Json.MAX_DEPTH) {
            throw new BadInputException("JSON nested deeper than " + Json.MAX_DEPTH);
        }
        switch (value) {
            case String s -> string(s);
            case Map<?, ?> map -> object(map, depth);
            case List<?> list -> array(list, depth);
            case null, default -> out.append(String.valueOf(value));
        }
    }

    private void object(Map<?, ?> map, int depth) throws IOException {
        out.append('{');
        Iterator<? extends Map.Entry<?, ?>> members = map.entrySet().iterator();
        while (members.hasNext()) {
            Map.Entry<?, ?> member = members.next();
            newLine(depth + 1);
            string((String) member.getKey());
            out.append(pretty ? ": " : ":");
            write(member.getValue(), depth + 1);
            if (members.hasNext()) {
                out.append(',');
            }
        }
        if (!map.isEmpty()) {
            newLine(depth);
        }
        out.append('}');
    }

    private void array(List<?> list, int depth) throws IOException {
        boolean lines = list.stream().anyMatch(v -> v instanceof Map || v instanceof List);
        out.append('[');
        for (int i = 0; i < list.size(); i++) {
            if (i > 0) {
                out.append(pretty && !lines ? ", " : ",");
            }
            if (lines) {
                newLine(depth + 1);
            }
            write(list.get(i), depth + 1);
        }
        if (lines) {
            newLine(depth);
        }
        out.append(']');
    }

    private void newLine(int depth) throws IOException {
        if (pretty) {
            out.append('\n').append("  ".repeat(depth));
        }
    }

    private void string(String s) throws IOException {
        out.append('"');
        int from = 0;
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            // Separators U+2028 and U+2029 are legal, but break a text pasted into JavaScript; half a surrogate pair
            // has no UTF-8.
            if (!Character.isISOControl(c) && c != '"' && c != '\\' && c != '\u2028' && c != '\u2029'
                    && !Character.isSurrogate(c)) {
                continue;
            }
            if (Character.isHighSurrogate(c) && i + 1 < s.length() && Character.isLowSurrogate(s.charAt(i + 1))) {
                i++;
                continue;
            }
            out.append(s, from, i);
            from = i + 1;
            switch (c) {
                case '"', '\\' -> out.append('\\').append(c);
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (Character.isSurrogate(c)) {
                        throw new BadInputException("JSON can't hold half a surrogate pair: " + (int) c);
                    }
                    out.append("\\u");
                    for (int shift = 12; shift >= 0; shift -= 4) {
                        out.append(HEX.charAt(c >>> shift & 15));
                    }
                }
            }
        }
        out.append(s, from, s.length()).append('"');
    }
}
