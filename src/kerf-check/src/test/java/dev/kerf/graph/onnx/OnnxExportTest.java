package dev.kerf.graph.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.check.oracle.Oracle;
import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.BadWeightsException;
import dev.kerf.error.UnsupportedOpException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.TensorType;
import dev.kerf.graph.plan.Fusion;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The model file itself: names, stages, states, counts, external data, refusals. */
class OnnxExportTest {
    @TempDir
    Path directory;

    private static Graph convolution() {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("image", TensorType.f32(1, 1, 20, 20));
        Value y = g.conv2d(x, g.weight("conv.weight", Shape.of(1, 1, 20, 20)), g.weight("conv.bias", Shape.of(1)),
                Window2d.of());
        g.stage("before", y);
        g.output("logits", g.relu(y));
        return g.build();
    }

    private static Weights convolutionWeights() {
        float[] w = new float[400];
        Arrays.fill(w, 0.5f);
        return Weights.of(Map.of("conv.weight", HostTensor.of(Shape.of(1, 1, 20, 20), w),
                "conv.bias", HostTensor.of(Shape.of(1), new float[] {-300})));
    }

    private static HostTensor ones() {
        float[] v = new float[400];
        Arrays.fill(v, 1);
        return HostTensor.of(Shape.of(1, 1, 20, 20), v);
    }

    @Test
    void stagesBecomeOutputs() throws Exception {
        Path file = directory.resolve("m.onnx");
        OnnxExport.write(convolution(), convolutionWeights(), file, OnnxExport.Options.of().stages("before"));
        Map<String, HostTensor> out = OnnxRuntime.run(file, Map.of("image", ones()));
        assertEquals(List.of("logits", "before"), List.copyOf(out.keySet()));
        assertEquals(-100, out.get("before").getDouble(0));
        assertEquals(0, out.get("logits").getDouble(0));
        assertThrows(BadInputException.class, () -> OnnxExport.write(convolution(), convolutionWeights(), file,
                OnnxExport.Options.of().stages("after")));
    }

    @Test
    void largeModelsKeepTheirTensorsInAFileBeside() throws Exception {
        Path file = directory.resolve("m.onnx");
        OnnxExport.write(convolution(), convolutionWeights(), file, OnnxExport.Options.of().inlineBytes(1000));
        assertEquals(1600, Files.size(directory.resolve("m.onnx.data")));
        assertTrue(Files.size(file) < 1000);
        assertEquals(0, OnnxRuntime.run(file, Map.of("image", ones())).get("logits").getDouble(0));
        try (var files = Files.list(directory)) {
            assertEquals(2, files.count());
        }
    }

    @Test
    void weightsAreNamedAsInTheirFile() throws IOException {
        Path file = directory.resolve("m.onnx");
        OnnxExport.write(convolution(), convolutionWeights(), file);
        String text = Files.readString(file, java.nio.charset.StandardCharsets.ISO_8859_1);
        assertTrue(text.contains("conv.weight") && text.contains("conv.bias"));
        assertFalse(Files.exists(directory.resolve("m.onnx.data")));
    }

    @Test
    void nothingIsWrittenForBadWeightsOrPlaces() {
        Path file = directory.resolve("m.onnx");
        assertThrows(BadWeightsException.class, () -> OnnxExport.write(convolution(), Weights.of(Map.of()), file));
        assertFalse(Files.exists(file));
        Path nowhere = directory.resolve("none/m.onnx");
        var e = assertThrows(BadFileException.class,
                () -> OnnxExport.write(convolution(), convolutionWeights(), nowhere));
        assertTrue(e.getMessage().contains(nowhere.toString()), e.getMessage());
    }

    @Test
    void refusalsNameNodeAndOp() {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(1, 1, 10, 10));
        g.output("y", g.apply(new SpatialOp.Resize(7, 7, SpatialOp.Interpolation.BILINEAR,
                SpatialOp.Sampling.HALF_PIXEL, false, 2.0, 2.0), x));
        var e = assertThrows(UnsupportedOpException.class, () -> OnnxRuntime.run(g.build(), null, Map.of()));
        assertTrue(e.getMessage().contains("resize Resize["), e.getMessage());

        GraphBuilder counted = new GraphBuilder();
        Value n = counted.input("n", TensorType.of(DType.I32));
        Value rows = counted.input("rows", TensorType.f32(4, 3), n);
        Value four = counted.constant(HostTensor.of(Shape.of(4), new float[4]));
        counted.output("y", counted.apply(new NormOp.LayerNorm(0, 1e-5), rows, four, four));
        assertThrows(UnsupportedOpException.class, () -> OnnxRuntime.run(counted.build(), null, Map.of()));

