package dev.kerf.model.sam2;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.mask.Box;
import dev.kerf.mask.Mask;
import dev.kerf.mask.RunLength;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * Masks of everything in an image, as upstream's SamAutomaticMaskGenerator and SAM2AutomaticMaskGenerator: a grid of points, three masks for each,
 * those kept that the network thinks fit and that don't depend on the threshold, and of those that say the same the
 * best; again in crops of the image if asked for.
 *
 * <pre>{@code
 * List<GeneratedMask> all = new MaskGenerator(sam, MaskGenerator.Settings.of()).generate(image, done -> { });
 * }</pre>
 *
 * <p>May be used by many threads at once.
 */
public final class MaskGenerator {
    /**
     * A mask that nobody prompted.
     *
     * @param mask      its pixels, of the image's size
     * @param bounds    the smallest box around it
     * @param iou       how well the network thinks that it fits, 0 … 1
     * @param stability how little it depends on the threshold, as {@link Prediction#stability}
     * @param point     the point of the grid that found it
     * @param crop      the part of the image that the network saw
     */
    public record GeneratedMask(RunLength mask, Box bounds, float iou, double stability, Prompt.Point point, Box crop) {}

    private static final int BATCH = ImageView.MOST_AT_ONCE;
    /** Masks that end within so many pixels of a crop's edge are cut off by it, and dropped. */
    private static final int EDGE = 20;
    private static final double OVERLAP = 512.0 / 1500;

    private final PromptModel sam;
    private final Settings settings;

    /**
     * What is kept; {@link PromptModel#everything} are upstream's defaults.
     *
     * @param pointsPerSide   points along one side of the grid
     * @param iouThreshold    masks with a predicted IoU not above this are dropped
     * @param stability       masks less stable than this are dropped
     * @param boxIou          of two masks whose boxes overlap by more than this IoU the better one is kept
     * @param cropLayers      how often the image is looked at again in parts: in 4, then in 16 …
     * @param pointsDownscale the grid of layer n has pointsPerSide / pointsDownscaleⁿ points along a side
     * @param minRegionArea   holes and islands of fewer pixels are removed from masks; 0 for none
     */
    public record Settings(
            int pointsPerSide, double iouThreshold, double stability, double boxIou, int cropLayers, int pointsDownscale,
            int minRegionArea) {
        /** Checks the ranges. */
        public Settings {
            if (pointsPerSide < 1 || pointsPerSide > 256) {
                throw new BadInputException(pointsPerSide + " points a side: 1 to 256");
            }
            if (cropLayers < 0 || cropLayers > 3) {
                throw new BadInputException(cropLayers + " layers of crops: 0 to 3");
            }
            if (pointsDownscale < 1 || minRegionArea < 0) {
                throw new BadInputException("points downscale " + pointsDownscale + ", least region " + minRegionArea
                        + ": at least 1, and not negative");
            }
            if (!(boxIou > 0 && boxIou <= 1) || Double.isNaN(iouThreshold) || Double.isNaN(stability)) {
                throw new BadInputException("thresholds " + iouThreshold + ", " + stability + ", " + boxIou
                        + " must be numbers, the last above 0 and at most 1");
            }
        }

        /** Upstream's for SAM 2: 32 points a side, 0.8, 0.95, 0.7, no crops, no cleaning. */
        public static Settings of() {
            return new Settings(32, 0.8, 0.95, 0.7, 0, 1, 0);
        }

        /** This with another grid. */
        public Settings pointsPerSide(int n) {
            return new Settings(n, iouThreshold, stability, boxIou, cropLayers, pointsDownscale, minRegionArea);
        }

        /** This with other thresholds of predicted IoU and stability. */
        public Settings thresholds(double iou, double stable) {
            return new Settings(pointsPerSide, iou, stable, boxIou, cropLayers, pointsDownscale, minRegionArea);
        }

        /** This suppressing by boxes that overlap by more than another IoU. */
        public Settings boxIou(double iou) {
            return new Settings(pointsPerSide, iouThreshold, stability, iou, cropLayers, pointsDownscale, minRegionArea);
        }

        /** This looking at parts of the image, too. */
        public Settings cropLayers(int n) {
            return new Settings(pointsPerSide, iouThreshold, stability, boxIou, n, pointsDownscale, minRegionArea);
        }

        /** This without small holes and islands. */
        public Settings minRegionArea(int pixels) {
            return new Settings(pointsPerSide, iouThreshold, stability, boxIou, cropLayers, pointsDownscale, pixels);
        }
    }

