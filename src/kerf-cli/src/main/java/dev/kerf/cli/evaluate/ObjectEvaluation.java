package dev.kerf.cli.evaluate;

import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.Text;
import dev.kerf.cli.console.Version;
import dev.kerf.cli.evaluate.LabelPairs.Pair;
import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import dev.kerf.json.Json;
import dev.kerf.mask.LabelMap;
import dev.kerf.metrics.Bootstrap;
import dev.kerf.metrics.Bootstrap.Interval;
import dev.kerf.metrics.DavisScore;
import dev.kerf.metrics.ObjectScores;
import dev.kerf.metrics.ObjectScores.Matches;
import dev.kerf.metrics.Tally;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.LongStream;
import picocli.CommandLine.Option;

/** How numbers of objects in one directory are compared with those in another: one by one, or as a video that they were followed through. */
final class ObjectEvaluation {
    private static final double[] IOUS = {0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95};

    @Option(names = "--objects", description = "Labels are numbers of objects, such as cells, 0 for none: average precision at IoUs of 0.5 to 0.95 and the"
            + " aggregated Jaccard index.")
    private boolean objects;

    @Option(names = "--video", description = "Directories are frames of a video, in order of name, and labels the numbers of followed objects: J, F and J&F of"
            + " DAVIS, without the first frame and the last.")
    private boolean video;

    /** What comes of it. */
    record Report(List<String> table, Json json, int compared, int failures) {}

    /** The first of the options that was given; null if none was. */
    String given() {
        return objects ? "--objects" : video ? "--video" : null;
    }

    /** Compares all pairs; what fails is told and noted. */
    Report run(LabelPairs found, Console console) {
        return video ? video(found) : objects(found, console);
    }

    private static LabelMap[] read(Pair pair) {
        LabelMap left = LabelFile.read(pair.predicted(), null).labels();
        LabelMap right = LabelFile.read(pair.truth(), null).labels();
        if (left.width() != right.width() || left.height() != right.height()) {
            throw new BadInputException(pair.predicted() + " is " + left.width() + "x" + left.height() + ", but " + pair.truth()
                    + " is " + right.width() + "x" + right.height());
        }
        return new LabelMap[] {right, left};
    }

    private static Report objects(LabelPairs found, Console console) {
        Json images = Json.array();
        Json failed = Json.array();
        // At each IoU what matches, is wrong and is missed.
        Tally<long[]> matches = Tally.counts("objects at IoUs of " + Arrays.toString(IOUS), 3 * IOUS.length);
        Tally<double[]> jaccards = Tally.scores("aggregated Jaccard indices", 1);
        for (Pair pair : found.pairs()) {
            try {
                LabelMap[] both = read(pair);
                ObjectScores s = ObjectScores.of(both[0], both[1]);
                List<Matches> own = Arrays.stream(IOUS).mapToObj(s::at).toList();
                matches.add(pair.name(),
                        own.stream().flatMapToLong(m -> LongStream.of(m.matched(), m.wrong(), m.missed())).toArray());
                jaccards.add(pair.name(), new double[] {s.aggregatedJaccard()});
                Json each = Json.array();
                own.forEach(m -> each.add(score(m.averagePrecision())));
                images.add(Json.object().put("name", pair.name()).put("truthObjects", s.trueObjects())
                        .put("predictedObjects", s.predictedObjects()).put("ap", each)
                        .put("aji", score(s.aggregatedJaccard())));
            } catch (KerfException e) {
                failed.add(Json.object().put("name", pair.name()).put("error", e.getMessage()));
                console.note(e.getMessage());
            }
        }
        List<String> table = new ArrayList<>(List.of(matches.size() + (matches.size() == 1 ? " image" : " images")
                + "; means over images with 95 % intervals", "",
                row("IoU", "AP pooled", "precision", "recall", "F1", "AP by image")));
        Json at = Json.array();
        for (int k = 0; k < IOUS.length; k++) {
            List<Matches> own = new ArrayList<>();
            int first = 3 * k;
            matches.forEach((_, n) -> own.add(new Matches(n[first], n[first + 1], n[first + 2])));
            Interval mean = Bootstrap.of().mean(own.stream().mapToDouble(Matches::averagePrecision).toArray());
            Matches m = own.stream().reduce(new Matches(0, 0, 0), Matches::plus);
            table.add(
                    row(Text.fixed(IOUS[k], 2), text(m.averagePrecision()), text(m.precision()), text(m.recall()), text(m.f1()),
                            text(mean)));
            at.add(Json.object().put("iou", IOUS[k]).put("matched", m.matched()).put("wrong", m.wrong())
                    .put("missed", m.missed())
                    .put("ap", score(m.averagePrecision())).put("precision", score(m.precision()))
                    .put("recall", score(m.recall()))
                    .put("f1", score(m.f1())).put("imageMean", json(mean)));
        }
        List<Double> indices = new ArrayList<>();
        jaccards.forEach((_, v) -> indices.add(v[0]));
        Interval aji = Bootstrap.of().mean(indices.stream().mapToDouble(v -> v).toArray());
        table.add("");
        table.add("aggregated Jaccard index  " + text(aji));
        return new Report(table,
                Json.object().put("kerf", Version.text()).put("at", at).put("aji", json(aji)).put("perImage", images)
                        .put("failed", failed),
                matches.size(), failed.size());
    }

