package dev.kerf.bench;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.graph.Graph;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A back end of Kerf. */
final class KerfEngine implements Engine {
    private final Device device;
    private final DeviceWeights weights;
    private final Executable executable;
    private final List<DeviceTensor.State> states = new ArrayList<>();

    private KerfEngine(Device device, DeviceWeights weights, Executable executable) {
        this.device = device;
        this.weights = weights;
        this.executable = executable;
    }

    static KerfEngine open(String id, Graph graph, Weights weights, Map<String, HostTensor> inputs) {
        Device device = Backends.open(id);
        DeviceWeights loaded = weights == null ? null : device.load(weights);
        Executable executable = device.compile(graph, loaded, CompileOptions.of());
        KerfEngine engine = new KerfEngine(device, loaded, executable);
        graph.inputs().keySet().forEach(name -> executable.input(name).upload(inputs.get(name).data()));
        graph.states().forEach((name, v) -> {
            DeviceTensor.State state = device.allocateState(v.type());
            engine.states.add(state);
            state.upload(inputs.get(name).data());
            executable.bindState(name, state);
        });
        return engine;
    }

    @Override
    public void run() {
        executable.run();
    }

    @Override
    public HostTensor output(String name) {
        return executable.output(name).toHost();
    }

    @Override
    public void close() {
        executable.close();
        states.forEach(DeviceTensor.State::close);
        if (weights != null) {
            weights.close();
        }
        device.close();
    }
}
