package dev.kerf.graph.onnx;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.kerf.graph.Graph;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** Runs models in ONNX Runtime on the CPU: the second opinion on what a graph computes. */
final class OnnxRuntime {
    private OnnxRuntime() {}

    /** Exports the graph to a temporary file and runs it once. */
    static Map<String, HostTensor> run(Graph graph, Weights weights, Map<String, HostTensor> inputs) {
        try {
            Path file = Files.createTempFile("kerf", ".onnx");
            try {
                OnnxExport.write(graph, weights, file);
                return run(file, inputs);
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (OrtException e) {
            throw new AssertionError("ONNX Runtime refuses " + graph, e);
        }
    }

    /** Runs a model file once; inputs that it doesn't have are left out. */
    static Map<String, HostTensor> run(Path file, Map<String, HostTensor> inputs) throws OrtException {
        OrtEnvironment env = OrtEnvironment.getEnvironment();
        Map<String, OnnxTensor> in = new HashMap<>();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(1);
            options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
            try (OrtSession session = env.createSession(file.toString(), options)) {
                for (String name : session.getInputNames()) {
                    in.put(name, tensor(env, inputs.get(name)));
                }
                try (OrtSession.Result result = session.run(in)) {
                    Map<String, HostTensor> out = new LinkedHashMap<>();
                    for (Map.Entry<String, ai.onnxruntime.OnnxValue> e : result) {
                        out.put(e.getKey(), host((OnnxTensor) e.getValue()));
                    }
                    return out;
                }
            }
        } finally {
            in.values().forEach(OnnxTensor::close);
        }
    }

    private static OnnxTensor tensor(OrtEnvironment env, HostTensor t) throws OrtException {
        int size = Math.toIntExact(t.data().byteSize());
        ByteBuffer bytes = ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
        MemorySegment.ofBuffer(bytes).copyFrom(t.data());
        return OnnxTensor.createTensor(env, bytes, t.shape().dims(), switch (t.dtype()) {
            case F32 -> OnnxJavaType.FLOAT;
            case U8 -> OnnxJavaType.UINT8;
            case I32 -> OnnxJavaType.INT32;
            case I64 -> OnnxJavaType.INT64;
            default -> throw new IllegalArgumentException("ONNX Runtime's Java API has no " + t.dtype());
        });
    }

    private static HostTensor host(OnnxTensor t) {
        TensorInfo info = t.getInfo();
        HostTensor out = HostTensor.zeros(switch (info.type) {
            case FLOAT -> DType.F32;
            case UINT8 -> DType.U8;
            case INT32 -> DType.I32;
            case INT64 -> DType.I64;
            default -> throw new IllegalArgumentException("output of type " + info.type);
        }, Shape.of(info.getShape()));
        out.data().copyFrom(MemorySegment.ofBuffer(t.getByteBuffer()));
        return out;
    }
}
