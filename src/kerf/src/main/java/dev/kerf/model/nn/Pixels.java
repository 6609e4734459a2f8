package dev.kerf.model.nn;

import dev.kerf.error.BadInputException;
import dev.kerf.graph.FrameOp;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.SpatialOp.Resize;
import dev.kerf.graph.SpatialOp.Sampling;
import dev.kerf.graph.Value;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.List;

/** What stands before a network: planes (N, C, H, W) brought to its size and its range. */
public final class Pixels {
    private Pixels() {}

    /** Planes of another size, pixel centres at halves; themselves if they have it already. */
    public static Value resized(
            GraphBuilder g, Value x, int height, int width, Interpolation interpolation, boolean antialias) {
        Shape s = x.type().shape();
        return s.dim(2) == height && s.dim(3) == width
                ? x
                : g.apply(new Resize(height, width, interpolation, Sampling.HALF_PIXEL, antialias, 0, 0), x);
    }

    /** (x − mean) / std with a number of each for every channel, in the unit of x. */
    public static Value standardised(GraphBuilder g, Value x, List<Double> mean, List<Double> std) {
        if (mean.isEmpty() || mean.size() != std.size()) {
            throw new BadInputException(mean.size() + " means and " + std.size() + " standard deviations");
        }
        HostTensor pairs = HostTensor.zeros(DType.F32, Shape.of(1, mean.size(), 2));
        for (int c = 0; c < mean.size(); c++) {
            pairs.setDouble(2L * c, mean.get(c));
            pairs.setDouble(2L * c + 1, std.get(c));
        }
        return g.apply(new FrameOp.Standardise(), x, g.constant(pairs));
    }
}
