package dev.kerf.cli.tune;

import dev.kerf.cli.console.Text;
import dev.kerf.json.Json;
import dev.kerf.tune.device.DeviceObjective;
import dev.kerf.tune.result.Trial;
import dev.kerf.tune.result.Trial.Validity;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A set and what it gave.
 *
 * @param trial measured, or predicted: then it has no runs
 * @param set   of parameters
 */
record Timed(Trial trial, Map<String, Json> set) {
    String text() {
        if (trial.validity() != Validity.CORRECT) {
            return trial.validity() + ": " + trial.error();
        }
        return Sets.time(trial.objective()) + (predicted()
                ? " predicted"
                : " ± " + Text.fixed(100 * DeviceObjective.noise(trial.times().runs()), 1) + " %");
    }

    private boolean predicted() {
        return trial.times().runs().isEmpty();
    }

    Json json() {
        boolean right = trial.validity() == Validity.CORRECT;
        Json report = Json.object().put("parameters", Sets.json(set)).put("validity", trial.validity().toString());
        if (right && predicted()) {
            report.put("predicted_seconds", trial.objective());
        } else {
            Json runs = Json.array();
            trial.times().runs().forEach(runs::add);
            report.put("seconds", right ? trial.objective() : null)
                    .put("noise", runs.size() == 0 ? null : DeviceObjective.noise(trial.times().runs())).put("runs", runs);
        }
        Map<String, Json> build = new LinkedHashMap<>(trial.details().build());
        Json counts = Json.object();
        trial.details().measures().forEach(counts::put);
        return report.put("compile_seconds", trial.times().compilation()).put("build", Sets.json(build)).put("counts", counts)
                .put("error", trial.error().isEmpty() ? null : trial.error());
    }
}
