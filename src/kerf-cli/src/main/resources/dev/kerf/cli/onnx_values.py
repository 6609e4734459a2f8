"""What ONNX Runtime makes of every node of a model, as a safetensors file that `kerf diff --reference` takes:

    python onnx_values.py MODEL.onnx VALUES.safetensors INPUT.npy ...

Inputs in the model's order; needs onnx, onnxruntime and numpy.
"""
import json
import os
import struct
import sys

import numpy as np
import onnx
import onnxruntime as ort

TYPES = {"float32": "F32", "float64": "F64", "float16": "F16", "int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8",
         "uint64": "U64", "uint32": "U32", "uint16": "U16", "uint8": "U8", "bool": "BOOL"}


def main(model_file, target, *inputs):
    model = onnx.load(model_file, load_external_data=False)
    outputs = [o.name for o in model.graph.output]
    made = {name for node in model.graph.node for name in node.output if name}
    # Without a type: ONNX Runtime finds it.
    model.graph.output.extend(onnx.ValueInfoProto(name=n) for n in sorted(made - set(outputs)))
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    options.add_session_config_entry("session.model_external_initializers_file_folder_path",
                                     os.path.dirname(os.path.abspath(model_file)))
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    numpy_types = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16}
    feed = {}
    for slot, file in zip(session.get_inputs(), inputs):
        t = slot.type[7:-1]
        feed[slot.name] = np.load(file).astype(numpy_types.get(slot.type) or np.dtype(t))
    head, at, arrays = {}, 0, []
    for slot, value in zip(session.get_outputs(), session.run(None, feed)):
        if isinstance(value, np.ndarray) and str(value.dtype) in TYPES:
            value = np.asarray(value, order="C")
            head[slot.name] = {"dtype": TYPES[str(value.dtype)], "shape": value.shape, "data_offsets": [at, at + value.nbytes]}
            at += value.nbytes
            arrays.append(value)
    head["__metadata__"] = {"engine": "onnxruntime " + ort.__version__}
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    with open(target, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for a in arrays:
            f.write(a.tobytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
