package dev.kerf.backend.cpu.kernel;

import dev.kerf.graph.Graph.Node;
import dev.kerf.tensor.Shape;

/** What a node's kernels are built from. Asked only while an executable is compiled. */
public interface Site {
    /** How a weight is laid out anew. */
    @FunctionalInterface
    interface Packer {
        /**
         * The packed form of dense row-major numbers.
         *
         * @param dense the weight; not to be changed
         * @param shape its extents
         */
        float[] pack(float[] dense, Shape shape);
    }

    /** The node that is compiled. */
    Node node();

    /** What its kernel does besides. */
    default Tail tail() {
        return Tail.NONE;
    }

    /** How its kernel takes in an operand. */
    default Intake intake() {
        return Intake.NONE;
    }

    /** What makes the rows of a node that is a layer norm of rows. */
    default RowMaker rows() {
        throw new UnsupportedOperationException(node() + " makes no rows one by one");
    }

    /** Operand {@code i}; its array is there when the kernel runs, for weights and constants already now. */
    Operand operand(int i);

    /** Result {@code i}. */
    Operand result(int i);

    /** Whether operand {@code i} is a weight or a constant, so that {@link #packed} can serve. */
    boolean fixed(int i);

    /**
     * A weight or constant in a kernel's own layout, packed once and shared by all executables on the device. Asking for
     * packed forms alone keeps the dense one out of memory.
     *
     * @param i      a {@link #fixed} float32 operand
     * @param layout unique name of what {@code packing} does, parameters included, such as {@code conv/o32}
     */
    float[] packed(int i, String layout, Packer packing);

    /**
     * Room that only this node's kernels use, as many floats as the kernel asked for before memory was planned; contents
     * are left over from other nodes. Null if it asked for none. Like an operand it has an offset.
     */
    Operand scratch();

    /** Where kernels note counts and indices that are out of range. */
    Faults faults();

    /** Threads that may run tasks at once; at least 1. */
    int workers();

    /** Whether {@code jdk.incubator.vector} is there. */
    boolean vectors();
}
