package dev.kerf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.KerfException;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Only exceptions of {@link KerfException}'s family leave the library: everything public is called with wrong numbers, texts
 * and files, and with whatever earlier calls returned.
 */
class ExceptionFamilyTest {
    private static final int TRIES = 30;
    private static final int KEPT = 12;

    /** What the JDK's own contracts ask for; a lack of memory is the machine's. */
    private static boolean demanded(Executable e, Throwable t) {
        return t instanceof NoSuchElementException && e.getName().equals("next")
                && Iterator.class.isAssignableFrom(e.getDeclaringClass())
                || e.getDeclaringClass().isEnum() && e.getName().equals("valueOf") || t instanceof OutOfMemoryError;
    }

    private final Map<Class<?>, List<Object>> pool = new HashMap<>();
    private final Map<String, String> strangers = new TreeMap<>();
    private final Random random = new Random(15);
    private int calls;

    @Test
    void nothingElseLeavesThePublicTypes(@TempDir Path directory) throws IOException {
        seed(directory);
        List<Executable> all = new ArrayList<>();
        for (Class<?> type : PublicTypes.all()) {
            all.addAll(List.of(type.getConstructors()));
            for (Method m : type.getDeclaredMethods()) {
                if (Modifier.isPublic(m.getModifiers()) && !m.isSynthetic()
                        && !Set.of("close", "equals").contains(m.getName())) {
                    all.add(m);
                }
            }
        }
        all.sort((a, b) -> a.toGenericString().compareTo(b.toGenericString()));
        for (int round = 0; round < 3; round++) {
            for (Executable e : all) {
                for (int i = 0; i < TRIES && e.getParameterCount() + i > 0 || i == 0; i++) {
                    call(e);
                }
            }
        }
        assertEquals("", String.join("\n", strangers.values()));
        assertTrue(calls > 10_000, calls + " calls");
    }

    private void seed(Path directory) {
        put(int.class, -1, 0, 1, 2, 3, 4, 16, 100);
        put(long.class, -1L, 0L, 1L, 2L, 16L, Long.MAX_VALUE);
        put(double.class, -1.0, 0.0, 0.5, 1.0, 2.0, Double.NaN, Double.POSITIVE_INFINITY);
        put(float.class, -1f, 0f, 0.5f, Float.NaN);
        put(short.class, (short) 3);
        put(byte.class, (byte) 3);
        put(boolean.class, false, true);
        put(String.class, "", "x", "[1, {\"a\": 2}]", "cpu", "unknown:9");
        put(Object.class, "x", 1, List.of(), new int[] {1});
        put(Path.class, directory, directory.resolve("absent"), directory.resolve("absent/more"));
        put(Duration.class, Duration.ZERO, Duration.ofSeconds(-1), Duration.ofMillis(1));
        put(MemorySegment.class, MemorySegment.ofArray(new byte[16]), MemorySegment.ofArray(new byte[0]));
        put(OptionalDouble.class, OptionalDouble.empty(), OptionalDouble.of(2));
        put(Shape.class, Shape.of(), Shape.of(0), Shape.of(4), Shape.of(2, 2), Shape.of(1, 3, 4, 4),
                Shape.of(Long.MAX_VALUE / 2));
        put(Appendable.class, new Full());
        put(InputStream.class, new ByteArrayInputStream(new byte[3]), new Broken());
        put(DType.class, (Object[]) DType.values());
    }

    private void put(Class<?> type, Object... values) {
        pool.computeIfAbsent(type, k -> new ArrayList<>()).addAll(List.of(values));
    }

