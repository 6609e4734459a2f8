package dev.kerf.cli.tune;

import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.check.ptx.Card;
import dev.kerf.check.ptx.LaunchCounter;
import dev.kerf.cli.console.Text;
import dev.kerf.cli.console.Version;
import dev.kerf.json.Json;
import dev.kerf.tune.device.Evaluation;
import dev.kerf.tune.device.ModelObjective;
import dev.kerf.tune.device.Problem;
import dev.kerf.tune.result.T4;
import dev.kerf.tune.result.Trial;
import dev.kerf.tune.result.Trial.Validity;
import java.time.Instant;
import java.util.Map;

/** By what kernels' counts in the interpreter of PTX predict for a card, which nobody needs to have. */
final class Modelled implements Means {
    private final String key;
    private final Card card;
    private final ProblemOptions options;
    private final LaunchCounter counter;

    /** By the short name of a card. */
    Modelled(String key, ProblemOptions options) {
        this.key = key;
        this.card = Card.of(key);
        this.options = options;
        this.counter = new LaunchCounter(card);
    }

    @Override
    public GpuDevice device() {
        return counter.device();
    }

    @Override
    public String name() {
        return card.name() + ", predicted";
    }

    @Override
    public Evaluation open(Problem problem) {
        return new ModelObjective(key, problem, options.precision(), options.timing().compiling());
    }

    @Override
    public Verdict verdict(Evaluation of, Timed today, Trial best) {
        double ratio = today.trial().objective() / best.objective();
        return new Verdict(ratio, ratio > 1, today, new Timed(best, best.configuration()), "by the model today takes "
                + Text.fixed(ratio, 2) + " times as long");
    }

    @Override
    public String refused(Evaluation of, Map<String, Json> set) {
        Trial checked = ((ModelObjective) of).check(set);
        return checked.validity() == Validity.CORRECT ? "" : checked.validity() + ": " + checked.error();
    }

    /** Of all cards of its architecture: what their drivers call them nobody here knows. */
    @Override
    public String file() {
        return Sets.file(device().driver().facts().architecture()) + ".json";
    }

    @Override
    public String also() {
        return "compute_units == " + card.multiprocessors();
    }

    @Override
    public String source() {
        return "predicted by a model of " + key + ", not measured";
    }

    @Override
    public String warning() {
        return "times are a model's prediction for the card " + card.name()
                + ", not measured, and not validated for other parameters than"
                + " those that ship";
    }

    @Override
    public T4.Maker maker() {
        return new T4.Maker("CUDA", "interpreted PTX, no device", Version.text(), Instant.now().toString(), warning());
    }

    @Override
    public void describe(Json report) {
        report.put("model", Json.object().put("card", key).put("card_name", card.name()).put("measured", false)
                .put("validated", false));
    }

    @Override
    public void close() {
        counter.close();
    }
}
