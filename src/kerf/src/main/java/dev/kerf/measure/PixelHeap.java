package dev.kerf.measure;

import java.util.Arrays;

/**
 * Pixels by value, of equal values those that came first by their age: a binary heap. Of equal ages, too, the order is that of a plain
 * heap that swaps only what is strictly smaller, which is part of what the watershed means.
 */
final class PixelHeap {
    private double[] values = new double[64];
    private int[] ages = new int[64];
    private int[] pixels = new int[64];
    private int size;

    boolean isEmpty() { return size == 0; }

    void push(double value, int age, int pixel) {
        if (size == pixels.length) {
            values = Arrays.copyOf(values, 2 * size);
            ages = Arrays.copyOf(ages, 2 * size);
            pixels = Arrays.copyOf(pixels, 2 * size);
        }
        int i = size++;
        set(i, value, age, pixel);
        for (int up = (i - 1) / 2; i > 0 && smaller(i, up); up = (i - 1) / 2) {
            swap(i, up);
            i = up;
        }
    }

    /** The value of the pixel that is next. */
    double value() {
        return values[0];
    }

    /** Takes the smallest out. */
    int pop() {
        int out = pixels[0];
        size--;
        set(0, values[size], ages[size], pixels[size]);
        int i = 0;
        while (2 * i + 1 < size) {
            int left = 2 * i + 1;
            int least = smaller(left, i) ? left : i;
            least = left + 1 < size && smaller(left + 1, least) ? left + 1 : least;
            if (least == i) {
                break;
            }
            swap(i, least);
            i = least;
        }
        return out;
    }

    private boolean smaller(int a, int b) {
        return values[a] != values[b] ? values[a] < values[b] : ages[a] < ages[b];
    }

    private void set(int i, double value, int age, int pixel) {
        values[i] = value;
        ages[i] = age;
        pixels[i] = pixel;
    }

    private void swap(int a, int b) {
        double value = values[a];
        int age = ages[a];
        int pixel = pixels[a];
        set(a, values[b], ages[b], pixels[b]);
        set(b, value, age, pixel);
    }
}
