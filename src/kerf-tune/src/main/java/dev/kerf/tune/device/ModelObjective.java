package dev.kerf.tune.device;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.Target;
import dev.kerf.backend.gpu.cuda.KernelImages;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.backend.gpu.kernel.Dialect;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.check.cost.LaunchCost;
import dev.kerf.check.cost.LaunchCosts;
import dev.kerf.check.cost.Prediction;
import dev.kerf.check.ptx.Card;
import dev.kerf.check.ptx.CompiledPtx;
import dev.kerf.check.ptx.LaunchCounter;
import dev.kerf.check.ptx.PtxBackend;
import dev.kerf.error.BackendUnavailableException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.DeviceException;
import dev.kerf.error.KerfException;
import dev.kerf.json.Json;
import dev.kerf.tune.result.Results;
import dev.kerf.tune.result.Trial;
import dev.kerf.tune.result.Trial.Details;
import dev.kerf.tune.result.Trial.Validity;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Predicts what parameters take on a card that nobody needs to have: the problem's op is compiled to PTX, some blocks of each launch
 * are interpreted and counted, and {@link Prediction} makes a time of the counts. The same in each run. It is a model's prediction and
 * no measurement, and was held to one only for a whole U-Net with the parameters that ship.
 *
 * <p>Where a problem is small, each configuration is interpreted whole besides and held to the {@link Reference}; of a larger one those
 * that {@link #check} is asked for.
 */
public final class ModelObjective implements Evaluation {
    /** Operations up to which each configuration is interpreted whole, of which a processor does some ten millions a second. */
    private static final long SMALL = 100_000_000;

    /** Of a block, on every card. */
    private static final int MOST_THREADS = 1024;

    private final Problem problem;
    private final Card card;
    private final CompileOptions options;
    private final KernelImages images;
    private final boolean small;
    private Reference reference;

    /**
     * For a problem on a card.
     *
     * @param card  its short name, such as {@code h100}
     * @param limit how long compiling one configuration may take
     * @throws BadInputException if the card isn't known; names those that are
     */
    public ModelObjective(String card, Problem problem, Precision precision, Duration limit) {
        this.card = Card.of(card);
        this.problem = problem;
        this.options = CompileOptions.of().precision(precision).unfused();
        this.images = new CompiledPtx(limit);
        this.small = flops() <= SMALL;
    }

    private long flops() {
        return Manifest.of(problem.variant()).flops().value(problem.known());
    }

    @Override
    public String objective() {
        return Results.PREDICTED;
    }

    @Override
    public String checkedBy() {
        return small
                ? reference().by()
                : "nothing, for they are too large to be interpreted whole; what is accepted is checked";
    }

    private Reference reference() {
        if (reference == null) {
            reference = Reference.of(problem, flops());
        }
        return reference;
    }

    /**
     * Predicts, and checks where the problem is small.
     *
     * @throws BackendUnavailableException if the parameters don't ship and there is no compiler
     */
    @Override
    public Trial evaluate(Map<String, Json> configuration) {
        return evaluate(configuration, small);
    }

    /** Predicts and checks, however long the interpreter takes for it. */
    public Trial check(Map<String, Json> configuration) {
        return evaluate(configuration, true);
    }

    private Trial evaluate(Map<String, Json> configuration, boolean checked) {
        TrialClock clock = new TrialClock();
        Target.Forced forced = DeviceObjective.forced(problem, configuration);
        try (LaunchCounter counter = new LaunchCounter(card, images);
                Executable e = counter.device().compile(problem.graph(), null, options, forced)) {
            DeviceObjective.checkLaunched(problem, e);
            clock.compiled(Geometries.of(problem, configuration, Dialect.CUDA));
            String wrong = checked ? wrong(forced) : "";
            clock.verified();
            if (!wrong.isEmpty()) {
                return clock.failed(configuration, Validity.CORRECTNESS, wrong);
            }
            Predicted predicted = Predicted.of(LaunchCosts.of(counter, e, card, LaunchCosts.SOME), problem.variant(), card);
            clock.counted(predicted.details(clock.build()));
            return clock.done(configuration, predicted.seconds());
        } catch (BackendUnavailableException e) {
            throw e;
        } catch (BadInputException e) {
            return clock.failed(configuration, Validity.CONSTRAINTS, e.getMessage());
        } catch (DeviceException e) {
            return clock.failed(configuration, e.status() == CompiledPtx.TIMED_OUT && e.call().equals("nvcc")
                    ? Validity.TIMEOUT
                    : e.outOfMemory() ? Validity.RUNTIME : clock.phase(), e.getMessage());
        } catch (KerfException e) {
            return clock.failed(configuration, Validity.RUNTIME, e.getMessage());
        }
    }

    private String wrong(Target.Forced forced) {
        try (GpuDevice device = PtxBackend.open(card, images);
                Executable e = device.compile(problem.graph(), null, options, forced)) {
            problem.inputs().forEach((name, t) -> e.input(name).upload(t.data()));
            e.run();
            return reference().wrong(problem.graph(), e, options.precision().storage());
        }
    }

    /**
     * What the launches of an op come to.
     *
     * @param seconds  of all together
     * @param measures counts, for files
     * @param build    of the variant's launch
     */
    private record Predicted(double seconds, Map<String, Double> measures, Map<String, Json> build) {
        static Predicted of(List<LaunchCost> costs, String variant, Card card) {
            double seconds = 0;
            Map<String, Double> sums = new LinkedHashMap<>();
            Map<String, Json> build = new LinkedHashMap<>();
            for (LaunchCost c : costs) {
                seconds += Prediction.of(c, card).seconds();
                sums.merge("instructions", (double) c.counts().total(), Double::sum);
                sums.merge("sectors", (double) c.counts().sectors(), Double::sum);
                sums.merge("bank_conflicts", (double) (c.counts().wavefronts() - c.counts().leastWavefronts()), Double::sum);
                if (c.variant().equals(variant)) {
                    sums.put("waves", (double) card.waves(c.blocks(), c.counts().threads(), c.counts().sharedBytes(),
                            c.registers()));
                    build.put("max_work_group_size", Json.of(Math.min(MOST_THREADS, card.threads())));
                    build.put("local_memory_size", Json.of(c.counts().sharedBytes()));
                    build.put("private_memory_size", Json.of(c.localBytes()));
                    build.put("constant_memory_size", Json.of(0));
                    build.put("registers", Json.of(c.registers()));
                }
            }
            return new Predicted(seconds, sums, build);
        }

        Details details(Map<String, Json> geometry) {
            Map<String, Json> all = new LinkedHashMap<>(build);
            all.putAll(geometry);
            return new Details(all, measures);
        }
    }

    @Override
    public void close() {
        // Each evaluation opens what it needs and closes it.
    }
}
