package dev.kerf.tune.result;

import dev.kerf.json.Json;
import dev.kerf.tune.result.Results.About;
import dev.kerf.tune.result.Trial.Details;
import dev.kerf.tune.result.Trial.Times;
import dev.kerf.tune.result.Trial.Validity;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The open format of tuning results, T4: 1.0.0 and 1.1.0 are read, 1.1.0 is written. Times are by both names that tools know
 * them by: {@code compilation_time} and {@code compilation}, {@code benchmark} beside the single runs. Files without a unit of
 * time are in milliseconds, as Kernel Tuner's are, and so are those that misspell it.
 */
public final class T4 {
    /** How many make a second. */
    private static final Map<String, Double> UNITS = Map.of("nanoseconds", 1e9, "microseconds", 1e6, "milliseconds", 1e3,
            "miliseconds", 1e3, "seconds", 1.0, "ns", 1e9, "us", 1e6, "ms", 1e3, "s", 1.0);
    private static final double MILLIS = 1e3;
    private static final List<String> BUILD = List.of("max_work_group_size", "local_memory_size", "private_memory_size",
            "constant_memory_size", "registers", "global_size", "local_size");

    private T4() {}

    /**
     * Who made a file, beside what the results say.
     *
     * @param api      OpenCL, CUDA or Vulkan; empty where it is none of them
     * @param platform driver or platform
     * @param version  of Kerf
     * @param written  when, ISO 8601
     * @param model    what predicted the times, in words; empty where they were measured
     */
    public record Maker(String api, String platform, String version, String written, String model) {
        /** Who made a file of what was measured. */
        public Maker(String api, String platform, String version, String written) {
            this(api, platform, version, written, "");
        }
    }

    static Results read(Json json) {
        Optional<Json> metadata = json.find("metadata");
        double unit = metadata.flatMap(m -> m.find("timeunit")).map(T4::unit).orElse(MILLIS);
        List<Json> all = json.at("results").items();
        String objective = all.isEmpty()
                ? Results.TIME
                : all.getFirst().find("objectives").filter(o -> o.size() > 0).map(o -> o.at(0).asString()).orElse(Results.TIME);
        List<Trial> trials = new ArrayList<>();
        for (Json r : all) {
            r.find("objectives").filter(o -> o.size() > 0).ifPresent(o -> {
                if (o.size() > 1 || !o.at(0).asString().equals(objective)) {
                    throw o.error("one objective, the same in all results, can be read");
                }
                Results.checkMinimised(objective, o.at(0));
            });
            trials.add(trial(r, objective, unit));
        }
        return new Results(new About(metadata.flatMap(m -> m.find("device")).map(Json::asString).orElse(""),
                metadata.flatMap(m -> m.find("kerf_kernel")).map(Json::asString).orElse(""),
                problem(metadata.flatMap(m -> m.find("kerf_problem"))),
                Results.occurring(trials.stream().map(Trial::configuration).toList()), objective), trials);
    }

    private static double unit(Json name) {
        Double unit = UNITS.get(name.asString());
        if (unit == null) {
            throw name.error("expected nanoseconds, microseconds, milliseconds or seconds");
        }
        return unit;
    }

    private static Map<String, Long> problem(Optional<Json> sizes) {
        Map<String, Long> all = new LinkedHashMap<>();
        sizes.ifPresent(s -> s.members().forEach((name, size) -> all.put(name, size.asLong())));
        return all;
    }

    private static Trial trial(Json r, String objective, double unit) {
        Validity validity = r.find("invalidity").map(KernelTunerCache::validity).orElse(Validity.CORRECT);
        Json times = r.at("times");
        List<Double> runs = new ArrayList<>();
        times.find("runtimes").ifPresent(t -> t.items().forEach(run -> runs.add(run.asDouble() / unit)));
        double benchmark = times.find("benchmark").map(t -> t.asDouble() / unit)
                .orElse(runs.stream().mapToDouble(Double::doubleValue).sum());
        return new Trial(r.at("configuration").members(), validity,
                validity == Validity.CORRECT ? objective(r, objective, unit, runs) : Double.NaN,
                new Times(seconds(times, unit, "compilation_time", "compilation"), seconds(times, unit, "validation"),
                        benchmark, seconds(times, unit, "search_algorithm"), seconds(times, unit, "framework"), runs),
                r.find("timestamp").map(Json::asString).orElse(""),
                r.find("kerf_error").map(Json::asString).orElse(""),
                Details.of(r.find("compilation_data").or(() -> r.find("kerf_build")), Optional.of(measures(r, objective))));
    }

