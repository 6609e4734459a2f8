package dev.kerf.spark;

import static org.apache.spark.sql.functions.col;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import dev.kerf.mask.CocoPanoptic;
import dev.kerf.mask.LabelMap;
import dev.kerf.metrics.ApScores;
import dev.kerf.metrics.AveragePrecision;
import dev.kerf.metrics.ConfusionMatrix;
import dev.kerf.metrics.LabelScores;
import dev.kerf.metrics.PanopticQuality;
import dev.kerf.metrics.Tally;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import scala.Tuple2;

/** {@code evaluate}: results against a truth. */
@Command(mixinStandardHelpOptions = true, sortOptions = false, description = "Compares results with a truth: a folder of true labels (accuracy, IoU, Dice), COCO's instances (AP, AR) or COCO's panoptic"
        + " pictures (PQ). The same to the last bit as 'kerf evaluate' on one machine.", footer = {
            "",
            "x-truth.png and x-labels.png are the truth of x.png; else it is the file of the same name, whatever its ending."})
final class EvaluateJob implements Callable<Integer> {
    private final PrintWriter out;
    private final PrintWriter err;

    @Option(names = "--predicted", required = true, paramLabel = "URI", description = "Results, as this job wrote them.")
    private String predicted;

    @Option(names = "--truth", required = true, paramLabel = "URI", description = "A folder of true labels, or a JSON file of COCO's.")
    private String truth;

    @Option(names = "--truth-pngs", paramLabel = "URI", description = "Panoptic PNG files of the truth; by default x for x.json.")
    private String pngs;

    @Option(names = "--ignore", paramLabel = "LABEL", defaultValue = "-1", description = "Pixels of this true label aren't counted.")
    private int ignored;

    @Option(names = "--num-classes", paramLabel = "K", defaultValue = "0", description = "How many classes there are; by default as many as labels occur.")
    private int classes;

    @Option(names = "--classes", split = ",", paramLabel = "NAME", description = "Names of the classes, from label 0.")
    private List<String> names;

    @Option(names = "--allow-missing", description = "Leaves out images without a counterpart, of COCO's instances also those in which nothing was found; without it these"
            + " are compared, and any others refused.")
    private boolean allowMissing;

    @Option(names = "--json", description = "Writes a JSON document on standard output.")
    private boolean json;

