package dev.kerf.serve.look;

import dev.kerf.mask.Box;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.RunLength;
import java.util.Arrays;
import java.util.function.IntPredicate;

/**
 * The connected regions of a label map: pixels of one class joined by their edges, numbered from 0 in the order in which
 * rows from the top meet them. Two passes with a forest of equal numbers (Rosenfeld and Pfaltz 1966).
 */
final class Regions {
    final int width;
    final int height;
    /** Of each pixel, row by row. */
    final int[] number;
    /** Of each region. */
    final int[] area;
    /** The class of each region. */
    final int[] label;
    /** Left, top, right and bottom of each region, the last two not included. */
    private final int[] corners;

    private Regions(int width, int height, int[] number, int[] area, int[] label, int[] corners) {
        this.width = width;
        this.height = height;
        this.number = number;
        this.area = area;
        this.label = label;
        this.corners = corners;
    }

    static Regions of(LabelMap map) {
        return of(map.width(), map.height(), map.toArray());
    }

    /** Of numbers, row by row. */
    static Regions of(int width, int height, int[] labels) {
        int[] number = new int[labels.length];
        int[] parent = new int[256];
        int roots = 0;
        for (int i = 0; i < labels.length; i++) {
            int left = i % width > 0 && labels[i - 1] == labels[i] ? number[i - 1] : -1;
            int above = i >= width && labels[i - width] == labels[i] ? number[i - width] : -1;
            if (left < 0 && above < 0) {
                if (roots == parent.length) {
                    parent = Arrays.copyOf(parent, 2 * roots);
                }
                parent[roots] = roots;
                number[i] = roots++;
            } else if (left < 0 || above < 0) {
                number[i] = Math.max(left, above);
            } else {
                number[i] = join(parent, left, above);
            }
        }
        int[] last = new int[roots];
        int n = 0;
        for (int r = 0; r < roots; r++) {
            last[r] = parent[r] == r ? n++ : last[root(parent, r)];
        }
        int[] area = new int[n];
        int[] label = new int[n];
        int[] corners = new int[4 * n];
        for (int i = 0; i < number.length; i++) {
            int r = last[number[i]];
            int x = i % width;
            int y = i / width;
            number[i] = r;
            label[r] = labels[i];
            corners[4 * r] = area[r] == 0 ? x : Math.min(corners[4 * r], x);
            corners[4 * r + 1] = area[r] == 0 ? y : corners[4 * r + 1];
            corners[4 * r + 2] = Math.max(corners[4 * r + 2], x + 1);
            corners[4 * r + 3] = y + 1;
            area[r]++;
        }
        return new Regions(width, height, number, area, label, corners);
    }

    /** The least number is the root, so that a root stands before all that hang on it. */
    private static int join(int[] parent, int a, int b) {
        int one = root(parent, a);
        int two = root(parent, b);
        int least = Math.min(one, two);
        parent[Math.max(one, two)] = least;
        return least;
    }

    private static int root(int[] parent, int of) {
        int at = of;
        while (parent[at] != at) {
            parent[at] = parent[parent[at]];
            at = parent[at];
        }
        return at;
    }

    int count() {
        return area.length;
    }

    /** The region at a place in pixels; what lies on the right or lower edge belongs to the last column or row. */
    int at(double x, double y) {
        return number[Math.min(height - 1, (int) y) * width + Math.min(width - 1, (int) x)];
    }

    /** The mask of some regions. */
    RunLength mask(IntPredicate in) {
        int left = width;
        int top = height;
        int right = 0;
        int bottom = 0;
        for (int r = 0; r < count(); r++) {
            if (in.test(r)) {
                left = Math.min(left, corners[4 * r]);
                top = Math.min(top, corners[4 * r + 1]);
                right = Math.max(right, corners[4 * r + 2]);
                bottom = Math.max(bottom, corners[4 * r + 3]);
            }
        }
        Box box = right == 0 ? Box.EMPTY : new Box(left, top, right - left, bottom - top);
        return Runs.of(width, height, box, (x, y) -> in.test(number[y * width + x]));
    }

    /** How many pixels of each region lie in a box, its last column and row not included. */
    int[] within(int left, int top, int right, int bottom) {
        int[] inside = new int[count()];
        for (int y = top; y < bottom; y++) {
            for (int x = left; x < right; x++) {
                inside[number[y * width + x]]++;
            }
        }
        return inside;
    }
}
