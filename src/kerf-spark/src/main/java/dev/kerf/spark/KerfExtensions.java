package dev.kerf.spark;

import dev.kerf.error.BadInputException;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.SparkSessionExtensions;
import org.apache.spark.sql.catalyst.FunctionIdentifier;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.ExpressionInfo;
import org.apache.spark.sql.catalyst.expressions.ScalaUDF;
import scala.Function1;
import scala.Option;
import scala.Some;
import scala.Tuple3;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.AbstractFunction1;
import scala.runtime.BoxedUnit;

/**
 * The function {@value KerfSpark#FUNCTION} for who has SQL alone, in every session from its beginning. Spark makes this class where its
 * name is in {@code spark.sql.extensions}.
 *
 * <pre>{@code
 * spark-sql --jars kerf-spark-job.jar --conf spark.sql.extensions=dev.kerf.spark.KerfExtensions
 *     --conf spark.kerf.task=detect --conf spark.kerf.weights=hdfs:///models/maskrcnn.pth
 * > select path, kerf_segment(content).objects from images;
 * }</pre>
 *
 * <p>{@code spark.kerf.task} is {@code segment} unless it is set, and {@code spark.kerf.NAME} the option of {@link KerfOptions} of that name. A
 * session's {@code SET} changes them for the statements that follow.
 */
public final class KerfExtensions extends AbstractFunction1<SparkSessionExtensions, BoxedUnit> {
    private static final String SETTINGS = "spark.kerf.";
    private static final String TASK = "task";
    private static final String USAGE = "_FUNC_(image) - What a network finds in an image: a file's content, or its path.";
    /** By application and options: weights are read once. */
    private static final Map<String, ImageFunction> FUNCTIONS = new ConcurrentHashMap<>();

    /** As Spark makes it. */
    public KerfExtensions() {}

    /** Adds the function. */
    @Override
    public BoxedUnit apply(SparkSessionExtensions extensions) {
        Function1<Seq<Expression>, Expression> builder = KerfExtensions::call;
        extensions.injectFunction(new Tuple3<>(new FunctionIdentifier(KerfSpark.FUNCTION),
                new ExpressionInfo(KerfExtensions.class.getName(), null, KerfSpark.FUNCTION, USAGE, "", "", "", "", "", "",
                        "java_udf"),
                builder));
        return BoxedUnit.UNIT;
    }

    private static Expression call(Seq<Expression> arguments) {
        if (arguments.size() != 1) {
            throw new BadInputException(
                    KerfSpark.FUNCTION + " takes a file's bytes or its path, not " + arguments.size() + " arguments");
        }
        SparkSession spark = SparkSession.active();
        KerfOptions options = options(CollectionConverters.asJava(spark.conf().getAll()));
        ImageFunction function = FUNCTIONS.computeIfAbsent(spark.sparkContext().applicationId() + " " + options.line(),
                _ -> KerfSpark.function(spark, options));
        var image = (Function1<Object, Object> & Serializable) function::call;
        return new ScalaUDF(image, ResultSchema.RESULT, arguments, CollectionConverters.asScala(
                java.util.List.<Option<org.apache.spark.sql.catalyst.encoders.ExpressionEncoder<?>>>of()).toSeq(),
                Option.empty(),
                new Some<>(KerfSpark.FUNCTION), true, true);
    }

    private static KerfOptions options(Map<String, String> settings) {
        Map<String, String> own = new TreeMap<>();
        settings.forEach((name, value) -> {
            if (name.startsWith(SETTINGS)) {
                own.put(name.substring(SETTINGS.length()), value);
            }
        });
        String task = own.getOrDefault(TASK, Task.SEGMENT.name());
        own.remove(TASK);
        return KerfOptions.of(Arrays.stream(Task.values()).filter(t -> t.name().equalsIgnoreCase(task)).findFirst()
                .orElseThrow(() -> new BadInputException(SETTINGS + TASK + "=" + task + ": expected one of "
                        + Arrays.toString(Task.values()).toLowerCase(Locale.ROOT))),
                own);
    }
}
