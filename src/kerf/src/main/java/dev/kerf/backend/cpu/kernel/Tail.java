package dev.kerf.backend.cpu.kernel;

import dev.kerf.graph.Op.Activation;

/**
 * What a node's kernel does to results before they leave the cache, in this order, where nodes after it were made part of it. Its
 * operands follow the node's own: weight and bias of the norm, what is added.
 *
 * @param norm       whether there is a layer norm over the channels
 * @param eps        its epsilon
 * @param activation applied then
 * @param transposed whether results (B, C, …) become (B, …, C)
 * @param residual   whether something of the result's shape is added
 */
public record Tail(boolean norm, double eps, Activation activation, boolean transposed, boolean residual) {
    /** Nothing. */
    public static final Tail NONE = new Tail(false, 0, Activation.NONE, false, false);
}
