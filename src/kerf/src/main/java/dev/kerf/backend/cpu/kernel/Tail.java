package dev.kerf.backend.cpu.kernel;

import dev.kerf.graph.Op.Activation;

/**
 * What a node's kernel does to results before they leave the cache, in this order, where nodes after it were made part of it. Its
 * operands, weight and bias of the norm, follow the node's own.
 *
 * @param norm       whether there is a layer norm over the channels
 * @param eps        its epsilon
 * @param activation applied last
 */
public record Tail(boolean norm, double eps, Activation activation) {
    /** Nothing. */
    public static final Tail NONE = new Tail(false, 0, Activation.NONE);
}
