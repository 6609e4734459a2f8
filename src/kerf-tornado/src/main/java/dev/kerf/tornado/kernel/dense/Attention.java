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
 * Scaled dot-product attention, block by block, so that the scores never lie in global memory (Dao et al. 2022, algorithm
 * 1, with the running maximum and sum of Milakov and Gimelshein 2018). q (B, heads, LQ, D), k (KB, heads, LK, D), v (KB,
 * heads, LK, DV), y (B, heads, LQ, DV); KB is B or 1. With has_k_count or has_v_count the counts (KB, heads) limit the keys. A
 * query that meets no key, or only keys of bias −inf, gives 0. Where places are given, rows lie as the kernel's header says.
 * With parts &gt; 1 it leaves what {@link AttentionJoin} takes, partial (parts, B, heads, LQ, DV + 2).
 *
 * <p>A group of work-items makes TILE queries × TILE columns of v for each image, head and part of the keys; each of them
 * 4 × 4 scores and 4 × 4 sums.
 */
public final class Attention implements JavaKernel {
    private static final int TILE = 64;
    private static final int TILE_D = 16;
    private static final int ITEMS_K = TILE / 4;
    private static final int ITEMS = TILE / 4 * ITEMS_K;
    // Four more floats a row keep the rows that a transposing copy writes at once in different banks.
    private static final int PITCH = TILE + 4;

    @Override
    public TaskPackage task(TaskArguments a) {
        Vectors.require(a, "TILE_Q", TILE);
        Vectors.require(a, "TILE_K", TILE);
        Vectors.require(a, "TILE_D", TILE_D);
        Vectors.require(a, "SLICES", 1);
        return new TaskPackage(a.id(), Attention::attend, a.context(), a.scalars("q_off", "q_sn", "k_off", "k_sn",
                "v_off", "v_sn", "bias_off", "y_off", "y_sn", "k_count_off", "v_count_off", "heads", "KB", "LQ", "LK",
                "D", "DV", "bias_b", "bias_h", "bias_q", "bias_k", "has_places", "B", "has_k_count", "has_v_count",
                "partial_off", "parts"),
                a.floats("q"), a.floats("k"), a.floats("v"), a.floats("bias"), a.ints("k_count"), a.ints("v_count"),
                a.longs("places"), a.floats("y"), a.floats("partial"), a.real("scale"), a.definition("HAS_BIAS"));
    }

