"""Writes the node tests of the package onnx (2.x of numpy will do) into a folder, for OnnxNodeTest:
   python nodes.py FOLDER"""
import os, sys, warnings
warnings.simplefilter("ignore")
from onnx import TensorProto, numpy_helper
from onnx.backend.test.case.node import collect_testcases as collect

out = sys.argv[1]
for case in collect(None):
    if any(not i.type.HasField("tensor_type") for i in list(case.model.graph.input) + list(case.model.graph.output)):
        continue
    folder = os.path.join(out, case.name)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "model.onnx"), "wb") as f:
        f.write(case.model.SerializeToString())
    for s, (inputs, outputs) in enumerate(case.data_sets):
        data = os.path.join(folder, f"test_data_set_{s}")
        os.makedirs(data, exist_ok=True)
        for kind, values, slots in (("input", inputs, case.model.graph.input), ("output", outputs, case.model.graph.output)):
            for j, v in enumerate(values):
                t = v if isinstance(v, TensorProto) else numpy_helper.from_array(v, slots[j].name)
                with open(os.path.join(data, f"{kind}_{j}.pb"), "wb") as f:
                    f.write(t.SerializeToString())
