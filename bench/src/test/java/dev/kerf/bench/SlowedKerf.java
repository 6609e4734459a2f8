package dev.kerf.bench;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.CpuOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.cli.bench.Peer;
import dev.kerf.cli.bench.Session;
import dev.kerf.graph.Graph;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.util.Map;

/**
 * Kerf's back end {@code cpu} as the peer {@code slowed-kerf}: each run takes so many percent longer as the property
 * {@value #PERCENT} says, 0 if it says nothing. It is there to see that {@code kerf bench --compare} finds a difference that is
 * known and none where there is none ({@code bench/README.md}). Of graphs without states.
 */
public final class SlowedKerf implements Peer {
    /** How much longer a run takes, in percent. */
    public static final String PERCENT = "kerf.bench.slowdown";

    @Override
    public String name() {
        return "slowed-kerf";
    }

    @Override
    public String version() {
        return "by " + percent() + " %";
    }

    private static double percent() {
        return Double.parseDouble(System.getProperty(PERCENT, "0"));
    }

    @Override
    public Session open(Graph graph, Weights weights, Map<String, HostTensor> inputs, int threads) {
        Device device = Backends.open("cpu", CpuOptions.of().threads(threads));
        DeviceWeights loaded = device.load(weights);
        Executable executable = device.compile(graph, loaded, CompileOptions.of());
        inputs.forEach((name, value) -> executable.input(name).upload(value.data()));
        double share = percent() / 100;
        return new Session() {
            @Override
            public void run() {
                long start = System.nanoTime();
                executable.run();
                long end = System.nanoTime();
                long until = end + (long) (share * (end - start));
                while (System.nanoTime() < until) {
                    Thread.onSpinWait();
                }
            }

            @Override
            public HostTensor output(String name) {
                return executable.output(name).toHost();
            }

            @Override
            public void close() {
                executable.close();
                loaded.close();
                device.close();
            }
        };
    }
}
