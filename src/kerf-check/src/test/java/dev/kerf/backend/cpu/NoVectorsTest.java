package dev.kerf.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.Executable;
import dev.kerf.check.oracle.Oracle;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A JVM without {@code jdk.incubator.vector}: plain Java, one warning, the same numbers. */
class NoVectorsTest {
    @Test
    void worksWithOneWarning() throws IOException, InterruptedException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process p = new ProcessBuilder(java, "-cp", System.getProperty("java.class.path"), NoVectorsTest.class.getName())
                .redirectErrorStream(true)
                .start();
        String out = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(p.waitFor(1, TimeUnit.MINUTES), out);
        assertEquals(0, p.exitValue(), out);
        List<String> lines = out.lines().toList();
        assertEquals(1, lines.stream().filter(l -> l.contains("jdk.incubator.vector is missing")).count(), out);
        assertTrue(lines.getLast().startsWith("largest error "), out);
        // The medley sums at most 8 · 9 products of numbers below 1 at a time, nine roundings deep.
        double error = Double.parseDouble(lines.getLast().substring("largest error ".length()));
        assertTrue(error <= 9 * Math.sqrt(72) * Math.ulp(1f), out);
    }

    /** Runs in the JVM without the module: opens the device twice and prints the error of a small network. */
    public static void main(String[] args) {
        GraphBuilder g = new GraphBuilder();
        HostTensor image = noise(1, 1, 8, 20, 23);
        Value x = g.input("x", TensorType.f32(1, 8, 20, 23));
        Value y = g.relu(g.conv2d(x, g.constant(noise(2, 8, 8, 3, 3)), null, Window2d.of().pad(1)));
        Value half = g.maxPool2d(y, 2);
        half = g.bilinear(g.bilinear(half, 25, 31, SpatialOp.Sampling.HALF_PIXEL), 10, 11, SpatialOp.Sampling.HALF_PIXEL);
        y = g.convTranspose2d(half, g.constant(noise(3, 8, 4, 2, 2)), null, Window2d.of().stride(2));
        Value tokens = g.reshape(y, 1, 4, 110, 4);
        y = g.apply(new MatrixOp.Attention(0.5f, false), tokens, tokens, tokens);
        g.output("y", g.softmax(g.matMul(y, g.constant(noise(4, 4, 4))), 3));
        var graph = g.build();
        HostTensor expected = Oracle.run(graph, null, Map.of("x", image), Map.of(), Oracle.Rounding.NONE)
                .outputs().get("y");
        double worst = 0;
        for (int i = 0; i < 2; i++) {
            try (Device device = Backends.open("cpu");
                    Executable e = device.compile(graph, null, CompileOptions.of())) {
                e.input("x").upload(image.data());
                e.run();
                HostTensor got = e.output("y").toHost();
                for (long k = 0; k < got.elements(); k++) {
                    worst = Math.max(worst, Math.abs(got.getDouble(k) - expected.getDouble(k)));
                }
            }
        }
        System.out.println("largest error " + worst);
    }

    private static HostTensor noise(int seed, long... dims) {
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(dims));
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, 0.3 * Math.sin(i * 0.731 + seed));
        }
        return t;
    }
}
