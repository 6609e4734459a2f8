package dev.kerf.mask;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Draws what was found over the picture that it was found in, in translucent colours with crisp outlines: the classes of a
 * label map, with a legend that says how much of the picture each covers; instances, each with its class and score; the
 * segments of a panoptic picture, each with its class's name where it is widest.
 *
 * <pre>{@code
 * Image result = Overlay.of(List.of("background", "cat"), 0).draw(photo, labels);
 * result.writePng(Path.of("cat-overlay.png"));
 * Image street = Overlay.of(names::get).draw(photo, instances.atLeast(0.5));
 * }</pre>
 *
 * @param names      of classes by their numbers
 * @param background the class of a label map that isn't coloured and stands in no legend, or -1 for none
 * @param palette    colours of a label map's classes, 0xRRGGBB; filled up where it is too short. Instances and segments are
 *                   coloured one by one, the i-th as {@link Palette#colour} i
 * @param opacity    of the colours, 0 to 1
 * @param outlines   whether to draw outlines
 * @param text       whether to draw the legend, the labels or the names; on pictures too small for them there are none
 */
public record Overlay(IntFunction<String> names, int background, int[] palette, double opacity, boolean outlines,
        boolean text) {
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final double OPACITY = 0.42;
    static final double SHADOW = 0.55;

    /** Checks the opacity; copies the palette. */
    public Overlay {
        Objects.requireNonNull(names);
        palette = palette.clone();
        if (!(opacity >= 0 && opacity <= 1)) {
            throw new BadInputException("the opacity of an overlay is 0 to 1, not " + opacity);
        }
    }

    /** Everything drawn, in the colours of {@link Palette}. */
    public static Overlay of(IntFunction<String> names) {
        return new Overlay(names, -1, new int[0], OPACITY, true, true);
    }

    /**
     * Everything drawn, in the colours of {@link Palette}.
     *
     * @param classes    names of classes 0, 1, …; one past them is called {@code class N}
     * @param background the class that isn't coloured and stands in no legend, or -1 for none
     */
    public static Overlay of(List<String> classes, int background) {
        List<String> names = List.copyOf(classes);
        return new Overlay(c -> c < names.size() ? names.get(c) : "class " + c, background,
                Palette.of(names.size(), background), OPACITY, true, true);
    }

    /** This without legend, labels and names. */
    public Overlay withoutText() {
        return new Overlay(names, background, palette, opacity, outlines, false);
    }

    /**
     * The picture with the instances over it, as RGB8 of its size. Small ones lie above large ones.
     *
     * @throws BadInputException if the sizes differ
     */
    public Image draw(Image picture, Instances instances) {
        return InstanceOverlay.draw(this, picture, instances);
    }

    /**
     * The picture with the segments over it, as RGB8 of its size. Void is left as it is.
     *
     * @throws BadInputException if the sizes differ
     */
    public Image draw(Image picture, Panoptic panoptic) {
        return PanopticOverlay.draw(this, picture, panoptic);
    }

    /**
     * The picture with the labels over it, as RGB8 of its size. A 16-bit picture is stretched so that its darkest and
     * brightest 0.5 % of samples become black and white.
     *
     * @throws BadInputException if the sizes differ or a label is negative or past 65535
     */
    public Image draw(Image picture, LabelMap labels) {
        if (picture.width() != labels.width() || picture.height() != labels.height()) {
            throw new BadInputException("labels of " + labels.width() + "x" + labels.height()
                    + " pixels don't fit a picture of "
                    + picture.width() + "x" + picture.height());
        }
        int[] label = labels.toArray();
        int bits = 0;
        for (int v : label) {
            bits |= v;
        }
        if (bits < 0 || bits > 65535) {
            int wrong = IntStream.of(label).filter(v -> v < 0 || v > 65535).findFirst().orElseThrow();
            throw new BadInputException("label " + wrong + " can't be drawn; labels of 0 to 65535 can");
        }
        // No label is past what all their bits make.
        int[] colours = Palette.extend(palette, bits + 1);
        int w = picture.width();
        int h = picture.height();
        Canvas canvas = new Canvas(w, h, base(picture));
        paint(canvas, label, colours);
        if (text) {
            Legend.draw(canvas, label, background, colours, names);
        }
        return canvas.toImage();
    }

    private void paint(Canvas canvas, int[] label, int[] colours) {
        int w = canvas.width;
        int h = canvas.height;
        int line = line(w, h);
        int shadow = (line + 1) / 2;
        byte[] depth = line > 1 ? depth(label, w, h, line) : null;
        // By class, since a branch that nobody can predict, as at outlines, takes longer than all the rest of a pixel.
        int[] colour = colours.clone();
        int[] inside = new int[colours.length];
        int[] edge = new int[colours.length];
        int[] reach = new int[colours.length];
        Arrays.fill(inside, Canvas.part(opacity));
        Arrays.fill(edge, outlines ? Canvas.ALL : Canvas.part(opacity));
        Arrays.fill(reach, line);
        if (background >= 0 && background < colours.length) {
            colour[background] = 0;
            inside[background] = 0;
            edge[background] = outlines ? Canvas.part(SHADOW) : 0;
            reach[background] = shadow;
        }
        int[] outline = new int[w];
        for (int y = 0, i = 0; y < h; y++) {
            if (depth == null) {
                outline(label, w, h, y, outline);
            }
            for (int x = 0; x < w; x++, i++) {
                int own = label[i];
                int mask = depth == null ? outline[x] : depth[i] - reach[own] - 1 >> 31;
                canvas.mix(i, colour[own], inside[own] ^ (inside[own] ^ edge[own]) & mask);
            }
        }
    }

    /** Of a row all bits of those pixels that have a neighbour of another label to the left, to the right, above or below. */
    private static void outline(int[] label, int w, int h, int y, int[] outline) {
        int at = y * w;
        int above = y == 0 ? at : at - w;
        int below = y == h - 1 ? at : at + w;
        int was = label[at];
        int own = was;
        for (int x = 0; x < w; x++) {
            int next = label[at + Math.min(x + 1, w - 1)];
            int differ = own ^ was | own ^ next | own ^ label[above + x] | own ^ label[below + x];
            outline[x] = (differ | -differ) >> 31;
            was = own;
            own = next;
        }
    }

    /** Width of outlines: a pixel up to about 700 pixels, then in proportion. */
    static int line(int w, int h) {
        return Math.clamp(Math.round(Math.min(w, h) / 450f), 1, 8);
    }

    /** How many steps each pixel is from one of another label, 1 at the border, up to one more than {@code most}. */
    static byte[] depth(int[] label, int w, int h, int most) {
        byte[] depth = new byte[label.length];
        for (int y = 0; y < h; y++) {
            // What is outside the picture has every label and no end.
            int beside = most;
            int i = y * w;
            int was = label[i];
            for (int end = i + w; i < end; i++) {
                int own = label[i];
                int left = own == was ? beside + 1 : 1;
                int up = y == 0 ? most + 1 : label[i - w] == own ? depth[i - w] + 1 : 1;
                beside = Math.min(most + 1, Math.min(left, up));
                depth[i] = (byte) beside;
                was = own;
            }
        }
        for (int y = h - 1; y >= 0; y--) {
            int beside = most;
            int i = y * w + w - 1;
            int was = label[i];
            for (int end = i - w; i > end; i--) {
                int own = label[i];
                int right = own == was ? beside + 1 : 1;
                int down = y == h - 1 ? most + 1 : label[i + w] == own ? depth[i + w] + 1 : 1;
                beside = Math.min(depth[i], Math.min(right, down));
                depth[i] = (byte) beside;
                was = own;
            }
        }
        return depth;
    }

    /** The picture's pixels as RGB bytes of our own. */
    static byte[] base(Image picture) {
        if (picture.bits() == 8) {
            Image rgb = picture.toRgb8().packed();
            MemorySegment data = rgb.data().asSlice(0, 3L * picture.width() * picture.height());
            // Copied where it is the caller's own, which stays as it is.
            return rgb != picture && data.heapBase().orElse(null) instanceof byte[] made && made.length == data.byteSize()
                    ? made
                    : data.toArray(ValueLayout.JAVA_BYTE);
        }
        Image rgb = picture.toRgb();
        int[] histogram = new int[65536];
        long samples = 3L * rgb.width() * rgb.height();
        for (long i = 0; i < samples; i++) {
            histogram[at(rgb, i)]++;
        }
        long few = samples / 200;
        int low = 0;
        for (long n = histogram[0]; n <= few; n += histogram[low]) {
            low++;
        }
        int high = 65535;
        for (long n = histogram[high]; n <= few; n += histogram[high]) {
            high--;
        }
        byte[] out = new byte[(int) samples];
        for (int i = 0; i < out.length; i++) {
            // A picture of one value stays what it is in 8 bits.
            double v = high > low ? (double) (at(rgb, i) - low) / (high - low) : at(rgb, i) / 65535.0;
            out[i] = (byte) Math.round(255 * Math.clamp(v, 0, 1));
        }
        return out;
    }

    private static int at(Image rgb, long i) {
        return rgb.data().get(U16, 2 * i) & 0xFFFF;
    }
}
