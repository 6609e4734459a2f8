package dev.kerf.model.unet;

import dev.kerf.error.BadWeightsException;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.model.nn.Layers;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import dev.kerf.weights.Weights.TensorInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * (convolution, norm, ReLU) several times: a {@code torch.nn.Sequential} whose indices tell the parts apart: a weight of
 * four dimensions is a convolution, one of one dimension at the next index its norm.
 *
 * @param layers the convolutions in order
 * @param norm   the kind of norm
 */
record UNetBlock(List<Layer> layers, UNetConfig.Norm norm) {
    /**
     * One convolution.
     *
     * @param conv   name of its module
     * @param weight its shape (O, C, KH, KW)
     * @param norm   name of its norm's module, if it has one
     */
    record Layer(String conv, Shape weight, @Nullable String norm) {}

    static UNetBlock of(Weights weights, String prefix, UNetConfig.Norm norm) {
        List<Layer> layers = new ArrayList<>();
        List<Integer> indices = weights.at(prefix).names().stream()
                .filter(n -> n.matches("\\d{1,4}\\.weight"))
                .map(n -> Integer.valueOf(n.substring(0, n.indexOf('.'))))
                .sorted()
                .toList();
        for (int i : indices) {
            String conv = prefix + "." + i;
            Shape shape = weights.find(conv + ".weight").orElseThrow().shape();
            if (shape.rank() == 4) {
                if (shape.dim(2) % 2 == 0 || shape.dim(3) % 2 == 0) {
                    throw new BadWeightsException(weights.source() + ": tensor \"" + conv + ".weight\" has shape " + shape
                            + ", expected a kernel of odd height and width, which padding can centre on a pixel");
                }
                Optional<TensorInfo> next = weights.find(prefix + "." + (i + 1) + ".weight");
                boolean normed = next.isPresent() && next.get().shape().rank() == 1;
                layers.add(new Layer(conv, shape, normed ? prefix + "." + (i + 1) : null));
            }
        }
        if (layers.isEmpty()) {
            throw new BadWeightsException(weights.source() + ": no convolution " + prefix + ".N.weight");
        }
        return new UNetBlock(layers, norm);
    }

    int outChannels() {
        return layers.getLast().weight().size(0);
    }

    /** Pixels to each side that a pixel of the result depends on. */
    int radius() {
        return layers.stream()
                .mapToInt(l -> Math.max(l.weight().size(2), l.weight().size(3)) / 2)
                .sum();
    }

    /** x (N, C, H, W) to (N, outChannels, H, W); kernels of odd size, padded to keep the image's. */
    Value forward(Layers model, Value x) {
        Value y = x;
        for (Layer l : layers) {
            int h = l.weight.size(2) / 2;
            int w = l.weight.size(3) / 2;
            y = model.at(l.conv).storedConv2d(y, Window2d.of().pad(h, w, h, w));
            y = model.g().relu(l.norm == null ? y : normalised(model.at(l.norm), y)); // (N, O, H, W)
        }
        return y;
    }

    private Value normalised(Layers module, Value y) {
        return switch (norm) {
            case UNetConfig.Norm.None _ -> y;
            case UNetConfig.Norm.Batch b -> module.batchNorm(y, b.eps());
            case UNetConfig.Norm.Group p ->
                module.groupNorm(y, p.groups() == 0 ? y.type().shape().size(1) : p.groups(), p.eps());
        };
    }
}
