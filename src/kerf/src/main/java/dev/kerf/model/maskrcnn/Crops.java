package dev.kerf.model.maskrcnn;

import dev.kerf.error.BadInputException;
import dev.kerf.mask.Box;
import dev.kerf.mask.Instances;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.mask.Rectangle;
import dev.kerf.mask.RunLength;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * How a large picture is looked at in overlapping parts, so that things which are small in it are large enough for a network
 * that resizes what it sees (Akyon et al. 2022, "Slicing Aided Hyper Inference").
 *
 * <p>What the parts show of one thing is put together: of two masks of one class from different parts, of which the smaller lies
 * in the other by more than {@code share}, one is made, as sure as the surer; where several are such, of those whose IoU is the
 * largest. Two of the same part are two things.
 *
 * <pre>{@code
 * Instances found = net.detect(Image.read(Path.of("aerial.jpg")), DetectOptions.of(), Crops.of(800));
 * }</pre>
 *
 * @param width   of a part in pixels, 16 or more; a narrower picture is one part across
 * @param height  likewise
 * @param overlap least share of its width and height that a part has in common with the next, 0 to below 1
 * @param whole   whether the whole picture is looked at too, for things that are larger than a part
 * @param share   how much of the smaller of two masks lies in the other if they are one thing's, above 0 to 1
 */
public record Crops(int width, int height, double overlap, boolean whole, double share) {
    private static final int LEAST = 16;

    /** Checks the ranges. */
    public Crops {
        if (width < LEAST || height < LEAST) {
            throw new BadInputException("parts of " + width + "x" + height + " pixels; at least " + LEAST + "x" + LEAST);
        }
        if (!(overlap >= 0 && overlap < 1)) {
            throw new BadInputException("parts that overlap by " + overlap + "; from 0 to below 1");
        }
        if (!(share > 0 && share <= 1)) {
            throw new BadInputException("masks of one thing that share " + share + "; above 0, at most 1");
        }
    }

    /** Squares of that side, which overlap by a fifth, and the whole picture; masks of one thing share more than a half. */
    public static Crops of(int side) {
        return new Crops(side, side, 0.2, true, 0.5);
    }

    /** With another overlap. */
    public Crops overlap(double least) {
        return new Crops(width, height, least, whole, share);
    }

    /** With the whole picture, or without. */
    public Crops whole(boolean too) {
        return new Crops(width, height, overlap, too, share);
    }

    /** The parts of a picture, row by row, without the whole. All are of one size and spread evenly; their union is the picture. */
    public List<Box> boxes(int pictureWidth, int pictureHeight) {
        int w = Math.min(width, pictureWidth);
        int h = Math.min(height, pictureHeight);
        List<Box> all = new ArrayList<>();
        for (int y : starts(pictureHeight, h)) {
            for (int x : starts(pictureWidth, w)) {
                all.add(new Box(x, y, w, h));
            }
        }
        return all;
    }

    private int[] starts(int extent, int part) {
        int step = Math.max(1, (int) Math.floor(part * (1 - overlap)));
        int n = 1 + Math.ceilDiv(extent - part, step);
        int[] at = new int[n];
        for (int i = 1; i < n; i++) {
            at[i] = (int) ((long) i * (extent - part) / (n - 1));
        }
        return at;
    }

    /** One thing so far, and which parts have shown it. */
    private static final class Thing {
        private final Instance first;
        private final Set<Integer> parts = new HashSet<>();
        private RunLength mask;
        private Box box;
        private double left;
        private double top;
        private double right;
        private double bottom;

        private Thing(Instance first, int part) {
            this.first = first;
            this.mask = first.mask();
            this.box = mask.bounds();
            Rectangle r = first.box();
            left = r.x();
            top = r.y();
            right = r.x() + r.width();
            bottom = r.y() + r.height();
            parts.add(part);
        }

        /** The masks' IoU if more than a share of the smaller lies in the other, otherwise 0. */
        private double fits(Instance other, Box bounds, double share) {
            if (bounds.x() >= box.x() + box.width() || box.x() >= bounds.x() + bounds.width()
                    || bounds.y() >= box.y() + box.height() || box.y() >= bounds.y() + bounds.height()) {
                return 0;
            }
            long both = mask.intersection(other.mask()).area();
            long one = mask.area();
            long two = other.mask().area();
            return both > share * Math.min(one, two) ? (double) both / (one + two - both) : 0;
        }

        private void join(Instance other, int part) {
            mask = mask.union(other.mask());
            box = mask.bounds();
            Rectangle r = other.box();
            left = Math.min(left, r.x());
            top = Math.min(top, r.y());
            right = Math.max(right, r.x() + r.width());
            bottom = Math.max(bottom, r.y() + r.height());
            parts.add(part);
        }

        private Instance instance() {
            return new Instance(first.category(), first.score(), Rectangle.ofCorners(left, top, right, bottom), mask);
        }
    }

    private record Found(Instance instance, int part) {}

    /**
     * What was found in the parts of a picture, put together, the surest first.
     *
     * @param parts where each lies; the whole picture may be among them
     * @param found in each, in pixels of the part
     * @throws BadInputException if there are more of the one than of the other, or a part doesn't lie in the picture
     */
    public Instances merge(int pictureWidth, int pictureHeight, List<Box> parts, List<Instances> found) {
        if (parts.size() != found.size()) {
            throw new BadInputException("instances of " + found.size() + " parts for " + parts.size() + " parts");
        }
        List<Found> all = new ArrayList<>();
        for (int p = 0; p < parts.size(); p++) {
            Box at = parts.get(p);
            for (Instance i : found.get(p).items()) {
                Rectangle box = new Rectangle(i.box().x() + at.x(), i.box().y() + at.y(), i.box().width(), i.box().height());
                all.add(new Found(new Instance(i.category(), i.score(), box,
                        i.mask().placed(at.x(), at.y(), pictureWidth, pictureHeight)), p));
            }
        }
        all.sort(Comparator.comparingDouble((Found f) -> f.instance.score()).reversed());
        List<Thing> things = new ArrayList<>();
        for (Found f : all) {
            Thing most = null;
            double best = 0;
            Box bounds = f.instance.mask().bounds();
            for (Thing t : things) {
                if (t.first.category() == f.instance.category() && !t.parts.contains(f.part)) {
                    double iou = t.fits(f.instance, bounds, share);
                    if (iou > best) {
                        best = iou;
                        most = t;
                    }
                }
            }
            if (most == null) {
                things.add(new Thing(f.instance, f.part));
            } else {
                most.join(f.instance, f.part);
            }
        }
        return new Instances(pictureWidth, pictureHeight, things.stream().map(Thing::instance).toList());
    }
}
