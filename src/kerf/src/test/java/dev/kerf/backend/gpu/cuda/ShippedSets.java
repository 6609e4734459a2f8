package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.Precision;
import dev.kerf.backend.Precision.Storage;
import dev.kerf.backend.gpu.kernel.Dialect;
import dev.kerf.backend.gpu.kernel.Expression;
import dev.kerf.backend.gpu.kernel.KernelSource;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What code is shipped for: each kernel that runs on NVIDIA GPUs, with each combination of its attributes' values, with
 * the parameters that are chosen there, in every storage that it has or, of a variant, that its precisions have; bfloat16's
 * is made of float16's ({@link Bfloat16}).
 */
public final class ShippedSets {
    private static final List<String> TIERS = List.of(
            "nvidia_corporation", "nvidia", "sm_75", "sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120", "default");

    private ShippedSets() {}

    /** The kernels, by name. */
    public static List<String> kernels() {
        try (Stream<Path> files = Files.list(Path.of("kernels", "manifest"))) {
            return files.map(f -> Manifest.of(f.getFileName().toString().replace(".json", "")))
                    .flatMap(m -> Stream.concat(Stream.of(m), m.variants().stream()))
                    .filter(ShippedSets::runsOnGpus)
                    .map(Manifest::name)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean runsOnGpus(Manifest m) {
        return m.dialect().readBy(Dialect.CUDA) && (m.devices().isEmpty() || m.devices().contains("GPU"));
    }

    /** All definitions of a kernel, in order of its storages. */
    public static List<TreeMap<String, String>> of(String kernel) {
        Manifest m = Manifest.of(kernel);
        Set<TreeMap<String, String>> all = new LinkedHashSet<>();
        for (Storage storage : m.storages()) {
            List<Choice> choices = choices(m);
            for (Choice choice : choices) {
                for (Map<String, String> attributes : m.combinations()) {
                    TreeMap<String, String> set = new TreeMap<>(attributes);
                    choice.parameters().forEach((name, value) -> set.put(name, String.valueOf(value)));
                    if (!hold(m.constraints(), set, storage) || !hold(choice.when(), set, storage)
                            || choices.subList(0, choices.indexOf(choice)).stream().anyMatch(c -> c.always(set, storage))) {
                        continue;
                    }
                    long dynamic = dynamic(m, set, storage);
                    if (dynamic > 0) {
                        set.put(KernelSource.DYNAMIC_LOCAL, String.valueOf(dynamic));
                    }
                    set.put(KernelSource.STORAGE, String.valueOf(storage.code()));
                    boolean wider = storage == Storage.F32 && (set.getOrDefault(KernelSource.WIDE, "0").equals("1")
                            || set.getOrDefault(KernelSource.NARROW, "0").equals("1"));
                    if (made(m, storage, Integer.parseInt(set.getOrDefault(KernelSource.ARITHMETIC, "0"))) && !wider
                            && !ShippedImages.derived(kernel, set)) {
                        all.add(set);
                    }
                }
            }
        }
        return new ArrayList<>(all);
    }

    /** Whether code with these definitions ships, or is made of code that does. */
    public static boolean serves(String kernel, Map<String, String> definitions) {
        TreeMap<String, String> set = new TreeMap<>(definitions);
        if (ShippedImages.derived(kernel, set)) {
            set.put(KernelSource.STORAGE, String.valueOf(Storage.F16.code()));
        }
        return of(kernel).contains(set);
    }

    /** Whether there is a precision of such storage and arithmetic, among those that a variant is for. */
    private static boolean made(Manifest m, Storage storage, int arithmetic) {
        return Stream.of(Precision.values()).filter(p -> m.precisions().isEmpty() || m.precisions().contains(p)).anyMatch(
                p -> p.storage() == storage
                        && (p.arithmetic().code() == arithmetic || !m.attributes().contains(KernelSource.ARITHMETIC)));
    }

    /** Memory that groups get at launch: of what ships it depends on definitions alone, not on sizes. */
    private static long dynamic(Manifest m, Map<String, String> definitions, Storage storage) {
        return m.dynamic().value(names(definitions, storage));
    }

    /** Whether those of the rules hold that definitions alone decide. */
    private static boolean hold(List<Expression> rules, Map<String, String> definitions, Storage storage) {
        Map<String, Long> names = names(definitions, storage);
        return rules.stream().allMatch(c -> !names.keySet().containsAll(c.names()) || c.holds(names));
    }

    /** What formulas see of definitions. */
    private static Map<String, Long> names(Map<String, String> definitions, Storage storage) {
        Map<String, Long> names = new LinkedHashMap<>();
        definitions.forEach((name, value) -> {
            if (value.matches("-?\\d+")) {
                names.put(name, Long.parseLong(value));
                names.putIfAbsent(name.toLowerCase(Locale.ROOT), Long.parseLong(value)); // as sizes have it
            }
        });
        names.put("real", (long) storage.bytes());
        names.put("storage", (long) storage.code());
        names.put("tf32", Long.parseLong(definitions.getOrDefault(KernelSource.ARITHMETIC, "0")));
        return names;
    }

    /** Parameters, and what must hold for them to be chosen, all of it. */
    private record Choice(Map<String, Long> parameters, List<Expression> when) {
        /** Whether they are chosen for these definitions whatever the sizes, so that none behind them is. */
        boolean always(Map<String, String> definitions, Storage storage) {
            Map<String, Long> names = names(definitions, storage);
            return !when.isEmpty() && when.stream().allMatch(c -> names.keySet().containsAll(c.names()) && c.holds(names));
        }

        static Choice of(Map<String, Long> standard, Json entry) {
            Map<String, Long> tuned = new LinkedHashMap<>(standard);
            entry.at("parameters").members().forEach((name, value) -> tuned.put(name, value.asLong()));
            // Each condition by itself: some ask for sizes, which no code is made for, others for definitions.
            String when = entry.find("when").map(Json::asString).orElse("1");
            return new Choice(tuned, Stream.of(when.split("&&(?![^(]*\\))")).map(Expression::parse).toList());
        }
    }

    /** The standard parameters unless the tuned ones always hold, and all tuned ones. */
    private static List<Choice> choices(Manifest m) {
        Map<String, Long> standard = new LinkedHashMap<>();
        m.parameters().forEach((name, p) -> standard.put(name, p.standard()));
        List<Choice> all = new ArrayList<>();
        boolean always = false;
        for (String tier : TIERS) {
            Path file = Path.of("kernels", "tuned", tier + ".json");
            List<Json> entries = !Files.exists(file)
                    ? List.of()
                    : Json.read(file).find(m.name()).map(Json::items).orElse(List.of());
            for (Json entry : entries) {
                all.add(Choice.of(standard, entry));
                always |= tier.startsWith("nvidia") && entry.find("when").isEmpty();
            }
        }
        if (!always) {
            all.add(new Choice(standard, List.of()));
        }
        return all;
    }

    /** Hash of all that a kernel's code is made from: its source without comments and spaces, and its sets. */
    static String hash(String kernel) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            String source = KernelSource.of(kernel, Dialect.CUDA).replaceAll("//[^\n]*|#line[^\n]*", "").replaceAll("\\s+",
                    " ");
            sha.update(source.getBytes(StandardCharsets.UTF_8));
            sha.update(of(kernel).toString().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(sha.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
