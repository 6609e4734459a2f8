package dev.kerf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.model.ModelKind;
import java.io.IOException;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the library shows: how many types, and that its registry has every model. */
class FaceTest {
    private static final Pattern OWN = Pattern.compile("dev\\.kerf\\.[\\w.$]+");

    /** A type more is shown on purpose only: CONTRIBUTING says how many there are. */
    @Test
    void asManyTypesAsContributingSays() throws IOException {
        Matcher m = Pattern.compile("(\\d+) public types, (\\d+) with those inside them")
                .matcher(Files.readString(Path.of("CONTRIBUTING.md")));
        assertTrue(m.find(), "CONTRIBUTING says how many types are exported");
        assertEquals(m.group(1) + " " + m.group(2), PublicTypes.topLevel().size() + " " + PublicTypes.all().size());
    }

    @Test
    void theRegistryHasEveryKindOfModel() throws IOException {
        Path models = Path.of("src/kerf/src/main/java/dev/kerf/model");
        Pattern kind = Pattern.compile("class (\\w+) implements ModelKind\\b");
        List<String> kinds;
        try (Stream<Path> files = Files.walk(models)) {
            kinds = files.filter(f -> f.toString().endsWith(".java")).map(FaceTest::text)
                    .flatMap(s -> kind.matcher(s).results().map(r -> r.group(1))).sorted().toList();
        }
        assertEquals(kinds, Kerf.MODELS.stream().map(k -> k.getClass().getSimpleName()).sorted().toList());
        assertEquals(kinds.size(), Kerf.MODELS.stream().map(ModelKind::name).distinct().count(), "each has a name of its own");
        for (ModelKind k : Kerf.MODELS) {
            assertTrue(PublicTypes.packages().contains(k.getClass().getPackageName()), k.name() + "'s package is exported");
        }
    }

    /** What javac's lint for exports would say of Kerf's own types; it says it of JSpecify's annotations too, and is off. */
    @Test
    void noSignatureNamesAHiddenType() throws IOException {
        List<Class<?>> shown = PublicTypes.all();
        Set<String> hidden = new TreeSet<>();
        int seen = 0;
        for (Class<?> type : shown) {
            List<Type> named = new ArrayList<>();
            for (Field f : type.getDeclaredFields()) {
                if (Modifier.isPublic(f.getModifiers())) {
                    named.add(f.getGenericType());
                }
            }
            List<Executable> calls = new ArrayList<>(List.of(type.getDeclaredMethods()));
            calls.addAll(List.of(type.getDeclaredConstructors()));
            for (Executable e : calls) {
                if (Modifier.isPublic(e.getModifiers())) {
                    named.addAll(List.of(e.getGenericParameterTypes()));
                    named.addAll(List.of(e.getGenericExceptionTypes()));
                    named.add(e.getAnnotatedReturnType().getType());
                }
            }
            for (Type t : named) {
                Matcher m = OWN.matcher(t.getTypeName());
                while (m.find()) {
                    seen++;
                    if (shown.stream().noneMatch(c -> c.getName().equals(m.group()))) {
                        hidden.add(type.getName() + " names " + m.group());
                    }
                }
            }
        }
        assertEquals(Set.of(), hidden);
        assertTrue(seen > 500, seen + " types named");
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