    /** A generator with settings of its own on a model that others may use. */
    public MaskGenerator(PromptModel sam, Settings settings) {
        this.sam = sam;
        this.settings = settings;
    }

    /**
     * Masks of everything, the best of each crop first.
     *
     * @param progress is told how many points of how many in all crops are done, in percent
     */
    public List<GeneratedMask> generate(Image image, IntConsumer progress) {
        List<Box> crops = crops(image.width(), image.height(), settings.cropLayers);
        List<GeneratedMask> found = new ArrayList<>();
        for (int i = 0; i < crops.size(); i++) {
            int index = i;
            found.addAll(crop(image, crops.get(i), layer(i),
                    share -> progress.accept((int) ((index + share) * 100 / crops.size()))));
        }
        if (crops.size() == 1) {
            return found;
        }
        // Between crops, masks from smaller ones win.
        return distinct(found, Comparator.comparingLong(m -> (long) m.crop().width() * m.crop().height()));
    }

    private static int layer(int crop) {
        return crop == 0 ? 0 : crop <= 4 ? 1 : crop <= 20 ? 2 : 3;
    }

    /** The whole image, then parts that overlap: four, sixteen …. */
    static List<Box> crops(int width, int height, int layers) {
        List<Box> out = new ArrayList<>(List.of(new Box(0, 0, width, height)));
        for (int layer = 1; layer <= layers; layer++) {
            int n = 1 << layer;
            int overlap = (int) (OVERLAP * Math.min(width, height) * 2 / n);
            int w = Math.ceilDiv(overlap * (n - 1) + width, n);
            int h = Math.ceilDiv(overlap * (n - 1) + height, n);
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < n; j++) {
                    int x = (w - overlap) * i;
                    int y = (h - overlap) * j;
                    out.add(new Box(x, y, Math.min(w, width - x), Math.min(h, height - y)));
                }
            }
        }
        return out;
    }

    /** Told which part of the work is done, 0 … 1. */
    private interface Share {
        void accept(double share);
    }

    private List<GeneratedMask> crop(Image image, Box crop, int layer, Share progress) {
        List<Prompt> prompts = grid(crop, Math.max(1, (int) (settings.pointsPerSide / Math.pow(settings.pointsDownscale,
                layer))));
        List<GeneratedMask> found = new ArrayList<>();
        try (ImageView view = sam.look(cut(image, crop))) {
            for (int i = 0; i < prompts.size(); i += BATCH) {
                List<Prompt> some = prompts.subList(i, Math.min(i + BATCH, prompts.size()));
                List<List<Prediction>> answers = view.answers(some, true);
                for (int k = 0; k < some.size(); k++) {
                    Prompt.Point point = some.get(k).points().getFirst();
                    answers.get(k).stream()
                            .filter(p -> p.iou() > settings.iouThreshold && p.stability() >= settings.stability)
                            .filter(p -> !cutOff(p.bounds(), crop, image))
                            .forEach(p -> found.add(whole(p, point, crop, image)));
                }
                progress.accept((double) (i + some.size()) / prompts.size());
            }
        }
        List<GeneratedMask> best = distinct(found, Comparator.comparingDouble((GeneratedMask m) -> m.iou()).reversed());
        return settings.minRegionArea == 0 ? best : cleaned(best);
    }

    private static List<Prompt> grid(Box crop, int n) {
        List<Prompt> out = new ArrayList<>();
        for (int i = 0; i < n * n; i++) {
            out.add(Prompt.point((i % n + 0.5) / n * crop.width(), (i / n + 0.5) / n * crop.height()));
        }
        return out;
    }

    private static Image cut(Image image, Box b) {
        Image rgb = image.toRgb8();
        if (b.width() == rgb.width() && b.height() == rgb.height()) {
            return rgb;
        }
        return rgb.crop(b.x(), b.y(), b.width(), b.height()).packed();
    }

    /** Whether a side of the box is near the crop's edge where that isn't the image's. */
    private static boolean cutOff(Box box, Box crop, Image image) {
        int[] sides = {crop.x() + box.x(), crop.y() + box.y(), crop.x() + box.x() + Math.max(0, box.width() - 1),
            crop.y() + box.y() + Math.max(0, box.height() - 1)};
        int[] edges = {crop.x(), crop.y(), crop.x() + crop.width(), crop.y() + crop.height()};
        int[] ends = {0, 0, image.width(), image.height()};
        for (int i = 0; i < 4; i++) {
            if (Math.abs(sides[i] - edges[i]) <= EDGE && Math.abs(sides[i] - ends[i]) > EDGE) {
                return true;
            }
        }
        return false;
    }

    private static GeneratedMask whole(Prediction p, Prompt.Point at, Box crop, Image image) {
        Mask mask = Mask.empty(image.width(), image.height());
        for (int y = 0; y < crop.height(); y++) {
            for (int x = 0; x < crop.width(); x++) {
                if (p.mask().get(x, y)) {
                    mask.set(x + crop.x(), y + crop.y(), true);
                }
            }
        }
        Box b = p.bounds();
        return new GeneratedMask(RunLength.encode(mask), new Box(b.x() + crop.x(), b.y() + crop.y(), b.width(), b.height()),
                p.iou(), p.stability(), new Prompt.Point(at.x() + crop.x(), at.y() + crop.y(), true), crop);
    }

    /** Greedy suppression: each mask whose box doesn't overlap too much with one before it in the order. */
    private List<GeneratedMask> distinct(List<GeneratedMask> masks, Comparator<GeneratedMask> order) {
        List<GeneratedMask> kept = new ArrayList<>();
        masks.stream().sorted(order).forEach(m -> {
            if (kept.stream().noneMatch(k -> iou(k.bounds(), m.bounds()) > settings.boxIou)) {
                kept.add(m);
            }
        });
        return kept;
    }

    /** Of boxes from the first pixel to the last, as upstream measures them. */
    static double iou(Box a, Box b) {
        double w = Math.min(a.x() + a.width(), b.x() + b.width()) - Math.max(a.x(), b.x()) - 1.0;
        double h = Math.min(a.y() + a.height(), b.y() + b.height()) - Math.max(a.y(), b.y()) - 1.0;
        double both = Math.max(0, w) * Math.max(0, h);
        double either = side(a.width()) * side(a.height()) + side(b.width()) * side(b.height()) - both;
        return either > 0 ? both / either : 0;
    }

    private static double side(int pixels) {
        return Math.max(0, pixels - 1);
    }

    /** Without small holes and islands; among those that then say the same, masks that didn't change win. */
    private List<GeneratedMask> cleaned(List<GeneratedMask> masks) {
        List<GeneratedMask> changed = new ArrayList<>();
        List<GeneratedMask> all = new ArrayList<>();
        for (GeneratedMask m : masks) {
            GeneratedMask c = MaskCleaning.clean(m, settings.minRegionArea);
            all.add(c);
            if (c != m) {
                changed.add(c);
            }
        }
        return distinct(all, Comparator.comparing((GeneratedMask m) -> changed.stream().anyMatch(c -> c == m)));
    }
}
