package dev.kerf.backend;

/**
 * Time of one node in a run.
 *
 * @param node  {@link dev.kerf.graph.Node#id} in the graph as compiled; a fused node goes by its last part
 * @param name  {@link dev.kerf.graph.Node#name}
 * @param what  the kernel or algorithm that ran
 * @param nanos time on the device
 */
public record NodeTiming(int node, String name, String what, long nanos) {}
