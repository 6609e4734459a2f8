package dev.kerf.tornado.kernel.dense;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import dev.kerf.tornado.kernel.Range;
import dev.kerf.tornado.kernel.Vectors;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;
import uk.ac.manchester.tornado.api.types.vectors.Float4;

/**
 * {@link Attention} of many queries to few keys, or of few to few, as in windows, without counts and parts: all of a query's
 * scores at once, and tiles that fit the window.
 *
 * <p>A unit is some queries of one image and head with all their keys: a work-item makes the scores of 4 queries and 4 keys, and
 * a unit has ITEMS work-items at most. A group takes as many units as it has work-items for; then their sums are dealt out anew,
 * 4 queries × 4 columns of v to a work-item.
 */
public final class AttentionWindows implements JavaKernel {
    private static final int ITEMS = 256;
    private static final int TERMS = 4;
    private static final int UNITS = ITEMS / 4;
    // Units of 4 queries and 16 keys have the most rows.
    private static final int ROWS = UNITS * 20;
    // Eight more floats put the terms of a row, which neighbours write at once, into different banks.
    private static final int PITCH = ROWS + 8;
    // Once there are scores, nothing needs their terms: what work-items found of their rows lies there, then what all did.
    private static final int ROW_OF = ITEMS * 4;

    @Override
    public TaskPackage task(TaskArguments a) {
        Vectors.require(a, "ITEMS", ITEMS);
        return new TaskPackage(a.id(), AttentionWindows::attend, a.context(), a.scalars("q_off", "q_sn", "k_off", "k_sn",
                "v_off", "v_sn", "bias_off", "y_off", "y_sn", "has_places", "B", "heads", "KB", "LQ", "LK", "D", "DV",
                "bias_b", "bias_h", "bias_q", "bias_k"), a.floats("q"), a.floats("k"), a.floats("v"), a.floats("bias"),
                a.longs("places"), a.floats("y"), a.real("scale"), a.definition("HAS_BIAS"));
    }

