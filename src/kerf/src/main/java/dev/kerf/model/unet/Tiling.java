package dev.kerf.model.unet;

import dev.kerf.backend.DeviceTensor.HostView;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The overlap-tile strategy (Ronneberger et al. 2015, figure 2), arranged so that the tiled result equals the untiled one:
 * tiles start at multiples of 2^depth, so that poolings meet the same pixels; they end within the image or at its very edge,
 * so that zero padding stands where it stood; and only pixels whose receptive field lies within the tile are taken.
 */
final class Tiling {
    /**
     * A piece of one axis.
     *
     * @param start    first pixel of the tile
     * @param size     pixels of the tile
     * @param keepFrom first pixel that is taken from this tile
     * @param keepTo   end of those pixels, exclusive
     */
    record Span(int start, int size, int keepFrom, int keepTo) {}

    private Tiling() {}

    /**
     * Cuts an axis.
     *
     * @param length   pixels of the axis
     * @param tile     pixels of a tile, a multiple of {@code multiple}, larger than twice the margin
     * @param margin   least distance from a kept pixel to a cut edge, a multiple of {@code multiple}
     * @param multiple 2^depth
     */
    static List<Span> spans(int length, int tile, int margin, int multiple) {
        if (tile % multiple != 0 || margin % multiple != 0 || tile <= 2 * margin) {
            throw new BadInputException("tile " + tile + ", margin " + margin + ", multiple " + multiple);
        }
        List<Span> spans = new ArrayList<>();
        int start = 0;
        int from = 0;
        while (start + tile < length) {
            spans.add(new Span(start, tile, from, start + tile - margin));
            from = start + tile - margin;
            start += tile - 2 * margin;
        }
        // The last one ends at the edge, wherever that is, and so may be a little longer than the others.
        int last = length <= tile ? 0 : (length - tile) / multiple * multiple;
        spans.add(new Span(last, length - last, from, length));
        return spans;
    }

    /**
     * Pixels to each side that a pixel of the result depends on, for the worst position within a cell of 2^depth.
     *
     * @param encoder radius of the convolutions of each level, the bottom last
     * @param decoder radius of the convolutions of each level but the bottom
     */
    static int radius(List<Integer> encoder, List<Integer> decoder) {
        int depth = decoder.size();
        int radius = 0;
        for (int x = 0; x < 1 << depth; x++) {
            long low = x;
            long high = x;
            for (int level = 0; level < depth; level++) {
                low = Math.floorDiv(low - decoder.get(level), 2L);
                high = Math.floorDiv(high + decoder.get(level), 2L);
            }
            for (int level = depth; level >= 0; level--) {
                low -= encoder.get(level);
                high += encoder.get(level);
                if (level > 0) {
                    low = 2 * low;
                    high = 2 * high + 1;
                }
            }
            radius = (int) Math.max(radius, Math.max(x - low, high - x));
        }
        return radius;
    }

    /** What a tile sees of planes (1, C, H, W); nothing is copied. */
    static HostView window(HostTensor planes, Span y, Span x) {
        Shape s = planes.shape();
        long b = planes.dtype().bytes();
        long row = s.dim(3) * b;
        return HostView.of(planes.data().asSlice(y.start() * row + x.start() * b), planes.dtype(),
                Shape.of(1, s.dim(1), y.size(), x.size()), s.dim(1) * s.dim(2) * row, s.dim(2) * row, row, b);
    }

    /** All of a tensor, as what is of a type. */
    static HostView dense(HostTensor t, TensorType type) {
        long[] strides = type.shape().strides();
        for (int i = 0; i < strides.length; i++) {
            strides[i] *= type.dtype().bytes();
        }
        return HostView.of(t.data(), type.dtype(), type.shape(), strides);
    }

    /** What a tensor has of image {@code i}; shares its memory. */
    static HostTensor image(HostTensor t, int i) {
        long[] d = t.shape().dims();
        Shape s = Shape.of(Arrays.copyOfRange(d, 1, d.length));
        long bytes = s.elements() * t.dtype().bytes();
        return new HostTensor(t.dtype(), s, t.data().asSlice(i * bytes, bytes));
    }

    /** Copies the pixels that a tile is trusted with; all axes before the last two are planes. */
    static void keep(HostTensor tile, HostTensor whole, Span y, Span x) {
        int rank = whole.shape().rank();
        long planes = whole.shape().product(0, rank - 2);
        long b = whole.dtype().bytes();
        long width = whole.shape().dim(-1);
        for (long p = 0; p < planes; p++) {
            for (int row = y.keepFrom(); row < y.keepTo(); row++) {
                long from = (p * y.size() + row - y.start()) * x.size() + x.keepFrom() - x.start();
                long to = (p * whole.shape().dim(-2) + row) * width + x.keepFrom();
                MemorySegment.copy(tile.data(), from * b, whole.data(), to * b, (x.keepTo() - x.keepFrom()) * b);
            }
        }
    }
}
