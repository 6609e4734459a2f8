package dev.kerf.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarInputStream;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The three commands of the README: the first has built all that tests have, the others run as they stand, but for where files go. With
 * {@code -Dkerf.test.job} they take the jar that was packed, without it one like it of the classes that are tested.
 */
class ReadmeCommandsTest {
    private static final String JOB = "src/kerf-spark/target/kerf-spark-job.jar";

    @TempDir
    private Path temp;

    private static List<String> commands(String page) throws IOException {
        Matcher block = Pattern.compile("```sh\n(mvn -q package -DskipTests\nsrc/kerf-spark.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(Path.of(page)));
        assertTrue(block.find(), page);
        return block.group(1).lines().toList();
    }

    @Test
    void threeCommandsFromACloneToAResult() throws Exception {
        List<String> commands = commands("README.md");
        assertEquals(3, commands.size());
        assertEquals(commands, commands("src/kerf-spark/README.md"), "both pages have the same");
        Path jar = jar();
        String segmented = run(commands.get(1), jar);
        assertTrue(segmented.contains("2 images: 2 done in "), segmented);
        try (Stream<Path> made = Files.list(temp.resolve("labels"))) {
            assertEquals(2, made.filter(p -> p.toString().endsWith("-labels.png")).count());
        }
        String evaluated = run(commands.get(2), jar);
        assertTrue(evaluated.contains("2 images: pixel accuracy 0.9"), evaluated);
    }

    private String run(String command, Path jar) throws Exception {
        assertTrue(command.contains(JOB), command);
        ProcessBuilder builder = new ProcessBuilder("sh", "-c",
                command.replace(JOB, jar.toString()).replace("target/results", temp.resolve("results").toString())
                        .replace("target/labels", temp.resolve("labels").toString()));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        Process process = builder.redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        return said;
    }

    /** What the build packs of the class path: all but Spark and what tests alone have. */
    private Path jar() throws IOException {
        String packed = System.getProperty("kerf.test.job");
        if (packed != null) {
            assertTrue(Files.isRegularFile(Path.of(packed)), packed + " is packed by 'mvn package'");
            return Path.of(packed);
        }
        Path jar = temp.resolve("job.jar");
        Set<String> names = new HashSet<>();
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, KerfJob.class.getName());
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar), manifest)) {
            for (String entry : System.getProperty("java.class.path").split(java.io.File.pathSeparator)) {
                Path path = Path.of(entry);
                if (Files.isDirectory(path) && !path.getFileName().toString().startsWith("test")) {
                    try (Stream<Path> files = Files.walk(path)) {
                        files.filter(Files::isRegularFile)
                                .forEach(f -> add(out, names, path.relativize(f).toString(), () -> Files.readAllBytes(f)));
                    }
                } else if (path.getFileName().toString().startsWith("picocli")) {
                    try (JarInputStream in = new JarInputStream(Files.newInputStream(path))) {
                        for (JarEntry e = in.getNextJarEntry(); e != null; e = in.getNextJarEntry()) {
                            if (!e.isDirectory()) {
                                add(out, names, e.getName(), in::readAllBytes);
                            }
                        }
                    }
                }
            }
        }
        return jar;
    }

    /** Bytes that may not be there. */
    private interface Bytes {
        byte[] get() throws IOException;
    }

    private static void add(JarOutputStream to, Set<String> names, String name, Bytes bytes) {
        if (name.endsWith("module-info.class") || name.equals("META-INF/MANIFEST.MF") || !names.add(name)) {
            return;
        }
        try {
            to.putNextEntry(new JarEntry(name));
            to.write(bytes.get());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
