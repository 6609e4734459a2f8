package dev.kerf.json;

import dev.kerf.error.BadFileException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Recursive descent over RFC 8259's grammar, giving plain Java values. */
final class JsonParser {
    private static final int LONGEST_SAFE_LONG = 18;
    private static final int LONGEST_INTEGER = 400;
    private static final int LONGEST_MESSAGE = 400;

    private final String text;
    private final String source;
    private int at;

    JsonParser(String text, String source) {
        this.text = text;
        this.source = source;
    }

    /** Decodes UTF-8 strictly. */
    static String decode(byte[] utf8, String source) {
        if (utf8.length >= 3 && utf8[0] == (byte) 0xEF && utf8[1] == (byte) 0xBB && utf8[2] == (byte) 0xBF) {
            throw new BadFileException(prefix(source)
                    + "JSON begins with a byte order mark; save it as UTF-8 without one");
        }
        ByteBuffer in = ByteBuffer.wrap(utf8);
        CharBuffer out = CharBuffer.allocate(utf8.length);
        CoderResult result = StandardCharsets.UTF_8.newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .decode(in, out, true);
        if (result.isError()) {
            throw new BadFileException(prefix(source) + "JSON isn't valid UTF-8 at byte " + in.position());
        }
        return out.flip().toString();
    }

    Object parse() {
        skipSpace();
        Object value = value(0);
        skipSpace();
        if (at < text.length()) {
            throw error("expected the end of the text after the value");
        }
        return value;
    }

    private Object value(int depth) {
        switch (peek()) {
            case '{' -> {
                return object(depth + 1);
            }
            case '[' -> {
                return array(depth + 1);
            }
            case '"' -> {
                return string();
            }
            case 't' -> {
                return word("true", Boolean.TRUE);
            }
            case 'f' -> {
                return word("false", Boolean.FALSE);
            }
            case 'n' -> {
                return word("null", null);
            }
            default -> {
                return number();
            }
        }
    }

    private Map<String, Object> object(int depth) {
        checkDepth(depth);
        Map<String, Object> map = new LinkedHashMap<>();
        at++;
        skipSpace();
        if (peek() == '}') {
            at++;
            return map;
        }
        while (true) {
            int keyAt = at;
            if (peek() != '"') {
                throw error("expected a member name in double quotes");
            }
            String key = string();
            if (map.containsKey(key)) {
                at = keyAt;
                throw error("duplicate key \"" + key + "\"");
            }
            skipSpace();
            if (peek() != ':') {
                throw error("expected ':' after a member name");
            }
            at++;
            skipSpace();
            map.put(key, value(depth));
            skipSpace();
            char c = peek();
            if (c != ',' && c != '}') {
                throw error("expected ',' or '}' in an object");
            }
            at++;
            if (c == '}') {
                return map;
            }
            skipSpace();
        }
    }

    private List<Object> array(int depth) {
        checkDepth(depth);
        List<Object> list = new ArrayList<>();
        at++;
        skipSpace();
        if (peek() == ']') {
            at++;
            return list;
        }
        while (true) {
            list.add(value(depth));
            skipSpace();
            char c = peek();
            if (c != ',' && c != ']') {
                throw error("expected ',' or ']' in an array");
            }
            at++;
            if (c == ']') {
                return list;
            }
            skipSpace();
        }
    }

    private Object word(String word, Object value) {
        if (!text.startsWith(word, at)) {
            throw error("expected a value");
        }
        at += word.length();
        return value;
    }

    private String string() {
        int from = ++at;
        StringBuilder unescaped = null;
        while (true) {
            char c = peek();
            if (c == '"') {
                String rest = text.substring(from, at++);
                return unescaped == null ? rest : unescaped.append(rest).toString();
            }
            if (c < ' ') {
                throw error("control character " + (int) c + " in a string; write it as an escape");
            }
            if (c == '\\') {
                if (unescaped == null) {
                    unescaped = new StringBuilder();
                }
                unescaped.append(text, from, at);
                escape(unescaped);
                from = at;
            } else if (Character.isSurrogate(c)) {
                if (!Character.isHighSurrogate(c) || at + 1 >= text.length()
                        || !Character.isLowSurrogate(text.charAt(at + 1))) {
                    throw error("half a surrogate pair in a string");
                }
                at += 2;
            } else {
                at++;
            }
        }
    }

