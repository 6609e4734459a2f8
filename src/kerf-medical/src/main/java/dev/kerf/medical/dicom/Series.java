package dev.kerf.medical.dicom;

import dev.kerf.error.BadFileException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Tells frames apart into volumes and puts each volume's into order: by where they lie along the direction that is upright on all of them.
 */
final class Series {
    /** Directions that differ less are one. */
    private static final double ALIKE = 1e-3;
    /** Slices nearer to one another than this share of the usual distance lie at one place. */
    private static final double DOUBLED = 0.05;

    private Series() {}

    /** What can be one volume: of one series, frame of reference, size, direction and spacing. What isn't placed is told apart by files. */
    static List<List<FramePlace>> apart(List<FramePlace> all) {
        Map<String, List<List<FramePlace>>> groups = new LinkedHashMap<>();
        for (FramePlace f : all) {
            String key = f.isPlaced() ? f.series() : "file " + f.file();
            List<List<FramePlace>> alike = groups.computeIfAbsent(key, _ -> new ArrayList<>());
            List<FramePlace> home = alike.stream().filter(g -> alike(g.getFirst(), f)).findFirst().orElse(null);
            if (home == null) {
                home = new ArrayList<>();
                alike.add(home);
            }
            home.add(f);
        }
        List<List<FramePlace>> out = new ArrayList<>();
        groups.values().forEach(g -> g.forEach(v -> out.addAll(ordered(v))));
        out.sort(Comparator.comparingInt((List<FramePlace> v) -> v.getFirst().order()[0])
                .thenComparing(v -> v.getFirst().series()).thenComparing(v -> v.getFirst().file()));
        return out;
    }

    private static boolean alike(FramePlace a, FramePlace b) {
        if (!a.isPlaced() || !b.isPlaced()) {
            return a.isPlaced() == b.isPlaced();
        }
        return near(FramePlace.numbers(a.orientation()), FramePlace.numbers(b.orientation()))
                && near(FramePlace.numbers(a.spacing()), FramePlace.numbers(b.spacing()));
    }

    private static boolean near(double[] a, double[] b) {
        for (int i = 0; i < a.length; i++) {
            if (Math.abs(a[i] - b[i]) > ALIKE) {
                return false;
            }
        }
        return true;
    }

    /** In order; several volumes where places occur more than once and something says which frames belong together. */
    private static List<List<FramePlace>> ordered(List<FramePlace> frames) {
        if (!frames.getFirst().isPlaced() || frames.size() == 1) {
            return List.of(frames);
        }
        List<FramePlace> sorted = sorted(frames);
        if (doubled(sorted) < 0) {
            return List.of(sorted);
        }
        for (int key = 0; key < sorted.getFirst().times().size(); key++) {
            Map<String, List<FramePlace>> parts = new LinkedHashMap<>();
            for (FramePlace f : sorted) {
                parts.computeIfAbsent(f.times().get(key), _ -> new ArrayList<>()).add(f);
            }
            if (parts.size() > 1 && parts.values().stream().allMatch(p -> doubled(p) < 0)) {
                return List.copyOf(parts.values());
            }
        }
        // Refused when it is opened, so that others of the folder are read.
        return List.of(sorted);
    }

    private static List<FramePlace> sorted(List<FramePlace> frames) {
        double[] normal = frames.getFirst().normal();
        Map<FramePlace, Double> along = new HashMap<>();
        frames.forEach(f -> along.put(f, f.along(normal)));
        return frames.stream()
                .sorted(Comparator.comparingDouble((FramePlace f) -> along.get(f)).thenComparingInt(f -> f.order()[1])
                        .thenComparing(FramePlace::file).thenComparingInt(FramePlace::index))
                .toList();
    }

    /** How far each of them lies from the one before. */
    static double[] steps(List<FramePlace> sorted) {
        double[] normal = sorted.getFirst().normal();
        double[] out = new double[sorted.size() - 1];
        for (int i = 0; i < out.length; i++) {
            out[i] = sorted.get(i + 1).along(normal) - sorted.get(i).along(normal);
        }
        return out;
    }

    /** The step that is usual: of those that are one, the middle. */
    static double usual(double[] steps) {
        double[] real = Arrays.stream(steps).filter(s -> s > ALIKE).sorted().toArray();
        return real.length == 0 ? 0 : real[real.length / 2];
    }

    /** The first frame that lies where the next one does; -1 if there is none. */
    static int doubled(List<FramePlace> sorted) {
        double[] steps = steps(sorted);
        double usual = usual(steps);
        for (int i = 0; i < steps.length; i++) {
            if (steps[i] <= Math.max(ALIKE, DOUBLED * usual)) {
                return i;
            }
        }
        return -1;
    }

    /** Refuses a volume with two frames at one place. */
    static void checkDoubled(String title, List<FramePlace> sorted) {
        int at = sorted.getFirst().isPlaced() && sorted.size() > 1 ? doubled(sorted) : -1;
        if (at < 0) {
            return;
        }
        int count = 0;
        double limit = Math.max(ALIKE, DOUBLED * usual(steps(sorted)));
        for (double s : steps(sorted)) {
            count += s <= limit ? 1 : 0;
        }
        FramePlace a = sorted.get(at);
        FramePlace b = sorted.get(at + 1);
        throw new BadFileException(title + ": " + count + (count == 1 ? " slice lies" : " slices lie")
                + " where another does, first " + name(a) + " and " + name(b)
                + ", and nothing says which belong together; take one away");
    }

    private static String name(FramePlace f) {
        return f.file().getFileName() + (f.framesThere() > 1 ? " frame " + (f.index() + 1) : "");
    }

    /** What isn't as it should be, a line each. */
    static List<String> remarks(String title, List<FramePlace> sorted) {
        if (sorted.size() < 3 || !sorted.getFirst().isPlaced()) {
            return List.of();
        }
        double[] steps = steps(sorted);
        double usual = usual(steps);
        List<String> gaps = new ArrayList<>();
        int missing = 0;
        double off = 0;
        for (int i = 0; i < steps.length; i++) {
            int slices = (int) Math.round(steps[i] / usual) - 1;
            if (slices > 0) {
                missing += slices;
                gaps.add((i + 1) + " and " + (i + 2));
            } else {
                off = Math.max(off, Math.abs(steps[i] - usual) / usual);
            }
        }
        List<String> out = new ArrayList<>();
        if (missing > 0) {
            out.add(title + ": " + missing + (missing == 1 ? " slice is" : " slices are") + " missing, between slices "
                    + String.join(", ", gaps.subList(0, Math.min(5, gaps.size()))) + (gaps.size() > 5 ? " and others" : ""));
        }
        if (off > 0.01) {
            out.add(title + ": slices aren't evenly spaced: by up to " + Math.round(100 * off) + " % otherwise than the usual "
                    + Math.round(1000 * usual) / 1000.0 + " mm");
        }
        return out;
    }
}
