package dev.kerf.weights;

import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;

/** Tensors that tests of all packages draw. */
public final class Drawn {
    private Drawn() {}

    /** Values in [−scale, scale) that follow from the name alone, as those of golden cases do. */
    public static HostTensor tensor(String name, Shape shape, double scale) {
        return FormulaWeights.generate(name, shape, scale);
    }
}