    private void escape(StringBuilder out) {
        at++;
        char c = peek();
        int simple = "\"\\/bfnrt".indexOf(c);
        if (simple >= 0) {
            at++;
            out.append("\"\\/\b\f\n\r\t".charAt(simple));
            return;
        }
        if (c != 'u') {
            throw error("unknown escape '\\" + c + "'");
        }
        char first = hex();
        out.append(first);
        if (Character.isSurrogate(first)) {
            boolean pair = Character.isHighSurrogate(first) && text.startsWith("\\u", at);
            if (pair) {
                at++;
                char second = hex();
                pair = Character.isLowSurrogate(second);
                out.append(second);
            }
            if (!pair) {
                throw error("half a surrogate pair in a string");
            }
        }
    }

    private char hex() {
        at++;
        int value = 0;
        for (int i = 0; i < 4; i++) {
            char c = peek();
            int digit = c < 128 ? Character.digit(c, 16) : -1;
            if (digit < 0) {
                throw error("expected four hexadecimal digits after \\u");
            }
            value = value * 16 + digit;
            at++;
        }
        return (char) value;
    }

    private Object number() {
        int from = at;
        if (peek() == '-') {
            at++;
        }
        for (String word : List.of("NaN", "Infinity")) {
            if (text.startsWith(word, at)) {
                throw error(word + " is no number in JSON");
            }
        }
        int digitsFrom = at;
        int digits = digits(at == from ? "expected a value" : "expected a digit");
        if (digits > 1 && text.charAt(digitsFrom) == '0') {
            at = digitsFrom;
            throw error("a number has no leading zeros");
        }
        boolean integer = true;
        if (at < text.length() && text.charAt(at) == '.') {
            at++;
            digits("expected a digit after the decimal point");
            integer = false;
        }
        if (at < text.length() && (text.charAt(at) == 'e' || text.charAt(at) == 'E')) {
            at++;
            if (at < text.length() && (text.charAt(at) == '+' || text.charAt(at) == '-')) {
                at++;
            }
            digits("expected a digit in the exponent");
            integer = false;
        }
        if (integer && digits <= LONGEST_SAFE_LONG) {
            return Long.parseLong(text, from, at, 10);
        }
        String number = text.substring(from, at);
        if (integer) {
            // Reading a long integer takes quadratic time; no file needs one of this size.
            if (digits > LONGEST_INTEGER) {
                at = from;
                throw error("an integer of " + digits + " digits");
            }
            BigInteger big = new BigInteger(number);
            return big.bitLength() < Long.SIZE ? (Object) big.longValue() : big;
        }
        double d = Double.parseDouble(number);
        if (Double.isInfinite(d)) {
            at = from;
            throw error("a number beyond the range of float64");
        }
        return d;
    }

    private int digits(String orElse) {
        int from = at;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        if (at == from) {
            throw error(orElse);
        }
        return at - from;
    }

    private void skipSpace() {
        while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private char peek() {
        if (at >= text.length()) {
            throw error("the text ends too early");
        }
        return text.charAt(at);
    }

    private void checkDepth(int depth) {
        if (depth > Json.MAX_DEPTH) {
            throw error("nested deeper than " + Json.MAX_DEPTH);
        }
    }

    private BadFileException error(String wrong) {
        int line = 1;
        int lineStart = 0;
        for (int i = 0; i < at && i < text.length(); i++) {
            if (text.charAt(i) == '\n') {
                line++;
                lineStart = i + 1;
            }
        }
        return new BadFileException(prefix(source) + "malformed JSON at line " + line + ", column "
                + (at - lineStart + 1)
                + " (offset " + at + "): " + oneLine(wrong));
    }

    /** Keys in a message come from the text and may be anything. */
    static String oneLine(String message) {
        String brief = message.length() > LONGEST_MESSAGE ? message.substring(0, LONGEST_MESSAGE) + "…" : message;
        return brief.replaceAll("[\\p{Cntrl}\u2028\u2029]", "?");
    }

    /** The source's name before a message, if it has one. */
    static String prefix(String source) {
        return source.isEmpty() ? "" : source + ": ";
    }
}
