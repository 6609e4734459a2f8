package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Tail;
import dev.kerf.graph.Op.Activation;
import java.util.Arrays;

/**
 * What {@link CorrelationKernel} computes: sums over taps of one image, some rows of sums for each output channel. A
 * convolution has one row a channel. A transposed convolution is taken apart by output phase, the remainder of an
 * output's position modulo the stride: each phase is a convolution with some of the taps, and phases with the same
 * taps are computed together, {@code phaseRows.length × phaseCols.length} rows a channel.
 *
 * @param batch      images
 * @param groups     groups of channels
 * @param depth      input channels of a group
 * @param channels   output channels of a group
 * @param inH        rows of the input
 * @param inW        columns of the input
 * @param outH       rows of the result
 * @param outW       columns of the result
 * @param taps       what is summed
 * @param spreadH    result rows from one output of a phase to the next
 * @param spreadW    result columns from one to the next
 * @param phaseRows  the result's row for output 0 of each phase
 * @param phaseCols  the result's column for output 0 of each phase
 * @param activation applied last
 * @param together   whether all channels of a pixel have to be in one block
 * @param last       whether a pixel's channels lie side by side in the result
 */
record Correlation(
        int batch, int groups, int depth, int channels, int inH, int inW, int outH, int outW, Taps taps, int spreadH,
        int spreadW, int[] phaseRows, int[] phaseCols, Activation activation, boolean together, boolean last) {
    /** The same with a tail. */
    Correlation with(Tail tail) {
        return new Correlation(batch, groups, depth, channels, inH, inW, outH, outW, taps, spreadH, spreadW, phaseRows,
                phaseCols,
                tail.activation() == Activation.NONE ? activation : tail.activation(),
                tail.norm() || tail.transposed(), tail.transposed());
    }

    /** Whether a tail can be done to blocks of it. */
    boolean takes(Tail tail) {
        boolean whole = tail.norm() || tail.transposed();
        return (activation == Activation.NONE || !tail.norm() && tail.activation() == Activation.NONE) && !tail.residual()
                && (!whole || groups == 1 && Blocking.together(CorrelationKernel.panels(this)));
    }

    /** Outputs of the first phase along the height. */
    int rows() {
        return (outH - Arrays.stream(phaseRows).min().orElse(0) + spreadH - 1) / spreadH;
    }

    /** Outputs of the first phase along the width. */
    int cols() {
        return (outW - Arrays.stream(phaseCols).min().orElse(0) + spreadW - 1) / spreadW;
    }

    /** Rows of sums for each channel. */
    int phases() {
        return phaseRows.length * phaseCols.length;
    }

    /** Terms of a sum. */
    int terms() {
        return depth * taps.count();
    }

    /** Multiplications and additions of everything. */
    double flops() {
        return 2.0 * batch * groups * channels * phases() * terms() * rows() * cols();
    }
}
