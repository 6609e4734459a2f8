package dev.kerf;

import java.io.IOException;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The types that who uses the library can name: the public ones of packages that the module exports to all. */
final class PublicTypes {
    private static final Path SOURCES = Path.of("src/kerf/src/main/java");
    private static final Pattern EXPORTED = Pattern.compile("(?m)^ *exports ([\\w.]+);");

    private PublicTypes() {}

    static List<String> packages() throws IOException {
        Matcher m = EXPORTED.matcher(Files.readString(SOURCES.resolve("module-info.java")));
        return m.results().map(r -> r.group(1)).toList();
    }

    /** Those that have a file of their own. */
    static List<Class<?>> topLevel() throws IOException {
        List<Class<?>> all = new ArrayList<>();
        for (String name : packages()) {
            try (Stream<Path> files = Files.list(SOURCES.resolve(name.replace('.', '/')))) {
                for (Path file : files.sorted().toList()) {
                    String simple = file.getFileName().toString().replace(".java", "");
                    if (file.toString().endsWith(".java") && !simple.equals("package-info")) {
                        Class<?> type = type(name + "." + simple);
                        if (Modifier.isPublic(type.getModifiers())) {
                            all.add(type);
                        }
                    }
                }
            }
        }
        return all;
    }

    /** Those and the public types within them. */
    static List<Class<?>> all() throws IOException {
        List<Class<?>> all = new ArrayList<>();
        topLevel().forEach(t -> within(t, all));
        return all;
    }

    private static void within(Class<?> type, List<Class<?>> into) {
        into.add(type);
        for (Class<?> inner : type.getDeclaredClasses()) {
            if (Modifier.isPublic(inner.getModifiers())) {
                within(inner, into);
            }
        }
    }

    private static Class<?> type(String name) {
        try {
            return Class.forName(name, false, PublicTypes.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new AssertionError(e);
        }
    }
}
