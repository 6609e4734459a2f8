package dev.kerf.backend.gpu;

import dev.kerf.backend.gpu.kernel.Packing;
import dev.kerf.graph.ImageLayout;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.Map;

/**
 * How the convolution kernels read a weight: panels of {@code tile} output channels, in each the taps, in each tap the
 * input channels (or the taps within the channels), in each of these the panel's channels side by side; zeros fill the
 * last panel up. The shape is (groups, ⌈o / tile⌉, taps, c, tile) or (groups, ⌈o / tile⌉, c, taps, tile). The source is
 * dense with these distances; it may be a subset of its taps, as the phases of a transposed convolution need.
 *
 * @param groups    of channels
 * @param o         output channels of a group
 * @param c         input channels of a group
 * @param rows      taps down
 * @param cols      taps across
 * @param groupStep elements from one group's weight to the next
 * @param oStep     elements from one output channel to the next
 * @param cStep     elements from one input channel to the next
 * @param first     the first tap's element
 * @param rowStep   elements from a tap to the one below
 * @param colStep   elements from a tap to the one on its right
 */
record ConvWeight(
        int groups, int o, int c, int rows, int cols, int groupStep, int oStep, int cStep, int first, int rowStep,
        int colStep) {
    /** All of a convolution's weight (groups · o, c, rows, cols). */
    static ConvWeight all(int groups, Shape w) {
        int o = w.size(0) / groups;
        int c = w.size(1);
        int taps = w.size(2) * w.size(3);
        return new ConvWeight(groups, o, c, w.size(2), w.size(3), o * c * taps, c * taps, taps, 0, w.size(3), 1);
    }

    /** One phase of a transposed convolution's weight (groups · c, o, KH, KW). */
    static ConvWeight phase(int groups, Shape w, Phase rows, Phase cols) {
        int c = w.size(0) / groups;
        int o = w.size(1);
        int taps = w.size(2) * w.size(3);
        return new ConvWeight(groups, o, c, rows.taps(), cols.taps(), c * o * taps, taps, o * taps,
                rows.firstTap() * w.size(3) + cols.firstTap(), rows.tapStep() * w.size(3), cols.tapStep());
    }

    /** A transposed convolution's weight (groups · c, o, KH, KW) as a 1×1 convolution's with an output channel for each tap. */
    static ConvWeight phases(int groups, Shape w) {
        int c = w.size(0) / groups;
        int o = w.size(1) * w.size(2) * w.size(3);
        return new ConvWeight(groups, o, c, 1, 1, c * o, 1, o, 0, 0, 0);
    }

    /** Numbers in the packed form. */
    long elements(int tile) {
        return (long) groups * Math.ceilDiv(o, tile) * rows * cols * c * tile;
    }

    /**
     * The panels that a kernel wants, its manifest's layout {@code panels}.
     *
     * @param tile      output channels of a panel
     * @param tapsInner whether the taps lie within the channels
     */
    record Panels(int tile, boolean tapsInner) {
        static Panels of(KernelCall call) {
            Map<String, Long> numbers = call.layout("w", "panels");
            return new Panels(Math.toIntExact(numbers.get("tile")), numbers.get("taps_inner") != 0);
        }
    }

    /** The packing for such panels. */
    Packing packing(Panels p) {
        return new Packing("conv/" + p.tile + (p.tapsInner ? "/taps inner/" : "/") + this, w -> pack(w, p.tile, p.tapsInner));
    }

    /**
     * The blocks that a kernel for tensor cores wants, its manifest's layout {@code blocks}: what it copies to local memory step
     * by step, as it shall lie there. A step has {@code tile} output channels, each a row of eight chunks of terms; chunk c of
     * row m stands at c xor (m mod 8). A tap's channels, those of each source filled up to a multiple of eight, are side by side; or,
     * with the taps inner, those of one step's chunks are, and the next step has the same channels of the next tap.
     * The shape is (groups, ⌈o / tile⌉, ⌈terms / (8 · chunk)⌉, tile, 8 · chunk); what fills up is 0.
     *
     * @param tile   output channels of a block
     * @param chunk  terms of a chunk
     * @param first  channels of the first source; the others are of the second
     * @param phases output channels that the source has one after the other, and the blocks {@code o / phases} apart
     * @param inner  whether the taps are inner
     */
    record Blocks(int tile, int chunk, int first, int phases, boolean inner) {
        static Blocks of(KernelCall call) {
            Map<String, Long> numbers = call.layout("w", "blocks");
            return new Blocks(Math.toIntExact(numbers.get("tile")), Math.toIntExact(numbers.get("chunk")),
                    Math.toIntExact(numbers.get("first")), Math.toIntExact(numbers.get("phases")),
                    numbers.get("taps_inner") != 0);
        }
    }

    /** The packing for such blocks. */
    Packing packing(Blocks b) {
        return new Packing("conv/" + b + this, w -> pack(w, b));
    }

    private HostTensor pack(HostTensor w, Blocks b) {
        float[] from = w.toFloatArray();
        boolean alone = groups == 1;
        int firstPadded = alone ? filledUp(Math.min(b.first, c)) : c;
        int padded = firstPadded + filledUp(Math.max(c - b.first, 0));
        int row = 8 * b.chunk;
        int panels = Math.ceilDiv(o, b.tile);
        int taps = rows * cols;
        int steps = b.inner ? Math.ceilDiv(padded, row) * taps : Math.ceilDiv(taps * padded, row);
        float[] to = new float[Math.multiplyExact(Math.multiplyExact(groups * panels, steps), b.tile * row)];
        for (int g = 0; g < groups; g++) {
            for (int m = 0; m < o; m++) {
                int source = m % (o / b.phases) * b.phases + m / (o / b.phases);
                for (int tap = 0; tap < taps; tap++) {
                    int tapBase = g * groupStep + source * oStep + first + tap / cols * rowStep + tap % cols * colStep;
                    for (int i = 0; i < c; i++) {
                        int channel = i < b.first ? i : firstPadded + i - b.first;
                        int term = b.inner ? (channel / row * taps + tap) * row + channel % row : tap * padded + channel;
                        int block = (g * panels + m / b.tile) * steps + term / row;
                        int chunk = term % row / b.chunk ^ m % b.tile % 8;
                        to[(block * b.tile + m % b.tile) * row + chunk * b.chunk + term % b.chunk] = from[tapBase + i * cStep];
                    }
                }
            }
        }
        return HostTensor.of(Shape.of(to.length), to);
    }

    private static int filledUp(int channels) {
        return Math.ceilDiv(channels, ImageLayout.PADDING) * ImageLayout.PADDING;
    }

    private HostTensor pack(HostTensor w, int tile, boolean tapsInner) {
        float[] from = w.toFloatArray();
        float[] to = new float[Math.toIntExact(elements(tile))];
        int panels = Math.ceilDiv(o, tile);
        int terms = rows * cols * c;
        for (int g = 0; g < groups; g++) {
            for (int panel = 0; panel < panels; panel++) {
                int filled = Math.min(tile, o - panel * tile);
                int base = g * groupStep + panel * tile * oStep + first;
                for (int tap = 0; tap < rows * cols; tap++) {
                    int tapBase = base + tap / cols * rowStep + tap % cols * colStep;
                    for (int i = 0; i < c; i++) {
                        int term = tapsInner ? i * rows * cols + tap : tap * c + i;
                        int at = ((g * panels + panel) * terms + term) * tile;
                        for (int m = 0; m < filled; m++) {
                            to[at + m] = from[tapBase + i * cStep + m * oStep];
                        }
                    }
                }
            }
        }
        return HostTensor.of(Shape.of(to.length), to);
    }

    /**
     * One axis of one phase of a transposed convolution. Output i = a · stride + phase takes the taps u for which
     * i + pad − u · dilation is a multiple of the stride, from input (i + pad − u · dilation) / stride; within a phase
     * these are the same for all a, and the input moves with a by 1.
     *
     * @param outputs  outputs of this phase
     * @param taps     taps that meet it
     * @param firstTap the first of them
     * @param tapStep  from one to the next
     * @param firstIn  the input that the first tap takes for a = 0; may lie outside
     * @param inStep   inputs from one tap to the next, never positive
     */
    record Phase(int outputs, int taps, int firstTap, int tapStep, int firstIn, int inStep) {
        static Phase of(int phase, int out, int kernel, int stride, int pad, int dilation) {
            int outputs = Math.ceilDiv(Math.max(out - phase, 0), stride);
            int common = gcd(stride, dilation);
            int step = stride / common;
            for (int u = 0; u < Math.min(kernel, step); u++) {
                int from = phase + pad - u * dilation;
                if (from % stride == 0) {
                    return new Phase(
                            outputs, Math.ceilDiv(kernel - u, step), u, step, from / stride, -dilation / common);
                }
            }
            return new Phase(outputs, 0, 0, step, 0, 0);
        }

        private static int gcd(int a, int b) {
            return b == 0 ? a : gcd(b, a % b);
        }
    }
}
