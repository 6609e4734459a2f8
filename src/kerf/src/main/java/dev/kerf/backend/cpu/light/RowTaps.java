package dev.kerf.backend.cpu.light;

import dev.kerf.graph.plan.ResizeTaps;
import java.util.stream.IntStream;

/** {@link ResizeTaps} of a row, first taps before second ones, so that a vector of results has its own side by side. */
final class RowTaps {
    private final int width;
    /** Elements that a result is made of. */
    final int taps;
    /** Results. */
    final int count;
    /** Source of tap t of result j at t · count + j. */
    final int[] index;
    /** Its weight. */
    final float[] weight;
    /** The same source, counted from the first one of its vector of results. */
    final float[] lane;
    /** The first source of each whole vector of results. */
    final int[] base;
    /** Whether the sources of every vector of results lie in one vector: so they do where a row gets longer by more than a little. */
    final boolean near;

    /** @param lanes what resamples by them */
    RowTaps(ResizeTaps t, Lanes lanes) {
        width = lanes.width();
        taps = t.taps();
        count = t.index().length / taps;
        index = new int[taps * count];
        weight = new float[taps * count];
        lane = new float[taps * count];
        for (int i = 0; i < index.length; i++) {
            int from = i % count * taps + i / count;
            index[i] = t.index()[from];
            weight[i] = (float) t.weight()[from];
        }
        base = IntStream.range(0, count / width).map(v -> sources(v).min().orElseThrow()).toArray();
        for (int i = 0; i < index.length; i++) {
            int v = i % count / width;
            lane[i] = v < base.length ? index[i] - base[v] : 0;
        }
        near = IntStream.range(0, base.length).allMatch(v -> sources(v).max().orElseThrow() - base[v] < width);
    }

    private IntStream sources(int vector) {
        return IntStream.range(0, taps * width).map(i -> index[i / width * count + vector * width + i % width]);
    }
}
