import java.io.IOException;
import java.io.PrintStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.attribute.ModuleResolutionAttribute;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import jdk.tools.jlink.internal.PluginRepository;
import jdk.tools.jlink.plugin.Plugin;
import jdk.tools.jlink.plugin.ResourcePool;
import jdk.tools.jlink.plugin.ResourcePoolBuilder;

/**
 * Last step of the build: {@code BuildImage IMAGE MODULES} adds to the image's files and libraries a runtime of these modules
 * and records a short run of it into an ahead-of-time cache (classes loaded and linked, hot methods profiled, JEP 483 and 515),
 * so that the first mask comes sooner. {@code BuildImage IMAGE MODULES ARCHIVE} packs the image as well.
 */
public final class BuildImage {
    /** What an archive takes at most. */
    private static final long MOST = 48L << 20;

    private BuildImage() {}

    /** Two or three arguments, as above; run in the project's folder. */
    public static void main(String[] args) throws IOException, InterruptedException {
        Path image = Path.of(args[0]);
        link(image.resolve("runtime"), args[1]);
        Path launcher = image.resolve("bin/kerf");
        for (Path script : List.of(launcher, image.resolve("bench/gpu-check.sh"))) {
            if (!script.toFile().setExecutable(true, false)) {
                throw new IOException(script + " can't be made executable");
            }
        }
        record(image, launcher);
        if (args.length > 2) {
            pack(image, Path.of(args[2]));
        }
    }

    private static void pack(Path image, Path archive) throws IOException, InterruptedException {
        Path part = Path.of(archive + ".part");
        run(List.of("tar", "-C", image.getParent().toString(), "-I", "xz -T0 -6", "-cf", part.toString(),
                image.getFileName().toString()), Map.of());
        long bytes = Files.size(part);
        if (bytes > MOST) {
            throw new IOException(part + " takes " + bytes + " bytes; an archive takes " + MOST + " at most");
        }
        Files.move(part, archive, StandardCopyOption.REPLACE_EXISTING);
    }

    /** A runtime of the modules; one that is there stays if it is of the same modules and JDK. */
    private static void link(Path runtime, String modules) throws IOException {
        Path made = runtime.resolve("kerf-modules");
        String wanted = Runtime.version() + " unmarked " + modules;
        if (Files.exists(made) && Files.readString(made).equals(wanted)) {
            return;
        }
        delete(runtime);
        ToolProvider jlink = ToolProvider.findFirst("jlink").orElseThrow(() -> new IOException("this JDK has no jlink"));
        PluginRepository.registerPlugin(new Unmark());
        // It warns of every incubator module that it is given.
        PrintStream nowhere = new PrintStream(PrintStream.nullOutputStream());
        int status = jlink.run(System.out, nowhere, "--add-modules", modules, "--strip-java-debug-attributes",
                "--no-header-files", "--no-man-pages", "--output", runtime.toString());
        if (status != 0) {
            throw new IOException("jlink of " + modules + " failed with status " + status);
        }
        Files.writeString(made, wanted);
    }

    /**
     * Takes the mark of an incubator module off the Vector API in the image's runtime, which has no other use than to run Kerf:
     * each command would begin with the JVM's warning of it, and the cache couldn't hold the graph of modules.
     */
    private static final class Unmark implements Plugin {
        @Override
        public String getName() { return "unmark-vector-api"; }

        @Override
        public Category getType() {
            // Before jlink writes down what it knows of the modules.
            return Category.FILTER;
        }

        @Override
        public Set<State> getState() { return EnumSet.of(State.AUTO_ENABLED, State.FUNCTIONAL); }

        @Override
        public ResourcePool transform(ResourcePool in, ResourcePoolBuilder out) {
            ClassFile files = ClassFile.of();
            in.transformAndCopy(e -> e.path().equals("/jdk.incubator.vector/module-info.class")
                    ? e.copyWithContent(files.transformClass(files.parse(e.contentBytes()),
                            ClassTransform.dropping(part -> part instanceof ModuleResolutionAttribute)))
                    : e, out);
            return out.build();
        }
    }

    private static void record(Path image, Path launcher) throws IOException, InterruptedException {
        Path cache = image.resolve("lib/kerf.aot");
        Files.deleteIfExists(cache);
        Path work = Files.createTempDirectory("kerf-image");
        try {
            run(List.of(launcher.toString(), "segment", "--quiet", "--out", work.toString(), "src/main/samples/tissue-1.png"),
                    Map.of("TORNADOVM_HOME", "", "KERF_JAVA_OPTIONS", "-XX:AOTCacheOutput=" + cache));
        } finally {
            delete(work);
        }
    }

    private static void run(List<String> command, Map<String, String> environment) throws IOException, InterruptedException {
        Path log = Files.createTempFile("kerf-image", ".log");
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().putAll(environment);
        int status = builder.start().waitFor();
        String said = Files.readString(log);
        Files.delete(log);
        if (status != 0) {
            throw new IOException(command + " ended with status " + status + ":\n" + said);
        }
    }

    private static void delete(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> all = Files.walk(folder)) {
                for (Path p : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(p);
                }
            }
        }
    }
}
