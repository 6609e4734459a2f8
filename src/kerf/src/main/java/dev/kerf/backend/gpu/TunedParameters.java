package dev.kerf.backend.gpu;

import dev.kerf.backend.gpu.kernel.Expression;
import dev.kerf.backend.gpu.kernel.KernelFiles;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.error.BadFileException;
import dev.kerf.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Parameter values known to be good, from {@code tuned/*.json}: the first of the tiers device, architecture, vendor, the
 * vendor's first word, default that knows the kernel for the given sizes, each in the user's directory before the shipped files. A file is named for its
 * tier ({@code nvidia_h200.json}, {@code sm_90.json}, {@code default.json}) and holds, for each kernel, a list of
 * conditions over the sizes with values:
 *
 * <pre>{@code {"conv2d": [{"when": "C >= 64", "parameters": {"TILE_M": 64}, "source": "measured"}]}}</pre>
 *
 * {@code "source"} says where values come from, if they weren't measured; it is told wherever the tier is. The user's directory is
 * {@code kerf/tuned} in {@code $XDG_CONFIG_HOME} (or {@code ~/.config}); where kernels come from a folder of the user's
 * ({@link KernelFiles}), {@code tuned} in it goes before.
 */
public final class TunedParameters {
    private static final System.Logger LOG = System.getLogger(TunedParameters.class.getName());

    /**
     * A file that is looked for.
     *
     * @param file  where
     * @param found whether it is there and was read
     */
    public record Tier(String file, boolean found) {}

    /** The source of values that were measured. */
    public static final String MEASURED = "measured";

    private static final List<String> KEYS = List.of("when", "parameters", "source");

    private final Map<String, Json> tiers = new LinkedHashMap<>();
    private final List<Tier> looked = new ArrayList<>();
    private final Set<String> told = ConcurrentHashMap.newKeySet();

    private TunedParameters() {}

    /**
     * What there is for a device.
     *
     * @throws BadFileException if a file names a kernel or a parameter that there isn't, or is malformed
     */
    public static TunedParameters of(Driver.Facts facts) {
        List<Path> users = new ArrayList<>();
        KernelFiles.folder().ifPresent(f -> users.add(f.resolve("tuned")));
        users.add(configured());
        return of(facts, users);
    }

    /** Where the user's files go, whether there are any or not. */
    public static Path userDirectory() {
        return KernelFiles.folder().map(f -> f.resolve("tuned")).orElseGet(TunedParameters::configured);
    }

    private static Path configured() {
        String config = System.getenv("XDG_CONFIG_HOME");
        Path user = config != null && !config.isEmpty()
                ? Path.of(config)
                : Path.of(System.getProperty("user.home"), ".config");
        return user.resolve("kerf").resolve("tuned");
    }

    /** Names of the files for a device, the nearest first. */
    public static List<String> files(Driver.Facts facts) {
        String vendor = file(facts.info().vendor());
        // Drivers of one vendor name it in full or in short: "NVIDIA Corporation", "NVIDIA".
        Set<String> names = new LinkedHashSet<>(List.of(file(facts.info().name()), file(facts.architecture()), vendor,
                vendor.split("_")[0], "default"));
        names.remove("");
        return names.stream().map(n -> n + ".json").toList();
    }

    /** What there is for a device, in a directory of the user's or shipped. */
    static TunedParameters of(Driver.Facts facts, Path user) {
        return of(facts, List.of(user));
    }

    private static TunedParameters of(Driver.Facts facts, List<Path> users) {
        TunedParameters all = new TunedParameters();
        for (String file : files(facts)) {
            for (Path user : users) {
                boolean own = Files.isRegularFile(user.resolve(file));
                if (own) {
                    all.add(user.resolve(file).toString(), Json.read(user.resolve(file)));
                }
                all.looked.add(new Tier(user.resolve(file).toString(), own));
            }
            String shipped = shipped(file);
            if (shipped != null) {
                all.add(file, Json.parse(shipped, file));
            }
            all.looked.add(new Tier("kernels/tuned/" + file, shipped != null));
        }
        return all;
    }

    /** Takes a file; a misspelt name would never match anything, and nobody would be told. */
    private void add(String file, Json entries) {
        entries.members().forEach((kernel, list) -> {
            if (!Manifest.known(kernel)) {
                throw list.error("there is no kernel '" + kernel + "'");
            }
            Manifest m = Manifest.of(kernel);
            for (Json entry : list.items()) {
                entry.members().forEach((key, value) -> {
                    if (!KEYS.contains(key)) {
                        throw value.error("an entry has " + KEYS + ", not '" + key + "'");
                    }
                });
                entry.find("when").ifPresent(when -> {
                    try {
                        Expression.parse(when.asString());
                    } catch (BadFileException e) {
                        throw when.error(e.getMessage());
                    }
                });
                entry.at("parameters").members().forEach((name, value) -> {
                    if (!m.parameters().containsKey(name)) {
                        throw value.error("kernel " + kernel + " has no parameter '" + name + "', only "
                                + m.parameters().keySet());
                    }
                });
            }
        });
        tiers.put(file, entries);
    }

    /** Whether nobody has been told of a kernel's values yet that its manifest doesn't allow: once is enough. */
    boolean toldFirst(String kernel) {
        return told.add(kernel);
    }

    /** The files that were looked for, in order. */
    public List<Tier> looked() {
        return List.copyOf(looked);
    }

    private static String file(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "_");
    }

    private static String shipped(String file) {
        try (InputStream in = TunedParameters.class.getResourceAsStream("/dev/kerf/kernels/tuned/" + file)) {
            return in == null ? null : new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new BadFileException("kernels/tuned/" + file + " can't be read (" + e + ")", e);
        }
    }

    /** Values for a kernel with these sizes; empty where nothing is known. */
    Map<String, Long> of(String kernel, Map<String, Long> names) {
        Map<String, Long> values = new LinkedHashMap<>();
        entry(kernel, names).ifPresent(e -> {
            LOG.log(System.Logger.Level.DEBUG, "kernel {0}: parameters from {1}", kernel, said(e));
            e.getValue().at("parameters").members().forEach((name, value) -> values.put(name, value.asLong()));
        });
        return values;
    }

    /**
     * The file that the values for a kernel with these sizes come from, and behind it in brackets their source if they weren't measured;
     * empty where nothing is known.
     */
    public String tier(String kernel, Map<String, Long> names) {
        return tier(kernel, names, Map.of());
    }

    /**
     * The same, where what a file has was taken.
     *
     * @param taken the values that a kernel has; those that the file has and the manifest doesn't allow for the sizes aren't among them
     */
    public String tier(String kernel, Map<String, Long> names, Map<String, Long> taken) {
        return entry(kernel, names).filter(e -> e.getValue().at("parameters").members().entrySet().stream()
                .allMatch(p -> taken.getOrDefault(p.getKey(), p.getValue().asLong()) == p.getValue().asLong()))
                .map(TunedParameters::said).orElse("");
    }

    private static String said(Map.Entry<String, Json> found) {
        String source = found.getValue().find("source").map(Json::asString).orElse(MEASURED);
        return found.getKey() + (source.equals(MEASURED) ? "" : " (" + source + ")");
    }

    private Optional<Map.Entry<String, Json>> entry(String kernel, Map<String, Long> names) {
        for (Map.Entry<String, Json> tier : tiers.entrySet()) {
            for (Json entry : tier.getValue().find(kernel).map(Json::items).orElse(List.of())) {
                if (holds(tier.getKey(), kernel, entry, names)) {
                    return Optional.of(Map.entry(tier.getKey(), entry));
                }
            }
        }
        return Optional.empty();
    }

    private static boolean holds(String file, String kernel, Json entry, Map<String, Long> names) {
        try {
            return Expression.parse(entry.find("when").map(Json::asString).orElse("1")).holds(names);
        } catch (BadFileException e) {
            throw new BadFileException(file + ", kernel " + kernel + ": " + e.getMessage(), e);
        }
    }
}
