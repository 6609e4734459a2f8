package dev.kerf.mask;

import dev.kerf.error.BadInputException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntUnaryOperator;

/**
 * Makes one panoptic picture of instances and a semantic label map, whichever models they are of. Instances come in
 * order of their scores; each takes what no surer one has, unless too much of it is taken already. Stuff gets what is
 * left. Kirillov et al. 2019, "Panoptic segmentation", section 7, and Kirillov et al. 2019, "Panoptic feature pyramid
 * networks", section 4; as panopticapi and Detectron2 have it, where stuff of too few pixels becomes void.
 *
 * <pre>{@code
 * Panoptic p = PanopticMerge.DEFAULT.merge(found, semantic, label -> label < 1 ? -1 : stuffIds[label]);
 * }</pre>
 *
 * @param score     instances below it are left out
 * @param overlap   an instance of which a greater share is taken is left out, 0 to 1
 * @param stuffArea stuff of fewer pixels is left out
 */
public record PanopticMerge(double score, double overlap, long stuffArea) {
    /** Score 0.5, overlap 0.5, 64 × 64 pixels: those of panopticapi and of Detectron2. */
    public static final PanopticMerge DEFAULT = new PanopticMerge(0.5, 0.5, 64 * 64);

    /** Checks the limits. */
    public PanopticMerge {
        if (Double.isNaN(score) || !(overlap >= 0 && overlap <= 1) || stuffArea < 0) {
            throw new BadInputException("a panoptic merge at score " + score + ", overlap " + overlap
                    + " and stuff area " + stuffArea + "; overlap is 0 to 1, the area not negative");
        }
    }

    /**
     * Merges. Segments are numbered from 1: the instances that stay, the surest first, then the stuff by class.
     *
     * @param instances of the things
     * @param semantic  a label for each pixel, of the same size
     * @param stuff     gives the category of a label that means stuff, and -1 for one that doesn't
     * @throws BadInputException if the sizes differ
     */
    public Panoptic merge(Instances instances, LabelMap semantic, IntUnaryOperator stuff) {
        int width = instances.width();
        int height = instances.height();
        if (semantic.width() != width || semantic.height() != height) {
            throw new BadInputException("instances of an image of " + width + "x" + height + " pixels and labels of "
                    + semantic.width() + "x" + semantic.height() + " can't be merged");
        }
        int[] ids = new int[width * height];
        Map<Integer, Integer> categories = new LinkedHashMap<>();
        for (Instance i : instances.atLeast(score).byScore().items()) {
            int id = categories.size() + 1;
            if (place(i.mask(), ids, id)) {
                categories.put(id, i.category());
            }
        }
        fill(semantic.toArray(), stuff, ids, categories);
        return Panoptic.of(width, height, ids, categories);
    }

    /** Gives an instance the pixels that nobody has; false if it is empty or too few are left. */
    private boolean place(RunLength mask, int[] ids, int id) {
        long area = mask.area();
        long taken = visit(mask, ids, 0);
        if (area == 0 || (double) taken / area > overlap) {
            return false;
        }
        visit(mask, ids, id);
        // Where all of it is taken and yet allowed, nothing is left to be a segment.
        return taken < area;
    }

    /** Counts the mask's pixels that are taken and, unless the id is 0, gives it the others. */
    private static long visit(RunLength mask, int[] ids, int id) {
        int[] runs = mask.counts();
        long taken = 0;
        int at = 0;
        for (int i = 0; i < runs.length; i++) {
            int end = at + runs[i];
            for (; (i & 1) != 0 && at < end; at++) {
                int pixel = at % mask.height() * mask.width() + at / mask.height();
                if (ids[pixel] != 0) {
                    taken++;
                } else if (id != 0) {
                    ids[pixel] = id;
                }
            }
            at = end;
        }
        return taken;
    }

    private void fill(int[] labels, IntUnaryOperator stuff, int[] ids, Map<Integer, Integer> categories) {
        Map<Integer, Integer> categoryOf = new HashMap<>();
        Map<Integer, Long> areas = new TreeMap<>();
        for (int i = 0; i < ids.length; i++) {
            int category = categoryOf.computeIfAbsent(labels[i], stuff::applyAsInt);
            if (ids[i] == 0 && category >= 0) {
                areas.merge(category, 1L, Long::sum);
            }
        }
        Map<Integer, Integer> idOf = new HashMap<>();
        areas.forEach((category, area) -> {
            if (area >= stuffArea) {
                int id = categories.size() + 1;
                categories.put(id, category);
                idOf.put(category, id);
            }
        });
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] == 0) {
                ids[i] = idOf.getOrDefault(categoryOf.get(labels[i]), 0);
            }
        }
    }
}
