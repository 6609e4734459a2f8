package dev.kerf.graph.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.check.oracle.Oracle;
import dev.kerf.error.UnsupportedOpException;
import dev.kerf.graph.BoxOp.LevelRule;
import dev.kerf.graph.BoxOp;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.TensorType;
import dev.kerf.model.maskrcnn.DetectOptions;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.model.maskrcnn.SmallRcnns;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Detectors in ONNX Runtime: each op as the oracle has it, and a whole network as the cpu back end has it. */
class OnnxDetectorTest {
    @TempDir
    private Path dir;

    private final Random random = new Random(3);
    private final Map<String, HostTensor> inputs = new HashMap<>();
    private final GraphBuilder g = new GraphBuilder();

    private Value in(HostTensor t, Value count) {
        String slot = "x" + inputs.size();
        inputs.put(slot, t);
        TensorType type = new TensorType(t.dtype(), t.shape());
        return count == null ? g.input(slot, type) : g.input(slot, type, count);
    }

    private HostTensor normal(double scale, long... dims) {
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(dims));
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, random.nextGaussian() * scale);
        }
        return t;
    }

    /** Boxes of whole quarters, within and around an image. */
    private HostTensor boxes(int extent, long items, long n) {
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(items, n, 4));
        for (long i = 0; i < 2 * items * n; i++) {
            double low = (random.nextInt(5 * extent) - extent / 2) / 4.0;
            t.setDouble(i / 2 * 4 + i % 2, low);
            t.setDouble(i / 2 * 4 + i % 2 + 2, low + (1 + random.nextInt(2 * extent)) / 4.0);
        }
        return t;
    }

    private void out(List<Value> values) {
        values.forEach(v -> g.output("y" + v.id(), v));
    }

    private void agree(double tolerance) {
        Graph graph = g.build();
        Oracle.Result expected = Oracle.run(graph, null, inputs, Map.of());
        Map<String, HostTensor> peer = OnnxRuntime.run(graph, null, inputs);
        graph.outputs().forEach((name, v) -> {
            HostTensor e = expected.value(v);
            HostTensor y = peer.get(name);
            for (long i = 0; i < e.elements(); i++) {
                if (v.count() == null || valid(v, expected.value(v.count()), i)) {
                    assertEquals(e.getDouble(i), y.getDouble(i), tolerance * Math.max(1, Math.abs(e.getDouble(i))),
                            name + "[" + i + "] of " + v);
                }
            }
        });
    }

    private static boolean valid(Value v, HostTensor count, long i) {
        Shape s = v.type().shape();
        long row = i / s.product(v.countAxis() + 1, s.rank());
        return row % s.dim(v.countAxis()) < count.getLong(row / s.dim(v.countAxis()));
    }

    @Test
    void orderAndCounts() {
        HostTensor ties = normal(1, 3, 40);
        for (long i = 0; i < ties.elements(); i++) {
            ties.setDouble(i, Math.rint(ties.getDouble(i)));
        }
        out(g.add(new SelectOp.TopK(17), in(ties, null)));
        Value counts = in(HostTensor.of(Shape.of(3), new int[] {4, 0, 2}), null);
        out(g.add(new SelectOp.Rank(0.1f, 20), in(normal(1, 3, 5, 3), counts)));
        out(g.add(new SelectOp.Rank(-9, 40), in(ties, null)));
        agree(0);
    }

    @Test
    void morePassingThanTheCapacityFails() {
        List<Value> ranked = g.add(new SelectOp.Rank(0, 2), g.input("x", TensorType.f32(1, 5)));
        out(ranked);
        Graph graph = g.build();
        Map<String, HostTensor> two = Map.of("x", HostTensor.of(Shape.of(1, 5), new float[] {1, -1, 0, 2, -2}));
        assertEquals(2, OnnxRuntime.run(graph, null, two).get("y" + ranked.getLast().id()).getLong(0));
        Map<String, HostTensor> three = Map.of("x", HostTensor.of(Shape.of(1, 5), new float[] {1, -1, 3, 2, -2}));
        assertThrows(AssertionError.class, () -> OnnxRuntime.run(graph, null, three));
    }

    @Test
    void boxesDecodedAndSuppressed() {
        var decode = new BoxOp.DecodeBoxes(10, 10, 5, 5, 4, 50, 70);
        out(g.add(decode, in(boxes(40, 2, 9), null), in(normal(8, 2, 9, 4), null)));
        HostTensor groups = HostTensor.zeros(DType.I32, Shape.of(60));
        for (int i = 0; i < 60; i++) {
            groups.setDouble(i, random.nextInt(3));
        }
        Value count = in(HostTensor.of(Shape.of(1), new int[] {55}), null);
        out(g.add(new BoxOp.Nms(0.4f, 1, 30), in(boxes(30, 1, 60), count), in(groups, null)));
        out(g.add(new BoxOp.Nms(0.4f, 1, 3), in(boxes(30, 1, 60), null), in(groups, null)));
        // Edges are sums of numbers up to e⁴ times a side, and as good as these are.
        agree(4 * 0x1p-24 * (70 + Math.exp(4) * 20));
    }

    @Test
    void boxesPooledFromTheirLevel() {
        for (boolean aligned : new boolean[] {false, true}) {
            for (int samples : new int[] {0, 2}) {
                var op = new BoxOp.RoiAlign(5, 3, samples, aligned, List.of(0.5, 0.25), new LevelRule(24, 2, 0, 1e-6));
                out(g.add(op, in(boxes(50, 2, 11), null), in(normal(1, 2, 3, 26, 25), null),
                        in(normal(1, 2, 3, 13, 12), null)));
            }
        }
        agree(1e-4);
    }

    @Test
    void masksOverAnImageAreRefused() {
        out(g.add(new BoxOp.PasteMasks(9, 9, 0.5f, BoxOp.Paste.EXACT), g.input("m", TensorType.f32(1, 2, 3, 3)),
                g.input("b", TensorType.f32(1, 2, 4))));
        Graph graph = g.build();
        assertThrows(UnsupportedOpException.class, () -> OnnxExport.write(graph, null, dir.resolve("a.onnx")));
    }

    @Test
    void aWholeNetwork() {
        for (Map<String, HostTensor> tensors : List.of(SmallRcnns.torchvision(6, true), SmallRcnns.detectron(6))) {
            HostTensor image = SmallRcnns.picture();
            DetectOptions options = SmallRcnns.options(tensors);
            try (Device cpu = Backends.open("cpu");
                    Weights weights = SmallRcnns.weights(tensors);
                    DeviceWeights loaded = cpu.load(weights)) {
                Graph graph = MaskRcnn.graph(weights, 50, 75, options);
                Map<String, HostTensor> peer = OnnxRuntime.run(graph, weights, Map.of("image", image));
                try (Executable e = cpu.compile(graph, loaded, CompileOptions.of())) {
                    e.input("image").upload(image.data());
                    e.run();
                    long n = peer.get("count").getLong(0);
                    assertEquals(e.output("count").toHost().getLong(0), n);
                    assertTrue(n > 3, MaskRcnn.KIND.describe(weights) + ": " + n);
                    for (int i = 0; i < n; i++) {
                        assertEquals(e.output("labels").toHost().getLong(i), peer.get("labels").getLong(i));
                        assertEquals(e.output("scores").toHost().getDouble(i), peer.get("scores").getDouble(i), 1e-4);
                        for (int k = 0; k < 4; k++) {
                            assertEquals(e.output("boxes").toHost().getDouble(4L * i + k),
                                    peer.get("boxes").getDouble(4L * i + k), 0.01);
                        }
                        for (int k = 0; k < 784; k++) {
                            assertEquals(e.output("masks").toHost().getDouble(784L * i + k),
                                    peer.get("masks").getDouble(784L * i + k), 1e-3);
                        }
                    }
                }
            }
        }
    }
}
