package dev.kerf.metrics;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * How much of a mask's surface lies between 2×2 pixels or 2×2×2 voxels, of which some are inside: of a contour through the middles
 * between pixels its length, of marching cubes' triangles their area (Lorensen and Cline 1987; DeepMind's surface-distance has the
 * same figures).
 *
 * <p>A code has a bit for each element: that of the element at offset 0 or 1 along each axis is the most significant one for all
 * offsets 0 and bit 0 for all offsets 1, the last axis counting least.
 */
final class SurfaceElements {
    /**
     * Triangles of each way that voxels can be inside, up to turning, mirroring and exchanging inside and outside: the components of
     * each one's area along the axes, in eighths, for voxels of side 1.
     */
    private static final Map<Integer, int[][]> TRIANGLES = Map.ofEntries(
            Map.entry(1, new int[][] {{1, 1, 1}}),
            Map.entry(3, new int[][] {{2, 2, 0}, {2, 2, 0}}),
            Map.entry(6, new int[][] {{1, 1, 1}, {1, 1, 1}}),
            Map.entry(7, new int[][] {{4, 0, 0}, {2, 2, 2}, {1, 1, 1}}),
            Map.entry(15, new int[][] {{4, 0, 0}, {4, 0, 0}}),
            Map.entry(22, new int[][] {{1, 1, 1}, {1, 1, 1}, {1, 1, 1}}),
            Map.entry(23, new int[][] {{1, 1, 1}, {1, 1, 1}, {2, 2, 2}, {2, 2, 2}}),
            Map.entry(24, new int[][] {{1, 1, 1}, {1, 1, 1}}),
            Map.entry(25, new int[][] {{0, 2, 2}, {0, 2, 2}, {1, 1, 1}}),
            Map.entry(27, new int[][] {{1, 1, 1}, {3, 3, 3}, {0, 2, 2}, {2, 0, 2}}),
            Map.entry(30, new int[][] {{4, 0, 0}, {1, 1, 1}, {1, 1, 1}, {2, 2, 2}}),
            Map.entry(60, new int[][] {{2, 2, 0}, {2, 2, 0}, {2, 2, 0}, {2, 2, 0}}),
            Map.entry(105, new int[][] {{1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}}));
    private static final List<int[]> ORDERS = List.of(new int[] {0, 1, 2}, new int[] {0, 2, 1}, new int[] {1, 0, 2},
            new int[] {1, 2, 0}, new int[] {2, 0, 1}, new int[] {2, 1, 0});

    private SurfaceElements() {}

    /** Lengths by code, for two spacings, or areas, for three. */
    static double[] of(double... spacing) {
        return spacing.length == 2 ? lengths(spacing[0], spacing[1]) : areas(spacing);
    }

    private static double[] lengths(double y, double x) {
        double diagonal = 0.5 * Math.sqrt(y * y + x * x);
        double[] out = new double[16];
        for (int code = 1; code < 15; code++) {
            out[code] = switch (code) {
                case 0b0011, 0b1100 -> x;
                case 0b0101, 0b1010 -> y;
                case 0b0110, 0b1001 -> 2 * diagonal;
                default -> diagonal;
            };
        }
        return out;
    }

    private static double[] areas(double[] spacing) {
        double[] faces = {spacing[1] * spacing[2], spacing[0] * spacing[2], spacing[0] * spacing[1]};
        double[] out = new double[256];
        TRIANGLES.forEach((code, triangles) -> {
            for (int[] order : ORDERS) {
                double area = 0;
                for (int[] t : triangles) {
                    double square = 0;
                    for (int axis = 0; axis < 3; axis++) {
                        double along = t[order[axis]] / 8.0 * faces[axis];
                        square += along * along;
                    }
                    area += Math.sqrt(square);
                }
                for (int turned : mirrored(code, order)) {
                    out[turned] = area;
                    out[255 - turned] = area;
                }
            }
        });
        return out;
    }

    /** A code with its axes in another order, and its eight mirror images. */
    private static List<Integer> mirrored(int code, int[] order) {
        List<Integer> out = new ArrayList<>();
        for (int flip = 0; flip < 8; flip++) {
            int turned = 0;
            for (int bit = 0; bit < 8; bit++) {
                int to = 0;
                for (int axis = 0; axis < 3; axis++) {
                    to |= (bit >> 2 - order[axis] & 1) << 2 - axis;
                }
                turned |= (code >> bit & 1) << (to ^ flip);
            }
            out.add(turned);
        }
        return out;
    }
}