    static void attend(KernelContext context, IntArray s, FloatArray q, FloatArray k, FloatArray v, FloatArray bias,
            IntArray kCount, IntArray vCount, LongArray places, FloatArray y, FloatArray partial, float scale,
            int hasBias) {
        float[] queryTile = context.allocateFloatLocalArray(TILE_D * PITCH);
        float[] keyTile = context.allocateFloatLocalArray(TILE_D * PITCH);
        float[] weights = context.allocateFloatLocalArray(TILE * PITCH);
        float[] part = context.allocateFloatLocalArray(TILE * ITEMS_K);
        float[] scores = new float[16];
        float[] most = new float[4];
        float[] total = new float[4];
        float[] shrink = new float[4];
        int item = context.localIdx;
        int itemK = item % ITEMS_K;
        int itemQ = item / ITEMS_K;
        int heads = s.get(11);
        int queries = s.get(13);
        int depth = s.get(15);
        int columns = s.get(16);
        int slices = (columns + TILE - 1) / TILE;
        int qFirst = context.groupIdx / slices * TILE;
        int dFirst = context.groupIdx % slices * TILE;
        int head = context.groupIdy % heads;
        int keyPart = context.groupIdy / heads;
        int image = context.groupIdz;
        int keysImage = s.get(12) == 1 ? 0 : image;
        int keys = s.get(14);
        if (s.get(23) != 0) {
            keys = TornadoMath.min(keys, kCount.get(s.get(9) + keysImage * heads + head));
        }
        if (s.get(24) != 0) {
            keys = TornadoMath.min(keys, vCount.get(s.get(10) + keysImage * heads + head));
        }
        // Parts of whole tiles, as long as there are keys.
        int parts = s.get(26);
        int span = (keys + parts * TILE - 1) / (parts * TILE) * TILE;
        int keyFirst = keyPart * span;
        keys = TornadoMath.min(keys, keyFirst + span);
        int hasPlaces = s.get(21);
        int kRows = 2 * queries;
        int vRows = kRows + s.get(14);
        int starts = vRows + s.get(14);
        int items = s.get(22) * heads;
        int qItem = image * heads + head;
        int kItem = keysImage * heads + head;
        int qFrom = s.get(0) + place(places, hasPlaces, starts + qItem, image * s.get(1) + head * queries * depth);
        int yFrom = s.get(7) + place(places, hasPlaces, starts + items + qItem, image * s.get(8) + head * queries * columns);
        int kStarts = starts + 2 * items;
        int vStarts = kStarts + s.get(12) * heads;
        int kFrom = s.get(2) + place(places, hasPlaces, kStarts + kItem, keysImage * s.get(3) + head * s.get(14) * depth);
        int vFrom = s.get(4) + place(places, hasPlaces, vStarts + kItem, keysImage * s.get(5) + head * s.get(14) * columns);
        int biasAt = s.get(6) + image * s.get(17) + head * s.get(18);
        Float4 a0 = new Float4(0, 0, 0, 0);
        Float4 a1 = new Float4(0, 0, 0, 0);
        Float4 a2 = new Float4(0, 0, 0, 0);
        Float4 a3 = new Float4(0, 0, 0, 0);
        for (int i = 0; i < 4; i++) {
            most[i] = Float.NEGATIVE_INFINITY;
            total[i] = 0;
        }
        for (int first = keyFirst; first < keys; first += TILE) {
            Float4 s0 = new Float4(0, 0, 0, 0);
            Float4 s1 = new Float4(0, 0, 0, 0);
            Float4 s2 = new Float4(0, 0, 0, 0);
            Float4 s3 = new Float4(0, 0, 0, 0);
            for (int d = 0; d < depth; d += TILE_D) {
                int terms = TornadoMath.min(TILE_D, depth - d);
                for (int e = item; e < TILE_D * TILE; e += ITEMS) {
                    int i = e / TILE_D;
                    int c = e % TILE_D;
                    float query = 0;
                    float key = 0;
                    if (Range.outside(qFirst + i, queries) + Range.outside(c, terms) == 0) {
                        query = q.get(qFrom + row(places, hasPlaces, 0, qFirst + i, depth) + d + c);
                    }
                    if (Range.outside(first + i, keys) + Range.outside(c, terms) == 0) {
                        key = k.get(kFrom + row(places, hasPlaces, kRows, first + i, depth) + d + c);
                    }
                    queryTile[c * PITCH + i] = query;
                    keyTile[c * PITCH + i] = key;
                }
                context.localBarrier();
                for (int c = 0; c < terms; c++) {
                    int qAt = c * PITCH + itemQ * 4;
                    int kAt = c * PITCH + itemK * 4;
                    Float4 ks = new Float4(keyTile[kAt], keyTile[kAt + 1], keyTile[kAt + 2], keyTile[kAt + 3]);
                    s0 = Float4.add(Float4.mult(ks, queryTile[qAt]), s0);
                    s1 = Float4.add(Float4.mult(ks, queryTile[qAt + 1]), s1);
                    s2 = Float4.add(Float4.mult(ks, queryTile[qAt + 2]), s2);
                    s3 = Float4.add(Float4.mult(ks, queryTile[qAt + 3]), s3);
                }
                context.localBarrier();
            }
            for (int l = 0; l < 4; l++) {
                scores[l] = s0.get(l);
                scores[4 + l] = s1.get(l);
                scores[8 + l] = s2.get(l);
                scores[12 + l] = s3.get(l);
            }
            for (int i = 0; i < 4; i++) {
                int row = biasAt + TornadoMath.min(qFirst + itemQ * 4 + i, queries - 1) * s.get(19);
                float rowMost = Float.NEGATIVE_INFINITY;
                for (int j = 0; j < 4; j++) {
                    int key = first + itemK * 4 + j;
                    float score = Float.NEGATIVE_INFINITY;
                    if (key < keys) {
                        score = scale * scores[i * 4 + j];
                        if (hasBias != 0) {
                            score += bias.get(row + key * s.get(20));
                        }
                    }
                    scores[i * 4 + j] = score;
                    rowMost = TornadoMath.max(rowMost, score);
                }
                part[(itemQ * 4 + i) * ITEMS_K + itemK] = rowMost;
            }
            context.localBarrier();
            for (int i = 0; i < 4; i++) {
                float rowMost = most[i];
                for (int j = 0; j < ITEMS_K; j++) {
                    rowMost = TornadoMath.max(rowMost, part[(itemQ * 4 + i) * ITEMS_K + j]);
                }
                // Before the first key with a score above −inf there is nothing to rescale, and −inf − −inf would be NaN.
                float base = rowMost == Float.NEGATIVE_INFINITY ? 0 : rowMost;
                shrink[i] = TornadoMath.exp(most[i] - base);
                most[i] = rowMost;
                float sum = total[i] * shrink[i];
                for (int j = 0; j < 4; j++) {
                    float p = TornadoMath.exp(scores[i * 4 + j] - base);
                    weights[(itemK * 4 + j) * PITCH + itemQ * 4 + i] = p;
                    sum += p;
                }
                total[i] = sum;
            }
            a0 = Float4.mult(a0, shrink[0]);
            a1 = Float4.mult(a1, shrink[1]);
            a2 = Float4.mult(a2, shrink[2]);
            a3 = Float4.mult(a3, shrink[3]);
            int keysHere = TornadoMath.min(TILE, keys - first);
            for (int jFirst = 0; jFirst < keysHere; jFirst += TILE_D) {
                int terms = TornadoMath.min(TILE_D, keysHere - jFirst);
                for (int e = item; e < TILE_D * TILE; e += ITEMS) {
                    int j = e / TILE;
                    int c = dFirst + e % TILE;
                    float value = 0;
                    if (Range.outside(j, terms) + Range.outside(c, columns) == 0) {
                        value = v.get(vFrom + row(places, hasPlaces, vRows, first + jFirst + j, columns) + c);
                    }
                    keyTile[j * PITCH + e % TILE] = value;
                }
                context.localBarrier();
                for (int j = 0; j < terms; j++) {
                    int wAt = (jFirst + j) * PITCH + itemQ * 4;
                    int vAt = j * PITCH + itemK * 4;
                    Float4 vs = new Float4(keyTile[vAt], keyTile[vAt + 1], keyTile[vAt + 2], keyTile[vAt + 3]);
                    a0 = Float4.add(Float4.mult(vs, weights[wAt]), a0);
                    a1 = Float4.add(Float4.mult(vs, weights[wAt + 1]), a1);
                    a2 = Float4.add(Float4.mult(vs, weights[wAt + 2]), a2);
                    a3 = Float4.add(Float4.mult(vs, weights[wAt + 3]), a3);
                }
                context.localBarrier();
            }
        }
        for (int i = 0; i < 4; i++) {
            part[(itemQ * 4 + i) * ITEMS_K + itemK] = total[i];
        }
        for (int l = 0; l < 4; l++) {
            scores[l] = a0.get(l);
            scores[4 + l] = a1.get(l);
            scores[8 + l] = a2.get(l);
            scores[12 + l] = a3.get(l);
        }
        context.localBarrier();
        for (int i = 0; i < 4; i++) {
            float sum = 0;
            for (int j = 0; j < ITEMS_K; j++) {
                sum += part[(itemQ * 4 + i) * ITEMS_K + j];
            }
            int row = qFirst + itemQ * 4 + i;
            if (row < queries) {
                int at = s.get(25) + (((keyPart * s.get(22) + image) * heads + head) * queries + row) * (columns + 2);
                int to = yFrom + row(places, hasPlaces, queries, row, columns);
                // Without a key nothing was summed: 0 / 1.
                float by = sum == 0 ? 1 : sum;
                for (int j = 0; j < 4; j++) {
                    int column = dFirst + itemK * 4 + j;
                    if (column < columns) {
                        if (parts > 1) {
                            partial.set(at + column, scores[i * 4 + j]);
                        } else {
                            y.set(to + column, scores[i * 4 + j] / by);
                        }
                    }
                }
                if (parts > 1) {
                    if (dFirst + itemK == 0) {
                        partial.set(at + columns, most[i]);
                        partial.set(at + columns + 1, sum);
                    }
                }
            }
        }
    }

    /** Elements from an item's start to its row i, rows being {@code width} long where nothing else is said. */
    static int row(LongArray places, int hasPlaces, int first, int i, int width) {
        return place(places, hasPlaces, first + i, i * width);
    }

    /** An entry of the table of places; where there is none, how it is in a dense tensor. */
    static int place(LongArray places, int hasPlaces, int entry, int dense) {
        int at = dense;
        if (hasPlaces != 0) {
            at = (int) places.get(entry);
        }
        return at;
    }
}
