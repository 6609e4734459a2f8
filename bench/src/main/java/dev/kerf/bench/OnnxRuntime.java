package dev.kerf.bench;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.kerf.cli.bench.Peer;
import dev.kerf.cli.bench.Session;
import dev.kerf.error.BadFileException;
import dev.kerf.error.UnsupportedOpException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.onnx.OnnxExport;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * ONNX Runtime's CPU execution provider with its default optimisations, on the exported graph; results stay in its
 * memory.
 */
public final class OnnxRuntime implements Peer {
    @Override
    public String name() {
        return "onnxruntime";
    }

    @Override
    public String version() {
        return OrtEnvironment.getEnvironment().getVersion();
    }

    @Override
    public Session open(Graph graph, Weights weights, Map<String, HostTensor> inputs, int threads) {
        try {
            Path file = Files.createTempFile("kerf-bench", ".onnx");
            try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
                OnnxExport.write(graph, weights, file);
                options.setIntraOpNumThreads(threads);
                OrtEnvironment environment = OrtEnvironment.getEnvironment();
                Ran session = new Ran(environment.createSession(file.toString(), options));
                for (Map.Entry<String, HostTensor> e : inputs.entrySet()) {
                    session.inputs.put(e.getKey(), tensor(environment, e.getValue()));
                }
                return session;
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new BadFileException("the graph can't be exported for ONNX Runtime: " + e, e);
        } catch (OrtException e) {
            throw new UnsupportedOpException("ONNX Runtime doesn't take the graph: " + e.getMessage());
        }
    }

    @Override
    public Map<String, HostTensor> values(Path model, Map<String, HostTensor> inputs) {
        return OnnxValues.of(model, inputs);
    }

    private static OnnxTensor tensor(OrtEnvironment environment, HostTensor t) throws OrtException {
        int size = Math.toIntExact(t.data().byteSize());
        ByteBuffer bytes = ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
        MemorySegment.ofBuffer(bytes).copyFrom(t.data());
        OnnxJavaType type = switch (t.dtype()) {
            case F32 -> OnnxJavaType.FLOAT;
            case U8 -> OnnxJavaType.UINT8;
            case I32 -> OnnxJavaType.INT32;
            default -> throw new UnsupportedOpException("no input of type " + t.dtype() + " for ONNX Runtime");
        };
        return OnnxTensor.createTensor(environment, bytes, t.shape().dims(), type);
    }

    private static final class Ran implements Session {
        private final OrtSession session;
        private final Map<String, OnnxTensor> inputs = new HashMap<>();
        private OrtSession.Result result;

        Ran(OrtSession session) {
            this.session = session;
        }

        @Override
        public void run() {
            try {
                if (result != null) {
                    result.close();
                }
                result = session.run(inputs);
            } catch (OrtException e) {
                throw new UnsupportedOpException("ONNX Runtime failed: " + e.getMessage());
            }
        }

        @Override
        public HostTensor output(String name) {
            OnnxTensor t = (OnnxTensor) result.get(name).orElseThrow();
            HostTensor out = HostTensor.zeros(DType.F32, Shape.of(t.getInfo().getShape()));
            out.data().copyFrom(MemorySegment.ofBuffer(t.getByteBuffer()));
            return out;
        }

        @Override
        public void close() {
            try {
                if (result != null) {
                    result.close();
                }
                inputs.values().forEach(OnnxTensor::close);
                session.close();
            } catch (OrtException e) {
                throw new UnsupportedOpException("ONNX Runtime can't be closed: " + e.getMessage());
            }
        }
    }
}
