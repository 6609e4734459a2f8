package dev.kerf.formats;

import dev.kerf.error.BadFileException;
import dev.kerf.error.KerfException;
import dev.kerf.formats.Annotations.Item;
import dev.kerf.formats.Annotations.Kind;
import dev.kerf.mask.RunLength;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Reads "CVAT for images 1.1" and "CVAT for video 1.1": polygons, masks, boxes and ellipses. Pictures of a video are called
 * {@code frame_000000}, as CVAT's other formats call them.
 */
final class Cvat implements Xml.Visitor {
    private static final Set<String> WITHOUT_AREA = Set.of("polyline", "points", "cuboid", "skeleton", "tag");
    private static final int LARGEST = 1 << 16;

    private final Path file;
    private final List<String> labels = new ArrayList<>();
    private final List<Annotations> pictures = new ArrayList<>();
    private final SortedMap<Integer, List<Placed>> frames = new TreeMap<>();
    private final Map<String, Integer> leftOut = new TreeMap<>();
    private boolean seen;
    private boolean inLabel;
    private Xml.Element image;
    private Xml.Element track;
    private int width;
    private int height;
    private List<Placed> placed = List.of();
    private int depth;

    /** An item and how near it is to who looks. */
    private record Placed(int order, Item item) {}

    private Cvat(Path file) {
        this.file = file;
    }

    static AnnotationSet read(Path file) {
        Cvat cvat = new Cvat(file);
        Xml.read(file, cvat);
        if (!cvat.seen) {
            throw new BadFileException(file + ": has no <annotations>, as CVAT's files do");
        }
        cvat.frames.forEach((number, items) -> cvat.pictures.add(
                new Annotations(String.format("frame_%06d", number), cvat.width, cvat.height, ordered(items))));
        return AnnotationSet.of(AnnotationFormat.CVAT, cvat.labels, cvat.pictures, cvat.leftOut);
    }

    @Override
    public void begin(Xml.Element e) {
        depth++;
        switch (e.name()) {
            case "annotations" -> seen |= depth == 1;
            case "label" -> inLabel = true;
            case "image" -> {
                image = e;
                width = side(e, e.integer("width"));
                height = side(e, e.integer("height"));
                placed = new ArrayList<>();
            }
            case "track" -> track = e;
            case "polygon", "mask", "box", "ellipse" -> shape(e);
            default -> {
                if (WITHOUT_AREA.contains(e.name()) && (image != null || track != null)) {
                    leftOut.merge(e.name(), 1, Integer::sum);
                }
            }
        }
    }

    @Override
    public void end(String name, String text) {
        depth--;
        switch (name) {
            case "name" -> {
                if (inLabel && !labels.contains(text)) {
                    labels.add(text);
                }
                inLabel = false;
            }
            // Of a video: <original_size><width>…
            case "width" -> width = image == null ? side(text) : width;
            case "height" -> height = image == null ? side(text) : height;
            case "image" -> {
                pictures.add(new Annotations(fileName(image.text("name")), width, height, ordered(placed)));
                image = null;
            }
            case "track" -> track = null;
            default -> {
                // Nothing follows from it.
            }
        }
    }

    private int side(String text) {
        try {
            return Math.clamp(Integer.parseInt(text), 0, LARGEST);
        } catch (NumberFormatException e) {
            throw new BadFileException(file + ": the size '" + text + "' is no number of pixels", e);
        }
    }

    private static int side(Xml.Element e, int pixels) {
        if (pixels < 1 || pixels > LARGEST) {
            throw e.error("says a side of " + pixels + " pixels");
        }
        return pixels;
    }

    private static String fileName(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    private static List<Item> ordered(List<Placed> items) {
        return items.stream().sorted(Comparator.comparingInt(Placed::order)).map(Placed::item).toList();
    }

    private void shape(Xml.Element e) {
        if (image == null && track == null || e.find("outside").filter("1"::equals).isPresent()) {
            return;
        }
        if (width < 1 || height < 1) {
            throw e.error("stands before the size of its pictures");
        }
        String label = (image == null ? track : e).text("label");
        int group = image == null ? track.integer("id") + 1 : (int) e.optional("group_id");
        Item item = new Item(label, Kind.THING, mask(e), OptionalDouble.empty(), group);
        List<Placed> to = image == null ? frames.computeIfAbsent(e.integer("frame"), _ -> new ArrayList<>()) : placed;
        to.add(new Placed((int) e.optional("z_order"), item));
    }

    private RunLength mask(Xml.Element e) {
        try {
            return switch (e.name()) {
                case "polygon" -> polygon(points(e));
                case "box" -> box(e);
                case "ellipse" -> polygon(PolygonShapes.ellipse(e.number("cx"), e.number("cy"), e.number("rx"), e.number("ry"),
                        e.optional("rotation")));
                default -> new CvatMask(e.integer("left"), e.integer("top"), e.integer("width"), e.integer("height"),
                        runs(e)).in(width, height);
            };
        } catch (IllegalArgumentException x) {
            throw e.error(x.getMessage());
        } catch (KerfException x) {
            throw x instanceof BadFileException ? x : e.error(x.getMessage());
        }
    }

    private RunLength polygon(double[] corners) {
        return RunLength.ofPolygons(width, height, List.of(corners));
    }

    /** Turned about its middle. */
    private RunLength box(Xml.Element e) {
        double left = e.number("xtl");
        double top = e.number("ytl");
        double right = e.number("xbr");
        double bottom = e.number("ybr");
        return polygon(
                PolygonShapes.turned(new double[] {left, top, right, top, right, bottom, left, bottom}, (left + right) / 2,
                        (top + bottom) / 2, e.optional("rotation")));
    }

    private static double[] points(Xml.Element e) {
        String[] all = e.text("points").split("[;,]");
        double[] out = new double[all.length];
        for (int i = 0; i < out.length; i++) {
            try {
                out[i] = Double.parseDouble(all[i].strip());
            } catch (NumberFormatException x) {
                throw e.error("'" + all[i] + "' in its points is no number");
            }
        }
        return out;
    }

    private static int[] runs(Xml.Element e) {
        String[] all = e.text("rle").split(",");
        int[] out = new int[all.length];
        for (int i = 0; i < out.length; i++) {
            try {
                out[i] = Integer.parseInt(all[i].strip());
            } catch (NumberFormatException x) {
                throw e.error("'" + all[i] + "' in its rle is no length");
            }
        }
        return out;
    }
}
