package dev.kerf.backend;

/**
 * Time of one node in a run.
 *
 * @param node  {@link dev.kerf.graph.Node#id} in the graph as recorded; a fused node goes by its last part
 * @param name  {@link dev.kerf.graph.Node#name}
 * @param what  the kernel or algorithm that ran
 * @param nanos time on the device
 * @param flops arithmetic operations of its kernels; 0 where a back end doesn't count them
 * @param bytes that its kernels have to read and write at least; 0 where a back end doesn't count them
 */
public record NodeTiming(int node, String name, String what, long nanos, long flops, long bytes) {}
