package dev.kerf.tune.result;

import dev.kerf.error.BadFileException;
import dev.kerf.json.Json;
import dev.kerf.tune.result.Results.About;
import dev.kerf.tune.result.Trial.Details;
import dev.kerf.tune.result.Trial.Times;
import dev.kerf.tune.result.Trial.Validity;
import dev.kerf.tune.space.Space;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The form of Kernel Tuner's cache files: a head, then a line for each configuration, added as it is tried; the brackets at the
 * end are missing while tuning goes on and after it was cut short. Times are in milliseconds.
 *
 * <pre>{@code
 * {
 * "schema_version": "1.0.0", "device_name": "…", "kernel_name": "…", "problem_size": [4096], "tune_params_keys": ["GROUP"], "tune_params": {"GROUP": [32, 64]},
 * "objective": "time",
 * "cache": {
 * "32": {"GROUP": 32, "time": 0.21, "times": [0.21, 0.22], "compile_time": 80.1, "verification_time": 2.0, "benchmark_time": 1.9},
 * "64": {"GROUP": 64, "time": "CompilationFailedConfig", …}
 * }
 * }
 * }</pre>
 *
 * <p>What the form has no room for stands under names of its own, which Kernel Tuner passes over: {@code kerf_problem} and
 * {@code kerf_source} in the head, {@code kerf_validity}, {@code kerf_error}, {@code kerf_build} and {@code kerf_measures} in an entry.
 * Where times were predicted an entry has {@code predicted_time}, the objective, and no {@code time}.
 */
public final class KernelTunerCache {
    /** What ends the file. */
    static final String END = "}\n}\n";

    /** Older files have this in place of the objective of what failed. */
    private static final double FAILED = 1e20;
    private static final double MILLIS = 1e3;

    private KernelTunerCache() {}

    /** A file's JSON, though its end be missing, even within a line. */
    static Json closed(String text, String source) {
        String body = text.strip();
        try {
            return Json.parse(body, source);
        } catch (BadFileException e) {
            if (!body.contains("\"cache\"")) {
                throw e;
            }
            for (String b : List.of(body, wholeLines(body))) {
                try {
                    return Json.parse((b.endsWith(",") ? b.substring(0, b.length() - 1) : b) + END, source);
                } catch (BadFileException unfinished) {
                    e.addSuppressed(unfinished);
                }
            }
            throw e;
        }
    }

    /** Without the last line, which was cut off. */
    static String wholeLines(String body) {
        return body.substring(0, Math.max(0, body.lastIndexOf('\n'))).stripTrailing();
    }

    static Results read(Json json) {
        List<String> keys = json.at("tune_params_keys").items().stream().map(Json::asString).toList();
        String objective = json.find("objective").map(KernelTunerCache::name).orElse(Results.TIME);
        json.find("objective").ifPresent(o -> Results.checkMinimised(objective, o));
        List<Trial> trials = new ArrayList<>();
        json.at("cache").members().forEach((key, entry) -> trials.add(trial(keys, objective, entry)));
        List<Space.Parameter> occurring = Results.occurring(trials.stream().map(Trial::configuration).toList());
        List<Space.Parameter> parameters = new ArrayList<>();
        for (String k : keys) {
            Set<Json> values = new LinkedHashSet<>();
            json.find("tune_params").flatMap(p -> p.find(k)).ifPresent(p -> p.items().forEach(v -> values.add(Json.of(v))));
            occurring.stream().filter(p -> p.name().equals(k)).forEach(p -> values.addAll(p.values()));
            parameters.add(new Space.Parameter(k, List.copyOf(values)));
        }
        return new Results(new About(json.find("device_name").map(Json::asString).orElse(""),
                json.find("kernel_name").map(Json::asString).orElse(""), problem(json), parameters, objective,
                json.find("kerf_source").map(Json::asString).orElse("")), trials);
    }

    /** A name, or the only one of a list. */
    private static String name(Json objective) {
        if (objective.isArray() && objective.size() != 1) {
            throw objective.error("files of one objective can be read, this has " + objective.size());
        }
        return objective.isArray() ? objective.at(0).asString() : objective.asString();
    }

    private static Map<String, Long> problem(Json json) {
        Map<String, Long> sizes = new LinkedHashMap<>();
        json.find("kerf_problem").ifPresentOrElse(
                p -> p.members().forEach((name, size) -> sizes.put(name, size.asLong())),
                () -> json.find("problem_size").filter(Json::isArray).ifPresent(p -> {
                    for (int i = 0; i < p.size(); i++) {
                        if (p.at(i).isNumber()) {
                            sizes.put("size_" + i, (long) p.at(i).asDouble());
                        }
                    }
                }));
        return sizes;
    }