        GraphBuilder same = new GraphBuilder();
        same.output("x", same.relu(same.input("x", TensorType.f32(1))));
        assertThrows(UnsupportedOpException.class, () -> OnnxRuntime.run(same.build(), null, Map.of()));
    }

    /** Folding batch norms and merging activations changes the operators, not the model. */
    @Test
    void fusedGraphsAreTheSameModel() {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("image", TensorType.f32(1, 3, 9, 7));
        Map<String, HostTensor> tensors = new HashMap<>();
        Random random = new Random(7);
        Value y = g.conv2d(x, weight(g, tensors, random, "conv", 3, 3, 3, 3), null, Window2d.of().pad(1));
        y = g.batchNorm(y, weight(g, tensors, random, "gamma", 3), weight(g, tensors, random, "beta", 3),
                weight(g, tensors, random, "mean", 3), weight(g, tensors, random, "var", 3), 1e-5);
        g.output("y", g.relu(g.add(y, x)));
        Graph graph = g.build();
        Graph fused = Fusion.fuse(graph, Set.of());
        assertTrue(fused.nodes().size() < graph.nodes().size() - 2, fused.toString());
        Weights weights = Weights.of(tensors);
        HostTensor image = numbers(random, Shape.of(1, 3, 9, 7));
        HostTensor expected = Oracle.run(graph, weights, Map.of("image", image), Map.of()).outputs().get("y");
        HostTensor plain = OnnxRuntime.run(graph, weights, Map.of("image", image)).get("y");
        HostTensor folded = OnnxRuntime.run(fused, weights, Map.of("image", image)).get("y");
        // 27 products of numbers up to 1.5 and 1.5, scaled by at most 1.5 / √0.5: 4 float32 epsilons of that.
        double tolerance = 4 * 0x1p-23 * 27 * 1.5 * 1.5 * 1.5 / Math.sqrt(0.5);
        assertArrayEquals(doubles(expected), doubles(plain), tolerance);
        assertArrayEquals(doubles(expected), doubles(folded), tolerance);
    }

    private static Value weight(GraphBuilder g, Map<String, HostTensor> tensors, Random random, String name,
            long... dims) {
        tensors.put(name, numbers(random, Shape.of(dims)));
        return g.weight(name, Shape.of(dims));
    }

    /** From 0.5 to 1.5, so that they may be variances. */
    private static HostTensor numbers(Random random, Shape shape) {
        HostTensor t = HostTensor.zeros(DType.F32, shape);
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, 0.5 + random.nextDouble());
        }
        return t;
    }

    private static double[] doubles(HostTensor t) {
        return LongStream.range(0, t.elements()).mapToDouble(t::getDouble).toArray();
    }

    @Test
    void statesGoInAndOut() {
        GraphBuilder g = new GraphBuilder();
        Value ring = g.state("ring", TensorType.f32(3, 2));
        Value frame = g.input("frame", TensorType.f32(2));
        Value index = g.input("index", TensorType.of(DType.I32));
        g.output("was", g.unary(dev.kerf.graph.PointwiseOp.Function.NEGATE, ring));
        Value updated = g.apply(new StateOp.WriteSlot(), ring, frame, index);
        g.output("is", g.add(updated, updated));
        g.apply(new StateOp.Assign(), g.state("last", TensorType.f32(2)), frame);
        var in = Map.of("ring", HostTensor.of(Shape.of(3, 2), new float[] {1, 2, 3, 4, 5, 6}),
                "last", HostTensor.of(Shape.of(2), new float[2]),
                "frame", HostTensor.of(Shape.of(2), new float[] {8, 9}),
                "index", HostTensor.of(Shape.of(), new int[] {1}));
        var out = OnnxRuntime.run(g.build(), null, in);
        assertArrayEquals(new float[] {-1, -2, -3, -4, -5, -6}, out.get("was").toFloatArray());
        assertArrayEquals(new float[] {1, 2, 8, 9, 5, 6}, out.get("ring.next").toFloatArray());
        assertArrayEquals(new float[] {2, 4, 16, 18, 10, 12}, out.get("is").toFloatArray());
        assertArrayEquals(new float[] {8, 9}, out.get("last.next").toFloatArray());
    }

    @Test
    void compactPicksAndRefusesToCutOff() {
        GraphBuilder g = new GraphBuilder();
        Value scores = g.input("scores", TensorType.f32(5));
        List<Value> picked = g.add(new SelectOp.Compact(0.5f, 3), scores);
        Value table = g.constant(HostTensor.of(Shape.of(5, 1), new float[] {10, 11, 12, 13, 14}));
        Value rows = g.apply(new dev.kerf.graph.MoveOp.Gather(), table, picked.getFirst());
        g.output("sum", g.apply(new dev.kerf.graph.ReduceOp.Reduce(
                dev.kerf.graph.ReduceOp.Reduction.SUM, List.of(0), false), rows));
        g.output("indices", picked.get(0));
        g.output("count", picked.get(1));
        Graph graph = g.build();
        var out = OnnxRuntime.run(graph, null,
                Map.of("scores", HostTensor.of(Shape.of(5), new float[] {0.5f, 0.6f, Float.NaN, 0, 2})));
        assertEquals(2, out.get("count").getLong(0));
        assertEquals(1, out.get("indices").getLong(0));
        assertEquals(4, out.get("indices").getLong(1));
        assertEquals(25, out.get("sum").getDouble(0));
        var none = OnnxRuntime.run(graph, null, Map.of("scores", HostTensor.of(Shape.of(5), new float[5])));
        assertEquals(0, none.get("count").getLong(0));
        assertEquals(0, none.get("sum").getDouble(0));
        var four = HostTensor.of(Shape.of(5), new float[] {1, 1, 0, 1, 1});
        var e = assertThrows(AssertionError.class, () -> OnnxRuntime.run(graph, null, Map.of("scores", four)));
        assertTrue(e.getCause().getMessage().contains("out of data bounds"), e.getCause().getMessage());
    }
}
