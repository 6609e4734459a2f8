package dev.kerf.spark;

import dev.kerf.error.KerfException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;

/**
 * The job for {@code spark-submit}: images from folders, tables or shards through a network, results as Parquet.
 *
 * <pre>
 * spark-submit --master yarn --conf spark.executor.resource.gpu.amount=1 kerf-spark-job.jar \
 *     segment --input 's3a://archive/2024/*.jpg' --weights s3a://models/unet.safetensors --out s3a://archive/labels
 * spark-submit kerf-spark-job.jar evaluate --predicted s3a://archive/labels --truth s3a://archive/truth
 * </pre>
 *
 * <p>A command that is given again goes on where it stopped. Exit codes: 0 done, 1 failed, 2 usage. An image that fails is a row with its
 * error and no failure of the job, unless there are more than {@code --max-errors} allows.
 */
@Command(name = "kerf-spark", mixinStandardHelpOptions = true, description = "Segments many images on Apache Spark.", subcommandsRepeatable = false)
public final class KerfJob {
    private static final int FAILED = 1;
    private static final int USAGE = 2;

    private KerfJob() {}

    /** Runs in Spark's driver; ends the process only if the job failed. */
    public static void main(String[] args) {
        int code = run(args, new PrintWriter(System.out, true, StandardCharsets.UTF_8),
                new PrintWriter(System.err, true, StandardCharsets.UTF_8));
        SparkSession.getActiveSession().foreach(spark -> {
            spark.stop();
            return null;
        });
        if (code != 0) {
            System.exit(code);
        }
    }

    /** What {@link #main} does, with the session that there is, or one that it makes; it isn't stopped. Returns the exit code. */
    static int run(String[] args, PrintWriter out, PrintWriter err) {
        CommandLine line = new CommandLine(new KerfJob());
        for (Task task : Task.values()) {
            line.addSubcommand(task.name().toLowerCase(Locale.ROOT), new SegmentJob(task, out));
        }
        line.addSubcommand("evaluate", new EvaluateJob(out, err));
        return line.setCaseInsensitiveEnumValuesAllowed(true).setOut(out).setErr(err).setUsageHelpWidth(100)
                .setParameterExceptionHandler((e, _) -> usage(e, err))
                .setExecutionExceptionHandler((e, _, _) -> failure(e, err))
                .execute(args);
    }

    private static int usage(ParameterException e, PrintWriter err) {
        err.println("kerf-spark: " + line(e.getMessage()));
        err.println("Try '" + e.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
        return USAGE;
    }

    private static int failure(Throwable e, PrintWriter err) {
        err.println("kerf-spark: " + line(explain(e)));
        if (System.getenv("KERF_DEBUG") != null) {
            e.printStackTrace(err);
        }
        return FAILED;
    }

    /** Of an error of a task what Kerf said there, else what Spark says first. */
    static String explain(Throwable e) {
        Throwable last = e;
        for (Throwable t = e; t != null; t = t.getCause()) {
            if (t instanceof KerfException) {
                return t.getMessage();
            }
            last = t;
        }
        String said = last.getMessage() == null
                ? last.getClass().getSimpleName()
                : last.getMessage().lines().findFirst().orElse("");
        return said + (System.getenv("KERF_DEBUG") == null ? "; set KERF_DEBUG=1 for the stack trace" : "");
    }

    private static String line(String text) {
        return text == null ? "" : text.strip().replaceAll("\\R+\\s*", " ");
    }
}
