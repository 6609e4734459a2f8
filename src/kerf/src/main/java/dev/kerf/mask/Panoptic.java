package dev.kerf.mask;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.file.AtomicFile;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.mask.Instances.Instance;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.IntUnaryOperator;

/**
 * A picture in which each pixel belongs to one segment, or to none (void, 0).
 *
 * <pre>{@code
 * Panoptic p = Merge.DEFAULT.merge(found, semantic, label -> stuff[label]);
 * for (Segment s : p.segments()) p.mask(s.id()).area();
 * p.writePng(Path.of("street-panoptic.png"));          // id = R + 256 G + 65536 B
 * }</pre>
 */
public final class Panoptic {
    /**
     * Makes one panoptic picture of instances and a semantic label map, whichever models they are of. Instances come in
     * order of their scores; each takes what no surer one has, unless too much of it is taken already. Stuff gets what is
     * left. Kirillov et al. 2019, "Panoptic segmentation", section 7, and Kirillov et al. 2019, "Panoptic feature pyramid
     * networks", section 4; as panopticapi and Detectron2 have it, where stuff of too few pixels becomes void.
     *
     * <pre>{@code
     * Panoptic p = Merge.DEFAULT.merge(found, semantic, label -> label < 1 ? -1 : stuffIds[label]);
     * }</pre>
     *
     * @param score     instances below it are left out
     * @param overlap   an instance of which a greater share is taken is left out, 0 to 1
     * @param stuffArea stuff of fewer pixels is left out
     */
    public record Merge(double score, double overlap, long stuffArea) {
        /** Score 0.5, overlap 0.5, 64 × 64 pixels: those of panopticapi and of Detectron2. */
        public static final Merge DEFAULT = new Merge(0.5, 0.5, 64 * 64);

