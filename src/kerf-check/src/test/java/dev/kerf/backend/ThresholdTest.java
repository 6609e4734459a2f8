package dev.kerf.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.SpatialOp.Sampling;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Which results of a resampling are above 0 doesn't depend on whether the results are wanted, too: to the pixel, on each back end. */
class ThresholdTest {
    private static Graph graph(int n, int c, int h, int w, int outH, int outW, Sampling sampling, boolean logits) {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(n, c, h, w));
        Value large = g.bilinear(x, outH, outW, sampling);
        if (logits) {
            g.output("logits", large);
        }
        g.output("mask", g.apply(new PointwiseOp.Compare(PointwiseOp.Relation.GREATER), large, g.constant(0f)));
        return g.build();
    }

    private static byte[] run(Device device, Graph graph, float[] x) {
        try (Executable e = device.compile(graph, null, CompileOptions.of())) {
            e.input("x").upload(MemorySegment.ofArray(x));
            e.run();
            HostTensor mask = e.output("mask").toHost();
            return mask.data().toArray(ValueLayout.JAVA_BYTE);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void masksAreThoseOfTheLogits(String backend) {
        Random random = new Random(11);
        try (Device device = Backends.open(backend)) {
            int inside = 0;
            for (int i = 0; i < 40; i++) {
                int n = 1 + random.nextInt(2);
                int c = 1 + random.nextInt(3);
                int h = 1 + random.nextInt(24);
                int w = 1 + random.nextInt(24);
                // Larger, smaller and of the same size.
                int outH = 1 + random.nextInt(i % 3 == 0 ? 12 : 150);
                int outW = 1 + random.nextInt(i % 4 == 0 ? 12 : 150);
                Sampling sampling = i % 5 == 0 ? Sampling.ALIGN_CORNERS : Sampling.HALF_PIXEL;
                float[] x = values(random, n * c * h * w, i);
                byte[] alone = run(device, graph(n, c, h, w, outH, outW, sampling, false), x);
                String what = Shape.of(n, c, h, w) + " to " + outH + "x" + outW + " " + sampling;
                assertArrayEquals(run(device, graph(n, c, h, w, outH, outW, sampling, true), x), alone, what);
                for (byte b : alone) {
                    inside += b;
                }
            }
            assertTrue(inside > 1000, "masks of nothing say nothing");
        }
    }

    /** Few changes of sign or many; zeros of both signs, the smallest numbers, infinities and no numbers among them. */
    private static float[] values(Random random, int count, int kind) {
        float[] special = {0f, -0f, Float.MIN_VALUE, -Float.MIN_VALUE, Float.MIN_NORMAL, Float.MAX_VALUE, -Float.MAX_VALUE,
            Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN};
        float[] x = new float[count];
        float last = 1;
        for (int i = 0; i < count; i++) {
            if (random.nextInt(6) == 0) {
                last = -last;
            }
            x[i] = last * random.nextFloat() * 8;
            if (kind % 2 == 1 && random.nextInt(9) == 0) {
                x[i] = special[random.nextInt(special.length)];
            }
        }
        return x;
    }
}
