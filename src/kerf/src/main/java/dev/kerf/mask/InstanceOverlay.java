package dev.kerf.mask;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.mask.Instances.Instance;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** What {@link Overlay} draws of instances. */
final class InstanceOverlay {
    private InstanceOverlay() {}

    static Image draw(Overlay overlay, Image picture, Instances instances) {
        if (picture.width() != instances.width() || picture.height() != instances.height()) {
            throw new BadInputException("instances of an image of " + instances.width() + "x" + instances.height()
                    + " pixels don't fit a picture of " + picture.width() + "x" + picture.height());
        }
        Canvas canvas = new Canvas(picture.width(), picture.height(), Overlay.base(picture));
        List<Instance> items = instances.items();
        List<Integer> order = IntStream.range(0, items.size()).boxed()
                .sorted(Comparator.comparingLong((Integer i) -> items.get(i).mask().area()).reversed()).toList();
        order.forEach(i -> paint(overlay, canvas, items.get(i).mask(), Palette.colour(i)));
        Tags tags = new Tags(canvas);
        for (int i = 0; overlay.text() && i < items.size(); i++) {
            Instance one = items.get(i);
            tags.put(overlay.names().apply(one.category()) + " " + Math.round(100 * one.score()) + " %",
                    Math.round(one.box().x()), Math.round(one.box().y()), Palette.colour(i));
        }
        return canvas.toImage();
    }

    private static void paint(Overlay overlay, Canvas canvas, RunLength mask, int colour) {
        Box box = mask.bounds();
        int line = Overlay.line(canvas.width, canvas.height);
        int shadow = (line + 1) / 2;
        // The box and a margin in which the shadow falls.
        int x0 = Math.max(0, box.x() - shadow);
        int y0 = Math.max(0, box.y() - shadow);
        int w = Math.min(canvas.width, box.x() + box.width() + shadow) - x0;
        int h = Math.min(canvas.height, box.y() + box.height() + shadow) - y0;
        if (box.width() == 0) {
            return;
        }
        int[] in = new int[w * h];
        Mask pixels = mask.decode();
        for (int i = 0; i < in.length; i++) {
            in[i] = pixels.get(x0 + i % w, y0 + i / w) ? 1 : 0;
        }
        byte[] depth = Overlay.depth(in, w, h, line);
        for (int i = 0; i < in.length; i++) {
            boolean edge = overlay.outlines() && depth[i] <= (in[i] == 0 ? shadow : line);
            double strength = in[i] == 0 ? (edge ? Overlay.SHADOW : 0) : edge ? 1 : overlay.opacity();
            canvas.blend(x0 + i % w, y0 + i / w, in[i] == 0 ? 0 : colour, strength);
        }
    }
}
