package dev.kerf.backend.gpu;

import dev.kerf.backend.gpu.kernel.Expression;
import dev.kerf.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Parameter values known to be good, from {@code tuned/*.json}: the first of the tiers device, architecture, vendor, the
 * vendor's first word, default that knows the kernel for the given sizes, each in the user's directory before the shipped files. A file is named for its
 * tier ({@code nvidia_h200.json}, {@code sm_90.json}, {@code default.json}) and holds, for each kernel, a list of
 * conditions over the sizes with values:
 *
 * <pre>{@code {"conv2d": [{"when": "C >= 64", "parameters": {"TILE_M": 64}}]}}</pre>
 *
 * The user's directory is {@code kerf/tuned} in {@code $XDG_CONFIG_HOME} (or {@code ~/.config}).
 */
public final class TunedParameters {
    private static final System.Logger LOG = System.getLogger(TunedParameters.class.getName());

    private final Map<String, Json> tiers = new LinkedHashMap<>();

    private TunedParameters() {}

    /** What there is for a device. */
    public static TunedParameters of(Driver.Facts facts) {
        String config = System.getenv("XDG_CONFIG_HOME");
        Path user = config != null && !config.isEmpty()
                ? Path.of(config)
                : Path.of(System.getProperty("user.home"), ".config");
        return of(facts, user.resolve("kerf").resolve("tuned"));
    }

    /** What there is for a device, in a directory of the user's or shipped. */
    static TunedParameters of(Driver.Facts facts, Path user) {
        TunedParameters all = new TunedParameters();
        String vendor = file(facts.info().vendor());
        // Drivers of one vendor name it in full or in short: "NVIDIA Corporation", "NVIDIA".
        Set<String> names = new LinkedHashSet<>(List.of(file(facts.info().name()), file(facts.architecture()), vendor,
                vendor.split("_")[0], "default"));
        names.remove("");
        for (String name : names) {
            String file = name + ".json";
            if (Files.isRegularFile(user.resolve(file))) {
                all.tiers.put(user.resolve(file).toString(), Json.read(user.resolve(file)));
            }
            shipped(file, all.tiers);
        }
        return all;
    }

    private static String file(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "_");
    }

    private static void shipped(String file, Map<String, Json> tiers) {
        try (InputStream in = TunedParameters.class.getResourceAsStream("/dev/kerf/kernels/tuned/" + file)) {
            if (in != null) {
                tiers.put(file, Json.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8), file));
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "tuned parameters {0} can''t be read: {1}", file, e);
        }
    }

    /** Values for a kernel with these sizes; empty where nothing is known. */
    Map<String, Long> of(String kernel, Map<String, Long> names) {
        for (Map.Entry<String, Json> tier : tiers.entrySet()) {
            for (Json entry : tier.getValue().find(kernel).map(Json::items).orElse(List.of())) {
                if (Expression.parse(entry.find("when").map(Json::asString).orElse("1")).holds(names)) {
                    LOG.log(System.Logger.Level.DEBUG, "kernel {0}: parameters from {1}", kernel, tier.getKey());
                    Map<String, Long> values = new LinkedHashMap<>();
                    entry.at("parameters").members().forEach((name, value) -> values.put(name, value.asLong()));
                    return values;
                }
            }
        }
        return Map.of();
    }
}
