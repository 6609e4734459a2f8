package dev.kerf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Packages stand on one another in one order, which the README gives: none imports from one that comes after it. */
class ImportsTest {
    private static final Path SOURCES = Path.of("src/main/java/dev/kerf");
    private static final Pattern IMPORT = Pattern.compile("(?m)^import (?:static )?dev\\.kerf\\.([a-z0-9]+)\\.");

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
}
