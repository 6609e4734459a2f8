package dev.kerf.cli.bench;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.check.SampleInputs;
import dev.kerf.graph.Graph;
import dev.kerf.tensor.HostTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A graph compiled by a back end of Kerf: its states bound, {@link SampleInputs} uploaded. */
final class Prepared implements Session {
    /** A slot and the host's memory for it. */
    record Slot(DeviceTensor tensor, MemorySegment host) {}

    private final Arena arena = Arena.ofShared();
    private final List<DeviceTensor.State> states = new ArrayList<>();
    private final Executable executable;
    private final List<Slot> inputs;

    Prepared(Device device, Graph graph, DeviceWeights weights, CompileOptions options) {
        Map<String, HostTensor> sample = SampleInputs.of(graph);
        executable = device.compile(graph, weights, options);
        try {
            graph.states().forEach((name, value) -> {
                DeviceTensor.State state = device.allocateState(value.type());
                states.add(state);
                state.upload(sample.get(name).data());
                executable.bindState(name, state);
            });
            inputs = graph.inputs().keySet().stream().map(n -> new Slot(executable.input(n),
                    arena.allocate(sample.get(n).data().byteSize(), 64).copyFrom(sample.get(n).data()))).toList();
            inputs.forEach(s -> s.tensor.upload(s.host));
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    Executable executable() {
        return executable;
    }

    List<Slot> inputs() {
        return inputs;
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
        arena.close();
    }
}
