package dev.kerf.weights;

import dev.kerf.file.MappedFile;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights.TensorInfo;
import dev.kerf.weights.onnx.OnnxFile;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** The initializers of an ONNX model under their names, where the file has them; those of element types unknown here are left out. */
final class OnnxInitializers implements TensorSource {
    private final OnnxFile file;
    private final Map<String, HostTensor> values = new LinkedHashMap<>();
    private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();

    private OnnxInitializers(OnnxFile file) {
        this.file = file;
        file.graph().initializers().forEach((name, t) -> {
            if (t.value() != null) {
                values.put(name, t.value());
                tensors.put(name, new TensorInfo(name, t.value().dtype(), t.value().shape()));
            }
        });
    }

    static OnnxInitializers open(Path path) {
        return new OnnxInitializers(OnnxFile.open(path));
    }

    static OnnxInitializers of(byte[] content, String name) {
        return new OnnxInitializers(OnnxFile.of(content, name));
    }

    @Override
    public String source() {
        return file.path().toString();
    }

    @Override
    public Map<String, TensorInfo> tensors() {
        return Collections.unmodifiableMap(tensors);
    }

    @Override
    public Map<String, String> metadata() {
        return file.metadata();
    }

    @Override
    public HostTensor tensor(String name) {
        file.check();
        return values.get(name);
    }

    @Override
    public void unload(String name) {
        MappedFile.unload(tensor(name).data());
    }

    @Override
    public void close() {
        file.close();
    }
}