        /** Checks the limits. */
        public Merge {
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

    /**
     * A part of a panoptic picture: one thing, or all of one kind of stuff.
     *
     * @param id       1 to 2^24 − 1, the value of its pixels
     * @param category number of its class, 0 or more: in COCO files the category's id
     * @param crowd    whether it is a region of many things, which only truths have
     * @param area     in pixels
     * @param box      around its pixels
     */
    public record Segment(int id, int category, boolean crowd, long area, Box box) {
        static final int MOST_ID = (1 << 24) - 1;

        /** Checks the numbers. */
        public Segment {
            if (id < 1 || id > MOST_ID || category < 0 || area < 0) {
                throw new BadInputException("a segment of id " + id + ", category " + category + " and " + area
                        + " pixels; ids are 1 to 2^24 - 1, categories and areas not negative");
            }
            Objects.requireNonNull(box);
        }
    }

    private final int width;
    private final int height;
    private final int[] ids;
    private final List<Segment> segments;

    private Panoptic(int width, int height, int[] ids, List<Segment> segments) {
        this.width = width;
        this.height = height;
        this.ids = ids;
        this.segments = segments;
    }

    /**
     * A picture of given segments.
     *
     * @param ids      of the pixels, rows from the top, 0 for void; copied
     * @param segments one for each id that occurs, in any order; one may have no pixels
     * @throws BadInputException if an id occurs that no segment has or two segments have the same
     */
    public static Panoptic of(int width, int height, int[] ids, List<Segment> segments) {
        if (width < 1 || height < 1 || (long) width * height != ids.length) {
            throw new BadInputException(ids.length + " pixels for a picture of " + width + "x" + height);
        }
        Map<Integer, Segment> known = new HashMap<>();
        for (Segment s : segments) {
            if (known.put(s.id(), s) != null) {
                throw new BadInputException("two segments have the id " + s.id());
            }
        }
        int last = 0;
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] != last && ids[i] != 0 && !known.containsKey(ids[i])) {
                throw new BadInputException("pixel (" + i % width + ", " + i / width + ") has the id " + ids[i]
                        + ", which no segment has");
            }
            last = ids[i];
        }
        return new Panoptic(width, height, ids.clone(), List.copyOf(segments));
    }

    /**
     * A picture whose segments are described by their pixels.
     *
     * @param ids        of the pixels, 0 for void; copied
     * @param categories class of each id that occurs; those that don't are left out
     * @throws BadInputException if an id occurs that has no class
     */
    public static Panoptic of(int width, int height, int[] ids, Map<Integer, Integer> categories) {
        if (width < 1 || height < 1 || (long) width * height != ids.length) {
            throw new BadInputException(ids.length + " pixels for a picture of " + width + "x" + height);
        }
        // Left, top, right, bottom and area of each.
        Map<Integer, int[]> found = new HashMap<>();
        int[] at = null;
        for (int i = 0; i < ids.length; i++) {
            int x = i % width;
            int y = i / width;
            if (ids[i] == 0) {
                continue;
            }
            at = at != null && i > 0 && ids[i] == ids[i - 1]
                    ? at
                    : found.computeIfAbsent(ids[i], k -> new int[] {x, y, x, y, 0});
            at[0] = Math.min(at[0], x);
            at[2] = Math.max(at[2], x);
            at[3] = y;
            at[4]++;
        }
        List<Segment> segments = new ArrayList<>();
        categories.forEach((id, category) -> {
            int[] s = found.get(id);
            if (s != null) {
                segments.add(new Segment(id, category, false, s[4],
                        new Box(s[0], s[1], s[2] - s[0] + 1, s[3] - s[1] + 1)));
            }
        });
        return of(width, height, ids, segments);
    }

    /**
     * Reads the ids from a panoptic PNG.
     *
     * @return rows from the top
     * @throws BadFileException if it can't be read, or isn't in red, green and blue of 8 bits
     */
    static Image readPng(Path file) {
        Image image = Image.readIndices(file);
        if (image.bits() != 8 || image.channels() < 3) {
            throw new BadFileException(file + ": a panoptic picture has red, green and blue of 8 bits, this is "
                    + image.format() + "; labels of a palette or in grey are no segments");
        }
        return image.toRgb8().packed();
    }

    /** R + 256 G + 65536 B of each pixel. */
    static int[] ids(Image rgb) {
        byte[] bytes = rgb.data().asSlice(0, 3L * rgb.width() * rgb.height()).toArray(ValueLayout.JAVA_BYTE);
        int[] ids = new int[bytes.length / 3];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = bytes[3 * i] & 0xFF | (bytes[3 * i + 1] & 0xFF) << 8 | (bytes[3 * i + 2] & 0xFF) << 16;
        }
        return ids;
    }

    /** Columns. */
    public int width() {
        return width;
    }

    /** Rows. */
    public int height() {
        return height;
    }

    /**
     * The id at a column and row; 0 for void.
     *
     * @throws BadInputException if that is outside the picture
     */
    public int id(int x, int y) {
        if (x < 0 || y < 0 || x >= width || y >= height) {
            throw new BadInputException("pixel (" + x + ", " + y + ") of a panoptic picture of " + width + "x" + height);
        }
        return ids[y * width + x];
    }

    /** All ids, rows tightly packed, copied. */
    public int[] ids() {
        return ids.clone();
    }

    /** The segments, things of the greatest score first where a merge made them. */
    public List<Segment> segments() {
        return segments;
    }

    /** The pixels of one segment; 0 gives void. */
    public Mask mask(int id) {
        byte[] in = new byte[ids.length];
        for (int i = 0; i < in.length; i++) {
            in[i] = (byte) (ids[i] == id ? 1 : 0);
        }
        return Mask.of(width, height, in);
    }

    /** The class of each pixel; {@code none} where it is void. */
    public LabelMap categories(int none) {
        Map<Integer, Integer> category = new HashMap<>();
        segments.forEach(s -> category.put(s.id(), s.category()));
        int[] labels = new int[ids.length];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = ids[i] == 0 ? none : i > 0 && ids[i] == ids[i - 1] ? labels[i - 1] : category.get(ids[i]);
        }
        return LabelMap.of(width, height, labels);
    }

    /**
     * Writes COCO's panoptic PNG: id = R + 256 G + 65536 B.
     *
     * @throws BadFileException if it can't be written there
     */
    public void writePng(Path file) {
        AtomicFile.write(file, toPng());
    }

    /** The file that {@link #writePng} writes. */
    public byte[] toPng() {
        byte[] rgb = new byte[3 * ids.length];
        for (int i = 0; i < ids.length; i++) {
            rgb[3 * i] = (byte) ids[i];
            rgb[3 * i + 1] = (byte) (ids[i] >> 8);
            rgb[3 * i + 2] = (byte) (ids[i] >> 16);
        }
        return Image.of(width, height, PixelFormat.RGB8, rgb).toPng();
    }

    /** Size and number of segments, such as {@code 640x480 panoptic, 12 segments}. */
    @Override
    public String toString() {
        return width + "x" + height + " panoptic, " + segments.size() + " segments";
    }
}
