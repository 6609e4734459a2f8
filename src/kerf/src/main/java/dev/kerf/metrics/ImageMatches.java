package dev.kerf.metrics;

import dev.kerf.metrics.AveragePrecision.Detection;
import dev.kerf.metrics.AveragePrecision.GroundTruth;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which detections of one class in one image match, for every size and IoU: greedily from the surest on, each the object
 * of greatest IoU that is left, as COCO's evaluation does it. Objects to ignore (crowds, and those of other sizes) come
 * last; what matches them, and what matches nothing and is of another size itself, counts neither for nor against.
 *
 * @param scores  descending, one for each detection that counts
 * @param matched [area][detection]: bit t says whether it matches at the t-th IoU
 * @param ignored [area][detection]: bit t says whether it is left out at the t-th IoU
 * @param truths  [area]: objects not ignored
 */
record ImageMatches(double[] scores, long[][] matched, long[][] ignored, long[] truths) {
    /** Where the IoU asked for is 1, that much less is enough, as in pycocotools. */
    private static final double ALMOST_ONE = 1 - 1e-10;

    /**
     * Matches detections in descending order of their scores.
     *
     * @param ious [detection][object]
     */
    static ImageMatches of(List<GroundTruth> truth, List<Detection> detections, double[][] ious,
            AveragePrecision.Protocol protocol) {
        int areas = protocol.areas().size();
        long[][] matched = new long[areas][detections.size()];
        long[][] ignored = new long[areas][detections.size()];
        long[] truths = new long[areas];
        long all = -1L >>> -protocol.ious().size();
        for (int a = 0; a < areas; a++) {
            AveragePrecision.Protocol.AreaRange range = protocol.areas().get(a);
            boolean[] ignore = new boolean[truth.size()];
            for (int g = 0; g < ignore.length; g++) {
                ignore[g] = truth.get(g).crowd() || !range.contains(truth.get(g).area());
                truths[a] += ignore[g] ? 0 : 1;
            }
            int[] order = IntStream.concat(IntStream.range(0, ignore.length).filter(g -> !ignore[g]),
                    IntStream.range(0, ignore.length).filter(g -> ignore[g])).toArray();
            for (int t = 0; t < protocol.ious().size(); t++) {
                match(truth, ious, protocol.ious().get(t), ignore, order, 1L << t, matched[a], ignored[a]);
            }
            for (int d = 0; d < detections.size(); d++) {
                if (!range.contains(detections.get(d).area())) {
                    ignored[a][d] |= ~matched[a][d] & all;
                }
            }
        }
        return new ImageMatches(detections.stream().mapToDouble(Detection::score).toArray(), matched, ignored,
                truths);
    }

    private static void match(List<GroundTruth> truth, double[][] ious, double least, boolean[] ignore, int[] order,
            long bit, long[] matched, long[] ignored) {
        boolean[] taken = new boolean[order.length];
        for (int d = 0; d < matched.length; d++) {
            double best = Math.min(least, ALMOST_ONE);
            int m = -1;
            for (int g : order) {
                if (taken[g] && !truth.get(g).crowd()) {
                    continue;
                }
                if (m >= 0 && !ignore[m] && ignore[g]) {
                    break;
                }
                // Of equal IoUs the last wins.
                if (ious[d][g] >= best) {
                    best = ious[d][g];
                    m = g;
                }
            }
            if (m >= 0) {
                taken[m] = true;
                matched[d] |= bit;
                ignored[d] |= ignore[m] ? bit : 0;
            }
        }
    }

    /** Detections that count if at most so many do. */
    int count(int limit) {
        return Math.min(limit, scores.length);
    }

    /** Of each detection the score and its bits. */
    void write(CountBytes.Out out) {
        for (long n : truths) {
            out.unsigned(n);
        }
        out.unsigned(scores.length);
        for (int d = 0; d < scores.length; d++) {
            out.score(scores[d]);
            for (int a = 0; a < truths.length; a++) {
                out.unsigned(matched[a][d]);
                out.unsigned(ignored[a][d]);
            }
        }
    }

    /** Reads what {@link #write} wrote; what no picture gives is refused. */
    static ImageMatches read(CountBytes.In in, AveragePrecision.Protocol protocol) {
        int areas = protocol.areas().size();
        int ious = protocol.ious().size();
        long[] truths = new long[areas];
        for (int a = 0; a < areas; a++) {
            truths[a] = in.unsigned();
            if (truths[a] >>> Integer.SIZE - 1 != 0) {
                throw in.damaged();
            }
        }
        double[] scores = new double[in.count()];
        long beyond = ~(-1L >>> -ious);
        long[][] hits = new long[areas][ious];
        boolean right = scores.length <= protocol.limit();
        long[][] matched = new long[areas][scores.length];
        long[][] ignored = new long[areas][scores.length];
        for (int d = 0; d < scores.length; d++) {
            scores[d] = in.score();
            right &= Double.isFinite(scores[d]) && (d == 0 || scores[d] <= scores[d - 1]);
            for (int a = 0; a < areas; a++) {
                matched[a][d] = in.unsigned();
                ignored[a][d] = in.unsigned();
                right &= ((matched[a][d] | ignored[a][d]) & beyond) == 0;
                for (int t = 0; t < ious; t++) {
                    hits[a][t] += (matched[a][d] & ~ignored[a][d]) >> t & 1;
                    right &= hits[a][t] <= truths[a];
                }
            }
        }
        if (!right) {
            throw in.damaged();
        }
        return new ImageMatches(scores, matched, ignored, truths);
    }
}
