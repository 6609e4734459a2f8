package dev.kerf.formats;

import dev.kerf.mask.Mask;
import dev.kerf.mask.RunLength;
import java.util.List;

/** Polygons with holes and in parts, to pixels and from them; all x, y of the corners in turn, in pixels. */
final class PolygonShapes {
    /** Corners of what stands for an ellipse: of one 4,000 pixels long none is further than a tenth of a pixel from it. */
    private static final int ROUND = 256;

    private PolygonShapes() {}

    /**
     * Parts as one polygon: from the first corner of each a cut of no width leads to that of the next and back again. By the even-odd
     * rule it has the pixels of all.
     */
    static double[] joined(List<double[]> parts) {
        int numbers = parts.stream().mapToInt(p -> p.length).sum();
        // Each part but the first ends where it began, and the way back passes the first corners of those between.
        double[] all = new double[numbers + 4 * (parts.size() - 1)];
        int at = 0;
        for (double[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
            if (parts.size() > 1) {
                all[at++] = part[0];
                all[at++] = part[1];
            }
        }
        for (int i = parts.size() - 2; i > 0; i--) {
            all[at++] = parts.get(i)[0];
            all[at++] = parts.get(i)[1];
        }
        return all;
    }

    /** The pixels of polygons, each a ring and then its holes; as pycocotools rasterises each ring. */
    static RunLength filled(int width, int height, List<List<double[]>> polygons) {
        List<double[]> whole = polygons.stream().filter(p -> p.size() == 1).map(List::getFirst).toList();
        RunLength plain = RunLength.ofPolygons(width, height, whole);
        Mask out = null;
        for (List<double[]> rings : polygons) {
            if (rings.size() > 1) {
                Mask one = RunLength.ofPolygons(width, height, rings.subList(0, 1)).decode()
                        .andNot(RunLength.ofPolygons(width, height, rings.subList(1, rings.size())).decode());
                out = out == null ? plain.decode().or(one) : out.or(one);
            }
        }
        return out == null ? plain : RunLength.encode(out);
    }

    /** A rectangle turned clockwise on the screen about its left upper corner by an angle in degrees. */
    static double[] box(double x, double y, double width, double height, double degrees) {
        return turned(new double[] {x, y, x + width, y, x + width, y + height, x, y + height}, x, y, degrees);
    }

    /** An ellipse turned clockwise on the screen about its middle by an angle in degrees. */
    static double[] ellipse(double cx, double cy, double rx, double ry, double degrees) {
        double[] out = new double[2 * ROUND];
        for (int i = 0; i < ROUND; i++) {
            double a = 2 * Math.PI * i / ROUND;
            out[2 * i] = cx + rx * Math.cos(a);
            out[2 * i + 1] = cy + ry * Math.sin(a);
        }
        return turned(out, cx, cy, degrees);
    }

    /** A polygon turned clockwise on the screen about a point. */
    static double[] turned(double[] polygon, double cx, double cy, double degrees) {
        if (degrees == 0) {
            return polygon;
        }
        double cos = Math.cos(Math.toRadians(degrees));
        double sin = Math.sin(Math.toRadians(degrees));
        double[] out = new double[polygon.length];
        for (int i = 0; i < out.length; i += 2) {
            double dx = polygon[i] - cx;
            double dy = polygon[i + 1] - cy;
            out[i] = cx + dx * cos - dy * sin;
            out[i + 1] = cy + dx * sin + dy * cos;
        }
        return out;
    }
}
