package dev.kerf.spark;

import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code segment}, {@code detect}, {@code panoptic} and {@code prompts}: all images that aren't done yet. */
@Command(mixinStandardHelpOptions = true, sortOptions = false, description = "Takes images through a network and writes results as Parquet. Given again it goes on where it stopped.", footer = {
    "", "Exit codes: 0 done, 1 failed, 2 usage. An image that fails is a row with its error."})
final class SegmentJob implements Callable<Integer> {
    private static final String SHUFFLED = "spark.sql.shuffle.partitions";
    private static final int LEAST_SHUFFLED = 4;

    private final Task task;
    private final PrintWriter out;

    @Spec
    private CommandSpec spec;

    @Mixin
    private Inputs inputs;

    @Mixin
    private Settings settings;

    @Option(names = "--out", required = true, paramLabel = "URI", description = "The folder of results, Parquet. What is done there already is left out.")
    private String results;

    @Option(names = "--png", paramLabel = "URI", description = "Also writes a PNG of the labels of each image into this folder.")
    private String png;

    @Option(names = "--max-errors", paramLabel = "SHARE", defaultValue = "1", converter = Converters.Share.class, description = "Stops when more than this share of all images has failed, 0 to 1; never by default.")
    private double maxErrors;

    @Option(names = "--shard", paramLabel = "MIB", converter = Converters.Count.class, description = "Bytes of images for each file of results; by default an eighth of a slot's work, up to 256.")
    private Integer shard;

    @Option(names = "--json", description = "Writes a JSON document on standard output.")
    private boolean json;

    SegmentJob(Task task, PrintWriter out) {
        this.task = task;
        this.out = out;
    }

    @Override
    public Integer call() {
        KerfOptions options = options();
        if (png != null) {
            png = ModelFile.path(png).toString();
        }
        SparkSession spark = SparkSession.builder().appName("kerf " + spec.name()).getOrCreate().newSession();
        spark.conf().set("spark.sql.sources.commitProtocolClass", ShardCommit.class.getName());
        if (!spark.sparkContext().conf().contains(SHUFFLED)) {
            // Lists of paths are short rows: 200 tasks for each pass over them would take longer than the images of a small job.
            spark.conf().set(SHUFFLED, Math.max(LEAST_SHUFFLED, 2 * spark.sparkContext().defaultParallelism()));
        }
        ModelFile model = ModelFile.publish(spark, settings.weights);
        MemoryCheck.of(spark.sparkContext().conf()).weights(model);
        Results earlier = Results.of(spark, ModelFile.path(results).toString(), options, model);
        long start = System.nanoTime();
        Dataset<Row> images = inputs.read(spark, task);
        if (task == Task.PROMPTS) {
            Inputs.requireOneRowEach(images);
        }
        try {
            // Listed once; contents aren't kept.
            images = inputs.withContent() ? images : images.cache();
            long all = images.count();
            ShardTally before = earlier.tally(images);
            ShardTally now = before.images() == all
                    ? new ShardTally(0, 0, null)
                    : run(spark, earlier.folder(), earlier.without(images), options, model, all, before);
            stopAt(before.plus(now), all);
            report(all, before, now, (System.nanoTime() - start) / 1e9);
            return 0;
        } finally {
            images.unpersist();
        }
    }

    /** Every option of the network's that was given, as it was given. */
    private KerfOptions options() {
        List<String> given = new ArrayList<>();
        for (OptionSpec option : spec.commandLine().getParseResult().matchedOptionsSet()) {
            if (spec.mixins().get("settings").optionsMap().containsKey(option.longestName())) {
                for (String value : option.originalStringValues()) {
                    given.add(value.isEmpty() ? option.longestName() : option.longestName() + "=" + value);
                }
            }
        }
        try {
            return KerfOptions.of(task, given);
        } catch (BadInputException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private ShardTally run(SparkSession spark, String folder, Dataset<Row> todo, KerfOptions options, ModelFile model, long all,
            ShardTally before) {
        SparkContext context = spark.sparkContext();
        String group = "kerf-" + UUID.randomUUID();
        AtomicReference<ShardTally> sum = new AtomicReference<>(new ShardTally(0, 0, null));
        ShardCommit.watch(folder, tally -> {
            ShardTally now = sum.accumulateAndGet(tally, ShardTally::plus);
            if (tooMany(before.plus(now), all)) {
                context.cancelJobGroup(group);
            }
        });
        context.setJobGroup(group, "kerf " + spec.name(), true);
        try {
            stopAt(before, all);
            int slots = Math.max(1, context.defaultParallelism() / context.conf().getInt("spark.task.cpus", 1));
            if (inputs.withContent()) {
                KerfSpark.rows(todo, options, model, png).write().mode(SaveMode.Append).parquet(folder);
                return sum.get();
            }
            try (Shards shards = Shards.of(todo, slots, shard == null ? 0 : (long) shard << 20)) {
                KerfSpark.rows(shards.images(), options, model, png).write().mode(SaveMode.Append).parquet(folder);
            }
            return sum.get();
        } catch (RuntimeException e) {
            stopAt(before.plus(sum.get()), all);
            throw e;
        } finally {
            context.clearJobGroup();
            ShardCommit.unwatch(folder);
        }
    }

    private boolean tooMany(ShardTally tally, long all) {
        return tally.errors() > maxErrors * all;
    }

    private void stopAt(ShardTally tally, long all) {
        if (tooMany(tally, all)) {
            throw new BadInputException("stopped: " + tally.errors() + " of " + all + " images failed, more than --max-errors "
                    + maxErrors + " allows, the first of them: " + tally.first() + "; what is done is in " + results);
        }
    }

    private void report(long all, ShardTally before, ShardTally now, double seconds) {
        if (json) {
            out.println(Json.object().put("images", all).put("done_before", before.images()).put("done", now.images())
                    .put("failed", before.errors() + now.errors()).put("seconds", seconds).put("out", results));
            return;
        }
        out.printf("%d images: %d done in %.1f s%s%s, %s%n", all, now.images() - now.errors(), seconds,
                before.images() > 0 ? ", " + before.images() + " were there" : "",
                before.errors() + now.errors() > 0
                        ? ", " + (before.errors() + now.errors()) + " failed (column error), the first: "
                                + before.plus(now).first()
                        : "",
                results);
    }
}
