package dev.kerf.metrics;

import dev.kerf.error.BadInputException;
import dev.kerf.mask.CocoDataset;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a {@link Tally} counts of an image, and how that is written as integers. Its text says what is counted, and tallies merge only
 * where it is the same.
 */
sealed interface TallyForm<C> extends Serializable {
    /** Writes an image's. */
    void write(C counts, CountBytes.Out out);

    /** Reads it. */
    C read(CountBytes.In in);

    private static void check(Object form, Object found, Object expected) {
        if (!found.equals(expected)) {
            throw new BadInputException(found + " of an image, but the tally is of " + form);
        }
    }

    private static void checkCount(String what, int n) {
        if (n < 1) {
            throw new BadInputException(n + " " + what + " of an image: at least 1 is counted");
        }
    }

    /** Counts that aren't 0, each after how many of those before it are. */
    record OfConfusions(int classes) implements TallyForm<ConfusionMatrix> {
        @Override
        public void write(ConfusionMatrix m, CountBytes.Out out) {
            check(this, m.classes(), classes);
            int zeros = 0;
            for (int t = 0; t < classes; t++) {
                for (int p = 0; p < classes; p++) {
                    long n = m.count(t, p);
                    if (n == 0) {
                        zeros++;
                    } else {
                        out.unsigned(zeros);
                        out.unsigned(n);
                        zeros = 0;
                    }
                }
            }
            out.unsigned(zeros);
        }

        @Override
        public ConfusionMatrix read(CountBytes.In in) {
            long[] counts = new long[classes * classes];
            int at = 0;
            while (true) {
                long zeros = in.unsigned();
                if (zeros < 0 || zeros > counts.length - at) {
                    throw in.damaged();
                }
                at += (int) zeros;
                if (at == counts.length) {
                    return ConfusionMatrix.ofFlat(classes, counts);
                }
                counts[at++] = in.unsigned();
            }
        }

        @Override
        public String toString() {
            return "confusions of " + classes + " classes";
        }
    }

    /** Intersection and what each mask has beside it. */
    record OfOverlaps(String what, int masks) implements TallyForm<List<Overlap>> {
        /** Checks the number. */
        public OfOverlaps {
            checkCount("masks", masks);
        }

        @Override
        public void write(List<Overlap> counts, CountBytes.Out out) {
            check(this, counts.size(), masks);
            for (Overlap o : counts) {
                out.unsigned(o.intersection());
                out.unsigned(o.areaA() - o.intersection());
                out.unsigned(o.areaB() - o.intersection());
            }
        }

        @Override
        public List<Overlap> read(CountBytes.In in) {
            List<Overlap> out = new ArrayList<>();
            for (int i = 0; i < masks; i++) {
                long both = in.unsigned();
                out.add(Overlap.of(both, both + in.unsigned(), both + in.unsigned()));
            }
            return out;
        }

        @Override
        public String toString() {
            return "overlaps of " + masks + " " + what;
        }
    }

    /** By class the matches of each detection. */
    record OfDetections(AveragePrecision.Measure measure) implements TallyForm<AveragePrecision.Matches> {
        @Override
        public void write(AveragePrecision.Matches counts, CountBytes.Out out) {
            check(this, counts.measure(), measure);
            out.unsigned(counts.byCategory().size());
            counts.byCategory().forEach((category, m) -> {
                out.add(category);
                m.write(out);
            });
        }

        @Override
        public AveragePrecision.Matches read(CountBytes.In in) {
            Map<Integer, ImageMatches> out = new TreeMap<>();
            for (int k = in.count(); k > 0; k--) {
                out.put((int) in.next(), ImageMatches.read(in, measure.protocol()));
            }
            return new AveragePrecision.Matches(measure, out);
        }

        @Override
        public String toString() {
            return "detections by " + measure;
        }
    }

    /** By class how many match none, and the pixels of those that match. */
    record OfPanoptic(List<CocoDataset.Category> categories, double ratio) implements TallyForm<PanopticQuality.Matches> {
        @Override
        public void write(PanopticQuality.Matches counts, CountBytes.Out out) {
            check(this, PanopticQuality.Matches.name(counts.ratio()), PanopticQuality.Matches.name(ratio));
            out.unsigned(counts.byCategory().size());
            counts.byCategory().forEach((category, m) -> {
                if (!lists(category)) {
                    throw new BadInputException("category " + category + " of an image, but the tally is of " + this);
                }
                out.add(category);
                out.unsigned(m.wrong());
                out.unsigned(m.missed());
                out.unsigned(m.pairs().size());
                m.pairs().forEach(pair -> {
                    out.unsigned(pair.shared());
                    out.add(pair.union());
                });
            });
        }

        private boolean lists(int category) {
            return categories.stream().anyMatch(c -> c.id() == category);
        }

        @Override
        public PanopticQuality.Matches read(CountBytes.In in) {
            Map<Integer, PanopticQuality.Matches.OfClass> out = new TreeMap<>();
            for (int k = in.count(); k > 0; k--) {
                int category = (int) in.next();
                if (!lists(category)) {
                    throw in.damaged();
                }
                long wrong = in.unsigned();
                long missed = in.unsigned();
                List<PanopticQuality.Matches.Pair> pairs = new ArrayList<>();
                for (int i = in.count(); i > 0; i--) {
                    PanopticQuality.Matches.Pair pair = new PanopticQuality.Matches.Pair(in.unsigned(), in.next());
                    if (pair.shared() < 0 || pair.union() < 0 || !(pair.iou() > 0.5)) {
                        throw in.damaged();
                    }
                    pairs.add(pair);
                }
                if ((wrong | missed) >>> Integer.SIZE - 1 != 0 || wrong + missed + pairs.size() == 0) {
                    throw in.damaged();
                }
                out.put(category, new PanopticQuality.Matches.OfClass(wrong, missed, pairs));
            }
            return new PanopticQuality.Matches(ratio, out);
        }

        @Override
        public String toString() {
            return "panoptic pictures by " + PanopticQuality.Matches.name(ratio) + " of " + categories;
        }
    }

    /** Whatever is counted. */
    record OfCounts(String what, int count) implements TallyForm<long[]> {
        /** Checks the number. */
        public OfCounts {
            checkCount("counts", count);
        }

        @Override
        public void write(long[] counts, CountBytes.Out out) {
            check(this, counts.length, count);
            for (long n : counts) {
                out.add(n);
            }
        }

        @Override
        public long[] read(CountBytes.In in) {
            long[] out = new long[count];
            for (int i = 0; i < count; i++) {
                out[i] = in.next();
            }
            return out;
        }

        @Override
        public String toString() {
            return count + " counts of " + what;
        }
    }

    /** Scores as they are. */
    record OfScores(String what, int count) implements TallyForm<double[]> {
        /** Checks the number. */
        public OfScores {
            checkCount("scores", count);
        }

        @Override
        public void write(double[] scores, CountBytes.Out out) {
            check(this, scores.length, count);
            for (double s : scores) {
                out.score(s);
            }
        }

        @Override
        public double[] read(CountBytes.In in) {
            double[] out = new double[count];
            for (int i = 0; i < count; i++) {
                out[i] = in.score();
            }
            return out;
        }

        @Override
        public String toString() {
            return count + " scores of " + what;
        }
    }
}