    EvaluateJob(PrintWriter out, PrintWriter err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() {
        SparkSession spark = SparkSession.builder().appName("kerf evaluate").getOrCreate();
        Dataset<Row> all = spark.read().schema(ResultSchema.RESULT).parquet(ModelFile.path(predicted).toString());
        if (truth.endsWith(".json")) {
            coco(spark, all);
        } else {
            labels(spark, all);
        }
        return 0;
    }

    private Broadcast<SerializableConfiguration> hadoop(SparkSession spark) {
        return JavaSparkContext.fromSparkContext(spark.sparkContext())
                .broadcast(new SerializableConfiguration(spark.sparkContext().hadoopConfiguration()));
    }

    private void coco(SparkSession spark, Dataset<Row> all) {
        Path file = ModelFile.path(truth);
        byte[] document;
        try (InputStream in = file.getFileSystem(spark.sparkContext().hadoopConfiguration()).open(file)) {
            document = in.readAllBytes();
        } catch (IOException e) {
            throw new BadFileException("--truth " + truth + ": can't be read: " + e.getMessage(), e);
        }
        Broadcast<byte[]> sent = JavaSparkContext.fromSparkContext(spark.sparkContext()).broadcast(document);
        Truth own = Truth.of(sent.id(), document, truth);
        Json parsed = Json.parse(document, truth);
        boolean panoptic = Truth.isPanoptic(parsed);
        Counterparts found = Counterparts.of(all, own.names(), predicted, truth);
        found.check(allowMissing, !panoptic, err);
        Dataset<Row> results = done(all);
        if (panoptic) {
            String folder = ModelFile.path(pngs != null ? pngs : truth.substring(0, truth.length() - ".json".length()))
                    .toString();
            Broadcast<SerializableConfiguration> hadoop = hadoop(spark);
            var tally = Tally.panoptic(CocoPanoptic.of(parsed, java.nio.file.Path.of(".")).categories().values());
            merged(results.javaRDD().mapPartitions(rows -> segments(rows, sent, folder, hadoop.value().value())), tally);
            panoptic(tally.size(), PanopticQuality.Scores.of(tally));
        } else {
            Tally<AveragePrecision.Matches> tally = Tally.detections(AveragePrecision.Measure.MASKS);
            boolean without = allowMissing;
            merged(results.javaRDD().mapPartitions(rows -> detections(rows, sent, without)), tally);
            if (!allowMissing) {
                try (Truth.Detections none = new Truth.Detections(own, false)) {
                    found.missing().forEach(none::addNothing);
                    tally.merge(none.bytes());
                }
            }
            things(tally.size(), ApScores.of(tally));
        }
    }

    private static Iterator<byte[]> segments(Iterator<Row> rows, Broadcast<byte[]> sent, String folder, Configuration hadoop)
            throws IOException {
        try (Truth.Segments counted = new Truth.Segments(Truth.of(sent.id(), sent.value(), "truth"), folder, hadoop)) {
            while (rows.hasNext()) {
                counted.add(rows.next());
            }
            return List.of(counted.bytes()).iterator();
        }
    }

    private static Iterator<byte[]> detections(Iterator<Row> rows, Broadcast<byte[]> sent, boolean without) {
        try (Truth.Detections counted = new Truth.Detections(Truth.of(sent.id(), sent.value(), "truth"), without)) {
            while (rows.hasNext()) {
                counted.add(rows.next());
            }
            return List.of(counted.bytes()).iterator();
        }
    }

    /** Takes partitions' tallies as they come: an image that comes twice, from a task that ran twice, counts once. */
    private static void merged(JavaRDD<byte[]> parts, Tally<?> into) {
        parts.toLocalIterator().forEachRemaining(into::merge);
    }

    /** Those that didn't fail. */
    private static Dataset<Row> done(Dataset<Row> all) {
        return all.filter(col("error").isNull());
    }

    private void labels(SparkSession spark, Dataset<Row> all) {
        Map<String, String> files = TruthFiles.of(ModelFile.path(truth), spark.sparkContext().hadoopConfiguration());
        Counterparts.of(all, files.keySet(), predicted, truth).check(allowMissing, false, err);
        JavaPairRDD<String, PairCounts> counts = counts(spark, done(all), files).cache();
        try {
            // Which labels there are shows when all are counted.
            ConfusionMatrix pooled = counts.values().fold(PairCounts.none(), PairCounts::plus)
                    .matrix(names == null ? classes : names.size());
            int k = pooled.classes();
            Tally<ConfusionMatrix> tally = Tally.confusions(k);
            merged(counts.mapPartitions(parts -> {
                Tally<ConfusionMatrix> some = Tally.confusions(k);
                parts.forEachRemaining(t -> some.add(t._1, t._2.matrix(k)));
                return List.of(some.toBytes()).iterator();
            }), tally);
            report(LabelScores.of(tally));
        } finally {
            counts.unpersist(false);
        }
    }

    /** Counts of each image once, whatever was computed twice. */
    private JavaPairRDD<String, PairCounts> counts(SparkSession spark, Dataset<Row> results, Map<String, String> files) {
        Broadcast<Map<String, String>> truths = JavaSparkContext.fromSparkContext(spark.sparkContext()).broadcast(files);
        Broadcast<SerializableConfiguration> hadoop = hadoop(spark);
        int without = ignored;
        return results.select("path", "labels").javaRDD().flatMapToPair(row -> {
            String path = row.getString(0);
            String file = truths.value().get(Truth.stem(path));
            if (file == null) {
                return List.<Tuple2<String, Tuple2<String, PairCounts>>>of().iterator();
            } else if (row.isNullAt(1)) {
                throw new BadInputException(path + " has no labels: results are needed that were made with --outputs labels");
            }
            Path at = new Path(file);
            try (InputStream in = at.getFileSystem(hadoop.value().value()).open(at)) {
                PairCounts found = PairCounts.of(path, labels(in.readAllBytes()), labels(row.getAs(1)), without);
                return List.of(new Tuple2<>(Truth.stem(path), new Tuple2<>(path, found))).iterator();
            }
        }).reduceByKey((a, b) -> {
            if (!a._1.equals(b._1)) {
                throw new BadInputException(a._1 + " and " + b._1 + " have one name, and so one truth");
            }
            return a;
        }).mapValues(Tuple2::_2);
    }

    static LabelMap labels(byte[] content) throws IOException {
        java.nio.file.Path file = Files.createTempFile("kerf-", ".labels");
        try {
            Files.write(file, content);
            return LabelMap.read(file);
        } finally {
            Files.delete(file);
        }
    }

    private void report(LabelScores scores) {
        ConfusionMatrix m = scores.pooled();
        LabelScores.ImageMean mean = scores.imageMean();
        List<String> named = names != null ? names : IntStream.range(0, m.classes()).mapToObj(i -> "class " + i).toList();
        if (!json) {
            out.printf("%d images: pixel accuracy %.4f, mean IoU %.4f, mean Dice %.4f; means over images %.4f, %.4f, %.4f%n",
                    scores.images(), m.pixelAccuracy(), m.meanIou(), m.meanDice(), mean.pixelAccuracy(), mean.meanIou(),
                    mean.meanDice());
            for (int c = 0; c < m.classes(); c++) {
                out.printf("  %s: IoU %.4f, Dice %.4f, precision %.4f, recall %.4f%n", named.get(c), m.iou(c), m.dice(c),
                        m.precision(c), m.recall(c));
            }
            return;
        }
        Json all = Json.array();
        for (int c = 0; c < m.classes(); c++) {
            all.add(Json.object().put("name", named.get(c)).put("iou", number(m.iou(c))).put("dice", number(m.dice(c)))
                    .put("precision", number(m.precision(c))).put("recall", number(m.recall(c)))
                    .put("imageMeanIou", number(mean.iou()[c])).put("imageMeanDice", number(mean.dice()[c])));
        }
        Json rows = Json.array();
        for (long[] row : m.toArray()) {
            rows.add(row);
        }
        out.println(Json.object().put("images", scores.images()).put("classes", all)
                .put("pooled", totals(m.pixelAccuracy(), m.meanAccuracy(), m.meanIou(), m.meanDice(), m.frequencyWeightedIou()))
                .put("imageMean", totals(mean.pixelAccuracy(), mean.meanAccuracy(), mean.meanIou(), mean.meanDice(),
                        mean.frequencyWeightedIou()))
                .put("confusion", rows));
    }

    private static Json totals(double accuracy, double meanAccuracy, double iou, double dice, double weighted) {
        return Json.object().put("pixelAccuracy", number(accuracy)).put("meanAccuracy", number(meanAccuracy))
                .put("meanIou", number(iou)).put("meanDice", number(dice)).put("frequencyWeightedIou", number(weighted));
    }

    private void things(int images, ApScores scores) {
        if (!json) {
            out.printf("%d images%n", images);
            scores.summary().forEach(f -> out.printf("  %s: %.4f%n", f.name(), f.value()));
            return;
        }
        Json all = Json.object();
        scores.summary().forEach(f -> all.put(f.name(), number(f.value())));
        out.println(Json.object().put("images", images).put("scores", all));
    }

    private void panoptic(int images, PanopticQuality.Scores scores) {
        var means = List.of(Map.entry("all", scores.all()), Map.entry("things", scores.things()),
                Map.entry("stuff", scores.stuff()));
        if (!json) {
            out.printf("%d images%n", images);
            means.forEach(m -> out.printf("  %s: PQ %.4f, SQ %.4f, RQ %.4f, %d classes%n", m.getKey(), m.getValue().pq(),
                    m.getValue().sq(), m.getValue().rq(), m.getValue().classes()));
            return;
        }
        Json all = Json.object().put("images", images);
        means.forEach(
                m -> all.put(m.getKey(), Json.object().put("pq", number(m.getValue().pq())).put("sq", number(m.getValue().sq()))
                        .put("rq", number(m.getValue().rq())).put("classes", m.getValue().classes())));
        out.println(all);
    }

    private static Double number(double v) {
        return Double.isNaN(v) ? null : v;
    }
}