    private static Trial trial(List<String> keys, String objective, Json entry) {
        Map<String, Json> configuration = new LinkedHashMap<>();
        keys.forEach(k -> configuration.put(k, entry.at(k)));
        Validity validity = validity(entry, objective);
        double value = validity == Validity.CORRECT ? entry.at(objective).asDouble() : Double.NaN;
        List<Double> runs = new ArrayList<>();
        entry.find("times").ifPresent(t -> t.items().forEach(run -> runs.add(run.asDouble() / MILLIS)));
        return new Trial(configuration, validity, Results.isTime(objective) ? value / MILLIS : value,
                new Times(seconds(entry, "compile_time"), seconds(entry, "verification_time"), seconds(entry, "benchmark_time"),
                        seconds(entry, "strategy_time"), seconds(entry, "framework_time"), runs),
                entry.find("timestamp").filter(Json::isString).map(Json::asString).orElse(""),
                entry.find("kerf_error").map(Json::asString).orElse(""),
                Details.of(entry.find("kerf_build"), entry.find("kerf_measures")));
    }

    private static Validity validity(Json entry, String objective) {
        String error = entry.find("__error__").or(() -> entry.find(objective)).filter(Json::isString).map(Json::asString)
                .orElse("");
        return entry.find("kerf_validity").map(KernelTunerCache::validity).orElseGet(() -> switch (error) {
            case "" -> {
                Json value = entry.at(objective);
                yield value.isNumber() && value.asDouble() < FAILED ? Validity.CORRECT : Validity.RUNTIME;
            }
            case "CompilationFailedConfig" -> Validity.COMPILE;
            case "InvalidConfig" -> Validity.CONSTRAINTS;
            case "RuntimeFailedConfig", "ErrorConfig" -> Validity.RUNTIME;
            default -> throw entry.error("unknown failure '" + error + "'");
        });
    }

    /** By T4's name. */
    static Validity validity(Json name) {
        for (Validity v : Validity.values()) {
            if (v.toString().equals(name.asString())) {
                return v;
            }
        }
        throw name.error("expected one of " + List.of(Validity.values()));
    }

    private static double seconds(Json entry, String name) {
        return entry.find(name).filter(Json::isNumber).map(t -> t.asDouble() / MILLIS).orElse(0.0);
    }

    /** The head of a file, up to where its entries follow. */
    static String head(About about) {
        Json values = Json.object();
        Json keys = Json.array();
        about.parameters().forEach(p -> {
            Json list = Json.array();
            p.values().forEach(list::add);
            values.put(p.name(), list);
            keys.add(p.name());
        });
        Json sizes = Json.array();
        Json problem = Json.object();
        about.problem().forEach((name, size) -> {
            sizes.add(size);
            problem.put(name, size);
        });
        StringBuilder out = new StringBuilder("{\n");
        Json head = Json.object().put("schema_version", "1.0.0").put("device_name", about.device())
                .put("kernel_name", about.kernel())
                .put("problem_size", sizes).put("kerf_problem", problem);
        if (!about.source().isEmpty()) {
            head.put("kerf_source", about.source());
        }
        head.put("tune_params_keys", keys).put("tune_params", values).put("objective", about.objective()).members()
                .forEach((name, v) -> out.append('"').append(name).append("\": ").append(v).append(",\n"));
        return out.append("\"cache\": {").toString();
    }

    /** The line of a trial, with the line break before it and the comma after it. */
    static String line(About about, Trial t) {
        Json entry = Json.object();
        List<String> key = new ArrayList<>();
        about.parameters().forEach(p -> {
            Json v = t.configuration().get(p.name());
            entry.put(p.name(), v);
            key.add(python(v));
        });
        boolean correct = t.validity() == Validity.CORRECT;
        String failure = switch (t.validity()) {
            case CORRECT -> "";
            case COMPILE -> "CompilationFailedConfig";
            case CONSTRAINTS -> "InvalidConfig";
            case TIMEOUT, RUNTIME, CORRECTNESS -> "RuntimeFailedConfig";
        };
        double unit = Results.isTime(about.objective()) ? MILLIS : 1;
        entry.put(about.objective(), correct ? Json.of(t.objective() * unit) : Json.of(failure));
        Json runs = Json.array();
        t.times().runs().forEach(run -> runs.add(run * MILLIS));
        entry.put("times", runs).put("compile_time", t.times().compilation() * MILLIS)
                .put("verification_time", t.times().verification() * MILLIS)
                .put("benchmark_time", t.times().benchmark() * MILLIS).put("strategy_time", t.times().search() * MILLIS)
                .put("framework_time", t.times().framework() * MILLIS).put("timestamp", t.timestamp());
        if (!t.details().build().isEmpty()) {
            entry.put("kerf_build", t.details().builtJson());
        }
        if (!t.details().measures().isEmpty()) {
            entry.put("kerf_measures", t.details().measuredJson());
        }
        if (!correct) {
            entry.put("__error__", failure).put("kerf_validity", t.validity().toString()).put("kerf_error", t.error());
        }
        return "\n" + Json.of(String.join(",", key)) + ": " + entry + ",";
    }

    /** A value as Python's str() has it, which keys are made of. */
    private static String python(Json v) {
        return v.isBoolean() ? v.asBoolean() ? "True" : "False" : v.isString() ? v.asString() : v.toString();
    }

    /** A whole file. */
    public static String write(Results results) {
        StringBuilder out = new StringBuilder(head(results.about()));
        results.trials().forEach(t -> out.append(line(results.about(), t)));
        if (!results.trials().isEmpty()) {
            out.setLength(out.length() - 1);
        }
        return out.append(END).toString();
    }
}
