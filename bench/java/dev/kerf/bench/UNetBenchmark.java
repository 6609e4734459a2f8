package dev.kerf.bench;

import dev.kerf.graph.Graph;
import dev.kerf.model.unet.UNet;
import dev.kerf.model.unet.UNetConfig;
import dev.kerf.weights.Weights;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** A whole U-Net, from normalised image to logits, labels and probabilities. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class UNetBenchmark {
    /** What runs it. */
    @Param("cpu")
    public String engine;

    /** Rows and columns of the image. */
    @Param("512")
    public int side;

    private Weights weights;
    private Engine opened;

    /** The network on a square image. */
    static Graph graph(Weights weights, int side) {
        return UNet.graph(UNetConfig.of(weights), weights, side, side);
    }

    /** Compiles and warms up. */
    @Setup
    public void open() {
        weights = Inputs.unet();
        Graph graph = graph(weights, side);
        opened = Engine.open(engine, graph, weights, Inputs.of(graph), Bench.threads());
        opened.warmUp(Duration.ofSeconds(5));
    }

    /** One image. */
    @Benchmark
    public void run() {
        opened.run();
    }

    /** Frees everything. */
    @TearDown
    public void close() {
        opened.close();
        weights.close();
    }
}
