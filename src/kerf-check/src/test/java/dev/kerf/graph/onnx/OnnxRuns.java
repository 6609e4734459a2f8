package dev.kerf.graph.onnx;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.graph.Graph;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.LongStream;

/** Runs what was recorded of a model. */
final class OnnxRuns {
    private OnnxRuns() {}

    /** Outputs of a model for inputs in its own element types; rows past a count are left out. */
    static Map<String, HostTensor> run(Device device, OnnxModel model, Map<String, HostTensor> inputs,
            Map<String, HostTensor> fixed) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        inputs.forEach((name, t) -> shapes.put(name, t.shape()));
        return run(device, model.graph(shapes, fixed), model.weights(), inputs);
    }

    /** On the back end {@code cpu}. */
    static Map<String, HostTensor> run(OnnxModel model, Map<String, HostTensor> inputs) {
        try (Device cpu = Backends.open("cpu")) {
            return run(cpu, model, inputs, Map.of());
        }
    }

    /** Outputs of a graph, and what its states of the inputs' names become, as {@code NAME.next}. */
    static Map<String, HostTensor> run(Device device, Graph graph, Weights weights, Map<String, HostTensor> inputs) {
        try (DeviceWeights loaded = device.load(weights);
                Executable e = device.compile(graph, loaded, CompileOptions.of())) {
            graph.inputs().forEach((name, v) -> e.input(name).upload(Host.cast(inputs.get(name), v.type().dtype()).data()));
            Map<String, DeviceTensor.State> states = new LinkedHashMap<>();
            graph.states().forEach((name, v) -> {
                DeviceTensor.State state = device.allocateState(v.type());
                state.upload(inputs.get(name).data());
                e.bindState(name, state);
                states.put(name, state);
            });
            e.run();
            Map<String, HostTensor> out = new LinkedHashMap<>();
            graph.outputs().forEach((name, v) -> out.put(name, e.output(name).toHost()));
            states.forEach((name, state) -> out.put(name + ".next", state.toHost()));
            states.values().forEach(DeviceTensor::close);
            return out;
        }
    }

    /** Largest difference of two tensors as a share of the largest number of the first; ∞ where shapes differ. */
    static double difference(HostTensor expected, HostTensor made) {
        if (!expected.shape().equals(made.shape())) {
            return Double.POSITIVE_INFINITY;
        }
        double most = 0;
        double off = 0;
        for (long i = 0; i < expected.elements(); i++) {
            double a = expected.getDouble(i);
            double b = made.getDouble(i);
            if (Double.isNaN(a) || Double.isInfinite(a)) {
                off = Double.compare(a, b) == 0 ? off : Double.POSITIVE_INFINITY;
            } else {
                most = Math.max(most, Math.abs(a));
                off = Double.isNaN(b) ? Double.POSITIVE_INFINITY : Math.max(off, Math.abs(a - b));
            }
        }
        return most == 0 ? off : off / most;
    }

    /** What its count says is valid of an output: along the axis whose extent isn't the expected one. */
    static HostTensor valid(Map<String, HostTensor> outputs, String name, Shape expected) {
        HostTensor made = outputs.get(name);
        HostTensor count = outputs.get(name + ".count");
        if (count == null) {
            return made;
        }
        int axis = made.shape().with(0, expected.dim(0)).equals(expected) ? 0 : made.shape().rank() - 1;
        long[] rows = LongStream.range(0, count.getLong(0)).toArray();
        return Host.take(made, axis, rows);
    }
}
