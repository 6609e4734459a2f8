package dev.kerf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Packages stand on one another in one order, which the README gives: none imports from one that comes after it, and those
 * within a package don't import from each other in a circle.
 */
class ImportsTest {
    private static final Path SOURCES = Path.of("src/kerf/src/main/java/dev/kerf");
    private static final Pattern IMPORT = Pattern.compile("(?m)^import (?:static )?dev\\.kerf\\.([a-z0-9]+)\\.");
    private static final Pattern PACKAGE = Pattern.compile("(?m)^import (?:static )?dev\\.kerf((?:\\.[a-z0-9]+)*)\\.[A-Z]");

    private static List<String> order() throws IOException {
        Matcher m = Pattern.compile("`((?:[a-z]+ · )+[a-z]+)`").matcher(Files.readString(Path.of("README.md")));
        assertTrue(m.find(), "the README gives the order");
        return List.of(m.group(1).split(" · "));
    }

    @Test
    void noneFromAPackageFurtherOn() throws IOException {
        List<String> order = order();
        List<String> against = new ArrayList<>();
        int seen = 0;
        for (String from : order) {
            try (Stream<Path> files = Files.walk(SOURCES.resolve(from))) {
                for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                    Matcher m = IMPORT.matcher(Files.readString(file));
                    while (m.find()) {
                        seen++;
                        if (order.indexOf(m.group(1)) > order.indexOf(from) || !order.contains(m.group(1))) {
                            against.add(file + " imports from " + m.group(1));
                        }
                    }
                }
            }
        }
        assertEquals(List.of(), against);
        assertTrue(seen > 500, seen + " imports");
    }

    @Test
    void everyPackageHasItsPlace() throws IOException {
        try (Stream<Path> all = Files.list(SOURCES)) {
            assertEquals(order().stream().sorted().toList(),
                    all.filter(Files::isDirectory).map(f -> f.getFileName().toString()).sorted().toList());
        }
    }

    /** Packages and those within them: {@code backend.cpu} may import from {@code backend}, but not both from each other. */
    @Test
    void noneInACircle() throws IOException {
        Map<String, Set<String>> left = new TreeMap<>();
        try (Stream<Path> files = Files.walk(SOURCES)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                String from = file.getParent().toString().substring(SOURCES.toString().length()).replace('/', '.');
                Matcher m = PACKAGE.matcher(Files.readString(file));
                Set<String> to = left.computeIfAbsent(from, k -> new TreeSet<>());
                m.results().map(r -> r.group(1)).filter(p -> !p.equals(from)).forEach(to::add);
            }
        }
        assertTrue(left.size() > 20, left.keySet().toString());
        boolean outermost = true;
        while (outermost) {
            outermost = left.values().removeIf(to -> left.keySet().stream().noneMatch(to::contains));
        }
        assertEquals(Map.of(), left, "packages in or behind a circle, and what they import from");
    }
}