    static void attend(KernelContext context, IntArray s, FloatArray q, FloatArray k, FloatArray v, FloatArray bias,
            LongArray places, FloatArray y, float scale, int hasBias) {
        float[] terms = context.allocateFloatLocalArray(TERMS * PITCH);
        float[] weights = context.allocateFloatLocalArray(ITEMS * 16);
        // Of the rows of q and k; -1 for what fills up a unit.
        int[] starts = context.allocateIntLocalArray(ROWS);
        float[] scores = new float[16];
        int item = context.localIdx;
        int hasPlaces = s.get(9);
        int heads = s.get(11);
        int queries = s.get(13);
        int keys = s.get(14);
        int depth = s.get(15);
        int columns = s.get(16);
        // Fours of keys, and of queries of a unit; units that a window's queries take.
        int keys4 = (keys + 3) / 4;
        int queries4 = TornadoMath.min((queries + 3) / 4, ITEMS / keys4);
        int tiles = (queries + queries4 * 4 - 1) / (queries4 * 4);
        int each = queries4 * keys4;
        int units = TornadoMath.min(UNITS, ITEMS / each);
        int qRows = units * queries4 * 4;
        int kRows = units * keys4 * 4;
        int unitFirst = context.groupIdx * units;
        int all = s.get(10) * heads * tiles;
        int rowsOfKeys = 2 * queries;
        int rowsOfValues = rowsOfKeys + keys;
        int qStarts = rowsOfValues + keys;
        int yStarts = qStarts + s.get(10) * heads;
        int kStarts = yStarts + s.get(10) * heads;
        int vStarts = kStarts + s.get(12) * heads;
        for (int r = item; r < qRows; r += ITEMS) {
            int u = unitFirst + r / (queries4 * 4);
            int i = u % tiles * queries4 * 4 + r % (queries4 * 4);
            int window = u / tiles;
            int start = -1;
            if (Range.outside(u, all) + Range.outside(i, queries) == 0) {
                start = s.get(0) + Attention.row(places, hasPlaces, 0, i, depth) + Attention.place(places, hasPlaces,
                        qStarts + window, window / heads * s.get(1) + window % heads * queries * depth);
            }
            starts[r] = start;
        }
        for (int r = item; r < kRows; r += ITEMS) {
            int u = unitFirst + r / (keys4 * 4);
            int i = r % (keys4 * 4);
            int head = u / tiles % heads;
            int image = s.get(12) == 1 ? 0 : u / tiles / heads;
            int start = -1;
            if (Range.outside(u, all) + Range.outside(i, keys) == 0) {
                start = s.get(2) + Attention.row(places, hasPlaces, rowsOfKeys, i, depth) + Attention.place(places, hasPlaces,
                        kStarts + image * heads + head, image * s.get(3) + head * keys * depth);
            }
            starts[qRows + r] = start;
        }
        context.localBarrier();
        // Those left over make the scores of the last unit again.
        int unit = TornadoMath.min(item / each, units - 1);
        int query4 = item % each % queries4;
        int key4 = item % each / queries4;
        int qFour = unit * queries4 + query4;
        int kFour = unit * keys4 + key4;
        Float4 s0 = new Float4(0, 0, 0, 0);
        Float4 s1 = new Float4(0, 0, 0, 0);
        Float4 s2 = new Float4(0, 0, 0, 0);
        Float4 s3 = new Float4(0, 0, 0, 0);
        for (int d = 0; d < depth; d += TERMS) {
            int here = TornadoMath.min(TERMS, depth - d);
            for (int e = item; e < TERMS * (qRows + kRows); e += ITEMS) {
                int r = e / TERMS;
                int c = e % TERMS;
                int start = starts[r];
                float x = 0;
                if (start >= 0) {
                    if (c < here) {
                        if (r < qRows) {
                            x = q.get(start + d + c);
                        } else {
                            x = k.get(start + d + c);
                        }
                    }
                }
                terms[c * PITCH + r] = x;
            }
            context.localBarrier();
            for (int c = 0; c < here; c++) {
                int qAt = c * PITCH + qFour * 4;
                int kAt = c * PITCH + qRows + kFour * 4;
                Float4 ks = new Float4(terms[kAt], terms[kAt + 1], terms[kAt + 2], terms[kAt + 3]);
                s0 = Float4.add(Float4.mult(ks, terms[qAt]), s0);
                s1 = Float4.add(Float4.mult(ks, terms[qAt + 1]), s1);
                s2 = Float4.add(Float4.mult(ks, terms[qAt + 2]), s2);
                s3 = Float4.add(Float4.mult(ks, terms[qAt + 3]), s3);
            }
            context.localBarrier();
        }
        for (int l = 0; l < 4; l++) {
            scores[l] = s0.get(l);
            scores[4 + l] = s1.get(l);
            scores[8 + l] = s2.get(l);
            scores[12 + l] = s3.get(l);
        }
        // The largest score of a row, then its weights and their sum.
        int u = unitFirst + unit;
        int biasAt = s.get(6) + u / tiles / heads * s.get(17) + u / tiles % heads * s.get(18);
        for (int i = 0; i < 4; i++) {
            int row = (u % tiles * queries4 + query4) * 4 + i;
            int missing = Range.outside(u, all) + Range.outside(row, queries);
            float most = Float.NEGATIVE_INFINITY;
            for (int j = 0; j < 4; j++) {
                int key = key4 * 4 + j;
                float score = Float.NEGATIVE_INFINITY;
                if (key < keys) {
                    score = scale * scores[i * 4 + j];
                    if (hasBias != 0) {
                        if (missing == 0) {
                            score += bias.get(biasAt + row * s.get(19) + key * s.get(20));
                        }
                    }
                }
                scores[i * 4 + j] = score;
                most = TornadoMath.max(most, score);
            }
            if (item < units * each) {
                terms[key4 * qRows + qFour * 4 + i] = most;
            }
        }
        context.localBarrier();
        for (int r = item; r < qRows; r += ITEMS) {
            float most = Float.NEGATIVE_INFINITY;
            for (int j = 0; j < keys4; j++) {
                most = TornadoMath.max(most, terms[j * qRows + r]);
            }
            // −inf − −inf would be NaN.
            terms[ROW_OF + r] = most == Float.NEGATIVE_INFINITY ? 0 : most;
        }
        context.localBarrier();
        for (int i = 0; i < 4; i++) {
            float base = terms[ROW_OF + qFour * 4 + i];
            float total = 0;
            for (int j = 0; j < 4; j++) {
                float p = TornadoMath.exp(scores[i * 4 + j] - base);
                if (item < units * each) {
                    weights[((kFour * 4 + j) * queries4 + query4) * 4 + i] = p;
                }
                total += p;
            }
            if (item < units * each) {
                terms[key4 * qRows + qFour * 4 + i] = total;
            }
        }
        context.localBarrier();
        for (int r = item; r < qRows; r += ITEMS) {
            float total = 0;
            for (int j = 0; j < keys4; j++) {
                total += terms[j * qRows + r];
            }
            terms[ROW_OF + r] = total;
        }
        context.localBarrier();
        // Neighbouring work-items take neighbouring columns, the others of each a quarter of the row apart.
        int quarter = (columns + 3) / 4;
        for (int task = item; task < units * queries4 * quarter; task += ITEMS) {
            int column = task % quarter;
            int four = task / quarter;
            int window = (unitFirst + four / queries4) / tiles;
            int rowFirst = ((unitFirst + four / queries4) % tiles * queries4 + four % queries4) * 4;
            if (Range.outside(unitFirst + four / queries4, all) + Range.outside(rowFirst, queries) == 0) {
                int image = s.get(12) == 1 ? 0 : window / heads;
                int from = s.get(4) + column + Attention.place(places, hasPlaces, vStarts + image * heads + window % heads,
                        image * s.get(5) + window % heads * keys * columns);
                int to = s.get(7) + column + Attention.place(places, hasPlaces, yStarts + window,
                        window / heads * s.get(8) + window % heads * queries * columns);
                Float4 a0 = new Float4(0, 0, 0, 0);
                Float4 a1 = new Float4(0, 0, 0, 0);
                Float4 a2 = new Float4(0, 0, 0, 0);
                Float4 a3 = new Float4(0, 0, 0, 0);
                for (int j = 0; j < keys; j++) {
                    int at = from + Attention.row(places, hasPlaces, rowsOfValues, j, columns);
                    int wAt = ((four / queries4 * keys4 * 4 + j) * queries4 + four % queries4) * 4;
                    float v1 = 0;
                    float v2 = 0;
                    float v3 = 0;
                    if (column + quarter < columns) {
                        v1 = v.get(at + quarter);
                    }
                    if (column + 2 * quarter < columns) {
                        v2 = v.get(at + 2 * quarter);
                    }
                    if (column + 3 * quarter < columns) {
                        v3 = v.get(at + 3 * quarter);
                    }
                    Float4 vs = new Float4(v.get(at), v1, v2, v3);
                    a0 = Float4.add(Float4.mult(vs, weights[wAt]), a0);
                    a1 = Float4.add(Float4.mult(vs, weights[wAt + 1]), a1);
                    a2 = Float4.add(Float4.mult(vs, weights[wAt + 2]), a2);
                    a3 = Float4.add(Float4.mult(vs, weights[wAt + 3]), a3);
                }
                for (int l = 0; l < 4; l++) {
                    scores[l] = a0.get(l);
                    scores[4 + l] = a1.get(l);
                    scores[8 + l] = a2.get(l);
                    scores[12 + l] = a3.get(l);
                }
                for (int i = 0; i < 4; i++) {
                    float total = terms[ROW_OF + four * 4 + i];
                    // Without a score above −inf nothing was summed: 0 / 1.
                    float by = total == 0 ? 1 : total;
                    if (rowFirst + i < queries) {
                        int at = to + Attention.row(places, hasPlaces, queries, rowFirst + i, columns);
                        for (int c = 0; c < 4; c++) {
                            if (column + c * quarter < columns) {
                                y.set(at + c * quarter, scores[i * 4 + c] / by);
                            }
                        }
                    }
                }
            }
        }
    }
}
