package dev.kerf.bench;

import dev.kerf.check.SampleInputs;
import dev.kerf.graph.Graph;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

/** A whole network, or a part that runs on its own. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class ModelBenchmark {
    /** File that takes the most memory that the process held, in KiB. */
    static final String PEAK = "kerf.bench.peak";

    /** What runs it. */
    @Param("cpu")
    public String engine;

    /** Which network. */
    @Param("UNET")
    public String model;

    private Weights weights;
    private Engine opened;

    /** Compiles and warms up. */
    @Setup
    public void open() {
        ModelCase c = ModelCase.named(model);
        weights = c.weights();
        Graph graph = c.graph(weights);
        opened = Engine.open(engine, graph, weights, SampleInputs.of(graph), Bench.threads());
        opened.warmUp(Duration.ofSeconds(5));
    }

    /** One image or frame. */
    @Benchmark
    public void run() {
        opened.run();
    }

    /** Frees everything. */
    @TearDown
    public void close() throws IOException {
        opened.close();
        weights.close();
        Path status = Path.of("/proc/self/status");
        if (System.getProperty(PEAK) != null && Files.exists(status)) {
            for (String line : Files.readAllLines(status)) {
                if (line.startsWith("VmHWM:")) {
                    Files.writeString(Path.of(System.getProperty(PEAK)), line.replaceAll("\\D", ""));
                }
            }
        }
    }
}