    private void call(Executable e) {
        Object on = null;
        if (e instanceof Method m && !Modifier.isStatic(m.getModifiers())) {
            on = pick(e.getDeclaringClass());
            if (on == null) {
                return;
            }
        }
        Type[] types = e.getGenericParameterTypes();
        Object[] arguments = new Object[types.length];
        for (int i = 0; i < types.length; i++) {
            arguments[i] = pick(types[i]);
            if (arguments[i] == null) {
                return;
            }
        }
        calls++;
        try {
            keep(e instanceof Constructor<?> c ? c.newInstance(arguments) : ((Method) e).invoke(on, arguments));
        } catch (InvocationTargetException thrown) {
            Throwable t = thrown.getCause();
            if (!(t instanceof KerfException) && !demanded(e, t)) {
                // The JVM leaves the trace out of what it throws often.
                String at = List.of(t.getStackTrace()).stream().filter(x -> x.getClassName().startsWith("dev.kerf."))
                        .findFirst().map(x -> " at " + x).orElse("");
                strangers.putIfAbsent(e.toString(), e + ": " + t + at);
            }
        } catch (InstantiationException | IllegalAccessException | IllegalArgumentException x) {
            throw new AssertionError(e.toString(), x);
        }
    }

    private void keep(Object made) {
        if (made == null) {
            return;
        }
        Class<?> type = made.getClass();
        while (type != null && type != Object.class) {
            add(type, made);
            for (Class<?> face : type.getInterfaces()) {
                add(face, made);
                for (Class<?> above : face.getInterfaces()) {
                    add(above, made);
                }
            }
            type = type.getSuperclass();
        }
    }

    private void add(Class<?> type, Object made) {
        if (type.getName().startsWith("dev.kerf.")) {
            List<Object> known = pool.computeIfAbsent(type, k -> new ArrayList<>());
            if (known.size() < KEPT) {
                known.add(made);
            } else {
                known.set(random.nextInt(KEPT), made);
            }
        }
    }

    private Object pick(Type type) {
        if (type instanceof ParameterizedType p) {
            Class<?> raw = (Class<?>) p.getRawType();
            if (raw == Optional.class) {
                Object inner = pick(p.getActualTypeArguments()[0]);
                return random.nextBoolean() || inner == null ? Optional.empty() : Optional.of(inner);
            } else if (raw == List.class || raw == Iterable.class || raw == java.util.Collection.class) {
                List<Object> items = new ArrayList<>();
                for (int n = random.nextInt(4); n > 0; n--) {
                    Object item = pick(p.getActualTypeArguments()[0]);
                    if (item == null) {
                        break;
                    }
                    items.add(item);
                }
                return items;
            } else if (raw == Map.class) {
                Map<Object, Object> items = new LinkedHashMap<>();
                for (int n = random.nextInt(3); n > 0; n--) {
                    Object key = pick(p.getActualTypeArguments()[0]);
                    Object item = pick(p.getActualTypeArguments()[1]);
                    if (key != null && item != null) {
                        items.put(key, item);
                    }
                }
                return items;
            }
            return pick(raw);
        }
        if (type instanceof java.lang.reflect.WildcardType w) {
            return pick(w.getUpperBounds()[0]);
        }
        if (!(type instanceof Class<?> c)) {
            return null;
        }
        if (c.isArray()) {
            Object array = Array.newInstance(c.getComponentType(), random.nextInt(5));
            for (int i = 0; i < Array.getLength(array); i++) {
                Object item = pick(c.getComponentType());
                if (item == null) {
                    return Array.newInstance(c.getComponentType(), 0);
                }
                Array.set(array, i, item);
            }
            return array;
        }
        if (c.isEnum()) {
            return c.getEnumConstants()[random.nextInt(c.getEnumConstants().length)];
        }
        Class<?> key = c == Integer.class ? int.class : c == Long.class ? long.class : c == Double.class ? double.class : c;
        List<Object> known = pool.getOrDefault(key, List.of());
        return known.isEmpty() ? null : known.get(random.nextInt(known.size()));
    }

    private static final class Broken extends InputStream {
        @Override
        public int read() throws IOException {
            throw new IOException("a broken stream");
        }
    }

    private static final class Full implements Appendable {
        @Override
        public Appendable append(CharSequence s) throws IOException {
            throw new IOException("no room");
        }

        @Override
        public Appendable append(CharSequence s, int from, int to) throws IOException {
            throw new IOException("no room");
        }

        @Override
        public Appendable append(char c) throws IOException {
            throw new IOException("no room");
        }
    }
}