    private static Report video(LabelPairs found) {
        List<Pair> frames = found.pairs();
        if (frames.size() < 3) {
            throw new BadInputException(
                    frames.size() + " frames: the first and the last don't count, so that there must be three at least");
        }
        TreeSet<Integer> followed = new TreeSet<>();
        Arrays.stream(read(frames.getFirst())[0].toArray()).filter(n -> n > 0).forEach(followed::add);
        if (followed.isEmpty()) {
            Path first = frames.getFirst().truth();
            throw new BadInputException(first + ": no objects in the video's first frame; those there are followed");
        }
        Map<Integer, List<DavisScore>> scores = new TreeMap<>();
        for (Pair pair : frames.subList(1, frames.size() - 1)) {
            LabelMap[] both = read(pair);
            for (int n : followed) {
                scores.computeIfAbsent(n, _ -> new ArrayList<>()).add(DavisScore.of(both[0].mask(n), both[1].mask(n)));
            }
        }
        List<String> table = new ArrayList<>(List.of(frames.size() - 2 + " frames between the first and the last", "",
                row("object", "J", "F", "J&F")));
        Json each = Json.array();
        List<double[]> all = new ArrayList<>();
        scores.forEach((n, s) -> {
            double j = s.stream().mapToDouble(DavisScore::region).average().orElseThrow();
            double f = s.stream().mapToDouble(DavisScore::contour).average().orElseThrow();
            all.add(new double[] {j, f});
            table.add(row("" + n, text(j), text(f), text((j + f) / 2)));
            each.add(Json.object().put("object", n).put("j", j).put("f", f).put("jAndF", (j + f) / 2)
                    .put("jByFrame", s.stream().map(DavisScore::region).toList())
                    .put("fByFrame", s.stream().map(DavisScore::contour).toList()));
        });
        double j = all.stream().mapToDouble(v -> v[0]).average().orElseThrow();
        double f = all.stream().mapToDouble(v -> v[1]).average().orElseThrow();
        table.add(row("mean", text(j), text(f), text((j + f) / 2)));
        return new Report(table,
                Json.object().put("kerf", Version.text()).put("frames", frames.size() - 2).put("j", j).put("f", f)
                        .put("jAndF", (j + f) / 2).put("objects", each),
                frames.size() - 2, 0);
    }

    private static Json score(double v) {
        return Json.of(Double.isNaN(v) ? null : v);
    }

    private static Json json(Interval i) {
        return Json.object().put("mean", score(i.mean())).put("low", score(i.low())).put("high", score(i.high()))
                .put("images", i.cases());
    }

    private static String text(double v) {
        return Double.isNaN(v) ? "-" : Text.fixed(v, 4);
    }

    private static String text(Interval i) {
        return i.cases() == 0 ? "-" : text(i.mean()) + " [" + text(i.low()) + ", " + text(i.high()) + "]";
    }

    private static String row(String name, String... cells) {
        StringBuilder line = new StringBuilder(Text.padded(name, 6));
        for (String cell : cells) {
            line.append("  ").append(Text.right(cell, 9));
        }
        return line.toString().stripTrailing();
    }
}
