package dev.kerf.mask;

import dev.kerf.image.Image;
import dev.kerf.mask.Panoptic.Segment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What {@link Overlay} draws of panoptic pictures. */
final class PanopticOverlay {
    /** Steps from the outline that are told apart in the search for the widest place; fits a byte. */
    private static final int DEEPEST = 120;

    private PanopticOverlay() {}

    static Image draw(Overlay overlay, Image picture, Panoptic panoptic) {
        List<Segment> segments = panoptic.segments();
        Map<Integer, Integer> places = new HashMap<>();
        places.put(0, 0);
        segments.forEach(s -> places.put(s.id(), places.size()));
        int[] place = panoptic.ids();
        for (int i = 0; i < place.length; i++) {
            place[i] = places.get(place[i]);
        }
        int[] colours = new int[segments.size() + 1];
        for (int i = 0; i < segments.size(); i++) {
            colours[i + 1] = Palette.colour(i);
        }
        int w = panoptic.width();
        int h = panoptic.height();
        Image drawn = new Overlay(overlay.names(), 0, colours, overlay.opacity(), overlay.outlines(), false)
                .draw(picture, LabelMap.of(w, h, place));
        Canvas canvas = new Canvas(w, h, Overlay.base(drawn));
        int[] widest = overlay.text() ? widest(place, segments, w, h) : new int[0];
        Tags tags = new Tags(canvas);
        for (int i = 0; i < widest.length; i++) {
            if (widest[i] >= 0) {
                tags.centre(overlay.names().apply(segments.get(i).category()), widest[i] % w, widest[i] / w, colours[i + 1]);
            }
        }
        return canvas.toImage();
    }

    /**
     * Of each segment the pixel that lies deepest in it, the picture's edge being an outline too, and of several the one
     * nearest to the middle of the segment's box; -1 of one without pixels.
     */
    private static int[] widest(int[] place, List<Segment> segments, int w, int h) {
        byte[] depth = Overlay.depth(place, w, h, DEEPEST);
        int[] best = new int[segments.size()];
        double[] rank = new double[segments.size()];
        Arrays.fill(best, -1);
        for (int i = 0; i < place.length; i++) {
            int s = place[i] - 1;
            if (s < 0) {
                continue;
            }
            int x = i % w;
            int y = i / w;
            int deep = Math.min(depth[i], Math.min(Math.min(x + 1, w - x), Math.min(y + 1, h - y)));
            Box box = segments.get(s).box();
            double off = Math.hypot(x - box.x() - box.width() / 2.0, y - box.y() - box.height() / 2.0);
            // The distance, being less than the sum of the sides, only decides between equal depths.
            double r = deep - off / (w + h);
            if (best[s] < 0 || r > rank[s]) {
                best[s] = i;
                rank[s] = r;
            }
        }
        return best;
    }
}
