package dev.kerf.json;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A JSON value that knows where it was found, so that errors name the file and the path in it. Reading is strict RFC
 * 8259: UTF-8 without a byte order mark, no duplicate keys, no trailing commas, nesting of at most {@value #MAX_DEPTH}.
 * Integers are exact at any size; members keep their order. An object or array may be extended by {@link #put} and
 * {@link #add}; a value that no thread changes may be read by many.
 *
 * <pre>{@code
 * Json json = Json.parse("{\"shape\": [2, 3], \"name\": \"w\"}");
 * json.at("shape").at(1).asLong();      // 3
 * json.at("shape").at(1).asString();    // BadFileException: $.shape[1]: expected a string, found 3
 *
 * Json.object().put("iou", 0.5).put("counts", Json.array().add(1).add(2)).toString(); // {"iou":0.5,"counts":[1,2]}
 * }</pre>
 */
public final class Json {
    /** Deepest nesting of arrays and objects that is read or written. */
    public static final int MAX_DEPTH = 64;

    private static final int TEXT_IN_ERRORS = 40;

    /** One of Map, List, String, Long, BigInteger, Double, Boolean or null; containers hold the same kinds. */
    private final Object value;

    private final Json parent;
    private final Object step;
    private final String source;

    private Json(@Nullable Object value, @Nullable Json parent, @Nullable Object step, String source) {
        this.value = value;
        this.parent = parent;
        this.step = step;
        this.source = source;
    }

    /**
     * Reads one JSON text.
     *
     * @throws BadFileException if it isn't well-formed; the message gives line, column and offset
     */
    public static Json parse(String text) {
        return parse(text, "");
    }

    /** Reads one JSON text; errors, also later ones in navigation, begin with the name of its source. */
    public static Json parse(String text, String source) {
        return new Json(new JsonParser(text, source).parse(), null, null, source);
    }

    /** Reads one JSON text in UTF-8; malformed UTF-8 is refused. */
    public static Json parse(byte[] utf8) {
        return parse(utf8, "");
    }

    /** Reads one JSON text in UTF-8; errors begin with the name of its source. */
    public static Json parse(byte[] utf8, String source) {
        return parse(JsonParser.decode(utf8, source), source);
    }

    /** Reads one JSON text in UTF-8 from memory, at most 2^31 − 1 bytes; errors begin with the name of its source. */
    public static Json parse(MemorySegment utf8, String source) {
        if (utf8.byteSize() > Integer.MAX_VALUE - 8) {
            throw new BadInputException(source + ": a JSON text of " + utf8.byteSize() + " bytes; one array can't hold it");
        }
        return parse(KerfException.usable(utf8, source).toArray(ValueLayout.JAVA_BYTE), source);
    }

    /**
     * Reads a JSON file.
     *
     * @throws BadFileException if it can't be read or isn't well-formed
     */
    public static Json read(Path file) {
        try {
            return parse(Files.readAllBytes(file), file.toString());
        } catch (NoSuchFileException e) {
            throw new BadFileException(file + ": no such file", e);
        } catch (IOException e) {
            throw new BadFileException(file + ": can't be read (" + e + ")", e);
        }
    }

    /** A new empty object. */
    public static Json object() {
        return new Json(new LinkedHashMap<String, Object>(), null, null, "");
    }

    /** A new empty array. */
    public static Json array() {
        return new Json(new ArrayList<>(), null, null, "");
    }

    /**
     * A value made from Java's: null, Json, String, Boolean, a number, Map with String keys, Iterable, or an array of
     * int, long, float or double. Maps and iterables are copied. A float becomes the double that prints the same.
     *
     * @throws BadInputException for anything else, and for NaN and infinities, which JSON can't hold
     */
    public static Json of(@Nullable Object value) {
        return value instanceof Json json ? json : new Json(normal(value, 0), null, null, "");
    }

    /** Sets a member of this object to a value as {@link #of} takes it, and returns this object. */
    public Json put(String key, @Nullable Object member) {
        map("an object").put(Objects.requireNonNull(key), normal(member, 0));
        return this;
    }

    /** Adds an element, as {@link #of} takes it, to this array and returns this array. */
    public Json add(@Nullable Object element) {
        list("an array").add(normal(element, 0));
        return this;
    }

    /**
     * The member of that name.
     *
     * @throws BadFileException if this isn't an object or has no such member
     */
    public Json at(String key) {
        Map<String, Object> map = map("an object");
        if (!map.containsKey(key)) {
            throw error("has no member \"" + key + "\"");
        }
        return new Json(map.get(key), this, key, source);
    }

    /** The member of that name, if this object has it. */
    public Optional<Json> find(String key) {
        Map<String, Object> map = map("an object");
        return map.containsKey(key) ? Optional.of(new Json(map.get(key), this, key, source)) : Optional.empty();
    }

    /**
     * The element at that index.
     *
     * @throws BadFileException if this isn't an array or is shorter
     */
    public Json at(int index) {
        List<Object> list = list("an array");
        if (index < 0 || index >= list.size()) {
            throw error("has no element " + index + ", its length is " + list.size());
        }
        return new Json(list.get(index), this, index, source);
    }

    /** Number of elements or members. */
    public int size() {
        return value instanceof Map<?, ?> map ? map.size() : list("an array or object").size();
    }

    /** The elements of this array: a view. */
    public List<Json> items() {
        List<Object> list = list("an array");
        return new AbstractList<>() {
            @Override
            public Json get(int index) {
                return new Json(list.get(index), Json.this, index, source);
            }

            @Override
            public int size() {
                return list.size();
            }
        };
    }

    /** The members of this object in their order: a copy. */
    public Map<String, Json> members() {
        Map<String, Json> out = new LinkedHashMap<>();
        map("an object").forEach((key, member) -> out.put(key, new Json(member, this, key, source)));
        return out;
    }

    /** Whether this is an object. */
    public boolean isObject() { return value instanceof Map; }

    /** Whether this is an array. */
    public boolean isArray() { return value instanceof List; }

    /** Whether this is a string. */
    public boolean isString() { return value instanceof String; }

    /** Whether this is a number. */
    public boolean isNumber() { return value instanceof Number; }

    /** Whether this is {@code true} or {@code false}. */
    public boolean isBoolean() { return value instanceof Boolean; }

    /** Whether this is {@code null}. */
    public boolean isNull() { return value == null; }

    /** This string. */
    public String asString() {
        return value instanceof String s ? s : expected("a string");
    }

    /** This boolean. */
    public boolean asBoolean() {
        return value instanceof Boolean b ? b : expected("true or false");
    }

    /** This number as a double; an integer beyond 2^53 is rounded. */
    public double asDouble() {
        return value instanceof Number n ? n.doubleValue() : expected("a number");
    }

    /** This integer; {@code 3.0} counts as one up to 2^53. Beyond the range of long it is an error. */
    public long asLong() {
        if (value instanceof Long l) {
            return l;
        }
        if (value instanceof Double d && d == Math.rint(d) && Math.abs(d) <= 0x1p53) {
            return d.longValue();
        }
        return expected("an integer of at most 64 bits");
    }

    /** This integer, which has to fit an int. */
    public int asInt() {
        long l = asLong();
        return l == (int) l ? (int) l : expected("an integer of at most 32 bits");
    }

    /** The elements of this array of integers. */
    public long[] asLongs() {
        return items().stream().mapToLong(Json::asLong).toArray();
    }

    /** The elements of this array of numbers. */
    public double[] asDoubles() {
        return items().stream().mapToDouble(Json::asDouble).toArray();
    }

    /** Where this value stands in its text, such as {@code $.annotations[3].bbox}. */
    public String path() {
        if (parent == null) {
            return "$";
        }
        return parent.path() + (step instanceof Integer ? "[" + step + "]" : "." + step);
    }

    /** An error about this value, for the caller to throw: source, path and what is wrong. */
    public BadFileException error(String wrong) {
        return new BadFileException(JsonParser.prefix(source) + JsonParser.oneLine(path() + ": " + wrong));
    }

    /** This value on one line without spaces. */
    @Override
    public String toString() {
        StringBuilder out = new StringBuilder();
        writeTo(out, false);
        return out.toString();
    }

    /** This value over several lines, indented by two spaces; arrays of plain values stay on one line. */
    public String pretty() {
        StringBuilder out = new StringBuilder();
        writeTo(out, true);
        return out.append('\n').toString();
    }

    /**
     * Writes this value to a stream of characters, without building the whole text in memory.
     *
     * @throws BadFileException if the stream fails
     */
    public void writeTo(Appendable out, boolean pretty) {
        try {
            new JsonWriter(out, pretty).write(value, 0);
        } catch (IOException e) {
            throw new BadFileException("JSON can't be written: " + e.getMessage(), e);
        }
    }

    /** Whether the other is a Json of the same value; member order and place don't matter. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Json json && Objects.equals(value, json.value);
    }

    @Override
    public int hashCode() {
        return Objects.hashCode(value);
    }

    private <T> T expected(String what) {
        String found = value instanceof Map ? "an object" : value instanceof List ? "an array" : toString();
        if (found.length() > TEXT_IN_ERRORS) {
            found = found.substring(0, TEXT_IN_ERRORS) + "…";
        }
        throw error("expected " + what + ", found " + found);
    }

    @SuppressWarnings("unchecked") // only this class makes the maps and lists, with these types
    private Map<String, Object> map(String what) {
        return value instanceof Map ? (Map<String, Object>) value : expected(what);
    }

    @SuppressWarnings("unchecked")
    private List<Object> list(String what) {
        return value instanceof List ? (List<Object>) value : expected(what);
    }

    private static @Nullable Object normal(@Nullable Object value, int depth) {
        if (depth > MAX_DEPTH) {
            throw new BadInputException("JSON nested deeper than " + MAX_DEPTH);
        }
        return switch (value) {
            case null -> null;
            case Json json -> json.value;
            case String s -> s;
            case Boolean b -> b;
            case Long l -> l;
            case Integer i -> i.longValue();
            case Short s -> s.longValue();
            case Byte b -> b.longValue();
            case BigInteger i -> i.bitLength() < Long.SIZE ? (Object) i.longValue() : i;
            case Float f -> finite(Double.parseDouble(f.toString()));
            case Double d -> finite(d);
            case Map<?, ?> map -> {
                Map<String, Object> copy = new LinkedHashMap<>();
                map.forEach((key, member) -> {
                    if (!(key instanceof String name)) {
                        throw new BadInputException("JSON members have string keys, not " + key);
                    }
                    copy.put(name, normal(member, depth + 1));
                });
                yield copy;
            }
            case Iterable<?> elements -> {
                List<Object> copy = new ArrayList<>();
                elements.forEach(element -> copy.add(normal(element, depth + 1)));
                yield copy;
            }
            case int[] a -> new ArrayList<Object>(Arrays.stream(a).asLongStream().boxed().toList());
            case long[] a -> new ArrayList<Object>(Arrays.stream(a).boxed().toList());
            case double[] a -> new ArrayList<Object>(Arrays.stream(a).mapToObj(Json::finite).toList());
            case float[] a -> {
                List<Object> copy = new ArrayList<>(a.length);
                for (float f : a) {
                    copy.add(normal(f, depth + 1));
                }
                yield copy;
            }
            default -> throw new BadInputException("JSON can't hold a " + value.getClass().getName());
        };
    }

    private static Object finite(double d) {
        if (Double.isNaN(d) || Double.isInfinite(d)) {
            throw new BadInputException("JSON can't hold " + d);
        }
        return d;
    }
}
