package dev.kerf.cli.tune;

import dev.kerf.backend.Device;
import dev.kerf.backend.gpu.TunedParameters;
import dev.kerf.cli.console.Text;
import dev.kerf.cli.console.Version;
import dev.kerf.json.Json;
import dev.kerf.tune.device.DeviceObjective;
import dev.kerf.tune.device.Duel;
import dev.kerf.tune.device.Evaluation;
import dev.kerf.tune.device.Problem;
import dev.kerf.tune.result.T4;
import dev.kerf.tune.result.Trial;
import java.time.Instant;
import java.util.Map;

/**
 * By the clock of a device.
 *
 * @param device  which is closed with it
 * @param options how to time
 */
record Measured(Device device, ProblemOptions options) implements Means {
    @Override
    public String name() {
        return device.info().name();
    }

    @Override
    public Evaluation open(Problem problem) {
        return new DeviceObjective(device, problem, options.precision(), options.timing());
    }

    @Override
    public Verdict verdict(Evaluation of, Timed today, Trial best) {
        Duel duel = Duel.of(of, today.set(), best.configuration());
        Timed before = new Timed(DeviceObjective.pooled(today.trial(), Duel.pooled(duel.today())), today.set());
        Timed after = new Timed(DeviceObjective.pooled(best, Duel.pooled(duel.best())), best.configuration());
        return new Verdict(duel.ratio(), duel.won(), before, after,
                "timed in turns today takes " + before.text() + ": " + Text.fixed(duel.ratio(), 2)
                        + " times as long" + (duel.won() ? "" : ", which is within the noise"));
    }

    @Override
    public String refused(Evaluation of, Map<String, Json> set) {
        return "";
    }

    @Override
    public String file() {
        return Sets.file(name()) + ".json";
    }

    @Override
    public String also() {
        return "";
    }

    @Override
    public String source() {
        return TunedParameters.MEASURED;
    }

    @Override
    public String warning() {
        return "";
    }

    @Override
    public T4.Maker maker() {
        String backend = device.info().backend();
        return new T4.Maker(backend.equals("opencl") ? "OpenCL" : backend.contains("cuda") ? "CUDA" : "",
                backend + ", driver " + device.info().driver(), Version.text(), Instant.now().toString());
    }

    @Override
    public void close() {
        device.close();
    }
}
