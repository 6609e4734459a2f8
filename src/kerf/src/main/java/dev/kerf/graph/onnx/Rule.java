package dev.kerf.graph.onnx;

/** How an operator is recorded: reads the node's operands and attributes and gives its results. */
@FunctionalInterface
interface Rule {
    /** Records one node. */
    void record(Imported n);
}
