package dev.kerf.bench;

import dev.kerf.check.SampleInputs;
import dev.kerf.graph.Graph;
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

/** One op of one shape. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class OpBenchmark {
    /** What runs it. */
    @Param("cpu")
    public String engine;

    /** Which op and shape. */
    @Param("CONV_64_512")
    public String op;

    private Weights weights;
    private Engine opened;

    /** Compiles and warms up. */
    @Setup
    public void open() {
        Graph graph = SingleOp.valueOf(op).graph();
        weights = SingleOp.weights(graph);
        opened = Engine.open(engine, graph, weights, SampleInputs.of(graph), Bench.threads());
        opened.warmUp(Duration.ofSeconds(2));
    }

    /** The op once. */
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