    /** The measurements that aren't the objective. */
    private static Json measures(Json r, String objective) {
        Json all = Json.object();
        for (Json m : r.find("measurements").map(Json::items).orElse(List.of())) {
            if (!m.at("name").asString().equals(objective) && m.at("value").isNumber()) {
                all.put(m.at("name").asString(), m.at("value"));
            }
        }
        return all;
    }

    private static double seconds(Json times, double unit, String... names) {
        for (String name : names) {
            Optional<Json> found = times.find(name);
            if (found.isPresent()) {
                return found.get().asDouble() / unit;
            }
        }
        return 0;
    }

    private static double objective(Json r, String objective, double unit, List<Double> runs) {
        boolean time = Results.isTime(objective);
        for (Json m : r.find("measurements").map(Json::items).orElse(List.of())) {
            if (m.at("name").asString().equals(objective)) {
                double of = m.find("unit").map(u -> UNITS.getOrDefault(u.asString(), unit)).orElse(unit);
                return m.at("value").asDouble() / (time ? of : 1);
            }
        }
        if (!time || runs.isEmpty()) {
            throw r.error("no measurement of the objective '" + objective + "'");
        }
        return runs.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }

    /** A file of version 1.1.0. */
    public static Json write(Results results, Maker maker) {
        About about = results.about();
        Json problem = Json.object();
        about.problem().forEach(problem::put);
        Json metadata = Json.object();
        if (!maker.api().isEmpty()) {
            metadata.put("compute_api", maker.api());
        }
        metadata.put("platform", maker.platform()).put("device", about.device()).put("autotuner", "Kerf")
                .put("autotuner_version", maker.version()).put("timestamp", maker.written()).put("timeunit", "milliseconds")
                .put("kerf_kernel", about.kernel()).put("kerf_problem", problem);
        if (!maker.model().isEmpty()) {
            metadata.put("kerf_model", maker.model());
        }
        Json all = Json.array();
        results.trials().forEach(t -> all.add(json(t, about.objective())));
        return Json.object().put("schema_version", "1.1.0").put("metadata", metadata).put("results", all);
    }

    private static Json json(Trial t, String objective) {
        Json configuration = Json.object();
        t.configuration().forEach(configuration::put);
        Json runs = Json.array();
        t.times().runs().forEach(run -> runs.add(run * MILLIS));
        double compilation = t.times().compilation() * MILLIS;
        Json times = Json.object().put("compilation_time", compilation).put("compilation", compilation).put("runtimes", runs)
                .put("benchmark", t.times().benchmark() * MILLIS).put("framework", t.times().framework() * MILLIS)
                .put("search_algorithm", t.times().search() * MILLIS).put("validation", t.times().verification() * MILLIS);
        boolean time = Results.isTime(objective);
        Json measurements = Json.array();
        if (t.validity() == Validity.CORRECT) {
            measurements.add(Json.object().put("name", objective).put("value", time ? t.objective() * MILLIS : t.objective())
                    .put("unit", time ? "ms" : "").put("type", "Double"));
        }
        t.details().measures().forEach((name, value) -> measurements
                .add(Json.object().put("name", name).put("value", value).put("unit", "").put("type", "Double")));
        Json result = Json.object().put("timestamp", t.timestamp()).put("configuration", configuration)
                .put("objectives", Json.array().add(objective)).put("times", times)
                .put("invalidity", t.validity().toString()).put("correctness", t.validity() == Validity.CORRECTNESS ? 0 : 1)
                .put("measurements", measurements);
        if (!t.details().build().isEmpty()) {
            // The format wants all of it or nothing.
            result.put(t.details().build().keySet().containsAll(BUILD) ? "compilation_data" : "kerf_build",
                    t.details().builtJson());
        }
        return t.error().isEmpty() ? result : result.put("kerf_error", t.error());
    }
}
