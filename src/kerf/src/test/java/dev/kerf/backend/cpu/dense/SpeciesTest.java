package dev.kerf.backend.cpu.dense;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kerf.backend.cpu.CpuBackend;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.FieldRefEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The back end has one species of floats. With a second one the JIT compiler sees receivers of two classes in the Vector API's own
 * methods, guards each call of them by a comparison of classes, and vectors that go through one are allocated.
 */
class SpeciesTest {
    @Test
    void oneForAll() throws Exception {
        Path classes = Path.of(CpuBackend.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        Set<String> users = new TreeSet<>();
        try (Stream<Path> files = Files.walk(classes.resolve("dev/kerf"))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
                if (namesSpecies(ClassFile.of().parse(file))) {
                    users.add(classes.relativize(file).toString());
                }
            }
        }
        assertEquals(Set.of("dev/kerf/backend/cpu/dense/VectorMath.class"), users);
    }

    /** Without the module of vectors no class may be loaded that needs it: those of this package and those that are named so. */
    @Test
    void lightKernelsDoWithoutVectors() throws Exception {
        Path classes = Path.of(CpuBackend.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        Set<String> users = new TreeSet<>();
        try (Stream<Path> files = Files.walk(classes.resolve("dev/kerf/backend/cpu/light"))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
                ClassModel model = ClassFile.of().parse(file);
                if (entries(model).filter(ClassEntry.class::isInstance).map(e -> ((ClassEntry) e).asInternalName())
                        .anyMatch(c -> c.startsWith("jdk/incubator/vector/") || c.startsWith("dev/kerf/backend/cpu/dense/"))) {
                    users.add(file.getFileName().toString().replaceAll("[$.].*", ""));
                }
            }
        }
        users.removeIf(c -> c.startsWith("Vector"));
        assertEquals(Set.of(), users);
    }

    private static Stream<PoolEntry> entries(ClassModel model) {
        return Stream.iterate(1, i -> i < model.constantPool().size(), i -> i + model.constantPool().entryByIndex(i).width())
                .map(i -> model.constantPool().entryByIndex(i));
    }

    private static boolean namesSpecies(ClassModel model) {
        List<FieldRefEntry> fields = entries(model)
                .filter(FieldRefEntry.class::isInstance).map(FieldRefEntry.class::cast).toList();
        return fields.stream().anyMatch(f -> f.owner().asInternalName().equals("jdk/incubator/vector/FloatVector")
                && f.name().stringValue().startsWith("SPECIES_"));
    }
}
