package dev.kerf.bench;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.UnsupportedOpException;
import dev.kerf.graph.onnx.OnnxModel;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What ONNX Runtime makes of every node of a model, none of them changed by its optimisations. */
final class OnnxValues {
    private OnnxValues() {}

    static Map<String, HostTensor> of(Path model, Map<String, HostTensor> inputs) {
        OrtEnvironment env = OrtEnvironment.getEnvironment();
        Map<String, OnnxTensor> in = new HashMap<>();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.NO_OPT);
            options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
            options.addConfigEntry("session.model_external_initializers_file_folder_path",
                    model.toAbsolutePath().getParent().toString());
            try (OrtSession session = env.createSession(withAllOutputs(model), options)) {
                for (String name : session.getInputNames()) {
                    HostTensor t = inputs.get(name);
                    if (t == null) {
                        throw new BadInputException("ONNX Runtime wants the input '" + name + "', too");
                    }
                    in.put(name, tensor(env, t, ((TensorInfo) session.getInputInfo().get(name).getInfo()).type));
                }
                Map<String, HostTensor> out = new LinkedHashMap<>();
                try (OrtSession.Result result = session.run(in)) {
                    for (Map.Entry<String, OnnxValue> e : result) {
                        DType type = e.getValue() instanceof OnnxTensor t ? type(t.getInfo().type) : null;
                        if (type != null) {
                            out.put(e.getKey(), host((OnnxTensor) e.getValue(), type));
                        }
                    }
                }
                return out;
            } finally {
                in.values().forEach(OnnxTensor::close);
            }
        } catch (IOException e) {
            throw new BadFileException(model + ": can't be read: " + e.getMessage(), e);
        } catch (OrtException e) {
            throw new UnsupportedOpException("ONNX Runtime doesn't take " + model + ": " + e.getMessage());
        }
    }

    /**
     * The model and, appended, a graph of outputs alone, which protobuf's readers merge with the one before: all results that aren't
     * outputs yet, without types, which ONNX Runtime finds.
     */
    private static byte[] withAllOutputs(Path model) throws IOException {
        ByteArrayOutputStream graph = new ByteArrayOutputStream();
        try (OnnxModel open = OnnxModel.open(model)) {
            List<String> already = open.outputs().stream().map(OnnxModel.Slot::name).toList();
            for (String name : open.makers().keySet()) {
                if (!already.contains(name)) {
                    ByteArrayOutputStream info = new ByteArrayOutputStream();
                    field(info, 1, name.getBytes(StandardCharsets.UTF_8));
                    field(graph, 12, info.toByteArray());
                }
            }
        }
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.write(Files.readAllBytes(model));
        field(all, 7, graph.toByteArray());
        return all.toByteArray();
    }

    /** A field of bytes: its number and wire type, its length, the bytes. */
    private static void field(ByteArrayOutputStream out, int number, byte[] bytes) {
        out.write(number << 3 | 2);
        int left = bytes.length;
        while (left > 127) {
            out.write(left & 127 | 128);
            left >>>= 7;
        }
        out.write(left);
        out.writeBytes(bytes);
    }

    private static OnnxTensor tensor(OrtEnvironment env, HostTensor t, OnnxJavaType type) throws OrtException {
        DType to = type(type);
        if (to == null) {
            throw new UnsupportedOpException("no input of type " + type + " for ONNX Runtime");
        }
        MemorySegment data = t.to(to).data();
        ByteBuffer bytes = ByteBuffer.allocateDirect(Math.toIntExact(data.byteSize())).order(ByteOrder.nativeOrder());
        MemorySegment.ofBuffer(bytes).copyFrom(data);
        return OnnxTensor.createTensor(env, bytes, t.shape().dims(), type);
    }

    private static HostTensor host(OnnxTensor t, DType type) {
        HostTensor out = HostTensor.zeros(type, Shape.of(t.getInfo().getShape()));
        if (out.elements() > 0) {
            out.data().copyFrom(MemorySegment.ofBuffer(t.getByteBuffer()));
        }
        return out;
    }

    /** Null for what Kerf has not. */
    private static DType type(OnnxJavaType type) {
        return switch (type) {
            case FLOAT -> DType.F32;
            case DOUBLE -> DType.F64;
            case FLOAT16 -> DType.F16;
            case BFLOAT16 -> DType.BF16;
            case INT8 -> DType.I8;
            case INT16 -> DType.I16;
            case INT32 -> DType.I32;
            case INT64 -> DType.I64;
            case UINT8 -> DType.U8;
            case BOOL -> DType.BOOL;
            default -> null;
        };
    }
}
