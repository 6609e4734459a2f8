package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import java.util.List;

/** Packs the weight of a {@link Correlation}: once for all runs, or in each run if the graph computes it. */
final class Coefficients {
    private Coefficients() {}

    /** Where a coefficient lies in the dense weight. */
    @FunctionalInterface
    interface Place {
        /** Index for a row of sums of a group and a term. */
        int of(int group, int row, int term);
    }

    /**
     * The array that will hold the packed weight when the kernel runs.
     *
     * @param layout unique name of the layout
     * @param first  gets a kernel that has to run before, if any
     */
    static float[] of(Site site, String layout, Correlation work, Place place, List<Kernel> first) {
        if (site.fixed(1)) {
            return site.packed(1, layout, (dense, shape) -> {
                float[] to = array(work);
                pack(work, CorrelationKernel.panels(work), sources(work, place, i -> dense[i]), to);
                return to;
            });
        }
        Operand w = site.operand(1);
        float[] to = array(work);
        first.add(new Repack(work, CorrelationKernel.panels(work),
                sources(work, place, i -> w.floats()[w.offset() + i]), to));
        return to;
    }

    /** A number of the dense weight. */
    @FunctionalInterface
    private interface Dense {
        float at(int index);
    }

    private static float[] array(Correlation work) {
        return new float[Math.multiplyExact(work.groups(), CorrelationKernel.panels(work).floats(work.terms()))];
    }

    private static Panels.Source[] sources(Correlation work, Place place, Dense dense) {
        Panels.Source[] list = new Panels.Source[work.groups()];
        for (int g = 0; g < list.length; g++) {
            int group = g;
            list[g] = (row, term) -> dense.at(place.of(group, row, term));
        }
        return list;
    }

    private static void pack(Correlation work, Panels panels, Panels.Source[] sources, float[] to) {
        for (int g = 0; g < sources.length; g++) {
            panels.pack(work.terms(), sources[g], to, g * panels.floats(work.terms()));
        }
    }

    private record Repack(Correlation work, Panels panels, Panels.Source[] sources, float[] to) implements Kernel {
        @Override
        public int tasks() {
            return 1;
        }

        @Override
        public void run(int task, int worker) {
            pack(work, panels, sources, to);
        }
    }
}
