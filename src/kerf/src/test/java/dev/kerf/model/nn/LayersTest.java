package dev.kerf.model.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadWeightsException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.SourceOp.WeightExpr;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LayersTest {
    private final GraphBuilder g = new GraphBuilder();

    private static List<String> tensors(Graph graph) {
        return graph.weights().stream().map(w -> ((WeightExpr.Tensor) w).name() + " " + w.shape()).toList();
    }

    @Test
    void weightsAreAskedForByTheCheckpointsNames() {
        Layers model = Layers.of(g);
        Value x = g.input("x", TensorType.f32(1, 3, 8, 8));
        Value y = model.at("stem").at("0").conv2d(x, 6, 3, Window2d.of().stride(2).pad(1)); // (1, 6, 4, 4)
        y = model.at("stem.1").batchNorm(y, Layers.EPS);
        y = model.at("mlp").mlp(model.tokens(y), 5, 2, 2); // (1, 16, 2)
        g.output("y", model.image(y, 4));
        Graph graph = g.build();
        assertEquals(Shape.of(1, 2, 4, 4), graph.outputs().get("y").type().shape());
        assertEquals(List.of("stem.0.weight [6, 3, 3, 3]", "stem.0.bias [6]", "stem.1.weight [6]", "stem.1.bias [6]",
                "stem.1.running_mean [6]", "stem.1.running_var [6]", "mlp.layers.0.weight [5, 6]",
                "mlp.layers.0.bias [5]", "mlp.layers.1.weight [2, 5]", "mlp.layers.1.bias [2]"), tensors(graph));
    }

    @Test
    void aStoredConvolutionIsAsTheFileHasIt() {
        Weights weights = Weights.of(Map.of(
                "a.weight", HostTensor.zeros(DType.F32, Shape.of(4, 3, 1, 5)),
                "a.bias", HostTensor.zeros(DType.F32, Shape.of(4)),
                "up.weight", HostTensor.zeros(DType.F32, Shape.of(4, 7, 2, 2))));
        Layers model = Layers.of(g, weights);
        Value x = g.input("x", TensorType.f32(1, 3, 8, 8));
        Value y = model.at("a").storedConv2d(x, Window2d.of().pad(0, 2, 0, 2));
        g.output("y", model.at("up").storedConvTranspose2d(y, Window2d.of().stride(2)));
        Graph graph = g.build();
        assertEquals(Shape.of(1, 7, 16, 16), graph.outputs().get("y").type().shape());
        assertEquals(List.of("a.weight [4, 3, 1, 5]", "a.bias [4]", "up.weight [4, 7, 2, 2]"), tensors(graph));
        assertEquals(4, model.at("a").outputs());
        String refused = assertThrows(BadWeightsException.class,
                () -> model.at("up").storedConv2d(x, Window2d.of())).getMessage();
        assertTrue(refused.contains("\"up.weight\" has shape [4, 7, 2, 2], expected [4, 3, 2, 2]"), refused);
        String missing = assertThrows(BadWeightsException.class, () -> model.at("b").outputs()).getMessage();
        assertTrue(missing.contains("b.weight") && missing.contains("a.weight"), missing);
    }
}
